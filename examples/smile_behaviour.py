"""Reacts to a smile: the smallest behaviour on top of emotion_node."""

import contextlib

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from fer_msgs.msg import EmotionArray


class SmileBehaviour(Node):
    def __init__(self):
        super().__init__('smile_behaviour')
        self.create_subscription(EmotionArray, '/emotion_node/emotions', self.react, 10)

    def react(self, message):
        for face in message.emotions:
            if face.label == 'happiness' and face.confidence > 0.7:
                self.get_logger().info(f'Person {face.track_id} smiles: smile back!')


if __name__ == '__main__':
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(SmileBehaviour())
