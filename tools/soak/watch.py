"""What the soak sees: results, diagnostics, and what the node's process takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
import contextlib
import dataclasses
import threading
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
import psutil
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor

from fer_msgs.msg import EmotionArray

__all__ = ['Sample', 'Watch']

_RESEND = 5.0  # seconds: a server that does not know its client yet loses the answer


@dataclasses.dataclass(frozen=True)
class Sample:
    """The state at a moment.

    Attributes:
        time: Seconds since the start.
        life: Number of the node's process, from 0.
        round: Number of the round of faults, 0 before the first.
        memory: What the node holds alone, in MB: without mapped files and shared memory, which the
            kernel takes and gives as it likes.
        handles: Open files and sockets of the node.
        threads: Threads of the node.
        published: Images that the cameras have published.
        results: Results that have arrived.
    """

    time: float
    life: int
    round: int
    memory: float
    handles: int
    threads: int
    published: int
    results: int


class Watch:
    """A node that listens to the results and calls services, spinning in a thread.

    Args:
        space: Namespace of the node under test.
        cameras: Names of its cameras.

    Attributes:
        results: Number of results by camera.
        counts: What the node has counted, by the names of its diagnostics, over all its lives.
    """

    def __init__(self, space: str, cameras: tuple[str, ...]) -> None:
        self.context = rclpy.Context()
        rclpy.init(args=[], context=self.context)
        self.node = rclpy.create_node('watch', namespace=space, context=self.context)
        self.results: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self._last: dict[str, dict[str, int]] = {}
        self._space = space
        for camera in cameras:
            self.node.create_subscription(
                EmotionArray, f'emotion_node/{camera}/emotions',
                lambda message, camera=camera: self.results.update([camera]), 10)
        self.node.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()

    def call(self, kind: Any, name: str, request: Any, seconds: float = 30.0) -> Any:
        """Return the answer of a service of the node under test; None if none comes."""
        client = self.node.create_client(kind, f'emotion_node/{name}')
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if not self.wait(client.service_is_ready, end - time.monotonic()):
                    return None
                future = client.call_async(request)
                if self.wait(future.done, min(_RESEND, max(0.1, end - time.monotonic()))):
                    return future.result()
            return None
        finally:
            self.node.destroy_client(client)

    def wait(self, condition: Callable[[], object], seconds: float) -> bool:
        """Return whether a condition has become true within that time."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def close(self) -> None:
        """Leave the graph."""
        self.context.try_shutdown()
        self._thread.join(5.0)
        self.node.destroy_node()

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _on_diagnostics(self, message: Any) -> None:
        for status in message.status:
            if not status.name.startswith(f'{self._space}/emotion_node:'):
                continue
            found = {
                pair.key: int(pair.value) for pair in status.values
                if pair.key in ('received', 'processed', 'rejected', 'failed')
                or pair.key.startswith('dropped: ')}
            last = self._last.get(status.name, {})
            # The node counts anew whenever it is activated.
            anew = any(found.get(key, 0) < value for key, value in last.items())
            for key, value in found.items():
                self.counts[key] += value - (0 if anew else last.get(key, 0))
            self._last[status.name] = found


def usage(process: psutil.Process) -> tuple[float, int, int]:
    """Return memory of its own in MB, open handles and threads of a process."""
    with process.oneshot():
        memory = process.memory_info()
        return (memory.rss - memory.shared) / 2**20, process.num_fds(), process.num_threads()
