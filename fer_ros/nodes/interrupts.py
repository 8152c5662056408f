"""Ending between two callbacks, not in the middle of one."""

from collections.abc import Iterator
import contextlib
import signal

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation

__all__ = ['end_between_callbacks', 'until_shutdown']


def end_between_callbacks() -> None:
    """Keep Ctrl-C from raising KeyboardInterrupt; call it before `rclpy.init`.

    rclpy's own handler shuts the context down, which ends `spin` with ExternalShutdownException.
    A KeyboardInterrupt besides would come anywhere: while rclpy converts a message it turns into
    a RuntimeError that says nothing.
    """
    signal.signal(signal.SIGINT, lambda number, frame: None)


@contextlib.contextmanager
def until_shutdown() -> Iterator[None]:
    """End the block quietly when the process is asked to end, by Ctrl-C, SIGTERM or a launch."""
    try:
        yield
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except rclpy_implementation.RCLError:
        # The context may be shut down after rclpy has looked whether it is valid.
        if rclpy.ok():
            raise
