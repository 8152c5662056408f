"""The executor of emotion_node, which outlives what rclpy's own dies and starves of."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

from rclpy.context import Context
from rclpy.exceptions import InvalidHandle
from rclpy.executors import (
    ConditionReachedException,
    Executor,
    ExternalShutdownException,
    ShutdownException,
    TimeoutException,
)

__all__ = ['NodeExecutor']


class NodeExecutor(Executor):  # type: ignore[misc]
    """Waits on one thread for what threads of a pool then execute.

    It differs from rclpy's MultiThreadedExecutor in two things.

    It waits for new work only when a thread has begun the last. Rclpy's queues a callback that
    has not begun once more whenever anything wakes it (rclpy issues 1452, 1547): it takes the
    interpreter from the very threads that it waits for, the queue grows, and under a flow of
    images services go unanswered.

    It goes on where callbacks destroy what is waited for, as those of a lifecycle node do, which
    makes and destroys topics while it runs. Rclpy guards its wait against that for
    subscriptions, timers and services, and not for their events (rclpy issues 1206, 1284): there
    InvalidHandle ends `spin`. To wait anew, for what is left, is all that is needed.

    Args:
        num_threads: How many callbacks are executed at once.
        context: The context; None for the default one.
    """

    def __init__(self, num_threads: int, *, context: Context | None = None) -> None:
        super().__init__(context=context)
        self._pool = ThreadPoolExecutor(num_threads, 'callbacks')
        self._failures: deque[BaseException] = deque()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and begin it; raise what an earlier one raised.

        Args:
            timeout_sec: Seconds to wait at most; None for as long as it takes.
        """
        self._begin_next(timeout_sec)

    def spin_once_until_future_complete(
        self, future: Any, timeout_sec: Any = None,
    ) -> None:
        """Wait for one callback, or for a future, and begin it; as `spin_once` does.

        Args:
            future: An rclpy future.
            timeout_sec: Seconds to wait at most, or rclpy's object of them.
        """
        future.add_done_callback(lambda _: self.wake())
        self._spin_once_until_future_complete(future, timeout_sec)

    def _spin_once_until_future_complete(self, future: Any, timeout_sec: Any = None) -> None:
        # From Kilted on rclpy's own waiting for a future asks for this.
        self._begin_next(timeout_sec, None, future.done)

    def end_pool(self) -> None:
        """Let idle threads end now, and others when they are done."""
        self._pool.shutdown(wait=False)

    def _begin_next(self, *what: Any) -> None:
        if self._failures:
            raise self._failures.popleft()
        try:
            callback, _, _ = self.wait_for_ready_callbacks(*what)
        except (ConditionReachedException, ExternalShutdownException, ShutdownException,
                TimeoutException):
            return
        except InvalidHandle:
            if not self.context.ok():
                raise
            return
        begun = Event()
        self._pool.submit(self._execute, callback, begun)
        begun.wait()

    def _execute(self, callback: Callable[[], None], begun: Event) -> None:
        begun.set()
        callback()
        failure = callback.exception() if callback.done() else None  # type: ignore[attr-defined]
        if failure is not None:
            self._failures.append(failure)
            self.wake()
