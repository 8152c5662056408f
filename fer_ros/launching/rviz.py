"""RViz in a launch file."""

from __future__ import annotations

from pathlib import Path

from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument
from launch_ros.actions import Node

from fer_ros.launching.node import value
from fer_ros.launching.places import is_installed, share

__all__ = ['NO_RVIZ', 'TOPICS', 'rviz_arguments', 'rviz_is_installed', 'rviz_window']

NO_RVIZ = ('RViz is not installed (apt install ros-$ROS_DISTRO-rviz2), so there is no window; the '
           'picture is on the topic image_annotated of the node')

TOPICS = ('image_annotated', 'image_annotated/compressed', 'markers')
"""What of the node the displays may show: these follow its name and namespace."""


def rviz_arguments() -> list[DeclareLaunchArgument]:
    """Return the arguments of the window."""
    return [
        DeclareLaunchArgument(
            'rviz_config', default_value=str(share('config', 'fer.rviz')),
            description='Displays of RViz; the default shows what emotion_node publishes'),
        DeclareLaunchArgument(
            'fixed_frame', default_value='',
            description='Frame in which RViz shows the world; empty: as in rviz_config'),
        DeclareLaunchArgument(
            'camera', default_value='',
            description='Which camera of a node with several; empty: that of a node with one'),
    ]


def rviz_is_installed() -> bool:
    """Return whether there is RViz."""
    return is_installed('rviz2')


def rviz_window(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Return the action that opens the window on the topics of the node.

    Args:
        context: With the arguments of `rviz_arguments`, `name`, `namespace`, `use_sim_time`.

    Raises:
        RuntimeError: There is no RViz, or no such file of displays.
    """
    def get(name: str) -> str:
        return value(context, name)

    if not rviz_is_installed():
        raise RuntimeError(NO_RVIZ)
    config = Path(get('rviz_config')).expanduser()
    if not config.is_file():
        raise RuntimeError(f'rviz_config: there is no file {config}')
    parts = (*get('namespace').split('/'), get('name'), get('camera'))
    node = '/'.join(['', *filter(None, parts)])
    fixed = ['-f', get('fixed_frame')] if get('fixed_frame') else []
    return [Node(
        package='rviz2', executable='rviz2', name='rviz', output='screen',
        arguments=['-d', str(config), *fixed],
        parameters=[{'use_sim_time': get('use_sim_time') == 'true'}],
        remappings=[(f'/emotion_node/{topic}', f'{node}/{topic}') for topic in TOPICS])]
