"""What emotion_node holds while it is configured: converter, detector and model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from sensor_msgs.msg import CompressedImage, Image

from fer_ros.core.classifier import Classifier
from fer_ros.core.detector import create_detector, FaceDetector
from fer_ros.core.model import load_model, Manifest
from fer_ros.core.pipeline import Pipeline
from fer_ros.core.types import FrameResult
from fer_ros.core.types import Image as Pixels
from fer_ros.nodes.bridge import create_converter
from fer_ros.nodes.parameters import Parameters
from fer_ros.nodes.serialized import SerializedImage

__all__ = ['Recognizer']


class Recognizer:
    """Image messages in, results out: one model and one detector for all cameras.

    It is not thread-safe: one thread uses it at a time.

    Args:
        parameters: What to make; those that may change at any time follow through `apply`.
        cameras: Names of the cameras, each of which gets tracks of its own.

    Raises:
        FerError: The model, the detector or the converter cannot be made; the text says why.

    Attributes:
        about: What it is made of, for people.
    """

    def __init__(self, parameters: Parameters, cameras: Sequence[str] = ('',)) -> None:
        self._converter = create_converter(parameters.use_cv_bridge)
        model = load_model(parameters.model)
        detector = _make_detector(parameters)
        classifier = Classifier(model, parameters.num_threads, parameters.priors)
        self._pipelines = {
            camera: Pipeline(
                model, detector, classifier=classifier, tracking=parameters.tracking,
                align=parameters.align, detect_every=parameters.detect_every)
            for camera in cameras}
        self._stills = Pipeline(
            model, detector, classifier=classifier, tracking=False, align=parameters.align)
        self.about: Mapping[str, str] = MappingProxyType({
            'model': self.manifest.name, 'model_version': self.manifest.version,
            'model_sha256': self.manifest.sha256, 'detector': parameters.detector_name,
            'image_converter': f'{self._converter.name} ({self._converter.reason})'})
        self.apply(parameters)

    @property
    def manifest(self) -> Manifest:
        """Manifest of the model."""
        return self._stills.model.manifest

    def apply(self, parameters: Parameters) -> None:
        """Put the parameters that may change at any time into force."""
        for pipeline in (*self._pipelines.values(), self._stills):
            chosen = parameters.unknown_threshold
            pipeline.unknown_threshold = (
                self.manifest.thresholds['unknown'] if chosen < 0 else chosen)
            pipeline.max_faces = parameters.max_faces
            pipeline.face_height = parameters.face_height_min, parameters.face_height_max
            pipeline.max_yaw = parameters.max_yaw
            pipeline.smoothing = parameters.smoothing_time
            pipeline.tracker.max_gap = parameters.track_max_gap
            pipeline.tracker.start_score = parameters.track_start_score
            pipeline.labeller.margin = parameters.label_margin
            pipeline.labeller.min_dwell = parameters.label_min_dwell
            pipeline.labeller.hysteresis = parameters.unknown_hysteresis

    def follow_on(self, former: Recognizer) -> None:
        """Go on with the tracks of the one that this one replaces."""
        for camera, pipeline in self._pipelines.items():
            pipeline.follow_on(former._pipelines[camera])

    def convert(self, message: Image | SerializedImage | CompressedImage) -> Pixels:
        """Return (H, W, 3) uint8 BGR, which may look into the message's own memory.

        Raises:
            ImageError: The message is malformed.
        """
        if isinstance(message, CompressedImage):
            return self._converter.compressed_to_bgr(message)
        return self._converter.to_bgr(message)

    def follow(self, bgr: Pixels, stamp: float, camera: str = '') -> FrameResult:
        """Return the faces of the next image of a camera, taken at `stamp` seconds."""
        return self._pipelines[camera].process(bgr, stamp)

    def classify(self, bgr: Pixels) -> FrameResult:
        """Return the faces of an image that has nothing to do with the cameras'."""
        return self._stills.process(bgr)

    def track_count(self, camera: str = '') -> int:
        """Return the number of faces that are followed."""
        return self._pipelines[camera].track_count

    def reset(self, camera: str = '') -> None:
        """Forget the tracks of a camera."""
        self._pipelines[camera].reset()


def _make_detector(parameters: Parameters) -> FaceDetector:
    threshold = parameters.detector_score_threshold
    return create_detector(
        parameters.detector_name, model_path=parameters.detector_model_path,
        min_face_size=parameters.detector_min_face_size,
        input_size=parameters.detector_input_size, tiles=parameters.detector_tiles,
        num_threads=parameters.num_threads,
        score_threshold=None if threshold < 0 else threshold)
