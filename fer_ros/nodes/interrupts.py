"""Ending between two callbacks, not in the middle of one."""

import signal

__all__ = ['end_between_callbacks']


def end_between_callbacks() -> None:
    """Keep Ctrl-C from raising KeyboardInterrupt; call it before `rclpy.init`.

    rclpy's own handler shuts the context down, which ends `spin` with ExternalShutdownException.
    A KeyboardInterrupt besides would come anywhere: while rclpy converts a message it turns into
    a RuntimeError that says nothing.
    """
    signal.signal(signal.SIGINT, lambda number, frame: None)
