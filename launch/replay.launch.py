"""Plays a bag into emotion_node and, if wanted, records what it finds into another.

Example: ros2 launch fer_ros replay.launch.py bag:=session/ image:=/camera/image_raw record:=found/

The time comes from the bag. `ros2 bag` plays and records where it is installed, else `fer play`.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, ExecuteProcess, LogInfo, OpaqueFunction

from fer_ros.launching.ending import end_with
from fer_ros.launching.node import emotion_node, node_arguments, SWITCH, value
from fer_ros.launching.places import executable, is_installed

WAIT = 30  # seconds that `fer play` waits for the node
ROS2_DELAY = 5  # seconds: `ros2 bag play` cannot wait for a subscriber
SETTLE = 2.0  # seconds for the last results to be recorded


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([
        DeclareLaunchArgument('bag', description='Folder or file of the bag'),
        DeclareLaunchArgument(
            'record', default_value='',
            description='Folder of a new bag with what the node publishes; empty: none'),
        DeclareLaunchArgument(
            'record_topics', default_value='emotions,detections',
            description='What is recorded: topics of the node, and others by their full names'),
        DeclareLaunchArgument(
            'player', default_value='auto', choices=['auto', 'ros2', 'fer'],
            description='Who plays and records: ros2 (ros2 bag) or fer (fer play, which reads '
                        'ROS 1 and damaged bags, too); auto: ros2 if it is installed'),
        DeclareLaunchArgument(
            'rate', default_value='1.0', description='How many times as fast as recorded'),
        DeclareLaunchArgument(
            'loop', default_value='false', choices=SWITCH, description='Begin again at the end'),
        DeclareLaunchArgument(
            'start_offset', default_value='0.0',
            description='Seconds after the first message at which to begin'),
        DeclareLaunchArgument(
            'image', default_value='image_raw',
            description='Topic of the images in the bag (with image_transport:=compressed: '
                        'without the "/compressed" at its end)'),
        *node_arguments(use_sim_time='true'),
        OpaqueFunction(function=_all),
    ])


def _all(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    bag, record = Path(value(context, 'bag')), value(context, 'record').rstrip('/')
    if not bag.exists():
        raise RuntimeError(f'bag: there is no {bag}')
    if record and Path(record).exists():
        raise RuntimeError(f'record: {record} is there already; name a new folder')
    player = value(context, 'player')
    if player == 'auto':
        player = 'ros2' if is_installed('ros2bag') else 'fer'
    topics = _recorded(context) if record else []
    play = _ros2(context, record, topics) if player == 'ros2' else _fer(context, record, topics)
    return [
        LogInfo(msg=f'playing {bag} with {player}'),
        *emotion_node(context, [('image_raw', value(context, 'image'))]),
        *play,
    ]


def _recorded(context: LaunchContext) -> list[str]:
    node = '/'.join(['', *filter(None, value(context, 'namespace').split('/')),
                     value(context, 'name')])
    names = value(context, 'record_topics').replace(',', ' ').split()
    return [name if name.startswith('/') else f'{node}/{name}' for name in names]


def _options(context: LaunchContext) -> list[str]:
    loop = ['--loop'] if value(context, 'loop') == 'true' else []
    return ['--rate', value(context, 'rate'), '--start-offset', value(context, 'start_offset'),
            *loop]


def _ros2(
    context: LaunchContext, record: str, topics: list[str],
) -> list[LaunchDescriptionEntity]:
    actions = [ExecuteProcess(
        cmd=['ros2', 'bag', 'record', '--use-sim-time', '--output', record, *topics],
        output='screen')] if record else []
    return [*actions, ExecuteProcess(
        cmd=['ros2', 'bag', 'play', value(context, 'bag'), '--clock', '--delay', str(ROS2_DELAY),
             *_options(context)],
        output='screen', on_exit=end_with('the bag', SETTLE if record else 0.0))]


def _fer(
    context: LaunchContext, record: str, topics: list[str],
) -> list[LaunchDescriptionEntity]:
    wanted = [word for topic in topics for word in ('--record-topic', topic)]
    return [ExecuteProcess(
        cmd=[str(executable('fer')), 'play', value(context, 'bag'), '--wait', str(WAIT),
             *_options(context), *(['--record', record, *wanted] if record else [])],
        output='screen', on_exit=end_with('the bag'))]
