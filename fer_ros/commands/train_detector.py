"""`fer train-detector`: train the face detector and export it as a model folder."""

from __future__ import annotations

import argparse
from typing import Any, TYPE_CHECKING

from fer_ros.commands.train import add_run_options, find_recipe, job_of, need_training, tell
from fer_ros.core.errors import DataError

if TYPE_CHECKING:
    from fer_ros.data.faces import FacePictures
    from fer_ros.training.detector.data import FaceData

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'face_data', 'run']

SUMMARY = 'train the face detector on pictures with boxes and landmarks'

EPILOG = """\
Data: a folder with faces.json and images.zip or images/, WIDER FACE's text files, or COCO-style
JSON; docs/face_data.md describes them. `fer data faces` tells what is in them before you train,
`fer data preview --config config/detector/fer_face.yaml` what the network will see.

An interrupted run goes on where it stopped when the same command is given again. Keras' backend
is chosen by KERAS_BACKEND (tensorflow, torch or jax); export needs TensorFlow in any case.

examples:
  fer train-detector --data FACES
  fer train-detector --data wider_train.txt --validation wider_val.txt --backgrounds ROOMS
  fer train-detector --data FACES --from fer_face --name my_detector --epochs 10
"""

_DEFAULT_RECIPE = 'detector/fer_face.yaml'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer train-detector`."""
    parser.add_argument('--data', required=True, metavar='PATH', help='labelled faces, see below')
    parser.add_argument(
        '--validation', metavar='PATH',
        help='labelled faces to choose the epoch on (default: the split `val` of --data)')
    parser.add_argument(
        '--backgrounds', metavar='PATH',
        help='pictures without faces: a folder with backgrounds.json (default: that of --data)')
    parser.add_argument(
        '--images', metavar='PATH',
        help='folder or zip file of the pictures of --data, if not beside their index')
    parser.add_argument(
        '--skip-bad', action='store_true',
        help='leave out what is wrong in the data instead of refusing them')
    parser.add_argument(
        '--config', metavar='YAML', help='recipe (default: that of the shipped detector)')
    parser.add_argument(
        '--from', dest='start', metavar='NAME|FOLDER',
        help='detector to go on from: its network and its weights')
    add_run_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run `fer train-detector`; returns the exit code."""
    training, validation = face_data(args)
    if args.check_only:
        return 0
    need_training()
    from fer_ros.core.face_model import load_face_model
    from fer_ros.training.convert import check_converter
    from fer_ros.training.detector.config import load_detector_config
    from fer_ros.training.detector.export import load_detector
    from fer_ros.training.detector.job import run_detector_job

    check_converter('float32')  # better now than after hours of training
    start, origin, size = None, dict[str, Any](), dict[str, Any]()
    if args.start:
        manifest = load_face_model(args.start).manifest
        origin = {'fine_tuned_from': {
            'name': manifest.name, 'version': manifest.version, 'sha256': manifest.sha256}}
        # The weights fit one network only, whatever the recipe says.
        size = dict((manifest.network or {}).get('options', {}))

        def start() -> Any:
            return load_detector(args.start)

    config = load_detector_config(
        args.config or find_recipe(_DEFAULT_RECIPE), name=args.name, epochs=args.epochs,
        seed=args.seed, **size)
    job = job_of(args, config, [
        {'role': role, 'n': len(data.pictures), 'license': args.data_license, **data.record}
        for role, data in (('training', training), ('validation', validation))], origin, start)
    run_detector_job(job, config, training, validation)
    return tell(job)


def face_data(args: argparse.Namespace) -> tuple[FaceData, FaceData]:
    """Return training and validation data of the options, and print what they hold."""
    from fer_ros.data.faces import backgrounds_beside, read_backgrounds
    from fer_ros.training.detector.data import FaceData

    pictures = _checked(args.data, args.images, args.skip_bad)
    rooms = read_backgrounds(args.backgrounds or backgrounds_beside(args.data, args.images))
    if args.validation:
        held_back = _checked(args.validation, None, args.skip_bad)
    elif 'val' in pictures.splits:
        pictures, held_back = pictures.select(split='train'), pictures.select(split='val')
    else:
        raise DataError(
            f'{args.data} has no split `val`; give --validation, or a `split` to each picture')
    splits = {room.split for room in rooms.pictures}
    both = {'train', 'val'} <= splits
    training, validation = (
        FaceData(data, rooms.select(split=split) if both else rooms)
        for data, split in ((pictures, 'train'), (held_back, 'val')))
    for role, data in (('training', training), ('validation', validation)):
        print(f'{role + ":":12}{len(data.pictures)} pictures, {data.faces} faces, '
              f'{len(data.backgrounds)} pictures without a face', flush=True)
    return training, validation


def _checked(path: str, images: str | None, skip_bad: bool) -> FacePictures:
    """Read a data set with every picture decoded, for one that fails ends a run of hours."""
    from fer_ros.commands.progress import progress
    from fer_ros.data.faces import inspect_faces

    pictures, report = inspect_faces(path, images=images, progress=progress)
    if skip_bad or not report.problems:
        print(report.text(), flush=True)
    report.require(skip_bad)
    return pictures
