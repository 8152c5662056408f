"""Starts a camera driver, emotion_node, and RViz where it is installed.

Example: ros2 launch fer_ros usb_camera.launch.py device:=/dev/video2 preset:=fast
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction

from fer_ros.launching.camera import camera_arguments, camera_driver
from fer_ros.launching.node import emotion_node, node_arguments, SWITCH, value
from fer_ros.launching.rviz import NO_RVIZ, rviz_arguments, rviz_is_installed, rviz_window


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([
        DeclareLaunchArgument(
            'device', default_value='/dev/video0',
            description='Camera device; for video_node also a video, a folder, or an image'),
        *camera_arguments(),
        DeclareLaunchArgument(
            'image', default_value='image_raw',
            description='Topic of the images; camera_info stands beside it'),
        *node_arguments(),
        DeclareLaunchArgument(
            'rviz', default_value='auto', choices=['auto', *SWITCH],
            description='Show the results in RViz; auto: if it is installed'),
        *rviz_arguments(),
        OpaqueFunction(function=_camera_and_node),
        OpaqueFunction(function=_rviz),
    ])


def _camera_and_node(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    image = value(context, 'image')
    return [
        *camera_driver(context, value(context, 'device'), value(context, 'namespace'), image),
        *emotion_node(context, [('image_raw', image)]),
    ]


def _rviz(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    wanted = value(context, 'rviz')
    if wanted == 'auto' and not rviz_is_installed():
        return [LogInfo(msg=NO_RVIZ)]
    return [] if wanted == 'false' else rviz_window(context)
