"""Facial expression recognition for social robots.

Example:
    from fer_ros import Pipeline

    pipeline = Pipeline.from_model()
    result = pipeline.process(bgr)
    for face in result.faces:
        print(face.box, face.label, face.confidence)
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_ros.core.errors import FerError
    from fer_ros.core.pipeline import Pipeline
    from fer_ros.core.types import EMOTIONS, Face, FaceEmotion, FrameResult

__all__ = ['EMOTIONS', 'Face', 'FaceEmotion', 'FerError', 'FrameResult', 'Pipeline']
__version__ = '0.2.0'

_HOMES = {
    'EMOTIONS': 'types', 'Face': 'types', 'FaceEmotion': 'types', 'FerError': 'errors',
    'FrameResult': 'types', 'Pipeline': 'pipeline',
}


def __getattr__(name: str) -> object:
    # Loaded on demand (PEP 562): `fer info` must run where OpenCV or NumPy are missing.
    if name not in _HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(f'fer_ros.core.{_HOMES[name]}'), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
