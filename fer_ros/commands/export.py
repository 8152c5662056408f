"""`fer export`: a model folder in another format, compared with the network it was made of."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import json
import math
from pathlib import Path
from typing import Any, TYPE_CHECKING

from fer_ros.core.errors import ConfigError
from fer_ros.evaluation.provenance import command_line

if TYPE_CHECKING:
    from fer_ros.data.faces import Backgrounds, FacePictures

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'convert a model folder to float16, int8 or ONNX, and measure what that costs'

EPILOG = """\
float32, float16 and int8 run on LiteRT, onnx on ONNX Runtime (pip install onnxruntime). The
model must hold its Keras weights (weights.npz), as `fer train` leaves them. What differs from
Keras by more than is allowed is not written.

examples:
  fer export my_model --format float16 --validation fer_publictest.npz
  fer export my_model --format int8 --data fer_training.npz --validation fer_publictest.npz
  fer export models/my_model --format onnx --validation my_faces/ --out models/my_onnx
  fer export fer_face --format int8 --data FACES --validation FACES    a face detector
"""

_FORMATS = ('float32', 'float16', 'int8', 'onnx')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer export`."""
    parser.add_argument('model', metavar='NAME|FOLDER', help='a model with Keras weights')
    parser.add_argument('--format', required=True, choices=_FORMATS, help='what to convert it to')
    parser.add_argument(
        '--validation', required=True, metavar='PATH',
        help='labelled face crops on which it is compared and measured (see `fer train --help`)')
    parser.add_argument(
        '--data', metavar='PATH',
        help='for int8: face crops that show which values occur; best those of the training')
    parser.add_argument(
        '--images', metavar='PATH',
        help='for a detector: folder or zip file of the pictures, if not beside their index; the '
             'rooms without a face are looked for there too')
    parser.add_argument(
        '--max-loss', type=_points, default=0.5, metavar='POINTS',
        help='for int8: percentage points of accuracy that may be lost (default: %(default)s)')
    parser.add_argument('--name', help='name of the new model (default: NAME_FORMAT)')
    parser.add_argument(
        '--out', metavar='FOLDER', help='the new model folder (default: models/NAME_FORMAT)')
    parser.add_argument('--json', action='store_true', help='print the figures as JSON')


def run(args: argparse.Namespace) -> int:
    """Run `fer export`; returns the exit code."""
    if args.name is not None and (not args.name or Path(args.name).name != args.name):
        raise ConfigError(f'--name must be a name, not a path, got {args.name!r}')

    from fer_ros.core.face_model import available_face_models, FACE_TASK
    from fer_ros.core.manifest import task_of

    named = {folder.name: folder for folder in available_face_models()}
    if task_of(named.get(args.model, Path(args.model))) == FACE_TASK:
        return _run_detector(args)

    from fer_ros.core.model import load_model, MANIFEST
    from fer_ros.core.runtime import quiet_runtime
    from fer_ros.data.datasets import FER2013_LABELS, load_dataset

    # TensorFlow tells on stderr of everything that it imports and converts.
    with quiet_runtime():
        from fer_ros.training.formats import reformat_model

    manifest = load_model(args.model).manifest
    label_set = 'fer2013' if set(manifest.labels) == set(FER2013_LABELS) else 'ferplus'
    name = args.name or f'{manifest.name}_{args.format}'
    folder = Path(args.out or Path('models') / name)
    validation = load_dataset(args.validation, 'validation', label_set)
    data = load_dataset(args.data, 'train', label_set) if args.data else None
    with quiet_runtime():
        reformat_model(
            args.model, args.format, folder, validation, calibration_data=data, name=name,
            command=command_line(), max_loss=args.max_loss)
    record = json.loads((folder / MANIFEST).read_text(encoding='utf-8'))['export']
    print(json.dumps(record, indent=2) if args.json else _table(folder, record))
    return 0


def _run_detector(args: argparse.Namespace) -> int:
    from fer_ros.core.face_model import load_face_model
    from fer_ros.core.runtime import quiet_runtime

    with quiet_runtime():
        from fer_ros.training.detector.export import reformat_detector, settings_of
        from fer_ros.training.detector.validation import scenes_of, Validation

    name = args.name or f'{load_face_model(args.model).manifest.name}_{args.format}'
    folder = Path(args.out or Path('models') / name)
    config = settings_of(args.model)
    validation = Validation(config, *_faces(args.validation, args.images, 'val'))
    shown = scenes_of(config, *_faces(args.data, args.images, 'train')) if args.data else []
    with quiet_runtime():
        reformat_detector(
            args.model, args.format, folder, validation, name=name, calibration=shown,
            command=command_line())
    model = load_face_model(folder)
    figures, before = model.manifest.metrics, load_face_model(args.model).manifest.metrics
    if args.json:
        print(json.dumps(dict(figures), indent=2))
        return 0
    print(f'model:      {folder}\nsize:       {figures["bytes"]:,} bytes (before: '
          f'{before["bytes"]:,})\nparity:     largest difference '
          f'{figures["parity"]["largest_difference"]:.2g} in an output from Keras, mean '
          f'{figures["parity"]["mean_difference"]:.2g}\nprecision:  average '
          f'{figures["average_precision"]:.4f} (before: {before["average_precision"]:.4f})')
    return 0


def _faces(path: str, images: str | None, split: str) -> tuple[FacePictures, Backgrounds]:
    from fer_ros.data.faces import backgrounds_beside, read_backgrounds, read_faces

    return (read_faces(path, split, images),
            read_backgrounds(backgrounds_beside(path, images), split))


def _points(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f'must be a number from 0 to 100, got {text!r}')
    return value


def _table(folder: Path, record: Mapping[str, Any]) -> str:
    parity = record['parity']
    return '\n'.join((
        f'model:      {folder}',
        f'size:       {record["bytes"]:,} bytes (before: {record["source_bytes"]:,})',
        f'time:       {record["ms"]} ms a face on one thread (before: {record["source_ms"]}; '
        f'ratio {record["ms_ratio"]})',
        f'parity:     largest difference {parity["largest_difference"]:.2g} in probability from '
        f'Keras, mean {parity["mean_difference"]:.2g}, {100 * parity["same_answers"]:.2f} % same '
        f'answers, on {parity["crops"]} crops',
        f'accuracy:   {100 * record["accuracy"]:.2f} % (before: '
        f'{100 * record["source_accuracy"]:.2f} %)'))
