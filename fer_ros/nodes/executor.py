"""The executor of emotion_node, which outlives what rclpy's own dies of."""

from __future__ import annotations

from rclpy.exceptions import InvalidHandle
from rclpy.executors import MultiThreadedExecutor

__all__ = ['NodeExecutor']


class NodeExecutor(MultiThreadedExecutor):  # type: ignore[misc]
    """Waits on one thread while callbacks on others destroy what it waits for.

    A node that makes and destroys topics while it runs, as a lifecycle node does, does so in a
    callback. rclpy guards its wait against that for subscriptions, timers and services, and not
    for their events (rclpy issues 1206, 1284): then InvalidHandle ends `spin`. To wait anew, for
    what is left, is all that is needed.
    """

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and execute it."""
        try:
            super().spin_once(timeout_sec)
        except InvalidHandle:
            if not self.context.ok():
                raise

    def end_pool(self) -> None:
        """Let the idle threads end, which rclpy leaves to the end of Python."""
        pool = getattr(self, '_executor', None)
        if pool is not None:
            pool.shutdown(wait=False)
