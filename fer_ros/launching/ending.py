"""How a whole launch ends with one of its processes."""

from __future__ import annotations

from collections.abc import Callable

from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import LogInfo, Shutdown, TimerAction
from launch.events.process import ProcessExited

__all__ = ['end_with']

OnExit = Callable[[ProcessExited, LaunchContext], list[LaunchDescriptionEntity]]


def end_with(what: str, delay: float = 0.0) -> OnExit:
    """Return an `on_exit` that ends the launch `delay` seconds after `what` has ended."""
    def ended(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        if context.is_shutdown:  # all end at once: a second shutdown would fail
            return []
        told = LogInfo(msg=f'{what} ended, so everything ends')
        end = Shutdown(reason=f'{what} ended')
        return [told, TimerAction(period=delay, actions=[end]) if delay else end]
    return ended
