r"""Shows what an emotion_node finds: a live table, and on request a video and a summary picture.

    ros2 run fer_ros viewer_node --ros-args \
        -r emotions:=/emotion_node/emotions -r image_annotated:=/emotion_node/image_annotated

Topics: `emotions` (fer_msgs/EmotionArray) and `image_annotated` (sensor_msgs/Image). Nothing is
written unless `output_dir` is set. The node ends on Ctrl-C, or when the stream has ended.
"""

from __future__ import annotations

import signal
import sys
import time

import numpy as np
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from rclpy.time import Time
from sensor_msgs.msg import Image

from fer_msgs.msg import EmotionArray
from fer_ros.core.errors import FerError, ImageError
from fer_ros.core.image import to_bgr
from fer_ros.core.resources import user_path
from fer_ros.core.sources import write_image
from fer_ros.core.summary import draw_summary
from fer_ros.core.timeline import Thumbnails, Timeline
from fer_ros.core.video_encoder import MPEG4, MPEG4_NOTE
from fer_ros.core.video_writer import TimedVideoWriter
from fer_ros.nodes.clock import create_steady_timer
from fer_ros.nodes.declare import declare_fixed, warn_of_unknown
from fer_ros.nodes.messages import result_from_message, seconds
from fer_ros.nodes.process import end_between_callbacks, run_node
from fer_ros.nodes.qos import IMAGE_QOS, RESULT_QOS
from fer_ros.nodes.viewer_table import LiveTable

__all__ = ['ViewerNode', 'main']

_CHECK_SECONDS = 0.1


class ViewerNode(Node):  # type: ignore[misc]
    """Listens until the stream ends.

    Attributes:
        ended: Completes when there is nothing more to wait for.
        timeline: What has come so far.
    """

    def __init__(self) -> None:
        """Declare the parameters and subscribe."""
        super().__init__('viewer_node')
        folder = str(declare_fixed(
            self, 'output_dir', '',
            'Folder for emotions.mp4 and summary.png; empty: nothing is written'))
        self._title = str(declare_fixed(
            self, 'title', 'Facial expressions', 'First line of the summary picture'))
        self._idle_timeout = float(declare_fixed(
            self, 'idle_timeout', 2.0,
            'Seconds of silence after which a stream has ended; 0: never', bounds=(0.0, 3600.0)))
        self._first_timeout = float(declare_fixed(
            self, 'first_timeout', 0.0,
            'Seconds to wait for the first result; 0: without limit', bounds=(0.0, 3600.0)))
        warn_of_unknown(self)
        self._folder = user_path(folder) if folder else None
        self._video = TimedVideoWriter(self._folder / 'emotions.mp4') if self._folder else None
        self._size = ''
        self._model = ''
        self._first_stamp: float | None = None
        self._heard = time.monotonic()
        self._table = LiveTable(sys.stdout)
        self._thumbnails = Thumbnails()
        self.timeline = Timeline()
        self.ended = Future()
        self._subscription = self.create_subscription(
            EmotionArray, 'emotions', self._on_emotions, RESULT_QOS)
        if self._folder:
            self.create_subscription(Image, 'image_annotated', self._on_image, IMAGE_QOS)
        create_steady_timer(self, _CHECK_SECONDS, self._check)

    def finish(self) -> bool:
        """Write the files and tell what came.

        Returns:
            Whether a face was seen.

        Raises:
            FerError: If a file cannot be written.
        """
        timeline = self.timeline
        if not timeline.frames:
            return False
        median, high = np.percentile(timeline.latencies() * 1000.0, (50, 95))
        shares = ', '.join(f'{label} {share:.0%}' for label, share in timeline.shares()[:3])
        print(
            f'\n{timeline.frames} frames, a face in {timeline.frames_with_face}'
            f'{": " + shares if shares else ""}; latency median {median:.1f} ms, '
            f'p95 {high:.1f} ms')
        if self._folder and self._video:
            subtitle = (
                f'{self._model}   {self._size}   {timeline.frames} frames in '
                f'{timeline.duration:.1f} s')
            picture = self._folder / 'summary.png'
            write_image(
                picture, draw_summary(timeline, self._thumbnails, self._title, subtitle))
            if self._video.close():
                print(f'annotated video:  {self._video.path}')
                if self._video.codec == MPEG4:
                    print(MPEG4_NOTE, file=sys.stderr)
            print(f'summary picture:  {picture}')
        if not timeline.frames_with_face:
            print('no face was found in any frame', file=sys.stderr)
        return timeline.frames_with_face > 0

    def _on_emotions(self, message: EmotionArray) -> None:
        self._heard = time.monotonic()
        latency = (self.get_clock().now() - Time.from_msg(message.header.stamp)).nanoseconds / 1e9
        try:
            result = result_from_message(message)
        except ValueError as error:
            self.get_logger().warning(str(error), throttle_duration_sec=5.0)
            return
        self._size = f'{message.image_width}x{message.image_height}'
        self._model = f'{message.model_name} {message.model_version}'
        self.timeline.add(result, latency)
        stamp = seconds(message.header.stamp)
        if self._first_stamp is None:
            self._first_stamp = stamp
        self._table.show(
            result, stamp - self._first_stamp, latency,
            tuple(emotion.valence for emotion in message.emotions))

    def _on_image(self, message: Image) -> None:
        self._heard = time.monotonic()
        stamp = seconds(message.header.stamp)
        try:
            bgr = to_bgr(message)
        except ImageError as error:
            self.get_logger().warning(str(error), throttle_duration_sec=5.0)
            return
        self._thumbnails.add(stamp, bgr)
        try:
            if self._video:
                self._video.write(stamp, bgr)
        except FerError as error:
            self._end(error)

    def _check(self) -> None:
        limit = self._idle_timeout if self.timeline.frames else self._first_timeout
        if limit and time.monotonic() - self._heard > limit:
            if not self.timeline.frames:
                print(
                    f'no results on {self._subscription.topic_name} within {limit:g} s; is the '
                    'emotion_node active, and does it get images?', file=sys.stderr)
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self.ended.done():
            return
        if error is None:
            self.ended.set_result(None)
        else:
            self.ended.set_exception(error)


def main(args: list[str] | None = None) -> int:
    """Run the node; return 0 if a face was seen, 1 if none was or something failed."""
    end_between_callbacks()
    return run_node('viewer_node', args, ViewerNode, _spin, _finish)


def _spin(node: ViewerNode) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.spin_until_future_complete(node.ended)


def _finish(node: ViewerNode) -> int:
    # A second Ctrl-C must not spoil the files.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if node.ended.done():
        node.ended.result()  # raises what ended the stream, if anything did
    return 0 if node.finish() else 1


if __name__ == '__main__':
    sys.exit(main())
