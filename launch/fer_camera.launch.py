"""Starts a camera driver, emotion_node, and RViz where it is installed.

Example: ros2 launch fer_ros fer_camera.launch.py device:=/dev/video2

All arguments of fer.launch.py work here, too.
"""

import os
from pathlib import Path

from ament_index_python.packages import (
    get_package_prefix,
    get_package_share_directory,
    PackageNotFoundError,
)
from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    LogInfo,
    OpaqueFunction,
    Shutdown,
)
from launch.events.process import ProcessExited
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from fer_ros.nodes.transport import make_room_for_images

# Package: its executable, and its parameter for the device; the first that is installed is used.
DRIVERS = {
    'usb_cam': ('usb_cam_node_exe', 'video_device'),
    'v4l2_camera': ('v4l2_camera_node', 'video_device'),
}


def generate_launch_description() -> LaunchDescription:
    node = Path(get_package_share_directory('fer_ros')) / 'launch' / 'fer.launch.py'
    return LaunchDescription([
        DeclareLaunchArgument(
            'camera_driver', default_value='auto', choices=['auto', *DRIVERS, 'video_node'],
            description='Who reads the camera: usb_cam or v4l2_camera, if installed, or '
                        'video_node of fer_ros; auto: the first of them that is there'),
        DeclareLaunchArgument(
            'device', default_value='/dev/video0',
            description='Camera device; for video_node also a video, a folder, or an image'),
        DeclareLaunchArgument(
            'rviz', default_value='true', choices=['true', 'false'],
            description='Show the annotated image in RViz'),
        IncludeLaunchDescription(PythonLaunchDescriptionSource(str(node))),
        OpaqueFunction(function=_camera),
        OpaqueFunction(function=_rviz),
    ])


def _installed(package: str) -> bool:
    try:
        get_package_prefix(package)
    except PackageNotFoundError:
        return False
    return True


def _camera(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    driver = LaunchConfiguration('camera_driver').perform(context)
    device = LaunchConfiguration('device').perform(context)
    if driver == 'auto':
        driver = next(filter(_installed, DRIVERS), 'video_node')
    elif driver in DRIVERS and not _installed(driver):
        raise RuntimeError(
            f'{driver} is not installed: apt install ros-$ROS_DISTRO-{driver.replace("_", "-")}, '
            f'or camera_driver:=video_node')
    if driver == 'video_node':
        package, executable, parameter = 'fer_ros', 'video_node', 'source'
    else:
        package, (executable, parameter) = driver, DRIVERS[driver]
    environment = dict(os.environ)
    make_room_for_images(environment)
    return [
        LogInfo(msg=f'camera driver: {driver}, device: {device}'),
        Node(
            package=package, executable=executable, name='camera', output='screen',
            additional_env=dict(environment.items() - os.environ.items()),
            namespace=LaunchConfiguration('namespace'), parameters=[{parameter: device}],
            remappings=[('image_raw', LaunchConfiguration('image'))],
            on_exit=_camera_ended),
    ]


def _camera_ended(event: ProcessExited, context: LaunchContext) -> list[LaunchDescriptionEntity]:
    if context.is_shutdown:  # all end at once: a second shutdown would fail
        return []
    return [LogInfo(msg='the camera driver ended, so everything ends'), Shutdown()]


def _rviz(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    if LaunchConfiguration('rviz').perform(context) != 'true':
        return []
    if not _installed('rviz2'):
        return [LogInfo(
            msg='RViz is not installed (apt install ros-$ROS_DISTRO-rviz2), so there is no '
                'window; the picture is on the topic image_annotated of the node')]
    config = Path(get_package_share_directory('fer_ros')) / 'config' / 'fer.rviz'
    namespace = LaunchConfiguration('namespace').perform(context).strip('/')
    name = LaunchConfiguration('name').perform(context)
    space = '/'.join(['', *filter(None, [namespace]), name])
    return [Node(
        package='rviz2', executable='rviz2', name='rviz', arguments=['-d', str(config)],
        remappings=[(f'/emotion_node/{topic}', f'{space}/{topic}')
                    for topic in ('image_annotated', 'markers')])]
