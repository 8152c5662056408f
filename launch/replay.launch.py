"""Plays a bag into emotion_node: by `ros2 bag play` where it is installed, else by `fer play`.

Example: ros2 launch fer_ros replay.launch.py bag:=session/ image:=/camera/image_raw

All arguments of fer.launch.py work here, too; the time comes from the bag.
"""

from pathlib import Path

from ament_index_python.packages import (
    get_package_prefix,
    get_package_share_directory,
    PackageNotFoundError,
)
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    Shutdown,
)
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration


def generate_launch_description() -> LaunchDescription:
    node = Path(get_package_share_directory('fer_ros')) / 'launch' / 'fer.launch.py'
    return LaunchDescription([
        DeclareLaunchArgument('bag', description='Folder or file of the bag'),
        DeclareLaunchArgument(
            'player', default_value='auto', choices=['auto', 'ros2', 'fer'],
            description='Who plays it: ros2 (ros2 bag play) or fer (fer play, which reads ROS 1 '
                        'and damaged bags, too); auto: ros2 if it is installed'),
        DeclareLaunchArgument(
            'rate', default_value='1.0', description='How many times as fast as recorded'),
        DeclareLaunchArgument(
            'loop', default_value='false', choices=['true', 'false'],
            description='Begin again at the end'),
        DeclareLaunchArgument(
            'start_offset', default_value='0.0',
            description='Seconds after the first message at which to begin'),
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(node)),
            launch_arguments={'use_sim_time': 'true'}.items()),
        OpaqueFunction(function=_player),
    ])


def _player(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    player = value('player')
    if player == 'auto':
        player = 'ros2' if _installed('ros2bag') else 'fer'
    command = ['ros2', 'bag', 'play', value('bag'), '--clock'] if player == 'ros2' else [
        str(Path(get_package_prefix('fer_ros')) / 'lib' / 'fer_ros' / 'fer'), 'play',
        value('bag'), '--wait', '30']
    command += ['--rate', value('rate'), '--start-offset', value('start_offset')]
    if value('loop') == 'true':
        command.append('--loop')
    return [
        LogInfo(msg=f'playing {value("bag")} with {player}'),
        ExecuteProcess(cmd=command, output='screen', on_exit=_played)]


def _played(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
    if context.is_shutdown:  # all end at once: a second shutdown would fail
        return []
    return [LogInfo(msg='the bag has ended, so everything ends'), Shutdown()]


def _installed(package: str) -> bool:
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True
