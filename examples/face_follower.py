"""Turns the robot toward the largest face; stands still when there is none, or no results come."""

import contextlib
import math

from geometry_msgs.msg import Twist
import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo

from fer_ros.client import EmotionClient


class FaceFollower(Node):
    def __init__(self):
        super().__init__('face_follower')
        self.gain = self.declare_parameter('gain', 1.0).value  # rad/s a radian
        self.max_speed = self.declare_parameter('max_speed', 0.8).value  # rad/s
        self.dead_zone = self.declare_parameter('dead_zone', 0.05).value  # rad
        self.camera = None
        self.create_subscription(CameraInfo, 'camera_info', self.on_camera_info, 1)
        self.velocity = self.create_publisher(Twist, 'cmd_vel', 1)
        self.people = EmotionClient(self, gone_after=0.5, silence_after=0.5)
        self.create_timer(0.1, self.turn)

    def on_camera_info(self, message):
        self.camera = message

    def bearing(self, person):
        """Angle to the face in rad, counter-clockwise (REP-103): positive is to the left."""
        region, scale = person.emotion.region, self.people.latest.image_width / self.camera.width
        u = region.x_offset + region.width / 2
        # K of a pinhole camera whose optical frame has x to the right: fx = k[0], cx = k[2].
        return -math.atan2(u - scale * self.camera.k[2], scale * self.camera.k[0])

    def turn(self):
        command = Twist()
        person = self.people.largest
        if person and self.camera and self.camera.k[0] > 0:
            angle = self.bearing(person)
            if abs(angle) > self.dead_zone:
                speed = self.gain * angle
                command.angular.z = max(-self.max_speed, min(self.max_speed, speed))
        self.velocity.publish(command)


if __name__ == '__main__':
    rclpy.init()
    with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
        rclpy.spin(FaceFollower())
