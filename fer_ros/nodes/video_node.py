"""Publishes a camera, a video file, a folder of images or a still image as an image topic.

    ros2 run fer_ros video_node --ros-args -p source:=clip.mp4 -p loop:=false

Topics: `image_raw` (sensor_msgs/Image, bgr8) and, with `compressed: true`,
`image_raw/compressed` (sensor_msgs/CompressedImage, jpeg); each only while somebody listens.
The header's stamp is the node's clock when the frame is published.
"""

from __future__ import annotations

import logging
import sys
import time

from rclpy.duration import Duration
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from fer_ros.core.sources import Frame, FrameSource, open_source
from fer_ros.nodes.declare import declare_fixed, ParameterValue
from fer_ros.nodes.messages import compressed_message, image_message
from fer_ros.nodes.process import run_node
from fer_ros.nodes.qos import IMAGE_OFFER_QOS, overridable, own
from fer_ros.nodes.transport import make_room_for_images

__all__ = ['VideoNode', 'main']

_ACK_SECONDS = 2.0  # for reliable subscribers to confirm the last frame
_LINGER_SECONDS = 0.2  # for best-effort subscribers to take the last frame
_POLL_SECONDS = 0.05
_LATE_SECONDS = 0.5  # a source that falls behind by more is not hurried to catch up


class VideoNode(Node):  # type: ignore[misc]
    """Plays one source and ends with it."""

    def __init__(self) -> None:
        """Declare the parameters and open the source.

        Raises:
            SourceError: If the source cannot be opened.
        """
        super().__init__('video_node')
        logging.getLogger('fer_ros').addHandler(_NodeLogHandler(self))
        get = _declare_parameters(self)
        self._frame_id = str(get['frame_id'])
        self._jpeg_quality = int(get['jpeg_quality'])
        self._start_delay = float(get['start_delay'])
        self._wait = bool(get['wait_for_subscriber'])
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self)
        self._source = open_source(
            str(get['source']), fps=float(get['rate']), loop=bool(get['loop']),
            size=(int(get['width']), int(get['height'])), duration=float(get['duration']))
        self._raw = self._offer(Image, 'image_raw')
        self._image_topics = [self._raw]
        self._compressed = None
        if get['compressed']:
            self._compressed = self._offer(CompressedImage, 'image_raw/compressed')
            self._image_topics.append(self._compressed)

    @property
    def source(self) -> FrameSource:
        """What is played."""
        return self._source

    def run(self) -> None:
        """Publish until the source or the context ends.

        Raises:
            SourceError: If the source fails on the way.
        """
        width, height = self._source.size
        self.get_logger().info(
            f'{self._source.name}: {width}x{height}, {self._source.fps:g} frames/s on '
            f'{self._raw.topic_name}')
        self._await_subscriber()
        begin = time.monotonic()
        count = 0
        for frame in self._source:
            due = begin + frame.stamp
            late = time.monotonic() - due
            if not self._source.live:
                if late > _LATE_SECONDS:
                    begin += late
                self._spin_until(due)
            else:
                self._executor.spin_once(timeout_sec=0)
            if not self.context.ok():
                return
            self._publish(frame)
            count += 1
        self._flush()
        self.get_logger().info(f'{self._source.name}: ended after {count} frames')

    def destroy_node(self) -> None:
        """Give the source back and leave the graph."""
        if hasattr(self, '_source'):
            self._source.close()
        super().destroy_node()

    def _offer(self, kind: type, topic: str) -> Publisher:
        return self.create_publisher(
            kind, topic, own(IMAGE_OFFER_QOS), qos_overriding_options=overridable())

    def _await_subscriber(self) -> None:
        while self._wait and self.context.ok() and not self._subscribers():
            self._executor.spin_once(timeout_sec=_POLL_SECONDS)
        self._spin_until(time.monotonic() + self._start_delay)

    def _subscribers(self) -> int:
        return sum(publisher.get_subscription_count() for publisher in self._image_topics)

    def _spin_until(self, due: float) -> None:
        """Serve the parameter services until `due` (time.monotonic)."""
        while self.context.ok() and (left := due - time.monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def _publish(self, frame: Frame) -> None:
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._frame_id)
        if self._raw.get_subscription_count():
            self._send(self._raw, image_message(frame.bgr, header))
        if self._compressed is not None and self._compressed.get_subscription_count():
            self._send(
                self._compressed, compressed_message(frame.bgr, header, self._jpeg_quality))

    def _send(self, publisher: Publisher, message: Image | CompressedImage) -> None:
        try:
            publisher.publish(message)
        except Exception:
            # The context may have been shut down a moment ago, and then nobody listens.
            if self.context.ok():
                raise

    def _flush(self) -> None:
        """Let the last frame arrive: what leaves the graph takes its queue along."""
        for publisher in self._image_topics:
            publisher.wait_for_all_acked(Duration(seconds=_ACK_SECONDS))
        self._spin_until(time.monotonic() + _LINGER_SECONDS)


def _declare_parameters(node: Node) -> dict[str, ParameterValue]:
    """Declare all parameters; they are fixed at the start."""
    return {
        # Any type: `-p source:=0` arrives as an integer.
        'source': declare_fixed(
            node, 'source', '0', 'Camera (number or device), video file, folder of images, or '
            'one image (a slow pan and zoom over it)', any_type=True),
        'rate': declare_fixed(
            node, 'rate', 0.0, "Frames a second; 0: the source's own (15 for images). A video or "
            'camera is thinned out to it, not sped up', bounds=(0.0, 240.0)),
        'loop': declare_fixed(
            node, 'loop', True, 'Start again at the end; otherwise the node ends with its source'),
        'duration': declare_fixed(
            node, 'duration', 0.0, 'Seconds after which the node ends; 0: no limit',
            bounds=(0.0, 1e6)),
        'width': declare_fixed(
            node, 'width', 0, "Width of the frames in pixels; 0: the source's own",
            bounds=(0, 7680)),
        'height': declare_fixed(
            node, 'height', 0, "Height of the frames in pixels; 0: the source's own",
            bounds=(0, 7680)),
        'frame_id': declare_fixed(node, 'frame_id', 'camera', 'Frame of the header'),
        'compressed': declare_fixed(
            node, 'compressed', False, 'Publish image_raw/compressed (jpeg) too'),
        'jpeg_quality': declare_fixed(
            node, 'jpeg_quality', 90, 'Quality of the compressed images', bounds=(1, 100)),
        'wait_for_subscriber': declare_fixed(
            node, 'wait_for_subscriber', False,
            'Hold the first frame until somebody subscribes, so that nothing is lost'),
        'start_delay': declare_fixed(
            node, 'start_delay', 0.0, 'Seconds to wait before the first frame (after the '
            'subscriber came, if waiting for one)', bounds=(0.0, 60.0)),
    }


class _NodeLogHandler(logging.Handler):
    """Passes warnings of the core (a damaged picture in a folder) on to the node's log."""

    def __init__(self, node: Node) -> None:
        super().__init__(logging.WARNING)
        self._logger = node.get_logger()

    def emit(self, record: logging.LogRecord) -> None:
        """Log one record."""
        self._logger.warning(record.getMessage())


def main(args: list[str] | None = None) -> int:
    """Run the node; return 0 if the source or the user ended it, 1 if it failed."""
    make_room_for_images()
    return run_node('video_node', args, VideoNode, VideoNode.run)


if __name__ == '__main__':
    sys.exit(main())
