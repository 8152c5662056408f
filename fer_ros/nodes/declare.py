"""Describing parameters to ROS, and declaring a fixed one in one call."""

from __future__ import annotations

from collections.abc import Collection
import difflib

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node

__all__ = [
    'PARAMETER_ERRORS', 'ParameterValue', 'declare_fixed', 'make_descriptor',
    'unknown_parameters', 'warn_of_unknown',
]

ParameterValue = bool | int | float | str

PARAMETER_ERRORS = (InvalidParameterTypeException, InvalidParameterValueException)
"""What `declare_fixed` raises on a value that the user has set wrongly; the text names it."""

# Declared by rclpy, or by it for others' sake.
_FOREIGN = ('qos_overrides.', 'use_sim_time', 'start_type_description_service')


def make_descriptor(
        default: ParameterValue | list[str], description: str, *,
        bounds: tuple[float, float] | None = None,
        read_only: bool = False, any_type: bool = False,
        constraints: str = '') -> ParameterDescriptor:
    """Return what ROS is told about a parameter.

    Args:
        default: Its default value; its type is the parameter's type.
        description: Shown by `ros2 param describe`.
        bounds: Smallest and largest value of a number.
        read_only: Whether it is fixed once it is declared.
        any_type: Take a value of any type.
        constraints: What else holds of it, for people.
    """
    descriptor = ParameterDescriptor(
        description=description, read_only=read_only, dynamic_typing=any_type,
        additional_constraints=constraints)
    if bounds is not None and isinstance(default, float):
        descriptor.floating_point_range = [
            FloatingPointRange(from_value=float(bounds[0]), to_value=float(bounds[1]))]
    elif bounds is not None:
        descriptor.integer_range = [
            IntegerRange(from_value=int(bounds[0]), to_value=int(bounds[1]), step=1)]
    return descriptor


def declare_fixed(
        node: Node, name: str, default: ParameterValue, description: str, *,
        bounds: tuple[float, float] | None = None, any_type: bool = False) -> ParameterValue:
    """Declare a parameter that is set at the start and not changed while the node runs.

    Args:
        node: The node to declare it on.
        name: Name of the parameter.
        default: Value if the user gives none; its type is the parameter's type.
        description: Shown by `ros2 param describe`.
        bounds: Smallest and largest value of a number.
        any_type: Take a value of any type: a text that may look like a number.

    Returns:
        The value, of the type of the default.

    Raises:
        InvalidParameterTypeException: If the user gave a value of another type.
        InvalidParameterValueException: If the user gave a value out of bounds.
    """
    descriptor = make_descriptor(
        default, description, bounds=bounds, read_only=True, any_type=any_type)
    value: ParameterValue = node.declare_parameter(name, default, descriptor).value
    return str(value) if any_type else value


def unknown_parameters(node: Node) -> list[str]:
    """Return what the user has set and is not declared, each with the name that it may mean."""
    known = node.get_parameters_by_prefix('')
    given = getattr(node, '_parameter_overrides', {})
    return [_guess(name, known) for name in given
            if name not in known and not name.startswith(_FOREIGN)]


def warn_of_unknown(node: Node) -> None:
    """Name in the log what the user has set and is not declared, once all is."""
    for unknown in unknown_parameters(node):
        node.get_logger().warning(f'there is no parameter {unknown}; it is not used')


def _guess(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f'{name} (do you mean {close[0]}?)' if close else name
