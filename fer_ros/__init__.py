"""Facial expression recognition for social robots.

    from fer_ros import Pipeline

    pipeline = Pipeline.from_model()
    result = pipeline.process(bgr)
    for face in result.faces:
        print(face.box, face.label, face.confidence)
"""

from fer_ros.core.errors import FerError
from fer_ros.core.pipeline import Pipeline
from fer_ros.core.types import EMOTIONS, Face, FaceEmotion, FrameResult

__all__ = ['EMOTIONS', 'Face', 'FaceEmotion', 'FerError', 'FrameResult', 'Pipeline']
__version__ = '0.1.0'
