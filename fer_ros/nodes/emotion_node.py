"""Turns the images of cameras into facial expressions: a lifecycle node.

    ros2 run fer_ros emotion_node --ros-args -r image_raw:=/camera/image_raw

Topics, services and parameters are listed in the README of this folder. The executor only takes
images and answers requests; one thread of the node's own processes them, and for each camera
only the newest of those that come meanwhile waits.
"""

from __future__ import annotations

from functools import partial
import sys
import traceback
from typing import Any, cast

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.clock import ClockChange, JumpHandle, JumpThreshold, TimeJump
from rclpy.duration import Duration
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from fer_ros.core.errors import FerError
from fer_ros.core.runtime import return_memory
from fer_ros.nodes.camera import Camera
from fer_ros.nodes.clock import create_steady_timer
from fer_ros.nodes.declare import warn_of_unknown
from fer_ros.nodes.diagnostics import describe_process
from fer_ros.nodes.executor import NodeExecutor
from fer_ros.nodes.humans import Humans
from fer_ros.nodes.lifecycle import (
    forget_the_destroyed,
    names_its_fault,
    survive_wrong_transitions,
)
from fer_ros.nodes.parameter_handler import ParameterHandler
from fer_ros.nodes.parameters import Parameters
from fer_ros.nodes.process import end_between_callbacks, leave, run_node
from fer_ros.nodes.qos import DIAGNOSTICS_QOS
from fer_ros.nodes.recognizer import Recognizer
from fer_ros.nodes.services import Services
from fer_ros.nodes.transport import make_room_for_images
from fer_ros.nodes.worker import Worker

__all__ = ['EmotionNode', 'main']

_SUCCESS = TransitionCallbackReturn.SUCCESS
_FAILURE = TransitionCallbackReturn.FAILURE
_LAST_IMAGE_SECONDS = 10.0  # for the image at hand when the node is deactivated
_LONG_IMAGE_SECONDS = 120.0  # for it after that, on the way through the error state
_END_SECONDS = 0.5  # for the image at hand when the process is to end


class EmotionNode(LifecycleNode):  # type: ignore[misc]
    """Makes everything in configure, listens while active, gives everything back in cleanup.

    Args:
        options: As for `rclpy.lifecycle.LifecycleNode`.

    Raises:
        InvalidParameterTypeException: The user gave a parameter of a wrong type.
        InvalidParameterValueException: The user gave a parameter out of its limits.
        ConfigError: Parameters contradict one another.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__('emotion_node', **options)
        survive_wrong_transitions(self)
        self._state = 'unconfigured'
        self._error = ''
        self._namesakes = 0
        self._recognizer: Recognizer | None = None
        self._loaded: Recognizer | None = None
        self._jumps: JumpHandle | None = None
        self._humans: Humans | None = None
        self._services_offered: Services | None = None
        self._worker: Worker[bytes] = Worker(
            lambda camera, data: self._cameras[camera].process(data, self._in_use))
        self._settings = ParameterHandler(
            self, lambda: self._recognizer is not None, self._apply, self._load)
        warn_of_unknown(self)
        self._cameras = {
            name: Camera(self, name, partial(self._settings.of_camera, name), self._worker)
            for name in self._settings.cameras}
        self._jumps = self.get_clock().create_jump_callback(
            JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1)),
            post_callback=self._on_jump)
        self._diagnostics = self.create_publisher(
            DiagnosticArray, '/diagnostics', DIAGNOSTICS_QOS)
        # By a clock that never stands still: a silence of /clock must be reported, too.
        self._report_timer = create_steady_timer(
            self, self._settings.current.diagnostics_period, self._report)
        if self._settings.current.autostart:
            self._start()

    @property
    def _in_use(self) -> Recognizer:
        return cast(Recognizer, self._recognizer)  # there is one from configure to cleanup

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
        self.get_logger().info(f'configured: {_describe(self._in_use)}')
        return super().on_configure(state)

    @names_its_fault('activate')
    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Listen to the images."""
        self._worker.start()
        for camera in self._cameras.values():
            camera.start()
        self._state = 'active'
        lazy = ' while somebody listens to a result' if self._settings.current.lazy else ''
        topics = ', '.join(camera.image_topic for camera in self._cameras.values())
        self.get_logger().info(f'active: listens to {topics}{lazy}')
        return super().on_activate(state)

    @names_its_fault('deactivate')
    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening and forget the tracks."""
        self._rest()
        self._state = 'inactive'
        return super().on_deactivate(state)

    @names_its_fault('clean up')
    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything that configure made."""
        result = super().on_cleanup(state)
        self._release()
        self._state = 'unconfigured'
        return result

    @names_its_fault('shut down')
    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything, for good."""
        result = super().on_shutdown(state)
        self._release()
        self._state = 'finalized'
        return result

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Give back everything, so that the node can be configured anew."""
        self._worker.stop(_LONG_IMAGE_SECONDS)
        self._release()
        self._state = 'unconfigured'
        self._error = self._error or f'a transition from {state.label} failed'
        self.get_logger().error(self._error)
        return _SUCCESS

    def destroy_node(self) -> None:
        """End the work and leave the graph."""
        self._worker.stop(_END_SECONDS)
        if self._jumps is not None:
            self._jumps.unregister()
        super().destroy_node()

    def _start(self) -> None:
        if self.trigger_configure() == _SUCCESS:
            self.trigger_activate()
        else:
            self.get_logger().error(
                'the node waits unconfigured: mend the cause, then '
                f'ros2 lifecycle set {self.get_fully_qualified_name()} configure')

    def _make(self, parameters: Parameters) -> None:
        self._recognizer = Recognizer(parameters, self._settings.cameras)
        if parameters.publish_humans:
            self._humans = Humans(self, parameters, self._attend)
        for camera in self._cameras.values():
            camera.make(self._recognizer.manifest.labels, self._humans)
        self._services_offered = Services(
            self, self._cameras, self._worker, lambda: self._in_use, self._refusal)

    def _refuse(self, reason: str) -> TransitionCallbackReturn:
        self._error = f'cannot configure: {reason}'
        self.get_logger().error(self._error)
        self._release()
        return _FAILURE

    def _rest(self) -> None:
        for camera in self._cameras.values():
            camera.stop()
        if not self._worker.stop(_LAST_IMAGE_SECONDS):
            raise RuntimeError(f'the image at hand takes more than {_LAST_IMAGE_SECONDS:g} s')

    def _release(self) -> None:
        self._rest()
        if self._services_offered is not None:
            self._services_offered.destroy()
            self._services_offered = None
        for camera in self._cameras.values():
            camera.release()
        if self._humans is not None:
            self._humans.destroy()
            self._humans = None
        self._recognizer = self._loaded = None
        return_memory()
        forget_the_destroyed(self.default_callback_group)

    def _refusal(self) -> str:
        """Return why requests cannot be answered now, or ''."""
        active = self._state == 'active'
        return '' if active else f'{self.get_name()} is {self._state}: activate it first'

    # Parameters, time and diagnostics

    def _load(self, parameters: Parameters) -> str:
        """Load what the parameters name beside what runs; return why that fails, or ''."""
        try:
            self._loaded = Recognizer(parameters, self._settings.cameras)
        except Exception as error:
            name = '' if isinstance(error, FerError) else f'{type(error).__name__}: '
            self.get_logger().error(f'refused, the former goes on: {name}{error}')
            return f'{name}{error}'
        return ''

    def _apply(self, parameters: Parameters) -> None:
        """Put the parameters that may change at any time into force."""
        if self._recognizer is not None and self._worker.call(
                lambda: self._exchange(parameters)):
            return_memory()
        if self._humans is not None:
            self._humans.apply(parameters)
        for camera in self._cameras.values():
            camera.apply()
        self._report_timer.timer_period_ns = round(parameters.diagnostics_period * 1e9)

    def _exchange(self, parameters: Parameters) -> bool:
        """Put what was loaded, if anything, in the place of what runs, between two images."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.follow_on(self._in_use)
            self._recognizer = loaded
            self.get_logger().info(f'exchanged: {_describe(loaded)}')
        self._in_use.apply(parameters)
        return loaded is not None

    def _on_jump(self, jump: TimeJump) -> None:
        if jump.clock_change == ClockChange.ROS_TIME_NO_CHANGE:
            reason = f'the clock went back by {-jump.delta.nanoseconds * 1e-9:.1f} s'
            self.get_logger().info(reason)
        else:
            reason = 'simulated time begins or ends'
        for camera in self._cameras.values():
            camera.jump(reason)

    def _report(self) -> None:
        now = self.get_clock().now()
        simulated = bool(self.get_parameter('use_sim_time').value)
        process = {**describe_process(), 'sim_time': str(simulated).lower(),
                   'namesakes': str(self._count_namesakes())}
        message = DiagnosticArray(status=[
            camera.report({
                'name': self._state, 'error': self._error,
                'clock_missing': simulated and now.nanoseconds == 0,
                'tracks': self._recognizer.track_count(name) if self._recognizer else 0,
                'about': self._recognizer.about if self._recognizer else {}}, process)
            for name, camera in self._cameras.items()])
        message.header.stamp = now.to_msg()
        self._diagnostics.publish(message)
        self._attend()  # where the middleware does not tell of listeners

    def _count_namesakes(self) -> int:
        """Return how many other nodes have this name; log it when they come."""
        own = self.get_name(), self.get_namespace()
        before = self._namesakes
        self._namesakes = max(0, self.get_node_names_and_namespaces().count(own) - 1)
        if self._namesakes > before:
            self.get_logger().warning(
                f'another node is called {self.get_fully_qualified_name()}, too, or was killed '
                'less than half a minute ago: both publish to the same topics and answer the same '
                'requests; rename one (-r __node:=NAME) or give it a namespace (-r __ns:=/NAME)')
        return self._namesakes

    def _attend(self) -> None:
        for camera in self._cameras.values():
            camera.attend()


def _describe(recognizer: Recognizer) -> str:
    about = recognizer.about
    return (f'model {about["model"]} {about["model_version"]}, detector {about["detector"]}, '
            f'images converted by {about["image_converter"]}')


def main(args: list[str] | None = None) -> int:
    """Run the node; return 0 if it was asked to end, 1 if it could not begin."""
    end_between_callbacks()
    make_room_for_images()
    return leave(run_node('emotion_node', args, EmotionNode, _spin))


def _spin(node: EmotionNode) -> None:
    # One thread takes images, one answers: a model is loaded while images flow.
    executor = NodeExecutor(num_threads=2)
    executor.add_node(node)
    try:
        executor.spin()
    finally:
        executor.end_pool()


if __name__ == '__main__':
    sys.exit(main())
