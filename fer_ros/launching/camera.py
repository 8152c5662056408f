"""Camera drivers in a launch file: which are known, and the actions that start one."""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import os
import re
from typing import Any

from launch import LaunchContext, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, LogInfo
from launch_ros.actions import Node

from fer_ros.launching.ending import end_with
from fer_ros.launching.node import respawn, value
from fer_ros.launching.places import is_installed
from fer_ros.nodes.transport import make_room_for_images

__all__ = ['PLACE', 'camera_arguments', 'camera_driver']

OWN = 'video_node'
"""The driver that comes with this package."""

PLACE = 'CAMERA'
"""In arguments for several cameras: the name of each."""


@dataclasses.dataclass(frozen=True)
class _Driver:
    """A camera driver.

    Attributes:
        package: Its ROS package.
        executable: What is started.
        parameters: Returns its parameters for what the user has given: `device`, `size` (width,
            height), `fps`, `frame_id`, `camera_info_url`.
    """

    package: str
    executable: str
    parameters: Callable[[dict[str, Any]], dict[str, Any]]


def _renamed(given: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {names[key]: given[key] for key in names if key in given}


def _usb_cam(given: dict[str, Any]) -> dict[str, Any]:
    width, height = given.get('size', (None, None))
    size = {'image_width': width, 'image_height': height} if width else {}
    return size | _renamed(given, {
        'device': 'video_device', 'fps': 'framerate', 'frame_id': 'frame_id',
        'camera_info_url': 'camera_info_url'})


def _v4l2_camera(given: dict[str, Any]) -> dict[str, Any]:
    size = {'image_size': list(given['size'])} if 'size' in given else {}
    rate = {'time_per_frame': [1000, round(1000 * given['fps'])]} if 'fps' in given else {}
    return size | rate | _renamed(given, {
        'device': 'video_device', 'frame_id': 'camera_frame_id',
        'camera_info_url': 'camera_info_url'})


def _video_node(given: dict[str, Any]) -> dict[str, Any]:
    if 'camera_info_url' in given:
        raise RuntimeError(
            'video_node publishes no camera_info: leave camera_info_url out, or use usb_cam or '
            'v4l2_camera')
    width, height = given.get('size', (None, None))
    size = {'width': width, 'height': height} if width else {}
    return size | _renamed(given, {'device': 'source', 'fps': 'rate', 'frame_id': 'frame_id'})


DRIVERS = {
    'usb_cam': _Driver('usb_cam', 'usb_cam_node_exe', _usb_cam),
    'v4l2_camera': _Driver('v4l2_camera', 'v4l2_camera_node', _v4l2_camera),
    OWN: _Driver('fer_ros', 'video_node', _video_node),
}
"""In order of preference."""


def camera_arguments(frame_id: str = 'camera') -> list[DeclareLaunchArgument]:
    """Return the arguments of a driver, but for the device."""
    return [
        DeclareLaunchArgument(
            'camera_driver', default_value='auto', choices=['auto', *DRIVERS],
            description='Who reads the camera: usb_cam or v4l2_camera, if installed, or '
                        'video_node of fer_ros; auto: the first of them that is there'),
        DeclareLaunchArgument(
            'size', default_value='',
            description='Width and height of the images, such as 640x480; empty: as the driver '
                        'has it'),
        DeclareLaunchArgument(
            'fps', default_value='', description='Images a second; empty: as the driver has it'),
        DeclareLaunchArgument(
            'frame_id', default_value=frame_id,
            description="Frame of the images' headers: the camera's optical frame"),
        DeclareLaunchArgument(
            'camera_info_url', default_value='',
            description='Calibration of the camera, such as file:///home/me/camera.yaml; empty: '
                        'none'),
        DeclareLaunchArgument(
            'camera_params_file', default_value='',
            description='Further parameters of the driver; empty: none'),
    ]


def camera_driver(
    context: LaunchContext, device: str, namespace: str, image: str, name: str = '',
) -> list[LaunchDescriptionEntity]:
    """Return the actions that start the driver of a camera; with it the launch ends.

    Args:
        context: With the arguments of `camera_arguments` and of the node.
        device: The camera; for `video_node` also a video, a folder, or an image.
        namespace: Of the driver.
        image: Topic of the images; `camera_info` stands beside it.
        name: Of the camera; stands where an argument has `CAMERA`.

    Raises:
        RuntimeError: The driver is not installed, or an argument is malformed.
    """
    def get(argument: str) -> str:
        return value(context, argument)

    chosen = _chosen(get('camera_driver'))
    given: dict[str, Any] = {
        'device': device, 'frame_id': get('frame_id').replace(PLACE, name),
        'camera_info_url': get('camera_info_url').replace(PLACE, name)}
    if get('size'):
        given['size'] = _size(get('size'))
    if get('fps'):
        given['fps'] = _fps(get('fps'))
    driver = DRIVERS[chosen]
    parameters = driver.parameters({key: what for key, what in given.items() if what})
    files = [get('camera_params_file')] if get('camera_params_file') else []
    life = respawn(context)
    environment = dict(os.environ)
    make_room_for_images(environment)
    missing = ''
    if chosen == OWN and get('camera_driver') == 'auto':
        missing = (' (neither usb_cam nor v4l2_camera is installed; for one: '
                   'apt install ros-$ROS_DISTRO-usb-cam)')
    return [
        LogInfo(msg=f'camera driver: {chosen}, device: {device}{missing}'),
        Node(
            package=driver.package, executable=driver.executable, name='camera', output='screen',
            additional_env=dict(environment.items() - os.environ.items()), namespace=namespace,
            parameters=[*files, parameters], **life,
            remappings=[
                ('image_raw', image), ('image_raw/compressed', f'{image}/compressed'),
                ('camera_info', _beside(image, 'camera_info'))],
            on_exit=None if life['respawn'] else end_with('the camera driver')),
    ]


def _beside(topic: str, name: str) -> str:
    """Return the topic beside another: that of `/camera/image_raw` is `/camera/NAME`."""
    head, slash, _ = topic.rpartition('/')
    return f'{head}{slash}{name}'


def _chosen(driver: str) -> str:
    """Return the name of the driver to start."""
    if driver == 'auto':
        return next(name for name in DRIVERS if is_installed(DRIVERS[name].package))
    if not is_installed(DRIVERS[driver].package):
        raise RuntimeError(
            f'{driver} is not installed: apt install ros-$ROS_DISTRO-{driver.replace("_", "-")}, '
            f'or camera_driver:={OWN}')
    return driver


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r'([1-9]\d{0,4})x([1-9]\d{0,4})', text)
    if not match:
        raise RuntimeError(f'size: must be like 640x480, got {text!r}')
    return int(match[1]), int(match[2])


def _fps(text: str) -> float:
    try:
        fps = float(text)
    except ValueError:
        fps = 0.0
    if not 0 < fps <= 1000:
        raise RuntimeError(f'fps: must be images a second, up to 1000, got {text!r}')
    return fps
