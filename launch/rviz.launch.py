"""Shows in RViz what a running emotion_node finds.

Example: ros2 launch fer_ros rviz.launch.py namespace:=robot
"""

from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from fer_ros.launching.node import SWITCH
from fer_ros.launching.rviz import rviz_arguments, rviz_window


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([
        DeclareLaunchArgument(
            'name', default_value='emotion_node', description='Name of the node'),
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node'),
        DeclareLaunchArgument(
            'use_sim_time', default_value='false', choices=SWITCH,
            description='Take the time from /clock'),
        *rviz_arguments(),
        OpaqueFunction(function=rviz_window),
    ])
