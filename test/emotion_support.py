"""An active emotion_node, and what a test needs to talk with it."""

from diagnostic_msgs.msg import DiagnosticArray
import numpy as np
from rclpy.parameter import Parameter
from ros_support import image_message
from sensor_msgs.msg import Image

from fer_msgs.msg import EmotionArray
from fer_ros.nodes.emotion_node import EmotionNode

__all__ = ['EMOTIONS', 'GREY', 'Running', 'as_dict', 'count']

EMOTIONS = '/emotion_node/emotions'
GREY = np.full((240, 320, 3), 128, np.uint8)


class Running:
    """An active node with what a test needs to talk with it."""

    def __init__(self, ros, namespace, values):
        self.ros = ros
        self.node = ros.spin(EmotionNode(
            context=ros.context, namespace=namespace, parameter_overrides=[
                Parameter(name, value=value)
                for name, value in {'diagnostics_period': 0.1, **values}.items()]))
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


def as_dict(message):
    return {pair.key: pair.value for pair in message.status[0].values}


def count(node, name, camera=''):
    """Return a count of an EmotionNode, such as `processed` or `overload`."""
    return node._cameras[camera].statistics[name]
