"""The messages of bag files of every kind, damaged ones too, by `rosbags` and without ROS."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import dataclasses
from pathlib import Path
import tempfile
from typing import Any

from fer_ros.core.errors import ConfigError, SourceError
from fer_ros.core.sources import natural_key
from fer_ros.evaluation.offline.sources.base import Excluded
from fer_ros.evaluation.offline.sources.recovery import recovered_messages

__all__ = ['BagFiles', 'Channel', 'RawMessage', 'raw_messages']

_SUFFIXES = ('.mcap', '.db3', '.bag')
_PACKED = ('.zstd', '.zst')
_ZSTD = b'\x28\xb5\x2f\xfd'
"""First bytes of a zstd frame (RFC 8878, 3.1.1); no serialized ROS message begins like that."""


@dataclasses.dataclass(frozen=True)
class Channel:
    """A topic of a bag.

    Attributes:
        topic: Its name.
        kind: Type of its messages, such as `sensor_msgs/msg/Image`.
        definition: Text of the type's definition in ROS's msg format, empty if the bag has none.
        ros1: Whether messages are serialized as by ROS 1.
    """

    topic: str
    kind: str
    definition: str = ''
    ros1: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class RawMessage:
    """A serialized message.

    Attributes:
        channel: Its topic.
        logged: When the recorder got it, in nanoseconds of Unix time.
        data: Its bytes.
    """

    channel: Channel
    logged: int
    data: bytes


class BagFiles:
    """The files of one bag.

    Attributes:
        path: What the user named: a folder or a file.
        files: The files with messages, in order of time.
        metadata: Content of `metadata.yaml`, empty if it is missing or damaged.
        missing: Files that `metadata.yaml` names and that are not there.
    """

    def __init__(self, path: Path) -> None:
        """Find the files.

        Raises:
            ConfigError: There is no bag.
            SourceError: The bag holds no file with messages.
        """
        self.path = path
        self.metadata: dict[str, Any] = {}
        self.missing: tuple[Path, ...] = ()
        if not path.exists():
            raise ConfigError(f'{path}: no such bag')
        if path.is_file():
            if not _is_storage(path):
                raise ConfigError(f'{path}: not a bag by its suffix; expected a folder, or '
                                  f'{", ".join(_SUFFIXES)}')
            self.files: tuple[Path, ...] = (path,)
            return
        self.metadata = _read_metadata(path / 'metadata.yaml')
        named = [path / Path(name).name for name in self.metadata.get('relative_file_paths', [])]
        found = sorted((p for p in path.iterdir() if _is_storage(p)),
                       key=lambda p: natural_key(p.name))
        self.missing = tuple(file for file in named if file not in found)
        self.files = tuple([file for file in named if file in found] or found)
        if not self.files:
            raise SourceError(f'{path}: no bag in this folder (no {", ".join(_SUFFIXES)})')

    @property
    def name(self) -> str:
        """Name of the bag for people."""
        return self.path.resolve().name

    def expected(self, topic: str) -> int | None:
        """Return how many messages a topic has by the metadata, None if they do not tell."""
        for entry in self.metadata.get('topics_with_message_count', []):
            if entry['topic_metadata']['name'] == topic:
                return int(entry['message_count'])
        return None

    def messages(self, topics: frozenset[str] | None = None) -> Iterator[RawMessage | Excluded]:
        """Yield the messages of these topics, all if None, file after file."""
        for file in self.missing:
            yield Excluded('missing file', file.name, f'{self.path}: metadata.yaml names it')
        for file in self.files:
            yield from raw_messages(file, topics)

    def channels(self) -> dict[str, Channel]:
        """Return the topics of the bag by name, as far as its files can be read."""
        found: dict[str, Channel] = {}
        for file in self.files:
            for channel in _channels(file):
                found.setdefault(channel.topic, channel)
        for entry in self.metadata.get('topics_with_message_count', []):
            topic, kind = entry['topic_metadata']['name'], entry['topic_metadata']['type']
            found.setdefault(topic, Channel(topic, kind))
        return dict(sorted(found.items()))


def raw_messages(file: Path, topics: frozenset[str] | None) -> Iterator[RawMessage | Excluded]:
    """Yield the messages of one file in order of time; what cannot be read is told."""
    with _unpacked(file) as (path, torn):
        last, failure = -1, ''
        try:
            with _open(path) as reader:
                wanted = [c for c in reader.connections if topics is None or c.topic in topics]
                if wanted:
                    for connection, logged, data in reader.messages(wanted):
                        yield RawMessage(_channel(connection, path), logged, _inflated(data))
                        last = logged
        except GeneratorExit:
            raise
        except Exception as error:  # every reader has errors of its own
            failure = str(error) or type(error).__name__
        if failure:
            # Once more without the index, from where it failed.
            for message in recovered_messages(path, topics):
                if isinstance(message, Excluded):
                    yield message
                    continue
                topic, kind, definition, logged, data = message
                if logged > last:
                    yield RawMessage(
                        Channel(topic, kind, definition, path.suffix == '.bag'), logged,
                        _inflated(data))
            yield Excluded('damaged file', file.name, failure, 0)
        if torn:
            yield Excluded('damaged file', file.name, torn, 0)


def _is_storage(path: Path) -> bool:
    suffixes = path.suffixes[-2:]
    return path.suffix in _SUFFIXES or (
        path.suffix in _PACKED and len(suffixes) == 2 and suffixes[0] in _SUFFIXES)


def _read_metadata(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding='utf-8'))
        information = dict(content['rosbag2_bagfile_information'])
        # Whoever asks for a count later must not fail.
        for entry in information.get('topics_with_message_count') or []:
            int(entry['message_count']), entry['topic_metadata']['name'], \
                entry['topic_metadata']['type']
    except (OSError, UnicodeError, yaml.YAMLError, KeyError, TypeError, ValueError):
        return {}
    return {key: value for key, value in information.items() if value is not None}


def _open(path: Path) -> Any:
    if path.suffix == '.bag':
        from rosbags.rosbag1 import Reader as Reader1

        return Reader1(path)
    from rosbags.rosbag2 import Reader as Reader2

    return Reader2(path)


def _channels(file: Path) -> list[Channel]:
    with _unpacked(file) as (path, _):
        try:
            with _open(path) as reader:
                return [_channel(connection, path) for connection in reader.connections]
        except Exception:  # every reader has errors of its own
            found = {}
            for message in recovered_messages(path, None):
                if not isinstance(message, Excluded):
                    topic, kind, definition, _, _ = message
                    found[topic] = Channel(topic, kind, definition, path.suffix == '.bag')
            return list(found.values())


def _channel(connection: Any, path: Path) -> Channel:
    definition = connection.msgdef
    text = definition.data if definition.format.name == 'MSG' else ''
    return Channel(connection.topic, connection.msgtype, text, path.suffix == '.bag')


def _inflated(data: Any) -> bytes:
    """Undo the compression of single messages."""
    message = bytes(data)
    if message[:4] != _ZSTD:
        return message
    import zstandard

    return bytes(zstandard.ZstdDecompressor().decompressobj().decompress(message))


@contextlib.contextmanager
def _unpacked(file: Path) -> Iterator[tuple[Path, str]]:
    """Yield the file, unpacked into a temporary folder if it is compressed as a whole."""
    if file.suffix not in _PACKED:
        yield file, ''
        return
    import zstandard

    with tempfile.TemporaryDirectory(prefix='fer_bag_') as folder:
        target, torn = Path(folder) / file.stem, ''
        with file.open('rb') as packed, target.open('wb') as plain:
            try:
                reader = zstandard.ZstdDecompressor().stream_reader(packed)
                while chunk := reader.read(1 << 20):
                    plain.write(chunk)
            except zstandard.ZstdError as error:
                torn = f'the compressed file is damaged: {error}'
        yield target, torn
