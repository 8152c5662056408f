"""Declares the parameters of emotion_node, checks every change, and keeps the values in force."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import difflib
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rclpy.node import Node
from rclpy.parameter import Parameter

from fer_ros.core.errors import ConfigError
from fer_ros.nodes.parameter_spec import Spec, When
from fer_ros.nodes.parameters import camera_names, contradiction, Parameters, specs

__all__ = ['ParameterHandler']

# Declared by rclpy, or by it for others' sake.
_FOREIGN = ('qos_overrides.', 'use_sim_time', 'start_type_description_service')


class ParameterHandler:
    """Declares the parameters on a node and keeps `current` up to date.

    Args:
        node: The node.
        is_configured: Tells whether values that are read on configuring are in use.
        on_change: Called with the new values after a change.
        prepare: Called with the new values before a change of what is loaded beside; returns
            why they cannot be had, or ''.

    Raises:
        InvalidParameterTypeException: The user gave a value of a wrong type.
        InvalidParameterValueException: The user gave a value out of its limits.
        ConfigError: The values contradict one another.
    """

    def __init__(
        self, node: Node, is_configured: Callable[[], bool],
        on_change: Callable[[Parameters], None],
        prepare: Callable[[Parameters], str] = lambda parameters: '',
    ) -> None:
        self._node = node
        self._is_configured = is_configured
        self._on_change = on_change
        self._prepare = prepare
        self._current: Parameters | None = None
        self._current_of: dict[str, Parameters] = {}
        self._specs = {spec.name: spec for spec in specs()}
        self._of_cameras: dict[str, Spec] = {}
        # Before declaring: it refuses wrong values from files and the command line, too.
        node.add_on_set_parameters_callback(self._check)
        for spec in self._specs.values():
            node.declare_parameter(spec.name, spec.ros_default, spec.descriptor)
        self.cameras = camera_names(node.get_parameter('camera_names').value)
        self._declare_for_cameras()
        self._read()
        fault = contradiction(self.current)
        if fault:
            raise ConfigError(fault)
        node.add_post_set_parameters_callback(self._apply)

    @property
    def current(self) -> Parameters:
        """The values in force."""
        assert self._current is not None
        return self._current

    def of_camera(self, camera: str) -> Parameters:
        """Return the values in force for one of `cameras`."""
        return self._current_of[camera]

    def unknown(self) -> list[str]:
        """Return what the user has set and nobody reads, each with the name that it may mean."""
        given = getattr(self._node, '_parameter_overrides', {})
        return [
            _guess(name, [*self._specs, *self._of_cameras]) for name in given
            if self._spec(name) is None and not name.startswith(_FOREIGN)]

    def _spec(self, name: str) -> Spec | None:
        return self._specs.get(name) or self._of_cameras.get(name)

    def _declare_for_cameras(self) -> None:
        for camera in filter(None, self.cameras):
            for spec in [spec for spec in specs() if spec.per_camera]:
                own = dataclasses.replace(
                    spec, name=f'{camera}.{spec.name}',
                    description=f'{spec.description} (camera {camera})')
                self._of_cameras[own.name] = own
                self._node.declare_parameter(
                    own.name, self._node.get_parameter(spec.name).value, own.descriptor)

    def _read(self) -> None:
        def value_of(name: str) -> Any:
            value = self._node.get_parameter(name).value
            return tuple(value) if isinstance(value, list) else value

        self._current = Parameters(**{spec.field: value_of(spec.name) for spec in specs()})
        self._current_of = {
            camera: dataclasses.replace(self._current, **{
                spec.field: value_of(f'{camera}.{spec.name}' if camera else spec.name)
                for spec in specs() if spec.per_camera})
            for camera in self.cameras}

    def _check(self, changes: list[Parameter]) -> SetParametersResult:
        known = [(spec, change.value)
                 for change in changes if (spec := self._spec(change.name)) is not None]
        reason = next(filter(None, (self._fault(*change) for change in known)), '')
        if self._current is not None and not reason:
            reason = self._fault_together(known)
        return SetParametersResult(successful=not reason, reason=reason)

    def _fault(self, spec: Spec, value: Any) -> str:
        """Return why a value cannot be taken, or ''; type and bounds are checked by rclpy."""
        if spec.choices and value not in spec.choices:
            return f'{spec.name} must be one of {spec.choices_text}, got {value!r}'
        if spec.name == 'camera_names':
            try:
                camera_names(value)
            except ConfigError as error:
                return str(error)
        if self._current is None or value == self._node.get_parameter(spec.name).value:
            return ''
        if spec.per_camera and self._of_cameras and spec.name in self._specs:
            names = ' or '.join(f'{camera}.{spec.name}' for camera in self.cameras)
            return f'each camera has its own {spec.name}: set {names}'
        if spec.when is When.CONFIGURE and self._is_configured():
            return (
                f'{spec.name} is read when the node is configured: deactivate it, clean it up, '
                f'set {spec.name}, then configure it again')
        return ''

    def _fault_together(self, changes: list[tuple[Spec, Any]]) -> str:
        """Return why the values cannot be taken together, or ''; load what they ask for."""
        general = {spec.field: value for spec, value in changes if hasattr(Parameters, spec.field)}
        wanted = dataclasses.replace(self.current, **general)
        fault = contradiction(wanted)
        if fault or not self._is_configured():
            return fault
        loads = any(
            spec.when is When.SWAP and value != getattr(self.current, spec.field)
            for spec, value in changes)
        return self._prepare(wanted) if loads else ''

    def _apply(self, changes: list[Parameter]) -> None:
        if any(self._spec(change.name) for change in changes):
            self._read()
            self._on_change(self.current)


def _guess(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f'{name} (do you mean {close[0]}?)' if close else name
