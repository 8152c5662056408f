"""Pictures with labelled faces (boxes and landmarks), for training and measuring detectors.

Example:
    faces = read_faces('faces/', split='train')
    image, labels = faces.read(0), faces.pictures[0].labels
"""

from fer_ros.data.faces.folder import read_backgrounds, read_faces
from fer_ros.data.faces.types import (
    Background,
    Backgrounds,
    FaceLabels,
    FacePicture,
    FacePictures,
    POINTS,
)

__all__ = [
    'Background', 'Backgrounds', 'FaceLabels', 'FacePicture', 'FacePictures', 'POINTS',
    'read_backgrounds', 'read_faces',
]
