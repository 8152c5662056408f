"""The life of a node's process: it begins with a clear word, and ends when it is asked to."""

from __future__ import annotations

from collections.abc import Callable
import os
import signal
import sys
import threading
import time
from typing import TypeVar

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node

from fer_ros.core.errors import FerError
from fer_ros.nodes.declare import PARAMETER_ERRORS

__all__ = ['end_between_callbacks', 'leave', 'run_node']

_Node = TypeVar('_Node', bound=Node)


def end_between_callbacks() -> None:
    """Keep Ctrl-C from raising KeyboardInterrupt; call it before `rclpy.init`.

    rclpy's own handler shuts the context down, which ends `spin` with ExternalShutdownException.
    A KeyboardInterrupt besides would come anywhere: while rclpy converts a message it turns into
    a RuntimeError that says nothing.
    """
    signal.signal(signal.SIGINT, lambda number, frame: None)


def leave(code: int, patience: float = 0.2) -> int:
    """Return the exit code once all threads have ended; end the process if they do not.

    A thread that is in the middle of a long computation cannot be stopped, and to wait for it
    is what Python does at its end.

    Args:
        code: The exit code.
        patience: Seconds that threads have.
    """
    def others() -> bool:
        return any(
            thread.is_alive() for thread in threading.enumerate()
            if thread is not threading.main_thread())

    end = time.monotonic() + patience
    while others() and time.monotonic() < end:
        time.sleep(0.01)
    if others():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


def run_node(
    name: str, args: list[str] | None, make: Callable[[], _Node],
    spin: Callable[[_Node], object], finish: Callable[[_Node], int] | None = None,
) -> int:
    """Make a node and let it work until Ctrl-C, SIGTERM or a launch ends it.

    Args:
        name: Name of the node, for what cannot be said by itself.
        args: Command line, for rclpy.
        make: Makes the node.
        spin: Works until the context is shut down, or until there is no more to do.
        finish: Called with the node afterwards, for the exit code.

    Returns:
        The exit code: that of `finish`, else 0; 1 if a wrong argument, parameter or file is in
        the way, which is told in one line.
    """
    try:
        rclpy.init(args=args)
    except rclpy_implementation.RCLError as error:  # wrong arguments or parameter file
        print(f'{name}: {error}', file=sys.stderr)
        return 1
    node = None
    try:
        try:
            node = _made(make)
            spin(node)
        except (KeyboardInterrupt, ExternalShutdownException):
            pass
        except (FerError, *PARAMETER_ERRORS):
            raise
        except Exception:
            # Once the context is shut down nothing can be made or waited for any more, and
            # rclpy may have looked just before whether it is valid.
            if rclpy.ok():
                raise
        if finish is None:
            return 0
        return finish(node) if node is not None else 1
    except (FerError, *PARAMETER_ERRORS) as error:
        rclpy.logging.get_logger(name).fatal(str(error))
        return 1
    finally:
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()


def _made(make: Callable[[], _Node]) -> _Node:
    try:
        return make()
    except rclpy_implementation.RCLError as error:
        if not rclpy.ok():
            raise
        # What the middleware lacks, such as the files of SROS2: nothing of this package's.
        raise FerError(f'cannot join the graph: {error}') from error
