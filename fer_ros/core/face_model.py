"""Models of the detector `fer_face`: a network and the manifest that says how to read it."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fer_ros.core.manifest import (
    field,
    file_name,
    find_folder,
    installed_folders,
    MANIFEST,
    number,
    read_manifest,
    read_network,
    sha256_of,
    text,
)

__all__ = ['available_face_models', 'DEFAULT_FACE_MODEL', 'FACE_TASK', 'FaceManifest',
           'FaceModel', 'load_face_model']

DEFAULT_FACE_MODEL = 'fer_face'
"""Name of the detector's model that is used when none is named."""

FACE_TASK = 'face detection'
"""The manifest's field `task`."""


@dataclasses.dataclass(frozen=True)
class FaceManifest:
    """What the folder of a face detector says about its network, checked.

    Attributes:
        name: Name of the model.
        version: Version of the model.
        license: SPDX identifier of the network's licence.
        description: One or two sentences.
        file: Name of the network file in the folder.
        sha256: Hex digest of the network file.
        parameters: Number of trained parameters.
        score_threshold: Score from which on a face counts, in (0, 1).
        overlap: Intersection over union from which on two boxes are one face, in (0, 1].
        slope: Factor of the network's logit of a score, which makes it that of being right, > 0.
        intercept: Summand after it.
        smallest_face: Longer side in pixels of the network's input of the smallest face that it
            is asked to find.
        network: Options, file and sha256 of the Keras weights in the folder; None where there
            are none. The robot ignores it.
        training: Data, seed, and the command that made the network.
        metrics: Figures of `fer evaluate detector`.
    """

    name: str
    version: str
    license: str
    description: str
    file: str
    sha256: str
    parameters: int
    score_threshold: float
    overlap: float
    slope: float
    intercept: float
    smallest_face: float
    network: Mapping[str, Any] | None
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class FaceModel:
    """A verified folder of a face detector.

    Attributes:
        manifest: Its manifest.
        folder: Where it lies.
        data: The network's bytes, the same that were hashed.
    """

    manifest: FaceManifest
    folder: Path
    data: bytes = dataclasses.field(repr=False)


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
    folder = find_folder(model, FACE_TASK)
    manifest = read_manifest(folder / MANIFEST, _check)
    return FaceModel(manifest, folder, read_network(folder / manifest.file, manifest.sha256))


def _check(content: Mapping[str, Any]) -> FaceManifest:
    field(content, 'parameters', int)
    network = None
    if 'network' in content:
        field(content, 'network.options', dict)
        field(content, 'network.sha256', str)
        file_name(content, 'network.file')
        network = MappingProxyType(content['network'])
    return FaceManifest(
        name=text(content, 'name'), version=text(content, 'version'),
        license=field(content, 'license', str),
        description=field(content, 'description', str),
        file=file_name(content, 'file'), sha256=sha256_of(content),
        parameters=int(number(content, 'parameters', 1, 1e10)),
        score_threshold=number(content, 'thresholds.score', 1e-6, 1 - 1e-6),
        overlap=number(content, 'thresholds.overlap', 0.01, 1.0),
        slope=number(content, 'calibration.slope', 0.01, 100.0),
        intercept=number(content, 'calibration.intercept', -100.0, 100.0),
        smallest_face=number(content, 'input.smallest_face', 4.0, 512.0), network=network,
        training=MappingProxyType(field(content, 'training', dict)),
        metrics=MappingProxyType(field(content, 'metrics', dict)))
