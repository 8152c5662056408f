"""The parameters of emotion_node: one table, one handler that declares, checks and applies.

The table is the dataclass `Parameters`: each field carries its name, default, description and
limits, and the moment from which a change counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
import dataclasses
import enum
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from fer_ros.core.alignment import ALIGN
from fer_ros.core.classifier import PRIORS
from fer_ros.core.detector import DETECTORS, MIN_FACE_SIZE
from fer_ros.core.finder import MAX_DETECT_EVERY
from fer_ros.core.pipeline import MAX_YAW
from fer_ros.core.reduce import MAX_TILES
from fer_ros.nodes.bridge import USE_CV_BRIDGE
from fer_ros.nodes.declare import make_descriptor

__all__ = ['IMAGE_TRANSPORTS', 'ParameterHandler', 'Parameters', 'Spec', 'When', 'specs']

IMAGE_TRANSPORTS = ('raw', 'compressed')


class When(enum.Enum):
    """From when a parameter counts; the value is told by `ros2 param describe`."""

    START = 'read at the start, fixed afterwards'
    CONFIGURE = 'read when the node is configured; to change it, clean the node up first'
    RUNNING = 'may be changed at any time'


@dataclasses.dataclass(frozen=True)
class Spec:
    """What is known of a parameter besides its value.

    Attributes:
        name: Its ROS name.
        default: Its default, which also fixes its type.
        description: Meaning and unit.
        when: From when a change counts.
        bounds: Smallest and largest number.
        choices: The texts that are allowed.
    """

    name: str
    default: bool | int | float | str
    description: str
    when: When
    bounds: tuple[float, float] | None = None
    choices: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        """Name of the field of `Parameters`."""
        return self.name.replace('.', '_')

    @property
    def descriptor(self) -> ParameterDescriptor:
        """The same for ROS."""
        constraints = self.when.value
        if self.choices:
            constraints = f'one of {", ".join(self.choices)}; {constraints}'
        return make_descriptor(
            self.default, self.description, bounds=self.bounds,
            read_only=self.when is When.START, constraints=constraints)


def _parameter(name: str, default: Any, description: str, when: When, **limits: Any) -> Any:
    spec = Spec(name, default, description, when, **limits)
    return dataclasses.field(default=default, metadata={'spec': spec})


@dataclasses.dataclass(frozen=True)
class Parameters:
    """The values of all parameters at one moment."""

    autostart: bool = _parameter(
        'autostart', True, 'Configure and activate by itself; false under a lifecycle manager',
        When.START)
    model: str = _parameter(
        'model', '', 'Name of an installed model or path of a model folder; empty: the default',
        When.CONFIGURE)
    detector_name: str = _parameter(
        'detector.name', 'haar', 'Face detector', When.CONFIGURE, choices=DETECTORS)
    detector_model_path: str = _parameter(
        'detector.model_path', '', 'Network file of the detector, for those that need one',
        When.CONFIGURE)
    detector_min_face_size: float = _parameter(
        'detector.min_face_size', MIN_FACE_SIZE,
        'Side of the smallest face that is looked for: up to 1 a share of the shorter image side, '
        'from 8 pixels of the image; smaller faces cost more time', When.CONFIGURE,
        bounds=(0.01, 8192.0))
    detector_input_size: int = _parameter(
        'detector.input_size', 0,
        'Longer side in pixels of what the detector looks at, from 32, in place of '
        'min_face_size; 0: as that demands', When.CONFIGURE, bounds=(0, 8192))
    detector_tiles: int = _parameter(
        'detector.tiles', 1,
        'Tiles along each side of the image that are looked at besides the whole, for far faces; '
        '1: none', When.CONFIGURE, bounds=(1, MAX_TILES))
    detector_score_threshold: float = _parameter(
        'detector.score_threshold', -1.0,
        "Score in [0, 1] below which a face is dropped; negative: the detector's own",
        When.CONFIGURE, bounds=(-1.0, 1.0))
    detect_every: int = _parameter(
        'detect_every', 1,
        'Images from one detection to the next; between them faces move by their optical flow. '
        'More than 1 needs tracking', When.CONFIGURE, bounds=(1, MAX_DETECT_EVERY))
    align: str = _parameter(
        'align', 'auto',
        'Turn the crop with the head where detector and model know landmarks (auto), or never',
        When.CONFIGURE, choices=ALIGN)
    max_faces: int = _parameter(
        'max_faces', 0, 'Number of faces classified in an image, the largest first; 0: all',
        When.RUNNING, bounds=(0, 1000))
    num_threads: int = _parameter(
        'num_threads', 1, 'Threads of the classifier', When.CONFIGURE, bounds=(1, 64))
    priors: str = _parameter(
        'priors', 'natural',
        'How frequent the emotions are taken to be: natural, as in the training data, or '
        'balanced, which finds more of the rare ones', When.CONFIGURE, choices=PRIORS)
    tracking: bool = _parameter(
        'tracking', True, 'Follow faces from image to image; smoothing needs it',
        When.CONFIGURE)
    smoothing_time: float = _parameter(
        'smoothing_time', 0.3,
        'Seconds after which a changed expression has reached 63 % of its effect; 0: none',
        When.RUNNING, bounds=(0.0, 60.0))
    unknown_threshold: float = _parameter(
        'unknown_threshold', -1.0,
        "Confidence in [0, 1] below which the label is unknown; negative: the model's own",
        When.RUNNING, bounds=(-1.0, 1.0))
    max_yaw: float = _parameter(
        'max_yaw', MAX_YAW,
        'Degrees by which a head may be turned aside before the label is unknown, where '
        'landmarks tell; 90: no limit', When.RUNNING, bounds=(0.0, MAX_YAW))
    image_transport: str = _parameter(
        'image_transport', 'raw', 'Listen to image_raw or to image_raw/compressed',
        When.CONFIGURE, choices=IMAGE_TRANSPORTS)
    use_cv_bridge: str = _parameter(
        'use_cv_bridge', 'auto',
        'Convert images with cv_bridge: auto where it passes a self-check, never, or always '
        '(fail to configure without)', When.CONFIGURE, choices=USE_CV_BRIDGE)
    publish_pixels: bool = _parameter(
        'publish_pixels', True,
        'Offer ~/image_annotated; false: no picture of anybody leaves the node',
        When.CONFIGURE)
    publish_detections: bool = _parameter(
        'publish_detections', True, 'Offer ~/detections (vision_msgs)', When.CONFIGURE)
    jpeg_quality: int = _parameter(
        'jpeg_quality', 80, 'Quality of ~/image_annotated/compressed', When.RUNNING,
        bounds=(1, 100))
    draw_crops: bool = _parameter(
        'draw_crops', False, 'Show in ~/image_annotated the crops that were classified',
        When.RUNNING)
    image_timeout: float = _parameter(
        'image_timeout', 5.0,
        'Seconds without an image after which diagnostics call the results stale',
        When.RUNNING, bounds=(0.1, 3600.0))
    max_consecutive_failures: int = _parameter(
        'max_consecutive_failures', 10,
        'Number of images failing in a row from which diagnostics report an error',
        When.RUNNING, bounds=(1, 1_000_000))
    diagnostics_period: float = _parameter(
        'diagnostics_period', 1.0, 'Seconds between two messages on /diagnostics',
        When.RUNNING, bounds=(0.05, 60.0))


def specs() -> Iterator[Spec]:
    """Yield the table, in order."""
    for field in dataclasses.fields(Parameters):
        yield field.metadata['spec']


class ParameterHandler:
    """Declares the parameters on a node and keeps `current` up to date.

    Args:
        node: The node.
        is_configured: Tells whether values that are read on configuring are in use.
        on_change: Called with the new values after a change.

    Raises:
        InvalidParameterTypeException: The user gave a value of a wrong type.
        InvalidParameterValueException: The user gave a value out of its limits.
    """

    def __init__(
        self, node: Node, is_configured: Callable[[], bool],
        on_change: Callable[[Parameters], None],
    ) -> None:
        self._node = node
        self._is_configured = is_configured
        self._on_change = on_change
        self._specs = {spec.name: spec for spec in specs()}
        # Before declaring: it refuses wrong values from files and the command line, too.
        node.add_on_set_parameters_callback(self._check)
        for spec in self._specs.values():
            node.declare_parameter(spec.name, spec.default, spec.descriptor)
        self._current = self._read()
        node.add_post_set_parameters_callback(self._apply)

    @property
    def current(self) -> Parameters:
        """The values in force."""
        return self._current

    def _read(self) -> Parameters:
        return Parameters(**{
            spec.field: self._node.get_parameter(name).value
            for name, spec in self._specs.items()})

    def _check(self, changes: list[Parameter]) -> SetParametersResult:
        for change in changes:
            spec = self._specs.get(change.name)
            reason = self._fault(spec, change.value) if spec else ''
            if reason:
                return SetParametersResult(successful=False, reason=reason)
        return SetParametersResult(successful=True)

    def _fault(self, spec: Spec, value: Any) -> str:
        """Return why a value cannot be taken, or ''; type and bounds are checked by rclpy."""
        if spec.choices and value not in spec.choices:
            return f'{spec.name} must be one of {", ".join(spec.choices)}, got {value!r}'
        if (spec.when is When.CONFIGURE and self._is_configured()
                and value != getattr(self._current, spec.field)):
            return (
                f'{spec.name} is read when the node is configured: deactivate it, clean it up, '
                f'set {spec.name}, then configure it again')
        return ''

    def _apply(self, changes: list[Parameter]) -> None:
        if any(change.name in self._specs for change in changes):
            self._current = self._read()
            self._on_change(self._current)
