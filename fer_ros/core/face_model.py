"""Models of the detector `fer_face`: a network and the manifest that says how to read it."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from typing import Any

from fer_ros.core.manifest import (
    BaseManifest,
    common_fields,
    installed_folders,
    load_folder,
    ModelFolder,
    number,
)

__all__ = ['available_face_models', 'DEFAULT_FACE_MODEL', 'FACE_TASK', 'FaceManifest',
           'FaceModel', 'load_face_model']

DEFAULT_FACE_MODEL = 'fer_face'
"""Name of the detector's model that is used when none is named."""

FACE_TASK = 'face detection'
"""The manifest's field `task`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class FaceManifest(BaseManifest):
    """What the folder of a face detector says about its network, checked.

    Attributes:
        score_threshold: Score from which on a face counts, in (0, 1).
        overlap: Intersection over union from which on two boxes are one face, in (0, 1].
        slope: Factor of the network's logit of a score, which makes it that of being right, > 0.
        intercept: Summand after it.
        smallest_face: Longer side in pixels of the network's input of the smallest face that it
            is asked to find.
    """

    score_threshold: float
    overlap: float
    slope: float
    intercept: float
    smallest_face: float


FaceModel = ModelFolder[FaceManifest]
"""A verified folder of a face detector."""


def available_face_models() -> list[Path]:
    """Return the folders of the detectors that can be named, in order of precedence."""
    return installed_folders(FACE_TASK)


def load_face_model(model: str | Path = DEFAULT_FACE_MODEL) -> FaceModel:
    """Find, check and read the folder of a face detector.

    Args:
        model: Path of a folder, or the name of an installed one.

    Raises:
        ModelError: There is no such model, its manifest is wrong, or the network's bytes are
            not those of the manifest.
    """
    return load_folder(model, FACE_TASK, _check)


def _check(content: Mapping[str, Any]) -> FaceManifest:
    return FaceManifest(
        **common_fields(content),
        score_threshold=number(content, 'thresholds.score', 1e-6, 1 - 1e-6),
        overlap=number(content, 'thresholds.overlap', 0.01, 1.0),
        slope=number(content, 'calibration.slope', 0.01, 100.0),
        intercept=number(content, 'calibration.intercept', -100.0, 100.0),
        smallest_face=number(content, 'input.smallest_face', 4.0, 512.0))
