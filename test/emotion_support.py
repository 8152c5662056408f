"""An active emotion_node, and what a test needs to talk with it."""

import threading
import time

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from rclpy.parameter import Parameter
from ros_support import image_message
from sensor_msgs.msg import Image

from fer_msgs.msg import EmotionArray
from fer_ros.nodes.emotion_node import EmotionNode

__all__ = ['EMOTIONS', 'GREY', 'CameraThread', 'Running', 'as_dict', 'count', 'started', 'status']

EMOTIONS = '/emotion_node/emotions'
GREY = np.full((240, 320, 3), 128, np.uint8)


def started(ros, namespace='', **values):
    """Return an EmotionNode of a graph, with parameters."""
    return ros.spin(EmotionNode(
        context=ros.context, namespace=namespace, parameter_overrides=[
            Parameter(name, value=value)
            for name, value in {'diagnostics_period': 0.1, **values}.items()]))


def status(ros, condition, what='a status'):
    """Return the first status in diagnostics for which `condition` holds."""
    diagnostics = ros.subscribe(DiagnosticArray, '/diagnostics')
    message = diagnostics.wait_that(lambda m: any(map(condition, m.status)), what)
    return next(filter(condition, message.status))


class Running:
    """An active node with what a test needs to talk with it."""

    def __init__(self, ros, namespace, values):
        self.ros = ros
        self.node = started(ros, namespace, **values)
        self.prefix = f'/{namespace}' if namespace else ''
        self.emotions = ros.subscribe(EmotionArray, f'{self.prefix}{EMOTIONS}')
        self.images = ros.publisher(Image, f'{self.prefix}/image_raw')
        ros.connect(self.images, image_message(GREY), self.emotions)

    def show(self, bgr, stamp=(1, 0), **changes):
        """Publish an image and return the result."""
        count = len(self.emotions.messages)
        self.images.publish(image_message(bgr, stamp, **changes))
        return self.emotions.wait(count + 1)[-1]

    def count(self, name, camera=''):
        """Return a count of the node, such as `processed` or `overload`."""
        return count(self.node, name, camera)

    def values(self, condition, what='the values'):
        """Return the values of the first diagnostics for which `condition` holds."""
        diagnostics = self.ros.subscribe(DiagnosticArray, '/diagnostics')
        found = diagnostics.wait_that(lambda m: condition(as_dict(m), m.status[0]), what)
        return as_dict(found)


class CameraThread:
    """A camera that shows one image again and again, at a rate in Hz, while it is entered."""

    def __init__(self, images, bgr, rate):
        self._images, self._bgr, self._period = images, bgr, 1.0 / rate
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join()

    def _run(self):
        while not self._ending.wait(self._period):
            self._images.publish(image_message(self._bgr, divmod(time.time_ns(), 10**9)))


def as_dict(message):
    return {pair.key: pair.value for pair in message.status[0].values}


def count(node, name, camera=''):
    """Return a count of an EmotionNode, such as `processed` or `overload`."""
    return node._cameras[camera].statistics[name]
