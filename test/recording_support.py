"""Recordings of a moving face with labels, made for the tests of the offline evaluation."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from fer_ros.core.demo_clip import DEMO_FPS, demo_frames

__all__ = [
    'BEGIN', 'IMAGES', 'TIMELINE', 'frames', 'image_messages', 'write_bag', 'write_bag1',
    'write_timeline',
]

IMAGES = '/camera/image_raw'
BEGIN = 1_700_000_000.25  # seconds of Unix time of the first image
_INFO = 'sensor_msgs/msg/CameraInfo'
TIMELINE = (
    (0.0, 2.0, 'happiness'), (2.0, 4.0, 'neutral'), (4.0, 4.6, 'happiness'),
    (7.4, 9.0, 'happiness'))
"""Start, end, emotion; between them the camera looks away. Some are wrong on purpose."""


def frames(every: int = 1, size: tuple[int, int] = (320, 240)) -> list[tuple[float, np.ndarray]]:
    """Return seconds and (H, W, 3) BGR of a face that a camera moves over."""
    return [(index / DEMO_FPS, image) for index, image in enumerate(demo_frames(size=size))
            if index % every == 0]


def write_timeline(path: Path, rows=TIMELINE, columns: str = 'start,end,emotion') -> Path:
    """Write a timeline as CSV."""
    path.write_text('\n'.join([columns, *(','.join(map(str, row)) for row in rows)]) + '\n')
    return path


def write_bag(
    path: Path, images, *, storage: str = 'mcap', compression: str = '', split: int = 0,
    compressed: bool = False, stamped: bool = True, labels=(), topic: str = IMAGES,
    extra: str = '', calibrated: bool = False,
) -> Path:
    """Write a bag of ROS 2.

    Args:
        path: Its folder.
        images: Seconds and pictures.
        storage: `mcap` or `sqlite3`.
        compression: Empty, `file`, `message`, or `storage` (chunks of MCAP).
        split: Number of images a file, 0 for one file.
        compressed: Whether images are JPEGs.
        stamped: Whether headers have stamps.
        labels: Seconds and words for `/labels`.
        topic: Of the images.
        extra: A second topic with the same images.
        calibrated: Whether a camera_info comes beside each image.
    """
    parts = [images[i:i + split] for i in range(0, len(images), split)] if split else [images]
    folders = []
    for number, part in enumerate(parts):
        folder = path if not split else path.with_name(f'{path.name}_{number}')
        _write(folder, part, storage, compression, compressed, stamped,
               labels if number == 0 else (), topic, extra, calibrated)
        folders.append(folder)
    if split:
        _join(path, folders)
    return path


def _store():
    from rosbags.typesys import get_typestore, Stores

    return get_typestore(Stores.ROS2_JAZZY)


def image_messages(store, images, compressed=False, stamped=True):
    """Yield nanoseconds and message of each image."""
    types = store.types
    for seconds, bgr in images:
        nanoseconds = round((BEGIN + seconds) * 1e9)
        stamp = types['builtin_interfaces/msg/Time'](
            sec=nanoseconds // 10**9 if stamped else 0,
            nanosec=nanoseconds % 10**9 if stamped else 0)
        header = types['std_msgs/msg/Header'](stamp=stamp, frame_id='camera')
        if compressed:
            _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, 98])
            yield nanoseconds, types['sensor_msgs/msg/CompressedImage'](
                header=header, format='bgr8; jpeg compressed bgr8', data=data.ravel())
        else:
            height, width = bgr.shape[:2]
            yield nanoseconds, types['sensor_msgs/msg/Image'](
                header=header, height=height, width=width, encoding='bgr8', is_bigendian=0,
                step=3 * width, data=bgr.ravel())


def _write(
    folder, images, storage, compression, compressed, stamped, labels, topic, extra, calibrated,
):
    from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer

    store = _store()
    writer = Writer(folder, version=9, storage_plugin=StoragePlugin[storage.upper()])
    if compression:
        writer.set_compression(CompressionMode[compression.upper()], CompressionFormat.ZSTD)
    kind = f'sensor_msgs/msg/{"CompressedImage" if compressed else "Image"}'
    with writer:
        connections = [writer.add_connection(name, kind, typestore=store)
                       for name in (topic, extra) if name]
        info = writer.add_connection(
            f'{topic.rpartition("/")[0]}/camera_info', _INFO, typestore=store,
        ) if calibrated else None
        for nanoseconds, message in image_messages(store, images, compressed, stamped):
            if info is not None:
                writer.write(info, nanoseconds, store.serialize_cdr(
                    _camera_info(store, message.header, *images[0][1].shape[:2]), _INFO))
            for connection in connections:
                writer.write(connection, nanoseconds, store.serialize_cdr(message, kind))
        if labels:
            text = writer.add_connection('/labels', 'std_msgs/msg/String', typestore=store)
            for seconds, word in labels:
                message = store.types['std_msgs/msg/String'](data=word)
                writer.write(text, round((BEGIN + seconds) * 1e9),
                             store.serialize_cdr(message, 'std_msgs/msg/String'))


def _camera_info(store, header, height, width):
    """Return the calibration of a camera without distortion that sees 53 degrees."""
    focus, x, y = float(width), width / 2 - 0.5, height / 2 - 0.5
    return store.types[_INFO](
        header=header, height=height, width=width, distortion_model='plumb_bob', d=np.zeros(5),
        k=np.array([focus, 0, x, 0, focus, y, 0, 0, 1]), r=np.eye(3).ravel(),
        p=np.array([focus, 0, x, 0, 0, focus, y, 0, 0, 0, 1, 0]), binning_x=0, binning_y=0,
        roi=store.types['sensor_msgs/msg/RegionOfInterest'](
            x_offset=0, y_offset=0, height=0, width=0, do_rectify=False))


def _join(path, folders):
    """Make one split bag of several, as the recorder writes it."""
    import yaml

    path.mkdir()
    whole = None
    for number, folder in enumerate(folders):
        information = yaml.safe_load((folder / 'metadata.yaml').read_text())
        part = information['rosbag2_bagfile_information']
        name = part['relative_file_paths'][0]
        target = f'{path.name}_{number}{"".join(Path(name).suffixes)}'
        (folder / name).rename(path / target)
        if whole is None:
            whole = information
            total = part
            total['relative_file_paths'] = [target]
            continue
        total['relative_file_paths'].append(target)
        total['message_count'] += part['message_count']
        total['topics_with_message_count'][0]['message_count'] += part['message_count']
        total['files'] = []
        total['duration']['nanoseconds'] = part['starting_time']['nanoseconds_since_epoch'] \
            + part['duration']['nanoseconds'] - total['starting_time']['nanoseconds_since_epoch']
    (path / 'metadata.yaml').write_text(yaml.safe_dump(whole))


def write_bag1(path: Path, images, topic: str = IMAGES) -> Path:
    """Write a bag of ROS 1."""
    from rosbags.rosbag1 import Writer
    from rosbags.typesys import get_typestore, Stores

    store = get_typestore(Stores.ROS1_NOETIC)
    types = store.types
    with Writer(path) as writer:
        connection = writer.add_connection(topic, 'sensor_msgs/msg/Image', typestore=store)
        for number, (seconds, bgr) in enumerate(images):
            nanoseconds = round((BEGIN + seconds) * 1e9)
            height, width = bgr.shape[:2]
            message = types['sensor_msgs/msg/Image'](
                header=types['std_msgs/msg/Header'](
                    seq=number, frame_id='camera', stamp=types['builtin_interfaces/msg/Time'](
                        sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)),
                height=height, width=width, encoding='bgr8', is_bigendian=0, step=3 * width,
                data=bgr.ravel())
            writer.write(connection, nanoseconds,
                         store.serialize_ros1(message, 'sensor_msgs/msg/Image'))
    return path

