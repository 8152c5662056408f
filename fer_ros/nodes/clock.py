"""What time it is for a node, and how long something takes, whatever is done to its clock."""

from __future__ import annotations

from collections.abc import Callable
import time
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

__all__ = ['create_steady_timer', 'elapsed_seconds', 'now_seconds']


def now_seconds(node: Node) -> float:
    """Return the time of the node's clock in seconds, simulated where the node uses that."""
    return float(node.get_clock().now().nanoseconds * 1e-9)


def elapsed_seconds(node: Node) -> float:
    """Return seconds since some moment, for differences.

    They are those of simulated time where the node uses it. Else nobody sets them: the system's
    clock leaps on robots, which learn the time from the network after they have started.
    """
    return now_seconds(node) if node.get_clock().ros_time_is_active else time.monotonic()


def create_steady_timer(node: Node, period: float, callback: Callable[[], None]) -> Any:
    """Return a timer that neither waits for simulated time nor heeds leaps of the system's clock.

    Args:
        node: Whose executor calls.
        period: Seconds.
        callback: What is called.
    """
    return node.create_timer(period, callback, clock=Clock(clock_type=ClockType.STEADY_TIME))
