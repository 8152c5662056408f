"""What is known of a parameter besides its value: a row of the table in parameters.py."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor

from fer_ros.nodes.declare import make_descriptor

__all__ = ['parameter', 'Spec', 'When']


class When(enum.Enum):
    """From when a parameter counts; the value is told by `ros2 param describe`."""

    START = 'read at the start, fixed afterwards'
    CONFIGURE = 'read when the node is configured; to change it, clean the node up first'
    SWAP = 'may be changed at any time; what it names is loaded beside, then exchanged or refused'
    RUNNING = 'may be changed at any time'


@dataclasses.dataclass(frozen=True)
class Spec:
    """What is known of a parameter besides its value.

    Attributes:
        name: Its ROS name.
        default: Its default, which also fixes its type.
        description: Meaning and unit.
        when: From when a change counts.
        bounds: Smallest and largest number.
        choices: The values that are allowed.
        per_camera: Whether each of several cameras has its own, as `CAMERA.NAME`.
    """

    name: str
    default: bool | int | float | str | tuple[str, ...]
    description: str
    when: When
    bounds: tuple[float, float] | None = None
    choices: tuple[str, ...] | tuple[int, ...] = ()
    per_camera: bool = False

    @property
    def field(self) -> str:
        """Name of the field of `Parameters`."""
        return self.name.replace('.', '_')

    @property
    def ros_default(self) -> bool | int | float | str | list[str]:
        """The default as ROS takes it."""
        return list(self.default) if isinstance(self.default, tuple) else self.default

    @property
    def choices_text(self) -> str:
        """The choices, for people."""
        return ', '.join(map(str, self.choices))

    @property
    def descriptor(self) -> ParameterDescriptor:
        """The same for ROS."""
        constraints = self.when.value
        if self.choices:
            constraints = f'one of {self.choices_text}; {constraints}'
        return make_descriptor(
            self.ros_default, self.description, bounds=self.bounds,
            read_only=self.when is When.START, constraints=constraints)


def parameter(name: str, default: Any, description: str, when: When, **limits: Any) -> Any:
    """Return a field of a dataclass that carries the `Spec` made of the arguments."""
    spec = Spec(name, default, description, when, **limits)
    return dataclasses.field(default=default, metadata={'spec': spec})
