"""Writes what each person showed, and from when to when, as CSV: start,end,emotion,track."""

import contextlib
import csv
from pathlib import Path
import sys

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node

from fer_ros.client import EmotionClient


class EmotionLog(Node):
    def __init__(self, file):
        super().__init__('emotion_log')
        self.rows = csv.writer(file, lineterminator='\n')
        self.rows.writerow(['start', 'end', 'emotion', 'track'])
        self.people = EmotionClient(
            self, on_change=lambda person, before: self.write(before, person.since),
            on_leave=lambda person: self.write(person, person.last_seen))

    def write(self, person, end):
        if end > person.since:
            self.rows.writerow(
                [f'{person.since:.3f}', f'{end:.3f}', person.label, person.track_id])

    def finish(self):
        for person in self.people.people.values():
            self.write(person, person.last_seen)


if __name__ == '__main__':
    arguments = rclpy.utilities.remove_ros_args(sys.argv)
    if len(arguments) != 2:
        sys.exit(f'usage: {arguments[0]} FILE.csv')
    if Path(arguments[1]).exists():
        sys.exit(f'{arguments[1]} exists: give another name')
    # Lines are written one by one, so that the file is whole whenever the robot is switched off.
    with open(arguments[1], 'w', buffering=1, newline='', encoding='utf-8') as file:
        rclpy.init()
        node = EmotionLog(file)
        with contextlib.suppress(KeyboardInterrupt, ExternalShutdownException):
            rclpy.spin(node)
        node.finish()
