"""Greets everybody who smiles: once a person, when the smile is stable."""

import contextlib

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from std_msgs.msg import String

from fer_ros.client import EmotionClient


class SmileBehaviour(Node):
    def __init__(self):
        super().__init__('smile_behaviour')
        self.greeted = set()
        self.greetings = self.create_publisher(String, 'greeting', 10)
        self.people = EmotionClient(
            self, on_change=self.react, hold=0.5, enter_confidence=0.7, keep_confidence=0.5)

    def react(self, person, before):
        if person.label == 'happiness' and person.track_id not in self.greeted:
            self.greeted.add(person.track_id)
            self.get_logger().info(f'Person {person.track_id} smiles: smile back!')
            self.greetings.publish(String(data='Nice to see you smile!'))


if __name__ == '__main__':
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(SmileBehaviour())
