"""`fer doctor`: checks a running graph from outside, and says what to do."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os

from fer_ros.core.errors import ConfigError, FerError

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = """\
It looks for emotion nodes, asks for their state, and listens for some seconds to their images,
results and diagnostics: that wakes a lazy node. The exit code is 0 if nothing has failed.

examples:
  fer doctor
  fer doctor --node /robot/emotion_node --seconds 10
  fer doctor --json
"""

_MARKS = {'ok': 'ok  ', 'warn': 'WARN', 'fail': 'FAIL'}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer doctor`."""
    parser.add_argument(
        '--node', default='', metavar='NAME', help='full name of one node (default: all)')
    parser.add_argument(
        '--seconds', type=float, default=3.0, help='how long to listen (default: %(default)s)')
    parser.add_argument(
        '--wait', type=float, default=5.0, metavar='SECONDS',
        help='how long to wait for a first report (default: %(default)s)')
    parser.add_argument('--json', action='store_true', help='print JSON')


def run(args: argparse.Namespace) -> int:
    """Run `fer doctor`; returns the exit code.

    Raises:
        FerError: ROS is not there, or an option is out of range.
    """
    if not (0.5 <= args.seconds <= 600 and 0 <= args.wait <= 600):
        raise ConfigError('--seconds must lie in [0.5, 600], --wait in [0, 600]')
    try:
        import rclpy
        from rclpy.node import Node

        from fer_ros.nodes.doctor.checks import examine
        from fer_ros.nodes.doctor.evidence import gather
        from fer_ros.nodes.transport import make_room_for_images
    except ImportError as error:
        raise FerError(
            f'fer doctor needs ROS 2 and the built messages ({error}): source an installation, '
            'or use the environment that `make` sets up') from error
    make_room_for_images()
    rclpy.init(args=[])
    try:
        node = Node(f'fer_doctor_{os.getpid()}')
        findings = examine(gather(node, args.seconds, args.wait, args.node))
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
    failed = any(finding.level == 'fail' for finding in findings)
    if args.json:
        print(json.dumps(
            {'healthy': not failed,
             'findings': [dataclasses.asdict(finding) for finding in findings]}, indent=2))
        return int(failed)
    subject = ''
    for finding in findings:
        if finding.subject != subject:
            subject = finding.subject
            print(subject)
        print(f'  {_MARKS[finding.level]} {finding.text}')
        if finding.advice:
            print(f'       -> {finding.advice}')
    return int(failed)
