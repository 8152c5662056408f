"""A lifecycle node that its launch configures and activates, by lifecycle events."""

from __future__ import annotations

from launch import Event, LaunchContext, LaunchDescriptionEntity
from launch.actions import EmitEvent, LogInfo, OpaqueFunction, RegisterEventHandler, TimerAction
from launch.event_handlers import OnProcessStart
from launch.events import matches_action
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState, StateTransition
from lifecycle_msgs.msg import Transition

__all__ = ['by_events']

_PATIENCE = 4.0  # seconds for a node to begin its transition
_TRIALS = 15


def by_events(node: LifecycleNode) -> list[LaunchDescriptionEntity]:
    """Return handlers that bring a node to active whenever its process starts."""
    start = _Start(node)
    # By start states, too: a node that was deactivated comes to inactive, and must stay there.
    return [
        RegisterEventHandler(OnProcessStart(target_action=node, on_start=start.begin)),
        RegisterEventHandler(OnStateTransition(
            target_lifecycle_node=node, start_state='configuring', goal_state='inactive',
            entities=[_change(node, Transition.TRANSITION_ACTIVATE)])),
        RegisterEventHandler(OnStateTransition(
            target_lifecycle_node=node, start_state='configuring', goal_state='unconfigured',
            entities=[LogInfo(msg='the node could not be configured, as its log says: mend the '
                                  'cause, then ros2 lifecycle set NODE configure')])),
        RegisterEventHandler(OnStateTransition(
            matcher=lambda event: isinstance(event, StateTransition) and event.action is node,
            entities=[OpaqueFunction(function=start.note)])),
    ]


class _Start:
    """Asks a node to configure until it does.

    A respawned node is not yet known when its process starts, while the killed one still is, for
    some seconds: what is asked then reaches nobody, and no answer comes.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node, self._run, self._moved = node, 0, False

    def begin(self, event: Event, context: LaunchContext) -> list[LaunchDescriptionEntity]:
        """Begin anew with a process that has started."""
        self._run, self._moved = self._run + 1, False
        return self._ask(self._run, 1)

    def note(self, context: LaunchContext) -> None:
        """Note that the node is on its way."""
        self._moved = True

    def _ask(self, run: int, trial: int) -> list[LaunchDescriptionEntity]:
        if self._moved or run != self._run:
            return []
        if trial > _TRIALS:
            return [LogInfo(msg='the node does not answer, so it was not configured')]
        again = OpaqueFunction(function=lambda context: self._ask(run, trial + 1))
        return [_change(self._node, Transition.TRANSITION_CONFIGURE),
                TimerAction(period=_PATIENCE, actions=[again])]


def _change(node: LifecycleNode, transition: int) -> EmitEvent:
    return EmitEvent(event=ChangeState(
        lifecycle_node_matcher=matches_action(node), transition_id=transition))
