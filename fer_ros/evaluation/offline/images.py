"""`fer evaluate images`: labelled pictures of every usual layout."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.model import load_model
from fer_ros.data.crops import SPLITS
from fer_ros.evaluation.offline.options import add_run_options, finish, words_of
from fer_ros.evaluation.offline.run import Run
from fer_ros.evaluation.offline.settings import Settings
from fer_ros.evaluation.offline.sources.base import Excluded
from fer_ros.evaluation.offline.sources.layouts import LAYOUTS, read_pictures
from fer_ros.evaluation.offline.sources.pictures import LabelledPicture, picture_units
from fer_ros.evaluation.offline.truth import PictureTruth
from fer_ros.evaluation.provenance import command_line, file_records, TRAINED_ON, trained_on

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'the whole pipeline on labelled pictures'

EPILOG = """\
layouts (told apart by themselves):
  index       a CSV with the columns file,emotion[,subject][,split], paths relative to it
  folders     a folder with a sub-folder an emotion, perhaps in train, validation, test
  fer2013     fer2013.csv, whose pictures are face crops
  rafdb       the folder or list_patition_label.txt of RAF-DB
  affectnet   a CSV of AffectNet, pictures beside it
  ckplus      the folder of CK+ with Emotion/ and cohn-kanade-images/: the last picture of each
              labelled sequence

examples:
  fer evaluate images --labels index.csv --out report/
  fer evaluate images --labels faces/ --crops --jobs 4 --out report/
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate images`."""
    parser.add_argument(
        '--labels', required=True, metavar='FILE|FOLDER', help='the labelled pictures')
    parser.add_argument(
        '--layout', default='auto', choices=('auto', *LAYOUTS),
        help='how they lie there (default: %(default)s)')
    parser.add_argument(
        '--split', choices=SPLITS, help='this part only of data that tell splits apart')
    parser.add_argument(
        '--crops', action='store_true',
        help='each picture is a face crop already: look for no faces (RAF-DB aligned and FER2013 '
             'are known as such)')
    add_run_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate images`; returns the exit code."""
    settings = Settings.from_options(args)
    path = Path(args.labels)
    manifest = load_model(args.model).manifest
    labels = manifest.labels
    entries, _ = read_pictures(path, args.layout, words_of(args, labels))
    pictures = [entry for entry in entries if isinstance(entry, LabelledPicture)]
    splits = sorted({picture.split for picture in pictures} - {''})
    warnings = []
    if args.split:
        if not splits:
            raise ConfigError(f'--split {args.split}: {path} tells no splits apart')
        pictures = [picture for picture in pictures if picture.split == args.split]
        if not pictures:
            raise DataError(f'{path}: no picture of the split {args.split}; it has '
                            f'{", ".join(splits)}')
    elif len(splits) > 1:
        warnings.append(f'the figures are over the splits {", ".join(splits)} together; choose '
                        'one with --split')
    part = args.split or ('train' if 'train' in splits else next(iter(splits), None))
    if trained_on(manifest, _hashes(path), len(pictures), part=part):
        warnings.append(TRAINED_ON)
    unknown = [picture for picture in pictures if picture.emotion not in labels]
    pictures = [picture for picture in pictures if picture.emotion in labels]
    excluded = [entry for entry in entries if isinstance(entry, Excluded)]
    excluded += [Excluded('emotion that the model does not know', picture.name, picture.emotion)
                 for picture in unknown]
    if not pictures:
        raise DataError(f'{path}: the model knows none of its emotions')
    if args.crops:
        pictures = [dataclasses.replace(picture, crop=True) for picture in pictures]
    # By its name alone: a copy elsewhere is the same data.
    units = [dataclasses.replace(unit, recording=path.resolve().name)
             for unit in picture_units(pictures)]
    return finish(Run(
        'images', units, settings, Path(args.out), command_line(),
        [PictureTruth(unit) for unit in units], excluded, warnings), args)


def _hashes(path: Path) -> list[str]:
    """Return the sha256 by which `fer train` knows these data."""
    table = path / 'fer2013.csv' if (path / 'fer2013.csv').is_file() else path
    votes = table.with_name('fer2013new.csv')
    ways = [[table], [table, votes]] if votes.is_file() else [[table]]
    return [file_records(files)['sha256'] for files in ways]
