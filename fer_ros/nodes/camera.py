"""One camera of emotion_node: when it listens, how an image flows, what it reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import time
import traceback
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.lifecycle import LifecycleNode

from fer_ros.core.errors import ImageError
from fer_ros.core.view import Region, View
from fer_ros.nodes.clock import elapsed_seconds, now_seconds
from fer_ros.nodes.diagnostics import CameraState, describe_silence, judge, make_status, values
from fer_ros.nodes.humans import Humans
from fer_ros.nodes.image_input import ImageInput
from fer_ros.nodes.messages import seconds
from fer_ros.nodes.outputs import Outputs
from fer_ros.nodes.parameters import Parameters
from fer_ros.nodes.rate import RateLimit
from fer_ros.nodes.recognizer import Recognizer
from fer_ros.nodes.statistics import Statistics
from fer_ros.nodes.worker import Worker

__all__ = ['Camera']

_JUMP_SECONDS = 0.5  # stamps that go back by more begin anew; by less they are late


class Camera:
    """Listens to the images of one camera and publishes what is found in them.

    Images come on a thread of the executor, where they are counted and wait, still serialized,
    for the worker; only the newest waits. They are processed on the worker's thread.

    Args:
        node: The node.
        name: Its name, or `''` for the only one.
        settings: Returns the values in force for it.
        worker: Processes the images of all cameras.

    Attributes:
        name: Its name, or `''`.
        enabled: Whether it may listen while the node is active.
        statistics: What it counts.
    """

    def __init__(
        self, node: LifecycleNode, name: str, settings: Callable[[], Parameters],
        worker: Worker[bytes],
    ) -> None:
        self.name = name
        self.enabled = True
        self._node = node
        self._settings = settings
        self._worker = worker
        self._images = ImageInput(node, name, settings, self._on_image)
        self._outputs: Outputs | None = None
        self._rate = RateLimit()
        self._active = False
        self._jumped = ''
        self._last_stamp: float | None = None
        self._told_silence = False
        self.statistics = Statistics(self._elapsed())

    # With the node's transitions

    def make(self, labels: Sequence[str], humans: Humans | None) -> None:
        """Offer the topics.

        Args:
            labels: Names of the emotions of the model.
            humans: Publishes faces as ROS4HRI, if that is wanted.
        """
        self._outputs = Outputs(
            self._node, self.name, self._settings(), self._images.base_topic, labels, humans,
            self.attend)

    def start(self) -> None:
        """Count anew, and listen."""
        self.statistics = Statistics(self._elapsed())
        self._active = self.enabled = True
        self.attend()

    def stop(self) -> None:
        """Listen no more."""
        self._active = False
        self.attend()

    def release(self) -> None:
        """Withdraw the topics."""
        self.stop()
        if self._outputs is not None:
            self._outputs.destroy()
            self._outputs = None

    def apply(self) -> None:
        """Put the parameters that may change at any time into force."""
        if self._outputs is not None:
            self._outputs.apply(self._settings())
        self.attend()

    # Listening

    @property
    def image_topic(self) -> str:
        """Full name of the topic that it listens to."""
        return self._images.topic

    @property
    def listening(self) -> bool:
        """Whether it is subscribed to images."""
        return self._images.listening

    def attend(self) -> None:
        """Begin or cease to listen, as state, parameters and listeners ask for."""
        wanted = self._active and self.enabled and self._outputs is not None and (
            not self._settings().lazy or self._outputs.heard)
        if self._outputs is not None:
            self._outputs.attend(wanted)
        if wanted and not self.listening:
            self._forget('it listens anew')
            self.statistics.restart(self._elapsed())
            self._told_silence = False
            self._images.listen()
        elif not wanted and self.listening:
            self._images.cease()
            self._worker.drop(self.name)

    def _on_image(self, data: bytes, number: int | None) -> None:
        """Let a serialized image wait for its turn."""
        now = self._elapsed()
        self.statistics.receive(now, number)
        if not self._rate.admits(now, self._settings().max_rate):
            self.statistics.drop('rate')
        elif self._worker.put(self.name, data):
            self.statistics.drop('overload')

    # Processing, on the worker's thread

    def process(self, data: bytes, recognizer: Recognizer) -> None:
        """Process an image; whatever is wrong with it, the next one gets its chance."""
        try:
            self._process(data, recognizer)
        except ImageError as error:
            warning = self.statistics.reject(str(error), self._elapsed())
            if warning:
                self._log().warning(f'malformed image: {warning}')
        except Exception as error:
            if not self._node.context.ok():
                return  # the node is being ended: publishers no longer work
            text = f'{type(error).__name__}: {error}'
            warning = self.statistics.fail(text, self._elapsed())
            if warning:
                self._log().error(f'image failed: {warning}\n{traceback.format_exc()}')

    def _process(self, data: bytes, recognizer: Recognizer) -> None:
        outputs, parameters = self._outputs, self._settings()
        if outputs is None:
            return
        begin = time.perf_counter()
        message = self._images.read(data)
        header = message.header
        # A driver that sets no stamp would have all images taken at the same time.
        stamp = seconds(header.stamp) or self._now()
        if parameters.max_age and self._now() - stamp > parameters.max_age:
            self.statistics.drop('stale')
            return
        if not self._follows(stamp, recognizer, outputs):
            self.statistics.drop('order')
            return
        bgr = recognizer.convert(message)
        view = _view(parameters)
        seen = view.of(bgr)
        converted = time.perf_counter()
        found = recognizer.follow(seen, stamp, self.name)
        result = view.back(found, bgr.shape[1], bgr.shape[0])
        outputs.publish(header, result, recognizer.manifest)
        outputs.publish_faces(header, bgr, result, view, stamp)
        times = {
            'age': self._now() - stamp, 'convert': converted - begin, **result.timings,
            'total': time.perf_counter() - begin}
        self.statistics.process(
            {name: 1000.0 * value for name, value in times.items()}, len(result.faces))
        outputs.publish_annotated(header, bgr, result, view, stamp)

    def _follows(self, stamp: float, recognizer: Recognizer, outputs: Outputs) -> bool:
        """Return whether an image is not older than the one before; begin anew after a jump."""
        back = 0.0 if self._last_stamp is None else self._last_stamp - stamp
        reason, self._jumped = self._jumped, ''
        if back > _JUMP_SECONDS and not reason:
            reason = f'the stamps of the images went back by {back:.1f} s'
        if reason:
            if self._last_stamp is not None:
                self._log().info(f'tracks and smoothing begin anew: {reason}')
            recognizer.reset(self.name)
            outputs.reset()
        elif back > 0.0:
            return False
        self._last_stamp = stamp
        return True

    def jump(self, reason: str) -> None:
        """Begin anew with the next image, because the clock has jumped."""
        self.statistics.restart(self._elapsed())
        self._rate.reset()
        self._jumped = reason

    def _forget(self, reason: str) -> None:
        """Begin anew with the next image, without a word."""
        self._rate.reset()
        self._jumped, self._last_stamp = reason, None

    # Reporting

    def report(self, state: Mapping[str, Any], process: Mapping[str, str]) -> DiagnosticStatus:
        """Return its diagnostics, and log once that no images come.

        Args:
            state: Fields of `CameraState` that belong to the node.
            process: Values that belong to the process.
        """
        parameters = self._settings()
        report = self.statistics.report(self._elapsed())
        own_state = CameraState(
            enabled=self.enabled, listening=self.listening, image_topic=self.image_topic,
            image_qos=self._images.qos, offers=self._images.offers(), **state)
        level, text = judge(
            own_state, report, image_timeout=parameters.image_timeout,
            max_consecutive_failures=parameters.max_consecutive_failures)
        silent = self.listening and report.silence > parameters.image_timeout
        if silent and not self._told_silence:
            self._log().warning(describe_silence(own_state, report.silence))
            if self._outputs is not None:
                self._outputs.empty()
        self._told_silence = silent
        name = self._node.get_fully_qualified_name().lstrip('/')
        return make_status(
            name, self.name, level, text, {**values(own_state, report), **process})

    def _log(self) -> Any:
        logger = self._node.get_logger()
        return logger.get_child(self.name) if self.name else logger

    def _now(self) -> float:
        return now_seconds(self._node)

    def _elapsed(self) -> float:
        return elapsed_seconds(self._node)


def _view(parameters: Parameters) -> View:
    return View(
        Region(parameters.roi_x_offset, parameters.roi_y_offset, parameters.roi_width,
               parameters.roi_height),
        parameters.rotation)
