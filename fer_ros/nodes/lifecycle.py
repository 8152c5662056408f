"""A lifecycle node that outlives wrong requests, and names what fails in a transition."""

from __future__ import annotations

from collections.abc import Callable
import functools
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

__all__ = ['forget_the_destroyed', 'names_its_fault', 'survive_wrong_transitions']

_Transition = Callable[[Any, LifecycleState], TransitionCallbackReturn]


def names_its_fault(what: str) -> Callable[[_Transition], _Transition]:
    """Let a transition that raises set the node's `_error`; rclpy goes on to on_error silently.

    Args:
        what: What the transition does, for people: 'activate'.
    """
    def decorate(transition: _Transition) -> _Transition:
        @functools.wraps(transition)
        def named(node: Any, state: LifecycleState) -> TransitionCallbackReturn:
            try:
                return transition(node, state)
            except Exception as error:
                node._error = f'cannot {what}: {type(error).__name__}: {error}'
                return TransitionCallbackReturn.ERROR
        return named
    return decorate


def forget_the_destroyed(group: CallbackGroup) -> None:
    """Drop the references of a callback group to what was destroyed, which rclpy keeps."""
    group.entities = {entity for entity in group.entities if entity() is not None}


def survive_wrong_transitions(node: LifecycleNode) -> None:
    """Answer a request for a transition that the state does not allow, instead of dying of it.

    rclpy of Jazzy lets the error escape from the callback of `~/change_state`, which ends the
    executor; later versions catch it themselves.
    """
    service = getattr(node, '_service_change_state', None)
    if service is None:
        return
    answer = service.callback

    def answer_always(request: Any, response: Any) -> Any:
        try:
            return answer(request, response)
        except rclpy_implementation.RCLError as error:
            node.get_logger().error(f'transition refused: {str(error).splitlines()[0]}')
            response.success = False
            return response

    service.callback = answer_always
