"""A bag of what a graph publishes while a recording is played into it."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any

from fer_ros.core.errors import ConfigError
from fer_ros.evaluation.offline.result_bag import bag_types

__all__ = ['LiveBag']


class LiveBag:
    """A new bag (MCAP) to write serialized messages to; a context manager.

    Args:
        path: Its folder, which must not be there.
        topics: Type of each topic, such as `fer_msgs/msg/EmotionArray`.

    Attributes:
        count: Number of messages written.

    Raises:
        ConfigError: The folder is there, or cannot be made, or a type is unknown.
    """

    def __init__(self, path: Path, topics: dict[str, str]) -> None:
        from rosbags.rosbag2 import StoragePlugin, Writer, WriterError

        store = bag_types()
        for topic, kind in topics.items():
            if kind not in store.fielddefs:
                raise ConfigError(f'{topic} cannot be recorded: its type {kind} is not known')
        try:
            self._writer = Writer(path, version=9, storage_plugin=StoragePlugin.MCAP)
            self._writer.open()
        except (OSError, WriterError) as error:
            raise ConfigError(f'cannot record to {path}: {error}') from error
        self._connections: dict[str, Any] = {
            topic: self._writer.add_connection(topic, kind, typestore=store)
            for topic, kind in topics.items()}
        self.count = 0

    def __enter__(self) -> LiveBag:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()

    def write(self, topic: str, nanoseconds: int, data: bytes) -> None:
        """Write a message of one of the topics, under the time at which it came."""
        self._writer.write(self._connections[topic], nanoseconds, data)
        self.count += 1
