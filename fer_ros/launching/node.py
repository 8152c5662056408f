"""emotion_node in a launch file: its arguments, and the actions that start it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
import yaml

from fer_ros.launching.lifecycle import by_events
from fer_ros.launching.places import share

__all__ = ['PRESETS', 'SWITCH', 'emotion_node', 'node_arguments', 'respawn', 'value']

SWITCH = ['true', 'false']
PRESETS = ['fast', 'accurate', 'privacy']
"""The files of config/presets."""


def node_arguments(use_sim_time: str = 'false') -> list[DeclareLaunchArgument]:
    """Return the arguments that every launch file with the node has."""
    return [
        DeclareLaunchArgument(
            'params_file', default_value=str(share('config', 'fer.yaml')),
            description='Parameters of the node; the default documents all of them'),
        DeclareLaunchArgument(
            'preset', default_value='', choices=['', *PRESETS],
            description='A file of config/presets, which stands above params_file; fast: for '
                        'small boards; accurate: where there is time; privacy: no picture '
                        'leaves the node; empty: none'),
        DeclareLaunchArgument(
            'image_transport', default_value='', choices=['', 'raw', 'compressed'],
            description='Form of the images; empty: as in preset and params_file'),
        DeclareLaunchArgument(
            'model', default_value='',
            description='Name or folder of the model; empty: as in preset and params_file'),
        DeclareLaunchArgument(
            'name', default_value='emotion_node', description='Name of the node'),
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the node'),
        DeclareLaunchArgument(
            'autostart', default_value='', choices=['', *SWITCH, 'launch'],
            description='Who configures and activates the node; true: itself; launch: this '
                        'launch, by lifecycle events; false: somebody else, such as a lifecycle '
                        'manager; empty: as in params_file'),
        DeclareLaunchArgument(
            'respawn', default_value='false', choices=SWITCH,
            description='Start again what ended by itself'),
        DeclareLaunchArgument(
            'respawn_delay', default_value='2.0',
            description='Seconds until it is started again'),
        DeclareLaunchArgument(
            'use_sim_time', default_value=use_sim_time, choices=SWITCH,
            description='Take the time from /clock'),
        DeclareLaunchArgument(
            'log_level', default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description="Least severity of the node's log"),
    ]


def value(context: LaunchContext, name: str) -> str:
    """Return the value of an argument."""
    return str(LaunchConfiguration(name).perform(context))


def respawn(context: LaunchContext) -> dict[str, Any]:
    """Return what the arguments say of respawning, as a `Node` takes it.

    Raises:
        RuntimeError: The delay is no number of seconds.
    """
    text = value(context, 'respawn_delay')
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float('inf'):
        raise RuntimeError(f'respawn_delay: must be seconds from 0 on, got {text!r}')
    return {'respawn': value(context, 'respawn') == 'true', 'respawn_delay': seconds}


def emotion_node(
    context: LaunchContext, remappings: Sequence[tuple[str, str]],
    namespace: str | None = None, parameters: dict[str, Any] | None = None,
) -> list[LaunchDescriptionEntity]:
    """Return the actions that start the node, as the arguments say.

    Args:
        context: With the arguments of `node_arguments`.
        remappings: Of its topics.
        namespace: In place of the argument.
        parameters: Stand above the files, as the arguments do.

    Raises:
        RuntimeError: An argument is no number, or its file is not there.
    """
    def get(name: str) -> str:
        return value(context, name)

    file = Path(get('params_file')).expanduser()
    if not file.is_file():
        raise RuntimeError(f'params_file: there is no file {file}')
    # Only what was given on the command line stands above the files.
    overrides = {**_preset(get('preset')), **(parameters or {})}
    overrides |= {name: get(name) for name in ('model', 'image_transport') if get(name)}
    if get('autostart'):
        overrides['autostart'] = get('autostart') == 'true'
    overrides['use_sim_time'] = get('use_sim_time') == 'true'
    space = get('namespace') if namespace is None else namespace
    logger = '.'.join([*filter(None, space.split('/')), get('name')])
    node = LifecycleNode(
        package='fer_ros', executable='emotion_node', name=get('name'), namespace=space,
        parameters=[str(file), overrides], remappings=list(remappings), output='screen',
        ros_arguments=['--log-level', f'{logger}:={get("log_level")}'],
        **respawn(context))
    return [*by_events(node), node] if get('autostart') == 'launch' else [node]


def _preset(name: str) -> dict[str, Any]:
    if not name:
        return {}
    content = yaml.safe_load(share('config', 'presets', f'{name}.yaml').read_text('utf-8'))
    parameters: dict[str, Any] = content['/**']['ros__parameters']
    return parameters
