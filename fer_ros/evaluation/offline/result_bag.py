"""A bag with everything that a recording held, and beside each image what was found in it.

MCAP with its schemas, which RViz, Foxglove and `ros2 bag` read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import os
from pathlib import Path
import shutil
import tempfile
from typing import Any

import cv2
import numpy as np

from fer_ros.core.affect import valence_arousal
from fer_ros.core.annotate import draw
from fer_ros.core.errors import ConfigError
from fer_ros.core.model import Manifest
from fer_ros.core.types import FaceEmotion, FrameResult, Image, UNKNOWN
from fer_ros.evaluation.offline.annotated import answered_frames
from fer_ros.evaluation.offline.sources.bag import BagUnit
from fer_ros.evaluation.offline.sources.base import Excluded, Selection
from fer_ros.evaluation.offline.sources.messages import (
    as_cdr,
    COMPRESSED,
    deserialize,
    message_types,
    RESULTS,
)
from fer_ros.evaluation.offline.sources.storage import BagFiles, Channel

__all__ = ['bag_types', 'write_result_bag']

_DETECTIONS = 'vision_msgs/msg/Detection2DArray'
_JPEG_QUALITY = 90


def write_result_bag(
    units: Sequence[BagUnit], folder: Path, selection: Selection, manifest: Manifest, path: Path,
    step: Callable[[], object],
) -> list[str]:
    """Write a bag.

    For images on `/camera/image_raw` there are `/camera/fer/emotions`, `/camera/fer/detections`
    and `/camera/fer/image_annotated/compressed`.

    Args:
        units: The evaluated topics of one bag.
        folder: Where the records lie.
        selection: Of the run.
        manifest: Of the model.
        path: Folder of the new bag.
        step: Called after each message.

    Returns:
        Topics that could not be taken over, since the bag does not define their types.

    Raises:
        ConfigError: The new bag would lie in the place of the old one.
    """
    if path.resolve() == units[0].path.resolve():
        raise ConfigError(f'{path}: the new bag would overwrite its source')
    # The files of a bag are called like its folder, so that must have its name from the start.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix='.') as partial:
        made = Path(partial) / path.name
        lost = _write(units, folder, selection, manifest, made, step)
        shutil.rmtree(path, ignore_errors=True)
        os.replace(made, path)
    return lost


def _write(
    units: Sequence[BagUnit], folder: Path, selection: Selection, manifest: Manifest, path: Path,
    step: Callable[[], object],
) -> list[str]:
    from rosbags.rosbag2 import StoragePlugin, Writer

    bag = BagFiles(units[0].path)
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        results = {unit.stream: _Results(writer, unit, folder, selection, manifest)
                   for unit in units}
        connections: dict[str, Any] = {}
        lost = []
        for topic, channel in bag.channels().items():
            connection = _copy(writer, channel)
            if connection is None:
                lost.append(topic)
            else:
                connections[topic] = connection
        for message in bag.messages(frozenset(connections)):
            if isinstance(message, Excluded):
                continue
            topic = message.channel.topic
            writer.write(connections[topic], message.logged, as_cdr(message))
            if topic in results:
                results[topic].after(message.logged, message)
            step()
    return lost


def _copy(writer: Any, channel: Channel) -> Any:
    """Return a connection of the new bag for a topic of the old one, None if it is unknown."""
    store = bag_types()
    if channel.kind not in store.fielddefs:
        if not channel.definition:
            return None
        from rosbags.typesys import get_types_from_msg

        types = get_types_from_msg(channel.definition, channel.kind)
        store.register({k: v for k, v in types.items() if k not in store.fielddefs})
    return writer.add_connection(channel.topic, channel.kind, typestore=store)


def bag_types() -> Any:
    """Return rosbags' store of the message types of ROS 2 and of this package."""
    from rosbags.typesys import get_typestore, Stores

    store = get_typestore(Stores.ROS2_JAZZY)
    store.register({k: v for k, v in message_types().items() if k not in store.fielddefs})
    return store


class _Results:
    """Writes what was found beside the images of one topic."""

    def __init__(
        self, writer: Any, unit: BagUnit, folder: Path, selection: Selection, manifest: Manifest,
    ) -> None:
        self._writer, self._manifest, self._unit = writer, manifest, unit
        self._store, self._index = bag_types(), -1
        base = f'{unit.stream.removesuffix("/compressed").rsplit("/", 1)[0]}/fer'
        self._topics = [
            (kind, writer.add_connection(f'{base}/{name}', kind, typestore=self._store))
            for name, kind in (('emotions', RESULTS), ('detections', _DETECTIONS),
                               ('image_annotated/compressed', COMPRESSED))]
        self._answers = answered_frames(unit, folder, selection)
        self._next = next(self._answers, None)

    def after(self, logged: int, raw: Any) -> None:
        """Write the results of an image that was written just now."""
        self._index += 1
        if self._next is None or self._next[0].index != self._index:
            return
        frame, result = self._next
        header = self._header(deserialize(raw))
        assert frame.bgr is not None
        messages = (self._emotions(result, header), self._detections(result, header),
                    self._picture(draw(frame.bgr, result), header))
        for (kind, connection), message in zip(self._topics, messages, strict=True):
            self._writer.write(connection, logged, self._store.serialize_cdr(message, kind))
        self._next = next(self._answers, None)

    def _make(self, kind: str, **fields: Any) -> Any:
        return self._store.types[kind](**fields)

    def _header(self, message: Any) -> Any:
        stamp = message.header.stamp
        time = self._make('builtin_interfaces/msg/Time', sec=stamp.sec, nanosec=stamp.nanosec)
        return self._make('std_msgs/msg/Header', frame_id=message.header.frame_id, stamp=time)

    def _emotions(self, result: FrameResult, header: Any) -> Any:
        return self._make(
            RESULTS, header=header, image_width=result.width, image_height=result.height,
            class_labels=list(result.labels), model_name=self._manifest.name,
            model_version=self._manifest.version, processing_time=self._nothing(),
            emotions=[self._emotion(face, result) for face in result.faces])

    def _emotion(self, face: FaceEmotion, result: FrameResult) -> Any:
        valence, arousal = valence_arousal(result.labels, face.probabilities)
        left, top = max(0, round(face.box[0])), max(0, round(face.box[1]))
        right = min(result.width, round(face.box[0] + face.box[2]))
        bottom = min(result.height, round(face.box[1] + face.box[3]))
        return self._make(
            'fer_msgs/msg/Emotion', track_id=face.track_id, track_age=self._nothing(),
            region=self._make(
                'sensor_msgs/msg/RegionOfInterest', x_offset=left, y_offset=top,
                width=max(1, right - left), height=max(1, bottom - top), do_rectify=False),
            detection_score=face.score, label=face.label, confidence=face.confidence,
            probabilities=face.probabilities, raw_probabilities=face.raw_probabilities,
            valence=valence, arousal=arousal)

    def _detections(self, result: FrameResult, header: Any) -> Any:
        return self._make(
            _DETECTIONS, header=header,
            detections=[self._detection(face, result, header) for face in result.faces])

    def _detection(self, face: FaceEmotion, result: FrameResult, header: Any) -> Any:
        scores = [(UNKNOWN, face.confidence)] if face.label == UNKNOWN else sorted(
            zip(result.labels, face.probabilities.tolist(), strict=True), key=lambda p: -p[1])
        point = self._make('vision_msgs/msg/Point2D', x=face.box[0] + face.box[2] / 2,
                           y=face.box[1] + face.box[3] / 2)
        return self._make(
            'vision_msgs/msg/Detection2D', header=header,
            id=str(face.track_id) if face.track_id else '',
            bbox=self._make(
                'vision_msgs/msg/BoundingBox2D', size_x=face.box[2], size_y=face.box[3],
                center=self._make('vision_msgs/msg/Pose2D', position=point, theta=0.0)),
            results=[self._make(
                'vision_msgs/msg/ObjectHypothesisWithPose', pose=self._pose(),
                hypothesis=self._make(
                    'vision_msgs/msg/ObjectHypothesis', class_id=label, score=float(score)))
                for label, score in scores])

    def _pose(self) -> Any:
        return self._make(
            'geometry_msgs/msg/PoseWithCovariance', covariance=np.zeros(36),
            pose=self._make(
                'geometry_msgs/msg/Pose',
                position=self._make('geometry_msgs/msg/Point', x=0.0, y=0.0, z=0.0),
                orientation=self._make(
                    'geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0)))

    def _picture(self, bgr: Image, header: Any) -> Any:
        _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return self._make(
            COMPRESSED, header=header, format='bgr8; jpeg compressed bgr8', data=data.ravel())

    def _nothing(self) -> Any:
        return self._make('builtin_interfaces/msg/Duration', sec=0, nanosec=0)

