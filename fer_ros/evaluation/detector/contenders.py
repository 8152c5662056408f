"""The detectors of a comparison, each made anew for what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import dataclasses
from functools import partial
import hashlib
from pathlib import Path
from typing import Any

from fer_ros.core.detector import (
    create_detector,
    DETECTORS,
    FaceDetector,
    FerFaceDetector,
    HaarDetector,
)
from fer_ros.core.errors import ConfigError
from fer_ros.core.runtime import quiet_runtime

__all__ = ['contenders', 'Contender']

# Detections of any score that a curve can use; YuNet's own evaluation begins here, too.
_KEEN_SCORE = 0.02
# So small a face that the frame is looked at as it is.
_CLOSE = 0.01


@dataclasses.dataclass(frozen=True)
class Contender:
    """A detector of the comparison.

    Attributes:
        name: Its name in the tables.
        make: Makes it; takes `min_face_size` and `score_threshold` (None for its default).
        model_path: Its network file or model folder, or empty.
        sha256: Hex digest of its network; empty if it has none, or its own.
    """

    name: str
    make: Callable[..., FaceDetector]
    model_path: str = ''
    sha256: str = ''

    def detector(
        self, *, keen: bool = False, close: bool = False, min_face_size: float = _CLOSE,
    ) -> FaceDetector:
        """Return the detector.

        Args:
            keen: With the lowest score threshold, for curves; else with its default.
            close: Looking at every frame as it is; else reduced for `min_face_size`.
            min_face_size: Of the smallest face, in shorter sides of the frame.
        """
        # LiteRT greets on stderr whenever a model is loaded.
        with quiet_runtime():
            return self.make(min_face_size=_CLOSE if close else min_face_size,
                             score_threshold=_KEEN_SCORE if keen else None)


def contenders(
    names: Sequence[str], haar_rows: Sequence[str] = (), model_path: str = '',
) -> list[Contender]:
    """Read the detectors of a command line.

    Args:
        names: `NAME` or `NAME:FILE` each, with a NAME that `create_detector` knows; of several
            files for one NAME, the names of the files become part of theirs.
        haar_rows: Arguments of `HaarDetector` as `NAME=VALUE,...`, a detector each.
        model_path: Network file of `yunet` where it is named without.

    Raises:
        ConfigError: A name is unknown or given twice, or an argument is wrong.
        ModelError: A detector's file is missing or cannot be used.
    """
    found = [_named(text, model_path) for text in names]
    found += [Contender(f'haar {row}', partial(_haar, row)) for row in haar_rows]
    titles = [contender.name for contender in found]
    # One detector with two networks: their files tell them apart.
    found = [dataclasses.replace(one, name=f'{one.name} {Path(one.model_path).stem}')
             if titles.count(one.name) > 1 and one.model_path else one for one in found]
    titles = [contender.name for contender in found]
    for title in titles:
        if titles.count(title) > 1:
            raise ConfigError(f'the detector {title} is given twice')
    # What cannot be made fails now, not after minutes.
    return [dataclasses.replace(one, sha256=_digest(one, one.detector())) for one in found]


def _digest(contender: Contender, detector: FaceDetector) -> str:
    if isinstance(detector, FerFaceDetector):
        return detector.model.manifest.sha256
    path = contender.model_path
    return hashlib.sha256(Path(path).read_bytes()).hexdigest() if path else ''


def _named(text: str, model_path: str) -> Contender:
    name, colon, path = text.partition(':')
    if name not in DETECTORS:
        raise ConfigError(
            f'there is no detector {name!r}; choose one of {", ".join(DETECTORS)}, with '
            'NAME:FILE for a network file')
    if colon and not path:
        raise ConfigError(f'--detector {text}: there is no file behind the colon')
    path = path or (model_path if name == 'yunet' else '')
    return Contender(name, partial(create_detector, name, model_path=path), path)


def _haar(row: str, *, min_face_size: float, score_threshold: float | None) -> HaarDetector:
    kinds: dict[str, Callable[[str], Any]] = {
        'cascade': str, 'min_face_size': float, 'score_threshold': float, 'max_faces': int,
        'steps_per_octave': int, 'min_windows': int,
        'equalize': lambda text: text == '1'}
    values: dict[str, Any] = {'min_face_size': min_face_size}
    for option in row.split(','):
        name, _, text = option.partition('=')
        try:
            values[name] = kinds[name](text)
        except (KeyError, ValueError) as error:
            raise ConfigError(
                f'--haar {option!r}: write NAME=VALUE with a NAME of {", ".join(kinds)}'
            ) from error
    if score_threshold is not None:
        values['score_threshold'] = score_threshold
    return HaarDetector(**values)
