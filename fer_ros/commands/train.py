"""`fer train`: train a network on face crops and export it as a model folder."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
import shlex
import sys
from typing import Any, TYPE_CHECKING

from fer_ros.core.errors import ConfigError

if TYPE_CHECKING:
    from fer_ros.evaluation.datasets import Dataset

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'train an emotion network and export it as a model folder'

EPILOG = """\
Data: an .npz with the arrays images (N, 48, 48) uint8 and ferplus_votes (N, 10); or fer2013.csv
with FER+'s fer2013new.csv beside it; or a folder with one sub-folder of face crops per emotion
(and, optionally, train/ and validation/ above them).

An interrupted run goes on where it stopped when the same command is given again.

examples:
  fer train --data fer_training.npz --validation fer_publictest.npz
  fer train --data FER/fer2013.csv --config config/train/small_resnet_48.yaml
  fer train --data my_faces/ --name my_model --epochs 20
"""

_DEFAULT_CONFIG = 'train/small_resnet_48.yaml'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer train`."""
    parser.add_argument('--data', required=True, metavar='PATH', help='training data, see below')
    parser.add_argument(
        '--validation', metavar='PATH',
        help='validation data; default: the validation rows of --data, or a share of its images')
    parser.add_argument(
        '--validation-share', type=float, default=0.1, metavar='SHARE',
        help='share of images held back where the data have no split (default: %(default)s)')
    parser.add_argument(
        '--config', metavar='YAML', help='settings (default: those of the shipped model)')
    parser.add_argument('--name', help='name of the model (default: of the settings)')
    parser.add_argument('--epochs', type=int, help='epochs (default: of the settings)')
    parser.add_argument('--seed', type=int, help='seed (default: of the settings)')
    parser.add_argument(
        '--run', metavar='FOLDER', help='checkpoints and history (default: runs/NAME)')
    parser.add_argument(
        '--out', metavar='FOLDER', help='the model folder (default: models/NAME)')
    parser.add_argument(
        '--data-license', default='licence not given', metavar='TEXT',
        help='licence of the data, for the model card')
    parser.add_argument(
        '--check-only', action='store_true', help='read and count the data, then stop')


def run(args: argparse.Namespace) -> int:
    """Run `fer train`; returns the exit code."""
    from fer_ros.evaluation.datasets import load_dataset, split_dataset
    from fer_ros.training.config import load_config

    config = load_config(
        args.config or _default_config(), name=args.name, epochs=args.epochs, seed=args.seed)
    training = load_dataset(args.data, 'train')
    if args.validation:
        validation = load_dataset(args.validation, 'validation')
    elif Path(args.data).suffix == '.csv' or (Path(args.data) / 'fer2013.csv').exists() \
            or (Path(args.data) / 'validation').is_dir():
        validation = load_dataset(args.data, 'validation')
    else:
        training, validation = split_dataset(training, args.validation_share, config.seed)
    print(f'training:   {training}\nvalidation: {validation}', flush=True)
    if args.check_only:
        return 0
    return _train(args, config, training, validation)


def _train(
    args: argparse.Namespace, config: Any, training: Dataset, validation: Dataset,
) -> int:
    try:
        import keras  # noqa: F401
        import tensorflow  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f'training needs Keras and TensorFlow ({error}); get them with: make train-env, or '
            f"pip install 'fer_ros[train]'") from error
    from fer_ros.evaluation.model import file_records
    from fer_ros.evaluation.plots import history_picture
    from fer_ros.training.export import export_model
    from fer_ros.training.train import train

    folder = Path(args.run or Path('runs') / config.name)
    network = train(config, training, validation, folder, lambda line: print(line, flush=True))
    with (folder / 'history.csv').open(newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    history_picture(
        {name: [float(row[name]) for row in rows] for name in rows[0]}, folder / 'history.png')
    records = [
        {'role': role, 'n': len(data), 'license': args.data_license, **file_records(data.files)}
        for role, data in (('training', training), ('validation', validation))]
    out = export_model(
        network, config, training, validation, Path(args.out or Path('models') / config.name),
        command=shlex.join(['fer', *sys.argv[1:]]), data_records=records)
    print(f'model:      {out}\nrun:        {folder}')
    return 0


def _default_config() -> Path:
    from fer_ros.core.resources import resource_folders

    for folder in resource_folders('config'):
        if (folder / _DEFAULT_CONFIG).is_file():
            return folder / _DEFAULT_CONFIG
    raise ConfigError(f'config/{_DEFAULT_CONFIG} is not installed; give --config')
