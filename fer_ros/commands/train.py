"""`fer train`: train or fine-tune a network on face crops and export it as a model folder."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TYPE_CHECKING

from fer_ros.commands.options import add_license_option
from fer_ros.core.errors import ConfigError

if TYPE_CHECKING:
    from fer_ros.data.datasets import Dataset
    from fer_ros.training.config import TrainConfig
    from fer_ros.training.job import Job
    from fer_ros.training.settings import RunConfig

__all__ = [
    'EPILOG', 'SUMMARY', 'add_arguments', 'add_data_options', 'add_run_options', 'default_recipe',
    'find_recipe', 'job_of', 'need_training', 'read_data', 'records', 'run', 'tell',
]

SUMMARY = 'train or fine-tune an emotion network and export it as a model folder'

EPILOG = """\
Data: what `fer data prepare` wrote; or an .npz with the arrays images (N, 48, 48) uint8 and
ferplus_votes (N, 10); or fer2013.csv with FER+'s fer2013new.csv beside it; or a folder with one
sub-folder of face crops per emotion (and, optionally, train/ and validation/ above them).

An interrupted run goes on where it stopped when the same command is given again. Keras' backend
is chosen by KERAS_BACKEND (tensorflow, torch or jax); export needs TensorFlow in any case.

examples:
  fer train --data fer_training.npz --validation fer_publictest.npz
  fer train --data FER/fer2013.csv --config config/training/resnet_48.yaml
  fer train --data my_faces/ --name my_model --epochs 20
  fer train --data my_faces/ --name mine --from resnet_48 --config config/training/fine_tune.yaml
"""

_DEFAULT_RECIPE = 'training/resnet_48.yaml'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer train`."""
    add_data_options(parser)
    parser.add_argument(
        '--from', dest='start', metavar='NAME|FOLDER',
        help='model to go on from: its family, its weights; a last layer of other emotions '
             'begins anew')


def add_data_options(parser: argparse.ArgumentParser) -> None:
    """Declare what all commands have that train: data, recipe, places."""
    parser.add_argument('--data', required=True, metavar='PATH', help='training data, see below')
    parser.add_argument(
        '--validation', metavar='PATH',
        help='validation data; default: the validation rows of --data, or a share of its images')
    parser.add_argument(
        '--validation-share', type=float, default=0.1, metavar='SHARE',
        help='share of images held back where the data have no split (default: %(default)s)')
    parser.add_argument(
        '--config', metavar='YAML', help='recipe (default: that of the shipped model)')
    add_run_options(parser)


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Declare what every command that trains has, whatever it trains: names and places."""
    parser.add_argument('--name', help='name of the model (default: of the recipe)')
    parser.add_argument('--epochs', type=int, help='epochs (default: of the recipe)')
    parser.add_argument('--seed', type=int, help='seed (default: of the recipe)')
    parser.add_argument(
        '--run', metavar='FOLDER', help='checkpoints and history (default: runs/NAME)')
    parser.add_argument(
        '--out', metavar='FOLDER', help='the model folder (default: models/NAME)')
    add_license_option(parser)
    parser.add_argument(
        '--check-only', action='store_true', help='read and count the data, then stop')


def run(args: argparse.Namespace) -> int:
    """Run `fer train`; returns the exit code."""
    config = _recipe(args)
    training, validation = read_data(args, config)
    if args.check_only:
        return 0
    need_training()
    from fer_ros.training.convert import check_converter
    from fer_ros.training.job import continue_from, run_job
    from fer_ros.training.record import model_record

    check_converter('float32')  # better now than after hours of training
    start, origin = None, dict[str, Any]()
    if args.start:
        origin = {'fine_tuned_from': model_record(args.start)}

        def start() -> Any:
            return continue_from(args.start, config, len(training.labels))

    job = job_of(args, config, records(args, training, validation), origin, start)
    run_job(job, config, training, validation)
    return tell(job)


def job_of(
    args: argparse.Namespace, config: RunConfig, data_records: Sequence[Mapping[str, Any]],
    origin: Mapping[str, Any], start: Callable[[], Any] | None = None,
) -> Job:
    """Return the job that the options of `add_run_options` describe."""
    from fer_ros.training.job import Job
    from fer_ros.training.record import command_line

    return Job(
        Path(args.run or Path('runs') / config.name),
        Path(args.out or Path('models') / config.name), command_line(), data_records, origin,
        start, report=lambda line: print(line, flush=True))


def tell(job: Job) -> int:
    """Print where a job has put what it made; returns the exit code."""
    print(f'model:      {job.out}\nrun:        {job.run}')
    return 0


def _recipe(args: argparse.Namespace) -> TrainConfig:
    from fer_ros.core.model import load_model
    from fer_ros.training.config import load_config

    config = load_config(
        args.config or default_recipe(), name=args.name, epochs=args.epochs, seed=args.seed)
    if not args.start:
        return config
    manifest = load_model(args.start).manifest
    if manifest.network is None:
        raise ConfigError(
            f'model {manifest.name} holds no Keras weights to go on from; give a model that '
            '`fer train` made')
    # The weights fit one network only: that of the model, whatever the recipe says.
    return load_config(
        args.config or default_recipe(), name=args.name, epochs=args.epochs, seed=args.seed,
        network=manifest.network['family'], network_options=dict(manifest.network['options']),
        side=manifest.height, standardize=manifest.standardize, mirror=manifest.mirror)


def read_data(args: argparse.Namespace, config: TrainConfig) -> tuple[Dataset, Dataset]:
    """Return training and validation data of the options, and print what they hold."""
    from fer_ros.data.datasets import load_dataset, own_splits, split_dataset

    # Validation is strict, whatever may be learned from.
    strict = 'fer2013' if config.label_set == 'fer2013' else 'ferplus'
    training = load_dataset(args.data, 'train', config.label_set)
    if args.validation:
        validation = load_dataset(args.validation, 'validation', strict)
    elif 'validation' in own_splits(args.data):
        validation = load_dataset(args.data, 'validation', strict)
    else:
        training, validation = split_dataset(training, args.validation_share, config.seed)
    print(f'training:   {training}\nvalidation: {validation}', flush=True)
    return training, validation


def records(
    args: argparse.Namespace, training: Dataset, validation: Dataset,
) -> list[dict[str, Any]]:
    """Return what the manifest says of the data."""
    from fer_ros.evaluation.provenance import file_records

    return [
        {'role': role, 'n': len(data), 'license': args.data_license, **file_records(data.files)}
        for role, data in (('training', training), ('validation', validation))]


def need_training() -> None:
    """Refuse where Keras or TensorFlow is missing.

    Raises:
        ConfigError: One of them is not installed.
    """
    try:
        import keras  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            f'training needs Keras and TensorFlow ({error}); get them with: make train-env, or '
            f"pip install 'fer_ros[train]'") from error


def default_recipe() -> Path:
    """Return the recipe of the shipped model."""
    return find_recipe(_DEFAULT_RECIPE)


def find_recipe(name: str) -> Path:
    """Return a recipe that comes with the package.

    Args:
        name: Its path within `config/`.

    Raises:
        ConfigError: It is not installed.
    """
    from fer_ros.core.resources import resource_folders

    for folder in resource_folders('config'):
        if (folder / name).is_file():
            return folder / name
    raise ConfigError(f'config/{name} is not installed; give --config')
