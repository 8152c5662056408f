"""Starts emotion_node alone, for a robot whose camera driver runs already.

Example: ros2 launch fer_ros fer.launch.py image:=/camera/color/image_raw
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode

SWITCH = ['true', 'false']


def generate_launch_description() -> LaunchDescription:
    parameters = Path(get_package_share_directory('fer_ros')) / 'config' / 'fer.yaml'
    return LaunchDescription([
        DeclareLaunchArgument(
            'params_file', default_value=str(parameters),
            description='Parameters of the node; the default documents all of them'),
        DeclareLaunchArgument(
            'image', default_value='image_raw',
            description='Image topic of the camera (with image_transport:=compressed: without '
                        'the "/compressed" at its end)'),
        DeclareLaunchArgument(
            'image_transport', default_value='', choices=['', 'raw', 'compressed'],
            description='Form of the images; empty: as in params_file'),
        DeclareLaunchArgument(
            'model', default_value='',
            description='Name or folder of the model; empty: as in params_file'),
        DeclareLaunchArgument(
            'name', default_value='emotion_node', description='Name of the node'),
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the node'),
        DeclareLaunchArgument(
            'autostart', default_value='', choices=['', *SWITCH],
            description='Configure and activate by itself; false under a lifecycle manager; '
                        'empty: as in params_file'),
        DeclareLaunchArgument(
            'use_sim_time', default_value='false', choices=SWITCH,
            description='Take the time from /clock'),
        DeclareLaunchArgument(
            'log_level', default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description="Least severity of the node's log"),
        OpaqueFunction(function=_nodes),
    ])


def _nodes(context: LaunchContext) -> list[LifecycleNode]:
    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    # Only what was given on the command line stands above the file.
    overrides = {name: value(name) for name in ('model', 'image_transport') if value(name)}
    if value('autostart'):
        overrides['autostart'] = value('autostart') == 'true'
    overrides['use_sim_time'] = value('use_sim_time') == 'true'
    logger = '.'.join([*filter(None, value('namespace').split('/')), value('name')])
    return [LifecycleNode(
        package='fer_ros', executable='emotion_node', name=value('name'),
        namespace=value('namespace'), parameters=[value('params_file'), overrides],
        remappings=[('image_raw', value('image'))], output='screen',
        ros_arguments=['--log-level', f'{logger}:={value("log_level")}'])]
