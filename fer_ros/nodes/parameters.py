"""The parameters of emotion_node: one table; parameter_handler.py declares and applies them.

The table is the dataclass `Parameters`: each field carries its name, default, description and
limits, and the moment from which a change counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import re

from fer_ros.core.alignment import ALIGN
from fer_ros.core.anonymize import ANONYMIZE
from fer_ros.core.classifier import PRIORS
from fer_ros.core.detector import DEFAULT_DETECTOR, DETECTORS, MIN_FACE_SIZE
from fer_ros.core.errors import ConfigError
from fer_ros.core.finder import MAX_DETECT_EVERY
from fer_ros.core.labelling import LABEL_MARGIN, LABEL_MIN_DWELL, UNKNOWN_HYSTERESIS
from fer_ros.core.pipeline import MAX_YAW
from fer_ros.core.reduce import MAX_TILES
from fer_ros.core.smoothing import SMOOTHING
from fer_ros.core.tracker import MAX_GAP, START_SCORE
from fer_ros.core.view import ROTATIONS
from fer_ros.nodes.bridge import USE_CV_BRIDGE
from fer_ros.nodes.detections import CLASS_IDS
from fer_ros.nodes.parameter_spec import parameter, Spec, When

__all__ = ['Parameters', 'camera_names', 'contradiction', 'specs']

_IMAGE_TRANSPORTS = ('raw', 'compressed')

_RELIABILITIES = ('best_effort', 'reliable')
_DURABILITIES = ('volatile', 'transient_local')
_LARGEST_SIDE = 16384  # pixels, as for images


@dataclasses.dataclass(frozen=True)
class Parameters:
    """The values of all parameters at one moment."""

    autostart: bool = parameter(
        'autostart', True, 'Configure and activate by itself; false under a lifecycle manager',
        When.START)
    camera_names: tuple[str, ...] = parameter(
        'camera_names', ('',),
        "Names of several cameras that one process serves: each listens to NAME/image_raw and "
        "publishes ~/NAME/emotions and so on; [''] for one camera without a name", When.START)
    model: str = parameter(
        'model', '', 'Name of an installed model or path of a model folder; empty: the default',
        When.SWAP)
    detector_name: str = parameter(
        'detector.name', DEFAULT_DETECTOR, 'Face detector', When.SWAP, choices=DETECTORS)
    detector_model_path: str = parameter(
        'detector.model_path', '', 'Network file of yunet; model folder of fer_face, empty for '
        'the one that comes along', When.SWAP)
    detector_min_face_size: float = parameter(
        'detector.min_face_size', MIN_FACE_SIZE,
        'Side of the smallest face that is looked for: up to 1 a share of the shorter image side, '
        'from 8 pixels of the image; smaller faces cost more time', When.SWAP,
        bounds=(0.01, 8192.0))
    detector_input_size: int = parameter(
        'detector.input_size', 0,
        'Longer side in pixels of what the detector looks at, from 32, in place of '
        'min_face_size; 0: as that demands', When.SWAP, bounds=(0, 8192))
    detector_tiles: int = parameter(
        'detector.tiles', 1,
        'Tiles along each side of the image that are looked at besides the whole, for far faces; '
        '1: none', When.SWAP, bounds=(1, MAX_TILES))
    detector_score_threshold: float = parameter(
        'detector.score_threshold', -1.0,
        "Score in [0, 1] below which a face is dropped; negative: the detector's own",
        When.SWAP, bounds=(-1.0, 1.0))
    detect_every: int = parameter(
        'detect_every', 1,
        'Images from one detection to the next; between them faces move by their optical flow. '
        'More than 1 needs tracking', When.SWAP, bounds=(1, MAX_DETECT_EVERY))
    align: str = parameter(
        'align', 'auto',
        'Turn the crop with the head where detector and model know landmarks (auto), or never',
        When.SWAP, choices=ALIGN)
    max_faces: int = parameter(
        'max_faces', 0, 'Number of faces classified in an image, the largest first; 0: all',
        When.RUNNING, bounds=(0, 1000))
    face_height_min: int = parameter(
        'face_height.min', 0,
        'Height in pixels of the smallest face that is classified; 0: no limit', When.RUNNING,
        bounds=(0, _LARGEST_SIDE))
    face_height_max: int = parameter(
        'face_height.max', 0,
        'Height in pixels of the largest face that is classified; 0: no limit', When.RUNNING,
        bounds=(0, _LARGEST_SIDE))
    num_threads: int = parameter(
        'num_threads', 1, 'Threads of the classifier', When.SWAP, bounds=(1, 64))
    priors: str = parameter(
        'priors', 'natural',
        'How frequent the emotions are taken to be: natural, as in the training data, or '
        'balanced, which finds more of the rare ones', When.SWAP, choices=PRIORS)
    tracking: bool = parameter(
        'tracking', True, 'Follow faces from image to image; smoothing needs it',
        When.SWAP)
    smoothing_time: float = parameter(
        'smoothing_time', SMOOTHING,
        'Seconds after which a changed expression has reached 63 % of its effect; 0: none',
        When.RUNNING, bounds=(0.0, 60.0))
    track_max_gap: float = parameter(
        'track_max_gap', MAX_GAP, 'Seconds that a person keeps the number without being seen',
        When.RUNNING, bounds=(0.0, 60.0))
    track_start_score: float = parameter(
        'track_start_score', START_SCORE,
        'Score in [0, 1] from which a face is followed at once; one of less is reported when it '
        'is seen again in the next image', When.RUNNING, bounds=(0.0, 1.0))
    label_margin: float = parameter(
        'label_margin', LABEL_MARGIN,
        'Probability in [0, 1] by which another emotion must lead to become the label',
        When.RUNNING, bounds=(0.0, 1.0))
    label_min_dwell: float = parameter(
        'label_min_dwell', LABEL_MIN_DWELL,
        'Seconds that an emotion stays the label at least, and that a doubt must last before the '
        'label turns to unknown; 0: none', When.RUNNING, bounds=(0.0, 60.0))
    unknown_hysteresis: float = parameter(
        'unknown_hysteresis', UNKNOWN_HYSTERESIS,
        'How far in [0, 1] the confidence may fall below unknown_threshold before the label turns '
        'to unknown', When.RUNNING, bounds=(0.0, 1.0))
    unknown_threshold: float = parameter(
        'unknown_threshold', -1.0,
        "Confidence in [0, 1] that an emotion must reach to become the label, else it is unknown; "
        "negative: the model's own",
        When.RUNNING, bounds=(-1.0, 1.0))
    max_yaw: float = parameter(
        'max_yaw', MAX_YAW,
        'Degrees by which a head may be turned aside before the label is unknown, where '
        'landmarks tell; 90: no limit', When.RUNNING, bounds=(0.0, MAX_YAW))
    image_transport: str = parameter(
        'image_transport', 'raw', 'Listen to image_raw or to image_raw/compressed',
        When.CONFIGURE, choices=_IMAGE_TRANSPORTS, per_camera=True)
    image_qos_reliability: str = parameter(
        'image_qos.reliability', 'best_effort',
        'Reliability asked of the camera; best_effort goes with every camera, reliable with those '
        'that offer it', When.CONFIGURE, choices=_RELIABILITIES)
    image_qos_durability: str = parameter(
        'image_qos.durability', 'volatile',
        'Durability asked of the camera; transient_local also gets the last image of a latched '
        'topic', When.CONFIGURE, choices=_DURABILITIES)
    image_qos_depth: int = parameter(
        'image_qos.depth', 1, 'Images that wait in the middleware; only the newest is processed',
        When.CONFIGURE, bounds=(1, 100))
    lazy: bool = parameter(
        'lazy', True,
        'Listen to images only while somebody listens to a result, so that an idle node costs '
        'nothing', When.RUNNING)
    max_rate: float = parameter(
        'max_rate', 0.0, 'Images processed in a second, at most; 0: all', When.RUNNING,
        bounds=(0.0, 1000.0), per_camera=True)
    max_age: float = parameter(
        'max_age', 0.0,
        'Age in seconds, by its stamp, above which an image is dropped; 0: no limit; needs '
        'synchronous clocks', When.RUNNING, bounds=(0.0, 3600.0))
    rotation: int = parameter(
        'rotation', 0,
        'Degrees clockwise by which images must be turned to stand upright, for cameras that are '
        'mounted sideways; results stay in the pixels of the image as it comes', When.RUNNING,
        choices=ROTATIONS, bounds=(0, 270), per_camera=True)
    roi_x_offset: int = parameter(
        'roi.x_offset', 0, 'Leftmost column of the region that is looked at, in pixels',
        When.RUNNING, bounds=(0, _LARGEST_SIDE), per_camera=True)
    roi_y_offset: int = parameter(
        'roi.y_offset', 0, 'Topmost row of the region that is looked at, in pixels',
        When.RUNNING, bounds=(0, _LARGEST_SIDE), per_camera=True)
    roi_width: int = parameter(
        'roi.width', 0, 'Width of the region that is looked at, in pixels; 0: to the border',
        When.RUNNING, bounds=(0, _LARGEST_SIDE), per_camera=True)
    roi_height: int = parameter(
        'roi.height', 0, 'Height of the region that is looked at, in pixels; 0: to the border',
        When.RUNNING, bounds=(0, _LARGEST_SIDE), per_camera=True)
    use_cv_bridge: str = parameter(
        'use_cv_bridge', 'auto',
        'Convert images with cv_bridge: auto where it passes a self-check, never, or always '
        '(fail to configure without)', When.CONFIGURE, choices=USE_CV_BRIDGE)
    publish_pixels: bool = parameter(
        'publish_pixels', True,
        'Offer ~/image_annotated; false: no picture of anybody leaves the node, and no landmark',
        When.CONFIGURE)
    anonymize: str = parameter(
        'anonymize', 'none', 'What happens to the faces in ~/image_annotated; other than none '
        'it also holds /humans/faces/ID/cropped back', When.RUNNING, choices=ANONYMIZE)
    draw_charts: bool = parameter(
        'draw_charts', True, 'Draw the distribution of each face in ~/image_annotated',
        When.RUNNING)
    publish_detections: bool = parameter(
        'publish_detections', True, 'Offer ~/detections and ~/label_info (vision_msgs)',
        When.CONFIGURE)
    detections_class_ids: str = parameter(
        'detections.class_ids', 'name',
        'What ~/detections names emotions by: name, or number as in ~/label_info', When.RUNNING,
        choices=CLASS_IDS)
    detections_min_probability: float = parameter(
        'detections.min_probability', 0.0,
        'Probability in [0, 1] below which ~/detections leaves an emotion out, but never the '
        'label', When.RUNNING, bounds=(0.0, 1.0))
    publish_humans: bool = parameter(
        'publish_humans', False,
        'Offer /humans/faces as ROS4HRI has it (REP-155, hri_msgs); needs tracking',
        When.CONFIGURE)
    humans_crop_size: int = parameter(
        'humans.crop_size', 128, 'Side in pixels of /humans/faces/ID/cropped', When.RUNNING,
        bounds=(16, 1024))
    publish_markers: bool = parameter(
        'publish_markers', True, 'Offer ~/markers (visualization_msgs), where camera_info tells '
        'the calibration', When.CONFIGURE)
    image_rectified: bool = parameter(
        'image_rectified', False,
        'The images are rectified, as those of image_rect: ~/markers then goes by P of '
        'camera_info, else by K and D', When.RUNNING, per_camera=True)
    jpeg_quality: int = parameter(
        'jpeg_quality', 80, 'Quality of ~/image_annotated/compressed', When.RUNNING,
        bounds=(1, 100))
    draw_crops: bool = parameter(
        'draw_crops', False, 'Show in ~/image_annotated the crops that were classified',
        When.RUNNING)
    image_timeout: float = parameter(
        'image_timeout', 5.0,
        'Seconds without an image after which diagnostics and log warn',
        When.RUNNING, bounds=(0.1, 3600.0))
    max_consecutive_failures: int = parameter(
        'max_consecutive_failures', 10,
        'Number of images failing in a row from which diagnostics report an error',
        When.RUNNING, bounds=(1, 1_000_000))
    diagnostics_period: float = parameter(
        'diagnostics_period', 1.0, 'Seconds between two messages on /diagnostics',
        When.RUNNING, bounds=(0.05, 60.0))


def specs() -> Iterator[Spec]:
    """Yield the table, in order."""
    for field in dataclasses.fields(Parameters):
        yield field.metadata['spec']


def camera_names(value: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the cameras; one without a name is `''`.

    Raises:
        ConfigError: A name cannot be part of a topic's, or comes twice.
    """
    names = tuple(value) or ('',)
    if names == ('',):
        return names
    for name in names:
        if not re.fullmatch(r'[A-Za-z][A-Za-z0-9_]*', name):
            raise ConfigError(
                f'camera_names holds {name!r}: a name begins with a letter and goes on with '
                'letters, digits and underscores')
        if any(spec.name.startswith(f'{name}.') or spec.name == name for spec in specs()):
            raise ConfigError(f'camera_names holds {name!r}, which is the name of a parameter')
    if len(set(names)) < len(names):
        raise ConfigError(f'camera_names holds a name twice: {", ".join(names)}')
    return names


def contradiction(parameters: Parameters) -> str:
    """Return what in the values cannot be meant together, or ''."""
    if parameters.anonymize != 'none' and not parameters.publish_pixels:
        return (f'anonymize is {parameters.anonymize!r}, but publish_pixels is false: no picture '
                'leaves the node; leave one of them at its default')
    if parameters.publish_humans and not parameters.tracking:
        return ('publish_humans is true, but tracking is false: the ids of /humans/faces are '
                'those of tracks; leave one of them at its default')
    if 0 < parameters.face_height_max < parameters.face_height_min:
        return (f'face_height.max is {parameters.face_height_max} pixels, less than '
                f'face_height.min, {parameters.face_height_min}')
    return ''
