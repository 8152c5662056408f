"""Starts emotion_node alone, for a robot whose camera driver runs already.

Example: ros2 launch fer_ros fer.launch.py image:=/camera/color/image_raw
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from fer_ros.launching.node import emotion_node, node_arguments, value


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([
        *node_arguments(),
        DeclareLaunchArgument(
            'image', default_value='image_raw',
            description='Image topic of the camera (with image_transport:=compressed: without '
                        'the "/compressed" at its end)'),
        OpaqueFunction(function=_node),
    ])


def _node(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    return emotion_node(context, [('image_raw', value(context, 'image'))])
