"""`fer data`: labelled face crops prepared, looked at, and previewed as a network sees them."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any

from fer_ros.commands import data_faces
from fer_ros.commands.options import add_license_option, check_folder, count
from fer_ros.core.detector import DETECTORS

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = """\
examples:
  fer data prepare fer2013/ --out fer.npz --report report/
  fer data prepare --train fer_training.npz --validation fer_publictest.npz --out fer.npz
  fer data prepare faces/index.csv --out faces.npz --split 0.7,0.15,0.15
  fer data show fer.npz
  fer data preview --config config/training/resnet_48.yaml --data fer.npz --out sheet.png
  fer data preview --config config/detector/fer_face.yaml --data faces/ --out scenes.png
  fer data faces faces/ --out report/ --write-index faces/corrected.json

docs/data.md describes the sources, the file and the report, docs/face_data.md faces with boxes
and landmarks for detectors.
"""

_PREPARE = """\
A SOURCE is a fer2013.csv (with a fer2013new.csv beside it for the votes of FER+) or its folder,
an npz, a folder with a sub-folder of pictures an emotion (and above them, if it is divided
already, train, validation and test), or an index CSV `file,emotion[,subject][,split]`.
A run that was cut goes on where it stopped when the same command is given again.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be done with data."""
    kinds = parser.add_subparsers(dest='kind', metavar='KIND', required=True)
    style = argparse.RawDescriptionHelpFormatter
    prepare = kinds.add_parser(
        'prepare', help='pictures or published files to one checked npz',
        description=_PREPARE, formatter_class=style)
    _add_prepare(prepare)
    prepare.set_defaults(work=_prepare)
    show = kinds.add_parser('show', help='counts, agreement of taggers and picture quality')
    show.add_argument('data', metavar='PATH', help='npz, CSV or folder')
    show.add_argument('--label-set', default='ferplus', metavar='SET',
                      help='ferplus, ferplus_votes or fer2013 (default: %(default)s)')
    show.add_argument('--sheets', metavar='FOLDER', help='also a contact sheet an emotion')
    show.set_defaults(work=_show)
    preview = kinds.add_parser(
        'preview', help='picture of what a network sees in training')
    preview.add_argument('--config', required=True, metavar='YAML',
                         help='training recipe; one with `composition` is of a detector')
    preview.add_argument('--data', required=True, metavar='PATH',
                         help='npz, CSV or folder; for a detector as for fer data faces')
    preview.add_argument('--out', required=True, metavar='PNG', help='the picture')
    preview.add_argument('--faces', type=count, metavar='N',
                         help='faces shown with all variations (default: 6), or scenes of a '
                              'detector (24)')
    preview.add_argument('--images', metavar='PATH',
                         help='folder or zip file of the pictures of a detector, if not beside '
                              'its index')
    preview.add_argument('--backgrounds', metavar='PATH',
                         help='folder with pictures without faces, or their index, for a '
                              'detector (default: those beside its data)')
    preview.add_argument('--seed', type=int, default=0, help='seed (default: %(default)s)')
    preview.set_defaults(work=_preview)
    faces = kinds.add_parser(
        'faces', help='a look at faces with boxes and landmarks, before a detector learns them',
        description=data_faces.DESCRIPTION, formatter_class=style)
    data_faces.add_arguments(faces)
    faces.set_defaults(work=data_faces.run)


def run(args: argparse.Namespace) -> int:
    """Run the chosen work; returns the exit code."""
    return int(args.work(args))


def _add_prepare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('sources', nargs='*', metavar='SOURCE',
                        help='data with a split of their own, or to be divided by --split')
    for split in ('train', 'validation', 'test'):
        parser.add_argument(f'--{split}', action='append', default=[], metavar='SOURCE',
                            help=f'data that are all for {split}; may be given again')
    parser.add_argument('--out', required=True, metavar='NPZ', help='the file to write')
    parser.add_argument('--report', metavar='FOLDER',
                        help='report.json, duplicates.csv, dropped.csv, contact sheets')
    crops = parser.add_argument_group('crops')
    crops.add_argument('--detector', default='', choices=('none', *DETECTORS),
                       help='what finds faces (default: none for crops, else fer_face)')
    crops.add_argument('--detector-model', default='', metavar='FILE',
                       help='network file of the detector, for yunet')
    crops.add_argument('--side', type=count, default=48, help='pixels (default: %(default)s)')
    crops.add_argument('--color', default='grey', choices=('grey', 'bgr'),
                       help='(default: %(default)s)')
    crops.add_argument('--min-side', type=count, default=16, metavar='PIXELS',
                       help='smallest face or crop in its picture (default: %(default)s)')
    crops.add_argument('--min-face-size', type=float, default=0.15, metavar='SHARE',
                       help='smallest face that is looked for, in shorter sides of its picture; '
                            'smaller takes longer (default: %(default)s)')
    crops.add_argument('--min-contrast', type=float, default=5.0, metavar='SD',
                       help='flatter crops hold no face (default: %(default)s grey levels)')
    crops.add_argument('--strict', action='store_true',
                       help='refuse a corrupt picture rather than leave it out')
    labels = parser.add_argument_group('labels')
    labels.add_argument('--label-set', default='ferplus_votes', metavar='SET',
                        help='of data with votes: ferplus_votes (all with emotions), ferplus '
                             '(strict majority) or fer2013 (default: %(default)s)')
    labels.add_argument('--labels', default='', metavar='A,B,C',
                        help='emotions, in this order (default: those of FER+ that are found)')
    labels.add_argument('--rename', default='', metavar='OLD=NEW,...',
                        help='what labels of the sources are called here')
    splits = parser.add_argument_group('splits')
    splits.add_argument('--split', default='0.8,0.1,0.1', metavar='A,B,C',
                        help='shares of train, validation, test (default: %(default)s)')
    splits.add_argument('--seed', type=int, default=0, help='seed (default: %(default)s)')
    splits.add_argument('--subject-pattern', default='', metavar='REGEX',
                        help="its group (...) in a picture's name is the person")
    splits.add_argument('--hash-distance', type=int, default=8, metavar='BITS',
                        help='of duplicates, 0 to 16 of 64 (default: %(default)s)')
    splits.add_argument('--correlation', type=float, default=0.95, metavar='R',
                        help='of duplicates, at least (default: %(default)s)')
    splits.add_argument('--keep-duplicates', action='store_true',
                        help='tell duplicates across splits, but leave them in')
    add_license_option(parser)


def _prepare(args: argparse.Namespace) -> int:
    from fer_ros.commands.progress import progress
    from fer_ros.core.errors import ConfigError, DataError, FerError
    from fer_ros.data.collect import Labelling
    from fer_ros.data.cropping import CropSettings
    from fer_ros.data.prepare import prepare, PrepareSettings
    from fer_ros.data.report import report_of, report_text, write_report
    from fer_ros.data.votes import LABEL_SETS
    from fer_ros.evaluation.provenance import command_line

    sources = [(Path(path), '') for path in args.sources]
    for split in ('train', 'validation', 'test'):
        sources += [(Path(path), split) for path in getattr(args, split)]
    if not sources:
        raise ConfigError('give a SOURCE, or --train, --validation, --test with one each')
    if args.label_set not in LABEL_SETS:
        raise ConfigError(
            f'--label-set must be one of {", ".join(LABEL_SETS)}, got {args.label_set!r}')
    check_folder(args.report, '--report')
    settings = PrepareSettings(
        CropSettings(args.side, args.color, args.detector, args.detector_model, args.min_side,
                     args.min_contrast, args.min_face_size),
        Labelling(args.label_set, tuple(filter(None, args.labels.split(','))),
                  _renames(args.rename), args.subject_pattern),
        _shares(args.split), args.seed, args.strict, args.hash_distance, args.correlation,
        args.keep_duplicates, args.data_license, command_line())
    prepared = prepare(sources, Path(args.out), settings, progress)
    try:
        content = write_report(prepared, Path(args.report), args.seed) if args.report \
            else report_of(prepared)
    except (FerError, OSError) as error:
        raise DataError(f'{error}; {args.out} is complete, only its report is not') from error
    print(report_text(content['splits']))
    found = content['duplicates']
    removed = sum(found['removed'].values())
    print(f'\nduplicates: {found["pairs"]} pairs ({found["exact"]} exact, {found["mirrored"]} '
          f'mirrored), {found["across_splits"]} across splits; {removed} pictures removed; '
          f'{found["labels_differ"]} pairs with different labels')
    dropped = ', '.join(f'{reason} {n}' for reason, n in content['dropped'].items())
    print(f'left out:   {dropped or "nothing"}')
    for warning in prepared.warnings:
        print(f'warning: {warning}', file=sys.stderr)
    print(f'file:       {args.out}\nsha256:     {prepared.sha256}')
    if args.report:
        print(f'report:     {args.report}')
    return 0


def _shares(text: str) -> tuple[float, ...]:
    from fer_ros.core.errors import ConfigError

    try:
        return tuple(float(part) for part in text.split(','))
    except ValueError as error:
        raise ConfigError(f'--split expects three shares, such as 0.8,0.1,0.1; got {text!r}') \
            from error


def _renames(text: str) -> dict[str, str]:
    from fer_ros.core.errors import ConfigError

    pairs = [part.split('=') for part in text.split(',') if part]
    if not all(len(pair) == 2 and all(pair) for pair in pairs):
        raise ConfigError(f'--rename expects OLD=NEW,OLD=NEW, got {text!r}')
    return {pair[0]: pair[1] for pair in pairs}


def _show(args: argparse.Namespace) -> int:
    import numpy as np

    from fer_ros.data.datasets import load_dataset, own_splits
    from fer_ros.data.pictures import label_order
    from fer_ros.data.prepared import provenance_of
    from fer_ros.data.report import report_text, summary
    from fer_ros.data.sheets import class_sheets

    splits = own_splits(args.data)
    parts = {split or 'all': load_dataset(args.data, split or 'train', args.label_set)
             for split in splits or ('',)}
    print(report_text({
        split: summary(part.images, part.targets, part.labels, part.distributions, part.subjects)
        for split, part in parts.items()}))
    origin = provenance_of(Path(args.data)) if Path(args.data).suffix == '.npz' else {}
    if origin:
        dropped = ', '.join(f'{reason} {n}' for reason, n in origin['dropped'].items())
        print(f'\nmade by:  {origin["command"]}\nlicence:  {origin["license"]}\n'
              f'left out: {dropped or "nothing"}')
        for source in origin['sources']:
            print(f'source:   {source["file"]} ({source["images"]} pictures, sha256 '
                  f'{source["sha256"]})')
    if args.sheets:
        order = label_order({label for part in parts.values() for label in part.labels})
        targets = [[order.index(part.labels[target]) for target in part.targets]
                   for part in parts.values()]
        paths = class_sheets(
            Path(args.sheets), np.concatenate([part.images for part in parts.values()]),
            np.concatenate([np.array(rows, np.int64) for rows in targets]), order,
            np.concatenate([np.full(len(part), split) for split, part in parts.items()]))
        print(f'sheets:   {", ".join(map(str, paths))}')
    return 0


def _preview(args: argparse.Namespace) -> int:
    from fer_ros.core.sources import write_image
    from fer_ros.training.settings import read_recipe

    sheet = data_faces.preview(args) if 'composition' in read_recipe(args.config) \
        else _crop_preview(args)
    write_image(Path(args.out), sheet)
    print(f'preview: {args.out}')
    return 0


def _crop_preview(args: argparse.Namespace) -> Any:
    from fer_ros.data.datasets import load_dataset
    from fer_ros.data.preview import preview_sheet
    from fer_ros.training.config import load_config
    from fer_ros.training.tensors import as_batch

    config = load_config(args.config)
    data = load_dataset(args.data, 'train', config.label_set)
    as_batch(data.images[:1], config.side)
    return preview_sheet(data, config.augmentation, args.faces or 6, seed=args.seed,
                         even=config.standardize)
