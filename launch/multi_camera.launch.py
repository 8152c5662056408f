"""Starts emotion_node for several cameras, and their drivers if devices are given.

Examples:
  ros2 launch fer_ros multi_camera.launch.py cameras:=front,rear
  ros2 launch fer_ros multi_camera.launch.py cameras:=front,rear devices:=/dev/video0,/dev/video2
"""

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction

from fer_ros.launching.camera import camera_arguments, camera_driver, PLACE
from fer_ros.launching.node import emotion_node, node_arguments, value


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([
        DeclareLaunchArgument(
            'cameras', default_value='front,rear', description='Names of the cameras'),
        DeclareLaunchArgument(
            'processes', default_value='one', choices=['one', 'each'],
            description='one: one node with one model serves all, and publishes '
                        'emotion_node/CAMERA/emotions; each: every camera has a node of its own, '
                        'in a namespace of its name: CAMERA/emotion_node/emotions'),
        DeclareLaunchArgument(
            'image', default_value=f'{PLACE}/image_raw',
            description=f'Topics of the images; {PLACE} stands for the name of the camera, here '
                        'and in frame_id and camera_info_url'),
        DeclareLaunchArgument(
            'devices', default_value='',
            description='Devices of the cameras, in their order, to start their drivers; for '
                        'video_node also videos, folders, or images; empty: the drivers run '
                        'already'),
        *camera_arguments(frame_id=PLACE),
        *node_arguments(),
        OpaqueFunction(function=_all),
    ])


def _all(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    cameras, devices = _words(context, 'cameras'), _words(context, 'devices')
    if not cameras or len(set(cameras)) < len(cameras):
        raise RuntimeError(f'cameras: must be different names, got {value(context, "cameras")!r}')
    if devices and len(devices) != len(cameras):
        raise RuntimeError(
            f'devices: must be as many as cameras ({len(cameras)}), got {len(devices)}')
    if PLACE not in value(context, 'image'):
        raise RuntimeError(f'image: must hold {PLACE}, else all cameras have one topic')
    space = value(context, 'namespace').strip('/')
    images = {camera: value(context, 'image').replace(PLACE, camera) for camera in cameras}
    actions = []
    for camera, device in zip(cameras, devices, strict=False):
        inner = '/'.join(filter(None, [space, camera]))
        actions += camera_driver(
            context, device, inner, _absolute(images[camera], space), name=camera)
    if value(context, 'processes') == 'one':
        remappings = [(f'{camera}/image_raw', images[camera]) for camera in cameras]
        return actions + emotion_node(context, remappings, parameters={'camera_names': cameras})
    for camera in cameras:
        actions += emotion_node(
            context, [('image_raw', _absolute(images[camera], space))],
            namespace='/'.join(filter(None, [space, camera])))
    return actions


def _words(context: LaunchContext, name: str) -> list[str]:
    return value(context, name).replace(',', ' ').split()


def _absolute(topic: str, namespace: str) -> str:
    """Return a topic that is relative to a namespace as it is for everybody."""
    return topic if topic.startswith('/') else '/'.join(['', *filter(None, [namespace, topic])])
