"""Pictures with labelled faces (boxes and landmarks), for training and measuring detectors.

Example:
    faces = read_faces('faces/', split='train')
    image, labels = faces.read(0), faces.pictures[0].labels
"""

from fer_ros.data.faces.checks import Problem, SURE
from fer_ros.data.faces.folder import backgrounds_beside, read_backgrounds
from fer_ros.data.faces.read import inspect_faces, read_faces
from fer_ros.data.faces.report import FaceReport
from fer_ros.data.faces.types import (
    Background,
    Backgrounds,
    FaceLabels,
    FacePicture,
    FacePictures,
    POINTS,
)

__all__ = [
    'Background', 'Backgrounds', 'FaceLabels', 'FacePicture', 'FacePictures', 'FaceReport',
    'POINTS', 'Problem', 'SURE', 'backgrounds_beside', 'inspect_faces', 'read_backgrounds',
    'read_faces',
]
