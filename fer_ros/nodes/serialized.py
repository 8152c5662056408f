"""A serialized sensor_msgs/Image, read where it lies.

rclpy makes a Python object of a message by copying its pixels twice, which takes longer than
looking for faces in a large image. Here the few fields before the pixels are read, and the pixels
are looked at in the memory that the middleware filled.
"""

from __future__ import annotations

import dataclasses
import struct

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

__all__ = ['SerializedImage', 'read_image']

# Plain CDR, little-endian (OMG DDS-RTPS 2.5, 10.2): what ROS middleware writes on such machines.
_ENCAPSULATION = b'\x00\x01'
_START = 4  # bytes of encapsulation, from whose end alignment counts
_NUMBER = struct.Struct('<I')
_STAMP = struct.Struct('<iI')


@dataclasses.dataclass(frozen=True)
class SerializedImage:
    """The fields of a sensor_msgs/Image.

    Attributes:
        header: Its header.
        height: Height in pixels.
        width: Width in pixels.
        encoding: Name of the encoding.
        is_bigendian: 1 if samples of several bytes have the highest byte first.
        step: Bytes from one row to the next.
        data: The pixels, in the memory of the serialized message.
    """

    header: Header
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: memoryview


def read_image(data: bytes) -> SerializedImage | None:
    """Return the image that a serialized message holds.

    Args:
        data: The message, as a raw subscription gets it.

    Returns:
        The image; None if anything is not as expected, which leaves it to ROS's own code.
    """
    if data[:2] != _ENCAPSULATION:
        return None
    try:
        seconds, nanoseconds = _STAMP.unpack_from(data, _START)
        frame, place = _text(data, _START + _STAMP.size)
        height, place = _number(data, place)
        width, place = _number(data, place)
        encoding, place = _text(data, place)
        bigendian = data[place]
        step, place = _number(data, place + 1)
        length, place = _number(data, place)
    except (struct.error, IndexError, ValueError):  # cut off, or no text
        return None
    # Senders may pad the message to a multiple of four.
    if not 0 <= len(data) - place - length < 4:
        return None
    return SerializedImage(
        Header(stamp=Time(sec=seconds, nanosec=nanoseconds), frame_id=frame), height, width,
        encoding, bigendian, step, memoryview(data)[place:place + length])


def _number(data: bytes, place: int) -> tuple[int, int]:
    place = _aligned(place)
    return int(_NUMBER.unpack_from(data, place)[0]), place + _NUMBER.size


def _text(data: bytes, place: int) -> tuple[str, int]:
    length, place = _number(data, place)
    end = place + length
    # Its end is counted, and stands at its end only; ROS cuts others off there.
    if data.find(b'\0', place, end) != end - 1:
        raise ValueError('not a text')
    return data[place:end - 1].decode(), end


def _aligned(place: int) -> int:
    return place + (_START - place) % 4
