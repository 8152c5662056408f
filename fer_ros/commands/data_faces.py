"""`fer data faces`: a look at labelled faces before a detector is trained on them."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any

from fer_ros.commands.options import check_folder
from fer_ros.core.detector import DETECTORS

__all__ = ['DESCRIPTION', 'add_arguments', 'preview', 'run']

DESCRIPTION = """\
DATA is a folder with faces.json and images.zip or images/, an index of that form, a WIDER FACE
text file (with landmarks as in RetinaFace's label.txt, or as published), or a COCO-style JSON.
Tells what is wrong in it, counts, sizes and angles, and near-duplicates between train and val.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what can be asked of labelled faces."""
    parser.add_argument('data', metavar='DATA', help='folder or index')
    parser.add_argument('--images', metavar='PATH',
                        help='folder or zip file of the pictures, if not beside the index')
    parser.add_argument('--out', metavar='FOLDER',
                        help='report.json, problems.csv, duplicates.csv, histograms and contact '
                             'sheets of what should be looked at')
    parser.add_argument('--skip-bad', action='store_true',
                        help='write the index without what is wrong; otherwise problems end in '
                             'an error, after the report')
    parser.add_argument('--detector', default='none', choices=('none', *DETECTORS),
                        help='compare the labels with what it finds (default: %(default)s)')
    parser.add_argument('--detector-model', default='', metavar='FILE',
                        help='network file of yunet, or model folder of fer_face')
    splits = parser.add_argument_group('corrected index')
    splits.add_argument('--write-index', metavar='JSON',
                        help='write the data as faces.json, validation pictures that are nearly '
                             'in train moved there')
    splits.add_argument('--ignore-nested', action='store_true',
                        help='in that index, ignore faces that lie inside a larger face, as a '
                             'labelled eye does; look at sheet_nested.png first')
    splits.add_argument('--to-train', action='append', default=[], metavar='SOURCE',
                        help='move all validation pictures of a source; may be given again')
    splits.add_argument('--val-share', type=float, metavar='SHARE',
                        help='of data without splits: share of the pictures for val, '
                             'near-duplicates kept together')
    splits.add_argument('--hash-distance', type=int, metavar='BITS',
                        help='of near-duplicates, 0 to 16 of 64 (default: 16)')
    splits.add_argument('--correlation', type=float, metavar='R',
                        help='of near-duplicates, at least (default: 0.85)')
    splits.add_argument('--seed', type=int, default=0, help='seed (default: %(default)s)')


def run(args: argparse.Namespace) -> int:
    """Look at labelled faces; returns the exit code."""
    from fer_ros.commands.progress import progress
    from fer_ros.core.detector import create_detector
    from fer_ros.core.errors import ConfigError
    from fer_ros.data.faces import backgrounds_beside, inspect_faces, read_backgrounds
    from fer_ros.data.faces.backgrounds import background_summary
    from fer_ros.data.faces.leaks import (
        CORRELATION,
        divided,
        find_leaks,
        HASH_DISTANCE,
        thumbnails,
    )
    from fer_ros.data.faces.nested import with_nested_ignored
    from fer_ros.data.faces.show import write_face_report
    from fer_ros.data.faces.statistics import summary, summary_text, table_of
    from fer_ros.data.faces.suspects import compared, ORDERED, suspects_of
    from fer_ros.data.faces.write import write_index

    check_folder(args.out)
    if args.ignore_nested and not args.write_index:
        raise ConfigError('--ignore-nested changes the index of --write-index: name one')
    distance = HASH_DISTANCE if args.hash_distance is None else args.hash_distance
    correlation = CORRELATION if args.correlation is None else args.correlation
    detector = None if args.detector == 'none' else create_detector(
        args.detector, model_path=args.detector_model, min_face_size=0.05)
    pictures, report = inspect_faces(args.data, images=args.images, progress=progress)
    print(report.text())
    if not report.faces:
        report.require(args.skip_bad)
    small, leaks = thumbnails(pictures, progress), None
    if args.val_share is not None:
        pictures = divided(pictures, small, args.val_share, args.seed, distance=distance,
                           correlation=correlation)
    if len(pictures.splits) > 1:
        leaks = find_leaks(pictures, small, distance=distance, correlation=correlation,
                           to_train=args.to_train)
    elif args.to_train:
        raise ConfigError(f'--to-train: {args.data} has no splits')
    splits = {split: summary(pictures.select(split=split)) for split in pictures.splits} \
        or {'': summary(pictures)}
    print(f'\n{summary_text(splits)}')
    content: dict[str, Any] = {'data': pictures.name, 'problems': report.counts(),
                               'notes': list(report.notes), 'splits': splits}
    if leaks is not None:
        content['duplicates'] = _leak_figures(leaks)
        print(f'\n{_leak_text(leaks)}')
    walls = read_backgrounds(backgrounds_beside(args.data, args.images))
    if len(walls):
        content['backgrounds'] = background_summary(
            walls, distance=distance, correlation=correlation)
        print(f'\n{_background_text(content["backgrounds"])}')
    table = table_of(pictures)
    suspects = suspects_of(pictures, table)
    if detector is not None:
        suspects.update(compared(pictures, detector, progress))
        for kind in ('unlabelled', 'not_found'):
            print(f'{kind.replace("_", " ")}: {len(suspects[kind])} by {args.detector}')
    content['suspects'] = {kind: len(found) for kind, found in suspects.items()
                           if kind not in ORDERED}
    if args.out:
        files = write_face_report(Path(args.out), pictures, table, report, suspects, leaks,
                                  content, args.seed)
        print(f'report: {args.out} ({", ".join(path.name for path in files)})')
    report.require(args.skip_bad)
    if args.write_index:
        corrected = leaks.corrected(pictures) if leaks else pictures
        if args.ignore_nested:
            corrected, count = with_nested_ignored(corrected)
            print(f'ignored now: {count} faces inside larger ones')
        write_index(corrected, Path(args.write_index))
        print(f'index:  {args.write_index}')
    elif leaks is not None and len(leaks.moved):
        print('write an index in which they are in train: --write-index faces.json',
              file=sys.stderr)
    return 0


def preview(args: argparse.Namespace) -> Any:
    """Return the picture of what a detector sees in training, (H, W, 3) uint8 BGR."""
    from fer_ros.data.faces import backgrounds_beside, read_backgrounds, read_faces
    from fer_ros.data.faces.preview import scene_sheet
    from fer_ros.training.detector.config import load_detector_config

    config = load_detector_config(args.config)
    pictures = read_faces(args.data, 'train', args.images)
    rooms = read_backgrounds(
        args.backgrounds or backgrounds_beside(args.data, args.images), 'train')
    return scene_sheet(
        pictures, rooms, config.side, config.composition, config.augmentation, args.faces or 24,
        args.seed)


def _leak_figures(leaks: Any) -> dict[str, Any]:
    return {'pairs': len(leaks.pairs), 'across_splits': int(leaks.across.sum()),
            'mirrored': int(leaks.pairs.mirrored.sum()), 'moved': len(leaks.moved),
            'validation_by_source': {
                source: {'pictures': count, 'moved': gone}
                for source, (count, gone) in leaks.sources.items()}}


def _leak_text(leaks: Any) -> str:
    lines = [f'near-duplicates: {len(leaks.pairs)} pairs ({int(leaks.pairs.mirrored.sum())} '
             f'mirrored), {int(leaks.across.sum())} across splits; {len(leaks.moved)} validation '
             'pictures belong to train:']
    lines += [f'  {source or "no source"}: {gone} of {count}'
              for source, (count, gone) in leaks.sources.items()]
    return '\n'.join(lines)


def _background_text(figures: dict[str, Any]) -> str:
    parts = ', '.join(f'{split or "no split"} {count}'
                      for split, count in figures['splits'].items())
    pairs = figures['across_splits']
    named = ''.join(f'\n  {one} {other}' for one, other in pairs)
    return (f'pictures without a face: {figures["pictures"]} ({parts}), {figures["grey"]} grey, '
            f'{len(pairs)} near-duplicates across splits{named}')
