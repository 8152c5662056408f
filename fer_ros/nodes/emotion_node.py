"""Turns the images of a camera into facial expressions: a lifecycle node.

    ros2 run fer_ros emotion_node --ros-args -r image_raw:=/camera/image_raw

Topics, services and parameters are listed in the README of this folder. It runs on a
single-threaded executor: an image is processed in the callback that brings it, and meanwhile
the middleware keeps only the newest of those that follow.
"""

from __future__ import annotations

import sys
import time
import traceback
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from sensor_msgs.msg import CompressedImage, Image
from std_srvs.srv import SetBool

from fer_msgs.srv import ClassifyImage
from fer_ros.core.errors import FerError, ImageError
from fer_ros.nodes.diagnostics import make_status, NodeState, Statistics
from fer_ros.nodes.lifecycle import survive_wrong_transitions
from fer_ros.nodes.messages import emotions_message, seconds
from fer_ros.nodes.outputs import Outputs
from fer_ros.nodes.parameters import ParameterHandler, Parameters
from fer_ros.nodes.process import end_between_callbacks, run_node
from fer_ros.nodes.qos import DIAGNOSTICS_QOS, IMAGE_QOS
from fer_ros.nodes.recognizer import Recognizer
from fer_ros.nodes.transport import make_room_for_images

__all__ = ['EmotionNode', 'main']

_SUCCESS = TransitionCallbackReturn.SUCCESS
_FAILURE = TransitionCallbackReturn.FAILURE


class EmotionNode(LifecycleNode):  # type: ignore[misc]
    """Makes everything in configure, listens while active, gives everything back in cleanup.

    Args:
        options: As for `rclpy.lifecycle.LifecycleNode`.

    Raises:
        InvalidParameterTypeException: The user gave a parameter of a wrong type.
        InvalidParameterValueException: The user gave a parameter out of its limits.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__('emotion_node', **options)
        survive_wrong_transitions(self)
        self._state = 'unconfigured'
        self._error = ''
        self._enabled = True
        self._recognizer: Recognizer | None = None
        self._outputs: Outputs | None = None
        self._image_subscription: Any = None
        self._own_services: list[Any] = []
        self._told_silence = False
        self._statistics = Statistics(self._now())
        self._settings = ParameterHandler(
            self, lambda: self._recognizer is not None, self._apply)
        self._diagnostics = self.create_publisher(
            DiagnosticArray, '/diagnostics', DIAGNOSTICS_QOS)
        self._report_timer = self.create_timer(
            self._settings.current.diagnostics_period, self._report)
        if self._settings.current.autostart:
            self._start()

    # Transitions

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load model and detector and offer topics and services, or say why not."""
        try:
            self._make(self._settings.current)
        except FerError as error:
            return self._refuse(str(error))
        except Exception as error:
            if self.context.ok():  # else the node is being ended, and nothing can be made
                self.get_logger().error(traceback.format_exc())
            return self._refuse(f'{type(error).__name__}: {error}')
        self._error = ''
        self._state = 'inactive'
        about = self._recognizer.about
        self.get_logger().info(
            f'configured: model {about["model"]} {about["model_version"]}, detector '
            f'{about["detector"]}, images converted by {about["image_converter"]}')
        return super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Listen to the images."""
        try:
            self._listen()
        except Exception as error:  # rclpy would go to on_error without a word
            self._error = f'cannot activate: {type(error).__name__}: {error}'
            return TransitionCallbackReturn.ERROR
        self._state = 'active'
        self._enabled = True
        self._statistics = Statistics(self._now())
        self._told_silence = False
        self.get_logger().info(f'listening to {self._image_topic()}')
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening and forget the tracks."""
        self._mute()
        self._state = 'inactive'
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything that configure made."""
        result = super().on_cleanup(state)
        self._release()
        self._state = 'unconfigured'
        return result

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything, for good."""
        result = super().on_shutdown(state)
        self._release()
        self._state = 'finalized'
        return result

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything, so that the node can be configured anew."""
        self._release()
        self._state = 'unconfigured'
        self._error = self._error or f'a transition from {state.label} failed'
        self.get_logger().error(self._error)
        return _SUCCESS

    def _start(self) -> None:
        if self.trigger_configure() == _SUCCESS:
            self.trigger_activate()
        else:
            self.get_logger().error(
                'the node waits unconfigured: mend the cause, then '
                f'ros2 lifecycle set {self.get_fully_qualified_name()} configure')

    def _make(self, parameters: Parameters) -> None:
        self._recognizer = Recognizer(parameters)
        self._outputs = Outputs(self, parameters, self._recognizer.manifest)
        self._own_services = [
            self.create_service(SetBool, '~/set_enabled', self._on_set_enabled),
            self.create_service(ClassifyImage, '~/classify_image', self._on_classify_image)]

    def _refuse(self, reason: str) -> TransitionCallbackReturn:
        self._error = f'cannot configure: {reason}'
        self.get_logger().error(self._error)
        self._release()
        return _FAILURE

    def _release(self) -> None:
        self._mute()
        for service in self._own_services:
            self.destroy_service(service)
        self._own_services = []
        if self._outputs is not None:
            self._outputs.destroy()
        self._outputs = self._recognizer = None

    # Images

    def _listen(self) -> None:
        compressed = self._settings.current.image_transport == 'compressed'
        self._image_subscription = self.create_subscription(
            CompressedImage if compressed else Image, self._image_topic(), self._on_image,
            IMAGE_QOS)

    def _mute(self) -> None:
        if self._image_subscription is not None:
            self.destroy_subscription(self._image_subscription)
            self._image_subscription = None
        if self._recognizer is not None:
            self._recognizer.reset()

    def _image_topic(self) -> str:
        # As image_transport does it: whoever remaps image_raw has remapped its forms, too.
        if self._settings.current.image_transport == 'compressed':
            return self.resolve_topic_name('image_raw') + '/compressed'
        return self.resolve_topic_name('image_raw')

    def _on_image(self, message: Image | CompressedImage, info: dict[str, Any]) -> None:
        """Process an image; whatever is wrong with it, the next one gets its chance."""
        # Of several publishers each counts for itself, so nothing can be told from the numbers.
        alone = self._image_subscription.get_publisher_count() == 1
        self._statistics.receive(
            self._now(), info.get('publication_sequence_number') if alone else None)
        try:
            self._process(message)
        except ImageError as error:
            warning = self._statistics.reject(str(error), self._now())
            if warning:
                self.get_logger().warning(f'malformed image: {warning}')
        except Exception as error:
            if not self.context.ok():
                return  # the node is being ended: publishers no longer work
            text = f'{type(error).__name__}: {error}'
            warning = self._statistics.fail(text, self._now())
            if warning:
                self.get_logger().error(f'image failed: {warning}\n{traceback.format_exc()}')

    def _process(self, message: Image | CompressedImage) -> None:
        header = message.header
        begin = time.perf_counter()
        bgr = self._recognizer.convert(message)
        converted = time.perf_counter()
        # A driver that sets no stamp would have all images taken at the same time.
        stamp = seconds(header.stamp) or self._now()
        result = self._recognizer.follow(bgr, stamp)
        self._outputs.publish(header, result)
        times = {
            'age': self._now() - stamp, 'convert': converted - begin,
            'detect': result.timings['detect'], 'classify': result.timings['classify'],
            'total': time.perf_counter() - begin}
        self._statistics.process({name: 1000.0 * value for name, value in times.items()})
        self._outputs.publish_annotated(header, bgr, result)

    # Services

    def _on_set_enabled(
        self, request: SetBool.Request, response: SetBool.Response,
    ) -> SetBool.Response:
        if self._state != 'active':
            response.message = self._not_active()
            return response
        if request.data and self._image_subscription is None:
            self._statistics = Statistics(self._now())
            self._listen()
        elif not request.data:
            self._mute()
        self._enabled = request.data
        response.success = True
        response.message = 'processing images' if request.data else 'not listening to images'
        return response

    def _on_classify_image(
        self, request: ClassifyImage.Request, response: ClassifyImage.Response,
    ) -> ClassifyImage.Response:
        try:
            if self._state != 'active':
                raise ImageError(self._not_active())
            message = _image_of(request)
            bgr = self._recognizer.convert(message)
            response.result = emotions_message(
                self._recognizer.classify(bgr), message.header, self._recognizer.manifest)
            response.success = True
        except FerError as error:
            response.message = str(error)
        except Exception as error:
            self.get_logger().error(traceback.format_exc())
            response.message = f'{type(error).__name__}: {error}'
        return response

    def _not_active(self) -> str:
        return f'{self.get_name()} is {self._state}: activate it first'

    # Parameters and diagnostics

    def _apply(self, parameters: Parameters) -> None:
        """Put the parameters that may change at any time into force."""
        if self._recognizer is not None:
            self._recognizer.apply(parameters)
        if self._outputs is not None:
            self._outputs.jpeg_quality = parameters.jpeg_quality
            self._outputs.draw_crops = parameters.draw_crops
        self._report_timer.timer_period_ns = round(parameters.diagnostics_period * 1e9)

    def _report(self) -> None:
        now = self._now()
        parameters = self._settings.current
        subscription = self._image_subscription
        level, text, values = self._statistics.report(
            NodeState(
                name=self._state, enabled=self._enabled, image_topic=self._image_topic(),
                publishers=subscription.get_publisher_count() if subscription else 0,
                error=self._error,
                about=self._recognizer.about if self._recognizer else {}),
            now, image_timeout=parameters.image_timeout,
            max_consecutive_failures=parameters.max_consecutive_failures)
        name = self.get_fully_qualified_name().lstrip('/')
        message = DiagnosticArray(status=[make_status(name, level, text, values)])
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)
        self._tell_silence(subscription, text, self._statistics.silence(now))

    def _tell_silence(self, subscription: Any, text: str, silence: float) -> None:
        """Log once that no images come."""
        silent = subscription is not None and silence > self._settings.current.image_timeout
        if silent and not self._told_silence:
            self.get_logger().warning(text)
        self._told_silence = silent

    def _now(self) -> float:
        return float(self.get_clock().now().nanoseconds * 1e-9)


def _image_of(request: ClassifyImage.Request) -> Image | CompressedImage:
    """Return the one image of a request."""
    given = [image for image in (request.image, request.compressed_image) if len(image.data)]
    if len(given) != 1:
        raise ImageError(
            f'fill either image or compressed_image, got {"both" if given else "neither"}')
    return given[0]


def main(args: list[str] | None = None) -> int:
    """Run the node; return 0 if it was asked to end, 1 if it could not begin."""
    end_between_callbacks()
    make_room_for_images()
    return run_node('emotion_node', args, EmotionNode, _spin)


def _spin(node: EmotionNode) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.spin()


if __name__ == '__main__':
    sys.exit(main())
