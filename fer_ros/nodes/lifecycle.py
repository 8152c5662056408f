"""A lifecycle node that outlives wrong requests."""

from __future__ import annotations

from typing import Any

from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.lifecycle import LifecycleNode

__all__ = ['survive_wrong_transitions']


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
