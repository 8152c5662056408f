"""What a face detector is trained or validated on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from fer_ros.data.faces.types import Backgrounds, FacePictures

__all__ = ['FaceData']


class FaceData:
    """What a detector is trained or validated on.

    Args:
        pictures: Labelled faces.
        backgrounds: Pictures without a face; may be empty.
    """

    def __init__(self, pictures: FacePictures, backgrounds: Backgrounds) -> None:
        self.pictures, self.backgrounds = pictures, backgrounds

    @property
    def record(self) -> dict[str, Any]:
        """Names of the files, and a sha256 of the labels and of what the pictures are called."""
        digest = hashlib.sha256()
        for picture in self.pictures.pictures:
            digest.update(picture.file.encode())
            for array in (picture.labels.boxes, picture.labels.landmarks, picture.labels.ignored):
                digest.update(np.ascontiguousarray(array).tobytes())
        for room in self.backgrounds.pictures:
            digest.update(room.file.encode())
        return {'files': [Path(self.pictures.name).name], 'sha256': digest.hexdigest()}

    @property
    def faces(self) -> int:
        """Number of faces that count."""
        return sum(int((~picture.labels.ignored).sum()) for picture in self.pictures.pictures)
