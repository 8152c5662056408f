"""Results and pictures to messages, and result messages back to results."""

from __future__ import annotations

import array
import math

from builtin_interfaces.msg import Duration, Time
import cv2
import numpy as np
from sensor_msgs.msg import CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from fer_msgs.msg import Emotion, EmotionArray
from fer_ros.core.affect import valence_arousal
from fer_ros.core.image import from_bgr
from fer_ros.core.model import Manifest
from fer_ros.core.types import Box, FaceEmotion, FrameResult
from fer_ros.core.types import Image as Pixels

__all__ = [
    'compressed_message', 'emotions_message', 'image_message', 'result_from_message', 'seconds',
]


def seconds(time: Time) -> float:
    """Return a stamp or a duration in seconds."""
    return float(time.sec + time.nanosec * 1e-9)


def emotions_message(result: FrameResult, header: Header, manifest: Manifest) -> EmotionArray:
    """Return a result as EmotionArray.

    Args:
        result: What the pipeline found.
        header: Header of the image; used as it is.
        manifest: Manifest of the model that classified.
    """
    return EmotionArray(
        header=header, image_width=result.width, image_height=result.height,
        class_labels=list(result.labels), model_name=manifest.name,
        model_version=manifest.version,
        processing_time=_duration(result.timings.get('total', 0.0)),
        emotions=[_emotion(face, result) for face in result.faces])


def result_from_message(message: EmotionArray) -> FrameResult:
    """Return what an EmotionArray says, as the result that it was made from.

    Boxes are cut to the image, there are no landmarks, and of the timings only `total` is left.

    Raises:
        ValueError: A field is out of its range.
    """
    return FrameResult(
        labels=tuple(message.class_labels),
        faces=tuple(_face(emotion) for emotion in message.emotions),
        width=message.image_width, height=message.image_height,
        stamp=seconds(message.header.stamp),
        timings={'total': seconds(message.processing_time)})


def image_message(bgr: Pixels, header: Header) -> Image:
    """Return (H, W, 3) uint8 BGR as a `bgr8` message."""
    fields = from_bgr(bgr)
    message = Image(
        header=header, width=fields.width, height=fields.height, encoding=fields.encoding,
        is_bigendian=fields.is_bigendian, step=fields.step)
    # rclpy takes an array over as it is; from other types it copies value by value.
    message.data = array.array('B', fields.data)
    return message


def compressed_message(bgr: Pixels, header: Header, quality: int) -> CompressedImage:
    """Return (H, W, 3) uint8 BGR as a JPEG message of `quality` in [1, 100]."""
    _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    # The format as image_transport writes it.
    message = CompressedImage(header=header, format='bgr8; jpeg compressed bgr8')
    message.data = array.array('B', data.tobytes())
    return message


def _duration(value: float) -> Duration:
    nanoseconds = max(0, round(value * 1e9))
    return Duration(sec=nanoseconds // 10**9, nanosec=nanoseconds % 10**9)


def _emotion(face: FaceEmotion, result: FrameResult) -> Emotion:
    valence, arousal = valence_arousal(result.labels, face.probabilities)
    return Emotion(
        track_id=face.track_id, track_age=_duration(face.track_age),
        region=_region(face.box, result.width, result.height),
        detection_score=face.score, label=face.label, confidence=face.confidence,
        probabilities=array.array('f', face.probabilities),
        raw_probabilities=array.array('f', face.raw_probabilities),
        valence=valence, arousal=arousal)


def _region(box: Box, width: int, height: int) -> RegionOfInterest:
    """Return the pixels of a box that lie in the image, at least one."""
    left = min(max(0, round(box[0])), width - 1)
    top = min(max(0, round(box[1])), height - 1)
    right = min(max(left + 1, round(box[0] + box[2])), width)
    bottom = min(max(top + 1, round(box[1] + box[3])), height)
    return RegionOfInterest(
        x_offset=left, y_offset=top, width=right - left, height=bottom - top)


def _face(emotion: Emotion) -> FaceEmotion:
    region = emotion.region
    if not math.isfinite(emotion.confidence):
        raise ValueError(f'confidence must be finite, got {emotion.confidence}')
    return FaceEmotion(
        box=(float(region.x_offset), float(region.y_offset), float(region.width),
             float(region.height)),
        score=emotion.detection_score, landmarks=None, track_id=emotion.track_id,
        track_age=seconds(emotion.track_age), label=emotion.label,
        confidence=emotion.confidence,
        probabilities=np.array(emotion.probabilities, np.float32),
        raw_probabilities=np.array(emotion.raw_probabilities, np.float32))
