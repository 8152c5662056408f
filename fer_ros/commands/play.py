"""`fer play`: a bag on its topics again, where `ros2 bag` is not installed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
import math
from pathlib import Path
import sys
import time
from typing import Any, TYPE_CHECKING

from fer_ros.commands.options import seconds
from fer_ros.core.errors import ConfigError

if TYPE_CHECKING:
    from fer_ros.evaluation.offline.live_bag import LiveBag
    from fer_ros.nodes.player_node import PlayerNode, Recorded

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = """\
Bags of ROS 2 and ROS 1, whole or damaged, as `fer evaluate bag` reads them. Topics whose types are
not installed are left out and named. Nodes that take their time from the bag need use_sim_time.

examples:
  fer play session/
  fer play session/ --topic /camera/image_raw --rate 2 --loop
  fer play session.bag --start-offset 30 --no-clock
  fer play session/ --record found/ --record-topic /emotion_node/emotions
"""

_SETTLE_SECONDS = 1.0  # without a message, until what was to be recorded has come
_DEPTH = 1000  # messages of a topic that may wait to be recorded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer play`."""
    parser.add_argument('bag', metavar='BAG', help='folder or file of a bag')
    parser.add_argument(
        '--topic', action='append', default=[], metavar='TOPIC',
        help='only this topic; may be given several times (default: all)')
    parser.add_argument(
        '--rate', type=_rate, default=1.0, metavar='N',
        help='how many times as fast as recorded (default: %(default)s)')
    parser.add_argument('--loop', action='store_true', help='begin again at the end')
    parser.add_argument(
        '--start-offset', type=seconds, default=0.0, metavar='SECONDS',
        help='begin that long after the first message')
    parser.add_argument(
        '--clock', type=seconds, default=40.0, metavar='HZ',
        help='how often /clock is published (default: %(default)s)')
    parser.add_argument('--no-clock', action='store_true', help='publish no /clock')
    parser.add_argument(
        '--wait', type=seconds, default=0.0, metavar='SECONDS',
        help='wait so long for a subscriber of the first topic')
    parser.add_argument(
        '--record', metavar='FOLDER',
        help='record what comes on the topics of --record-topic into a new bag')
    parser.add_argument(
        '--record-topic', action='append', default=[], metavar='TOPIC',
        help='topic to record; may be given several times; its publisher is waited for (--wait)')
    parser.add_argument(
        '--ros-args', dest='ros', nargs=argparse.REMAINDER, default=[],
        help='remappings and the like, for ROS')


def run(args: argparse.Namespace) -> int:
    """Run `fer play`; returns the exit code."""
    from fer_ros.evaluation.offline.sources.storage import BagFiles
    from fer_ros.nodes.player_node import PlayerNode
    from fer_ros.nodes.process import run_node
    from fer_ros.nodes.transport import make_room_for_images

    if bool(args.record) != bool(args.record_topic):
        raise ConfigError('--record and --record-topic belong together')
    if args.record and Path(args.record).exists():
        raise ConfigError(f'{args.record} is there already; name a new folder to record to')
    bag = BagFiles(Path(args.bag))
    topics = {name: channel.kind for name, channel in bag.channels().items()}
    for topic in args.topic:
        if topic not in topics:
            raise ConfigError(f'{bag.path}: no topic {topic}; it has {", ".join(topics)}')
    topics = {name: kind for name, kind in topics.items() if not args.topic or name in args.topic}
    if not topics:
        raise ConfigError(f'{bag.path}: the bag holds no topic')
    make_room_for_images()

    def messages() -> Iterator[Recorded]:
        return recorded(bag, frozenset(topics), args.start_offset)

    def play(node: PlayerNode) -> None:
        node.offer(topics)
        offered = [topic for topic, kind in topics.items() if kind not in node.skipped]
        if not offered:
            raise ConfigError(
                f'{bag.path}: none of its types is installed: {", ".join(node.skipped)}')
        for kind in sorted(node.skipped):
            print(f'fer: {kind} is not installed; its topics are left out', file=sys.stderr)
        begin = next((message.time for message in messages()), 0)
        with _recorder(node, args, begin) as recorder:
            if args.wait and not node.wait(offered[0], args.wait):
                print(f'fer: nobody subscribed to {offered[0]} in {args.wait:g} s',
                      file=sys.stderr)
            while True:
                count = 0
                for message in node.steps(messages()):
                    count += 1
                    recorder.time = message.time
                if not args.loop or not count or not node.context.ok():
                    break
            node.flush()
            print(f'{count} messages played')
            recorder.settle()

    return run_node(
        'player', ['fer', *(['--ros-args', *args.ros] if args.ros else [])],
        lambda: PlayerNode(args.rate, 0.0 if args.no_clock else args.clock), play)


def recorded(bag: object, topics: frozenset[str], offset: float = 0.0) -> Iterator[Recorded]:
    """Yield the messages of a bag, serialized as by ROS 2.

    Args:
        bag: A `BagFiles`.
        topics: The wanted topics.
        offset: Seconds after the first message at which to begin.
    """
    from fer_ros.evaluation.offline.sources.base import Excluded
    from fer_ros.evaluation.offline.sources.messages import as_cdr
    from fer_ros.nodes.player_node import Recorded

    first = -1
    for message in bag.messages(topics):  # type: ignore[attr-defined]
        if isinstance(message, Excluded):
            print(f'fer: {message.where}: {message.reason}: {message.detail}', file=sys.stderr)
            continue
        first = message.logged if first < 0 else first
        if (message.logged - first) * 1e-9 < offset:
            continue
        channel = message.channel
        yield Recorded(channel.topic, channel.kind, message.logged, as_cdr(message))


class _Recorder:
    """Writes what comes on topics into a bag, under the time of the message played last.

    Before the first one that is the time `begin`: what is kept for latecomers comes at once.
    """

    def __init__(
        self, node: PlayerNode, bag: LiveBag, topics: dict[str, tuple[type, Any]], begin: int,
    ) -> None:
        self.time = begin
        self._node, self._bag = node, bag
        for topic, (kind, qos) in topics.items():
            node.create_subscription(
                kind, topic, lambda data, topic=topic: bag.write(topic, self.time, data), qos,
                raw=True)

    def settle(self) -> None:
        """Wait for what is still to come."""
        end, count = time.monotonic() + _SETTLE_SECONDS, self._bag.count
        while self._node.context.ok() and time.monotonic() < end:
            self._node.executor.spin_once(timeout_sec=0.05)
            if self._bag.count > count:
                end, count = time.monotonic() + _SETTLE_SECONDS, self._bag.count


class _NoRecorder:
    time = 0

    def settle(self) -> None:
        """Nothing is to come."""


@contextlib.contextmanager
def _recorder(
    node: PlayerNode, args: argparse.Namespace, begin: int,
) -> Iterator[_Recorder | _NoRecorder]:
    if not args.record:
        yield _NoRecorder()
        return
    from rclpy.qos import QoSProfile

    from fer_ros.evaluation.offline.live_bag import LiveBag
    from fer_ros.nodes.player_node import message_class

    found = {topic: _publisher(node, topic, args.wait) for topic in args.record_topic}
    with LiveBag(Path(args.record), {t: offer.topic_type for t, offer in found.items()}) as bag:
        yield _Recorder(node, bag, {
            topic: (message_class(offer.topic_type), QoSProfile(
                depth=_DEPTH, reliability=offer.qos_profile.reliability,
                durability=offer.qos_profile.durability))
            for topic, offer in found.items()}, begin)
        print(f'{bag.count} messages recorded: {args.record}')


def _publisher(node: PlayerNode, topic: str, seconds: float) -> Any:
    """Return what is known of a topic's publisher, which may have to come first."""
    end = time.monotonic() + seconds
    while not (offers := node.get_publishers_info_by_topic(topic)):
        if time.monotonic() > end or not node.context.ok():
            raise ConfigError(
                f'nobody published {topic} in {seconds:g} s, so it cannot be recorded')
        time.sleep(0.05)
    return offers[0]


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f'must be a number above 0, got {text!r}')
    return value
