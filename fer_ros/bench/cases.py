"""What is measured: a case is one pipeline on one kind of frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import itertools
from typing import Any

from fer_ros.bench.machine import cores
from fer_ros.core.detector import DEFAULT_DETECTOR
from fer_ros.core.errors import ConfigError
from fer_ros.core.model import available_models, DEFAULT_MODEL

__all__ = ['BASE', 'Case', 'chosen_cases', 'full_cases', 'quick_cases', 'read_size']

_MAX_FACES = 100
_SIZES = ((320, 240), (640, 480), (1280, 720), (1920, 1080), (3840, 2160))
_FACES = (0, 1, 5, 20)


@dataclasses.dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        width: Of the frames in pixels.
        height: Of the frames in pixels.
        faces: Number of faces in them.
        threads: Threads of detector, classifier and OpenCV; with one, all is kept on one core.
        model: Name of an installed model, or path of a model folder.
        detector: Name of the detector.
        detect_every: Frames from one detection to the next.
    """

    width: int = 640
    height: int = 480
    faces: int = 1
    threads: int = 1
    model: str = DEFAULT_MODEL
    detector: str = DEFAULT_DETECTOR
    detect_every: int = 1

    @property
    def name(self) -> str:
        """What tells it from other cases."""
        parts = [
            f'{self.width}x{self.height}', f'{self.faces} face{"s" * (self.faces != 1)}',
            f'{self.threads} thread{"s" * (self.threads != 1)}', self.model, self.detector]
        if self.detect_every > 1:
            parts.append(f'detect every {self.detect_every}')
        return ', '.join(parts)

    def as_record(self) -> dict[str, Any]:
        """Return its fields and its name, for JSON."""
        return {'name': self.name, **dataclasses.asdict(self)}


BASE = Case()
"""The one from which the others differ: VGA, one face, one core, default model and detector."""


def quick_cases() -> list[Case]:
    """Return the base, and what becomes of it when one thing changes."""
    return [
        BASE, *_varied('faces', (0, 5)),
        *(dataclasses.replace(BASE, width=width, height=height)
          for width, height in _SIZES if (width, height) in ((320, 240), (3840, 2160))),
        *_varied('model', _other_models()), *_varied('detector', ('haar',))]


def full_cases() -> list[Case]:
    """Return all sizes with all numbers of faces, models with threads, detectors with sizes."""
    cases = [
        *(Case(width, height, faces)
          for (width, height), faces in itertools.product(_SIZES, _FACES)),
        *(Case(faces=faces, threads=threads, model=model)
          for model, threads, faces in itertools.product(
              (DEFAULT_MODEL, *_other_models()), (1, len(cores())), _FACES)),
        *(Case(width, height, detector='haar') for width, height in _SIZES),
        *_varied('detect_every', (3, 5))]
    return list(dict.fromkeys(cases))


def chosen_cases(
    sizes: Sequence[tuple[int, int]] = (), faces: Sequence[int] = (),
    threads: Sequence[int] = (), models: Sequence[str] = (), detectors: Sequence[str] = (),
    detect_every: Sequence[int] = (),
) -> list[Case]:
    """Return every combination of what is given; the base's value for what is not.

    Args:
        sizes: Widths and heights in pixels.
        faces: Numbers of faces.
        threads: Numbers of threads; 0 for as many as there are cores.
        models: Names or folders.
        detectors: Names.
        detect_every: Frames from one detection to the next.

    Raises:
        ConfigError: A number of faces is out of range.
    """
    for count in faces:
        if not 0 <= count <= _MAX_FACES:
            raise ConfigError(f'--faces must lie in [0, {_MAX_FACES}], got {count}')
    return list(dict.fromkeys(
        Case(width, height, count, number or len(cores()), model, detector, every)
        for (width, height), count, number, model, detector, every in itertools.product(
            sizes or [(BASE.width, BASE.height)], faces or [BASE.faces],
            threads or [BASE.threads], models or [BASE.model], detectors or [BASE.detector],
            detect_every or [BASE.detect_every])))


def read_size(text: str) -> tuple[int, int]:
    """Read `WIDTHxHEIGHT`; for `type=` of an option.

    Raises:
        ValueError: It is none, or a side is not in [32, 8192].
    """
    width, _, height = text.partition('x')
    size = int(width), int(height)
    if not all(32 <= side <= 8192 for side in size):
        raise ValueError(f'sides must lie in [32, 8192], got {text}')
    return size


def _other_models() -> Iterator[str]:
    # A model may lie in several places; its name means the first of them.
    names = dict.fromkeys(folder.name for folder in available_models())
    return (name for name in names if name != DEFAULT_MODEL)


def _varied(field: str, values: Sequence[Any] | Iterator[Any]) -> Iterator[Case]:
    return (dataclasses.replace(BASE, **{field: value}) for value in values)
