"""`fer data prepare` as a function: sources in, one checked file of labelled crops out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_ros import __version__
from fer_ros.core.errors import ConfigError, DataError
from fer_ros.data.collect import collect, Labelling, Progress, Source
from fer_ros.data.cropping import CropSettings, no_shards
from fer_ros.data.crops import SPLITS
from fer_ros.data.duplicates import Duplicates, find_duplicates, rows_to_remove
from fer_ros.data.fer import FER2013_LABELS
from fer_ros.data.pictures import label_order
from fer_ros.data.prepared import write_arrays
from fer_ros.data.samples import Dropped, joined, Samples
from fer_ros.data.splits import check_shares, divide

__all__ = ['PrepareSettings', 'Prepared', 'count_reasons', 'file_sha256', 'prepare']

_FULL = 0.75  # median of box to picture; haar measures 0.83 on FER2013, 0.6 on portraits


@dataclasses.dataclass(frozen=True)
class PrepareSettings:
    """What is done with the sources.

    Attributes:
        crops: How crops are made.
        labelling: What becomes of labels.
        shares: Of train, validation and test, for pictures without a split of their own.
        seed: Of the draw of splits.
        strict: Whether to refuse corrupt pictures rather than leave them out.
        hash_limit: Largest Hamming distance of duplicates, 0 to 16.
        correlation: Smallest correlation of duplicates, in [0, 1].
        keep_duplicates: Whether duplicates across splits stay in, and are only told.
        data_license: Licence of the data.
        command: The command, for the record.
    """

    crops: CropSettings = dataclasses.field(default_factory=CropSettings)
    labelling: Labelling = dataclasses.field(default_factory=Labelling)
    shares: tuple[float, ...] = (0.8, 0.1, 0.1)
    seed: int = 0
    strict: bool = False
    hash_limit: int = 8
    correlation: float = 0.95
    keep_duplicates: bool = False
    data_license: str = 'licence not given'
    command: str = ''

    def __post_init__(self) -> None:
        check_shares(self.shares)
        if not 0 <= self.hash_limit <= 16 or not 0 <= self.correlation <= 1:
            raise ConfigError(
                f'the hash distance must lie in 0..16 and the correlation in 0..1, got '
                f'{self.hash_limit}, {self.correlation}')


@dataclasses.dataclass(frozen=True, eq=False)
class Prepared:
    """What came of it.

    Attributes:
        samples: What was written.
        read: The samples before duplicates were removed; `duplicates` counts in their rows.
        dropped: Pictures left out, duplicates among them.
        duplicates: All pairs that were found.
        removed: (R,) int64 rows of `read` that are not in `samples`.
        shared_subjects: People who are in more than one split.
        warnings: What a user should know, a line each.
        sha256: Of the file.
    """

    samples: Samples
    read: Samples
    dropped: tuple[Dropped, ...]
    duplicates: Duplicates
    removed: NDArray[np.int64]
    shared_subjects: tuple[str, ...]
    warnings: tuple[str, ...]
    sha256: str


def prepare(
    sources: Sequence[tuple[Path, str]], out: Path, settings: PrepareSettings,
    progress: Progress,
) -> Prepared:
    """Read sources, clean them and write one npz, as described in `prepared.py`.

    A cut run leaves finished shards of pictures in `OUT.shards`, with which the next one goes on.

    Args:
        sources: CSV, npz or folder, each with the split that it is, or '' for its own.
        out: The file to write, `.npz`.
        settings: What is done.
        progress: Shows how far it is.

    Raises:
        DataError: A source is malformed, or an emotion is left without a training picture.
    """
    if out.suffix != '.npz':
        raise ConfigError(f'{out}: the prepared file is an .npz')
    if out.is_dir():
        raise ConfigError(f'{out}: is a folder; name a file')
    shards = out.with_name(out.name + '.shards')
    out.parent.mkdir(parents=True, exist_ok=True)
    read = [collect(path, split, settings.crops, settings.labelling, shards, settings.strict,
                    progress) for path, split in sources]
    labels = _labels([source.samples.labels for source in read], settings.labelling.labels)
    samples = joined([source.samples.relabelled(labels)[0] for source in read])
    if not len(samples):
        raise DataError('no picture is left after preparation')
    samples = _with_splits(samples, settings)
    shared = _shared_subjects(samples)
    duplicates = find_duplicates(
        samples.images, settings.hash_limit, settings.correlation, mirror=True)
    removed = np.empty(0, np.int64) if settings.keep_duplicates \
        else rows_to_remove(duplicates, samples.splits)
    kept = np.ones(len(samples), bool)
    kept[removed] = False
    final = samples.take(kept)
    dropped = [item for source in read for item in source.dropped]
    dropped += [Dropped(str(name), 'duplicate', 'of a picture in another split')
                for name in samples.names[removed]]
    warnings = (*_faceless(read), *_checked(final, shared),
                *_nameless(final, settings.labelling.subject_pattern))
    records = [{**source.record, 'split': split or 'own or drawn'}
               for source, (_, split) in zip(read, sources, strict=True)]
    provenance = _provenance(records, dropped, final, settings)
    _write(out, final, provenance)
    no_shards(shards)
    return Prepared(final, samples, tuple(dropped), duplicates, removed, shared, warnings,
                    file_sha256(out))


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open('rb') as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def _labels(found: Sequence[tuple[str, ...]], wanted: tuple[str, ...]) -> tuple[str, ...]:
    if wanted:
        return wanted
    if set(found) == {FER2013_LABELS}:
        return FER2013_LABELS
    return found[0] if len(set(found)) == 1 else label_order(set().union(*found))


def _with_splits(samples: Samples, settings: PrepareSettings) -> Samples:
    """Draw splits for those that have none."""
    free = np.flatnonzero(samples.splits == '')
    if not len(free):
        return samples
    splits = samples.splits.astype('<U10')
    splits[free] = divide(
        samples.targets[free], samples.subjects[free], settings.shares, settings.seed)
    return dataclasses.replace(samples, splits=splits)


def _shared_subjects(samples: Samples) -> tuple[str, ...]:
    homes: dict[str, set[str]] = {}
    for subject, split in zip(samples.subjects.tolist(), samples.splits.tolist(), strict=True):
        if subject:
            homes.setdefault(subject, set()).add(split)
    return tuple(sorted(subject for subject, found in homes.items() if len(found) > 1))


def _faceless(sources: Sequence[Source]) -> Iterator[str]:
    """Tell of sources that look like crops already: few faces, or faces as large as pictures."""
    for source in sources:
        record = source.record
        missed = sum(item.reason == 'no face' for item in source.dropped)
        if record['detector'] != 'none' and 2 * missed > record['images']:
            yield (f'{record["file"]}: {record["detector"]} found no face in {missed} of '
                   f'{record["images"]} pictures; if they are face crops, use --detector none')
        elif source.face_share > _FULL:
            yield (f'{record["file"]}: the faces that {record["detector"]} found fill their '
                   'pictures; if they are face crops, use --detector none, or they are cut twice')


def _nameless(samples: Samples, pattern: str) -> Iterator[str]:
    """Tell of pictures without a person where a user expects people."""
    missing = samples.names[samples.subjects == '']
    if len(missing) and (pattern or len(missing) < len(samples)):
        yield (f'of {len(missing)} of {len(samples)} pictures, such as {str(missing[0])!r}, the '
               'person is not known' + (f' (subject pattern {pattern})' if pattern else '')
               + ': the same people may be in several splits')


def _checked(samples: Samples, shared: tuple[str, ...]) -> tuple[str, ...]:
    warnings = []
    if shared:
        warnings.append(
            f'{len(shared)} people are in several splits of their source, such as {shared[0]!r}: '
            'figures on them say little about other people')
    # A rare emotion may have a share of the votes without being the label of any picture.
    voted = samples.distributions is not None
    for split in SPLITS:
        inside = samples.splits == split
        counts = np.bincount(samples.targets[inside], minlength=len(samples.labels))
        empty = [label for label, n in zip(samples.labels, counts, strict=True) if n == 0]
        if split == 'train' and inside.any() and empty and not voted:
            raise DataError(f'no training picture of {", ".join(empty)}; add some, or name the '
                            'other emotions with --labels')
        if inside.any() and empty:
            warnings.append(f'{split} holds no picture of {", ".join(empty)}')
    return tuple(warnings)


def _provenance(
    records: list[dict[str, Any]], dropped: Sequence[Dropped], samples: Samples,
    settings: PrepareSettings,
) -> dict[str, Any]:
    content = dataclasses.asdict(settings)
    for key in ('command', 'data_license'):
        content.pop(key)
    content['crops']['detector_model'] = Path(settings.crops.detector_model).name
    return {
        'command': settings.command, 'license': settings.data_license, 'sources': records,
        'settings': content, 'images': len(samples), 'dropped': count_reasons(dropped),
        'fer_ros': __version__, 'opencv': cv2.__version__}


def count_reasons(dropped: Sequence[Dropped]) -> dict[str, int]:
    """Return how many pictures were left out for each reason."""
    counts: dict[str, int] = {}
    for item in dropped:
        counts[item.reason] = counts.get(item.reason, 0) + 1
    return dict(sorted(counts.items()))


def _write(out: Path, samples: Samples, provenance: dict[str, Any]) -> None:
    arrays: dict[str, NDArray[Any]] = {
        'images': samples.images, 'targets': samples.targets,
        'labels': np.array(samples.labels), 'split': samples.splits, 'source': samples.names,
        'provenance': np.array(json.dumps(provenance, sort_keys=True)), **samples.extra}
    if samples.distributions is not None:
        arrays['distributions'] = samples.distributions
    if (samples.subjects != '').any():
        arrays['subjects'] = samples.subjects
    write_arrays(out, arrays, compressed=True)
