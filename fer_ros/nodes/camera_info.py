"""sensor_msgs/CameraInfo to the calibration of the images that come with it."""

from __future__ import annotations

from sensor_msgs.msg import CameraInfo

from fer_ros.core.errors import ConfigError
from fer_ros.core.position import Intrinsics

__all__ = ['info_topic', 'intrinsics']


def info_topic(image_topic: str) -> str:
    """Return where image_transport expects the calibration of an image topic: beside it."""
    return f'{image_topic.rpartition("/")[0]}/camera_info'


def intrinsics(info: CameraInfo, width: int, height: int, *, rectified: bool) -> Intrinsics:
    """Return the calibration of images.

    Args:
        info: What the camera says; its binning and its region of interest are heeded.
        width: Of the images, in pixels.
        height: Of the images, in pixels.
        rectified: Whether the images are rectified, and so the matrix P holds for them.

    Raises:
        ConfigError: The camera is not calibrated, by a model that is not known, or for images of
            another size.
    """
    bin_x, bin_y = max(1, info.binning_x), max(1, info.binning_y)
    size = (info.roi.width or info.width) // bin_x, (info.roi.height or info.height) // bin_y
    if size != (width, height):
        raise ConfigError(
            f'camera_info is for images of {size[0]}x{size[1]} pixels, they have '
            f'{width}x{height}')
    if rectified:
        fx, fy, cx, cy = info.p[0], info.p[5], info.p[2], info.p[6]
    else:
        fx, fy, cx, cy = info.k[0], info.k[4], info.k[2], info.k[5]
    return Intrinsics(
        width, height, float(fx) / bin_x, float(fy) / bin_y,
        (float(cx) - info.roi.x_offset + 0.5) / bin_x - 0.5,
        (float(cy) - info.roi.y_offset + 0.5) / bin_y - 0.5,
        '' if rectified else info.distortion_model,
        () if rectified else tuple(map(float, info.d)))
