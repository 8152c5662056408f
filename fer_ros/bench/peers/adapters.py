"""How each package is asked for the faces of a frame and what they show.

Only the package that is asked for is imported, so that this runs in an environment that holds
none of the others, nor the dependencies of this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
import importlib
import importlib.util
from typing import Any

__all__ = ['Ask', 'PEERS', 'Peer']

Ask = Callable[[Any], 'list[str]']


@dataclasses.dataclass(frozen=True)
class Peer:
    """A package.

    Attributes:
        package: Name by which it is imported.
        install: How to get it.
        load: Makes what is asked: a function from (H, W, 3) uint8 BGR to a label a face.
        about: With which of its detectors, for people.
    """

    package: str
    install: str
    load: Callable[[], Ask]
    about: str

    @property
    def installed(self) -> bool:
        """Whether it can be imported here."""
        return importlib.util.find_spec(self.package) is not None


def _fer_ros() -> Ask:
    from fer_ros import Pipeline

    pipeline = Pipeline.from_model(tracking=False)
    return lambda bgr: [face.label for face in pipeline.process(bgr).faces]


def _fer() -> Ask:
    try:
        kind = importlib.import_module('fer.fer').FER
    except ImportError:
        kind = importlib.import_module('fer').FER
    recognizer = kind(mtcnn=False)

    def ask(bgr: Any) -> list[str]:
        return [max(face['emotions'], key=face['emotions'].get)
                for face in recognizer.detect_emotions(bgr)]
    return ask


def _deepface() -> Ask:
    api = importlib.import_module('deepface.DeepFace')
    no_face = importlib.import_module('deepface.modules.exceptions').FaceNotDetected
    # Gets the weights, or fails: asked for a frame, it would raise the kind of error of no face.
    api.build_model('Emotion', task='facial_attribute')
    api.build_model('opencv', task='face_detector')

    def ask(bgr: Any) -> list[str]:
        try:
            faces = api.analyze(
                bgr, actions=('emotion',), detector_backend='opencv', silent=True)
        except no_face:
            return []
        return [face['dominant_emotion'] for face in faces]
    return ask


PEERS: Mapping[str, Peer] = {
    'fer_ros': Peer('fer_ros', '', _fer_ros, 'the default detector and model'),
    'fer': Peer('fer', 'pip install fer tensorflow', _fer, 'Haar and mini_XCEPTION, TensorFlow'),
    'deepface': Peer(
        'deepface', 'pip install deepface flask tensorflow "opencv-contrib-python-headless<5" '
        '(it downloads weights at its first use)',
        _deepface, 'Haar and its own network, TensorFlow'),
}
"""The packages, by the names of `fer bench peers --peer`."""
