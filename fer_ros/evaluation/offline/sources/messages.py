"""Serialized messages of bags to images, results and labels, without ROS."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.core.image import to_bgr
from fer_ros.core.resources import resource_folders
from fer_ros.core.types import FaceEmotion, FrameResult, Image
from fer_ros.evaluation.offline.sources.storage import Channel, RawMessage

__all__ = ['as_cdr', 'COMPRESSED', 'deserialize', 'IMAGE', 'message_types', 'pixels_of', 'RESULTS',
           'result_of', 'stamp_of', 'TEXT', 'typestore']

IMAGE = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
RESULTS = 'fer_msgs/msg/EmotionArray'
TEXT = 'std_msgs/msg/String'


def deserialize(message: RawMessage) -> Any:
    """Return a message with its fields.

    Raises:
        ImageError: Its bytes are no message of its type.
    """
    channel = message.channel
    try:
        store = typestore(channel)
        if channel.ros1:
            return store.deserialize_ros1(message.data, channel.kind)
        return store.deserialize_cdr(message.data, channel.kind)
    except Exception as error:  # rosbags lets errors of NumPy and struct through
        raise ImageError(
            f'a message of {len(message.data)} bytes is no {channel.kind}: {error}') from None


def as_cdr(message: RawMessage) -> bytes:
    """Return the bytes of a message as ROS 2 serializes it."""
    if not message.channel.ros1:
        return message.data
    # The store of ROS 2 knows how its Header differs from that of ROS 1.
    store = typestore(dataclasses.replace(message.channel, ros1=False))
    return bytes(store.ros1_to_cdr(message.data, message.channel.kind))


@lru_cache(maxsize=32)
def typestore(channel: Channel) -> Any:
    """Return what knows the types that a topic's messages consist of."""
    from rosbags.typesys import get_types_from_msg, get_typestore, Stores

    store = get_typestore(Stores.ROS1_NOETIC if channel.ros1 else Stores.ROS2_JAZZY)
    if channel.kind not in store.fielddefs:
        types = get_types_from_msg(channel.definition, channel.kind) if channel.definition \
            else message_types()
        store.register({name: fields for name, fields in types.items()
                        if name not in store.fielddefs})
    return store


def message_types() -> dict[str, Any]:
    """Return the types of fer_msgs, and those of vision_msgs that it goes with.

    Raises:
        ConfigError: The definitions are not installed.
    """
    from rosbags.typesys import get_types_from_msg

    types: dict[str, Any] = {}
    for package, folder in _definitions():
        for file in sorted(folder.glob('*.msg')):
            types.update(get_types_from_msg(
                file.read_text(encoding='utf-8'), f'{package}/msg/{file.stem}'))
    return types


def _definitions() -> list[tuple[str, Path]]:
    found = []
    for package, name in (('fer_msgs', 'fer_msgs/msg'),
                          ('vision_msgs', 'interfaces/vision_msgs/msg')):
        folders = resource_folders(name)
        if not folders:
            raise ConfigError(f'the definitions of {package} are not installed; they come with '
                              'the package, in share/fer_ros')
        found.append((package, folders[0]))
    return found


def stamp_of(message: Any) -> float:
    """Return the stamp of a message's header in seconds, as the node takes it."""
    stamp = message.header.stamp
    return float(stamp.sec + stamp.nanosec * 1e-9)


def pixels_of(message: Any, kind: str) -> Image:
    """Return (H, W, 3) BGR of an image message.

    Raises:
        ImageError: The image is malformed.
    """
    return compressed_to_bgr(message) if kind == COMPRESSED else to_bgr(message)


def result_of(message: Any) -> FrameResult:
    """Return what an EmotionArray says.

    Raises:
        ImageError: A field is out of its range.
    """
    try:
        return FrameResult(
            labels=tuple(message.class_labels), width=message.image_width,
            height=message.image_height, stamp=stamp_of(message),
            faces=tuple(_face(emotion) for emotion in message.emotions))
    except ValueError as error:
        raise ImageError(f'a recorded result is malformed: {error}') from None


def _face(emotion: Any) -> FaceEmotion:
    region = emotion.region
    return FaceEmotion(
        box=(float(region.x_offset), float(region.y_offset), float(region.width),
             float(region.height)),
        score=float(emotion.detection_score), landmarks=None, track_id=int(emotion.track_id),
        track_age=float(emotion.track_age.sec + emotion.track_age.nanosec * 1e-9),
        label=str(emotion.label), confidence=float(emotion.confidence),
        probabilities=np.array(emotion.probabilities, np.float32),
        raw_probabilities=np.array(emotion.raw_probabilities, np.float32))
