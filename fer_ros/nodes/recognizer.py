"""What emotion_node holds while it is configured: converter, detector and model."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from sensor_msgs.msg import CompressedImage, Image

from fer_ros.core.detector import create_detector, FaceDetector
from fer_ros.core.model import load_model, Manifest
from fer_ros.core.pipeline import Pipeline
from fer_ros.core.types import FrameResult
from fer_ros.core.types import Image as Pixels
from fer_ros.nodes.bridge import create_converter
from fer_ros.nodes.parameters import Parameters

__all__ = ['Recognizer']


class Recognizer:
    """Image messages in, results out.

    Args:
        parameters: What to make; those that may change at any time follow through `apply`.

    Raises:
        FerError: The model, the detector or the converter cannot be made; the text says why.

    Attributes:
        about: What it is made of, for people.
    """

    def __init__(self, parameters: Parameters) -> None:
        self._num_threads, self._priors = parameters.num_threads, parameters.priors
        self._align = parameters.align
        self._converter = create_converter(parameters.use_cv_bridge)
        self._pipeline = Pipeline(
            load_model(parameters.model), _make_detector(parameters),
            tracking=parameters.tracking, num_threads=parameters.num_threads,
            priors=parameters.priors, align=parameters.align,
            detect_every=parameters.detect_every)
        self._stills: Pipeline | None = None
        self.about: Mapping[str, str] = MappingProxyType({
            'model': self.manifest.name, 'model_version': self.manifest.version,
            'model_sha256': self.manifest.sha256, 'detector': parameters.detector_name,
            'image_converter': f'{self._converter.name} ({self._converter.reason})'})
        self.apply(parameters)

    @property
    def manifest(self) -> Manifest:
        """Manifest of the model."""
        return self._pipeline.model.manifest

    def apply(self, parameters: Parameters) -> None:
        """Put the parameters that may change at any time into force."""
        self._live = parameters
        for pipeline in filter(None, (self._pipeline, self._stills)):
            chosen = parameters.unknown_threshold
            pipeline.unknown_threshold = (
                self.manifest.thresholds['unknown'] if chosen < 0 else chosen)
            pipeline.max_faces = parameters.max_faces
            pipeline.max_yaw = parameters.max_yaw
            pipeline.smoothing = parameters.smoothing_time

    def convert(self, message: Image | CompressedImage) -> Pixels:
        """Return (H, W, 3) uint8 BGR, which may look into the message's own memory.

        Raises:
            ImageError: The message is malformed.
        """
        if isinstance(message, CompressedImage):
            return self._converter.compressed_to_bgr(message)
        return self._converter.to_bgr(message)

    def follow(self, bgr: Pixels, stamp: float) -> FrameResult:
        """Return the faces of the camera's next image, taken at `stamp` seconds."""
        return self._pipeline.process(bgr, stamp)

    def classify(self, bgr: Pixels) -> FrameResult:
        """Return the faces of an image that has nothing to do with the camera's."""
        if self._stills is None:
            self._stills = Pipeline(
                self._pipeline.model, self._pipeline.detector, tracking=False,
                num_threads=self._num_threads, priors=self._priors, align=self._align)
            self.apply(self._live)
        return self._stills.process(bgr)

    def reset(self) -> None:
        """Forget the tracks."""
        self._pipeline.reset()


def _make_detector(parameters: Parameters) -> FaceDetector:
    threshold = parameters.detector_score_threshold
    return create_detector(
        parameters.detector_name, model_path=parameters.detector_model_path,
        min_face_size=parameters.detector_min_face_size,
        input_size=parameters.detector_input_size, tiles=parameters.detector_tiles,
        score_threshold=None if threshold < 0 else threshold)
