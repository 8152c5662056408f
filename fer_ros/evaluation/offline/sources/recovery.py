"""Messages of bag files that were cut off or damaged, read without their index."""

from __future__ import annotations

import bz2
from collections.abc import Iterator
import contextlib
from io import BytesIO
from pathlib import Path
import sqlite3
import struct
from typing import Any

from fer_ros.evaluation.offline.sources.base import Excluded

__all__ = ['recovered_messages']

Found = tuple[str, str, str, int, bytes]
"""Topic, type, definition of the type, nanoseconds of Unix time, data."""

_SQLITE_MISSES = 2000  # ids in a row that cannot be read, after which nothing more is expected


def recovered_messages(
    path: Path, topics: frozenset[str] | None,
) -> Iterator[Found | Excluded]:
    """Yield what can still be read of a file, in the order in which it was written.

    Args:
        path: An `.mcap`, `.db3` or `.bag`.
        topics: The wanted topics, all if None.
    """
    readers = {'.mcap': _mcap, '.db3': _sqlite, '.bag': _bag1}
    try:
        for found in readers[path.suffix](path):
            if isinstance(found, Excluded) or topics is None or found[0] in topics:
                yield found
    except GeneratorExit:
        raise
    except Exception:  # the end of what can be read; the caller tells why
        return


def _mcap(path: Path) -> Iterator[Found]:
    from mcap.records import Channel, Message, Schema
    from mcap.stream_reader import StreamReader

    schemas: dict[int, Schema] = {}
    channels: dict[int, Channel] = {}
    with path.open('rb') as file:
        for record in StreamReader(file).records:
            if isinstance(record, Schema):
                schemas[record.id] = record
            elif isinstance(record, Channel):
                channels[record.id] = record
            elif isinstance(record, Message) and record.channel_id in channels:
                channel = channels[record.channel_id]
                schema = schemas.get(channel.schema_id)
                text = schema.data.decode('utf-8', 'replace') \
                    if schema and schema.encoding == 'ros2msg' else ''
                yield (channel.topic, schema.name if schema else '', text, record.log_time,
                       record.data)


def _sqlite(path: Path) -> Iterator[Found | Excluded]:
    connection = sqlite3.connect(f'file:{path}?immutable=1', uri=True)
    try:
        # Without it SQLite refuses a file that is shorter than its first page says.
        connection.execute('PRAGMA writable_schema = ON')
        topics = {row[0]: (str(row[1]), str(row[2])) for row in connection.execute(
            'SELECT id, name, type FROM topics')}
        definitions: dict[str, str] = {}
        # Bags from before Iron have none, and that page may be lost, too.
        with contextlib.suppress(sqlite3.Error):
            definitions = {row[0]: row[1] for row in connection.execute(
                'SELECT topic_type, encoded_message_definition FROM message_definitions '
                "WHERE encoding = 'ros2msg'")}
        number = misses = lost = 0
        while misses < _SQLITE_MISSES:
            number += 1
            try:
                # One by one: a query over all of them ends at the first lost page.
                row = connection.execute(
                    'SELECT topic_id, timestamp, data FROM messages WHERE id = ?',
                    (number,)).fetchone()
            except sqlite3.Error:
                row = None
            if row is None or row[0] not in topics:
                misses += 1
                continue
            lost += misses
            misses = 0
            topic, kind = topics[row[0]]
            yield topic, kind, definitions.get(kind, ''), row[1], row[2]
        if lost:
            yield Excluded('damaged message', path.name, f'{lost} messages of any topic', 0)
    finally:
        connection.close()


def _bag1(path: Path) -> Iterator[Found]:
    """Read a bag of ROS 1 (format 2.0, wiki.ros.org/Bags/Format/2.0) record by record."""
    with path.open('rb') as file:
        if not file.readline().startswith(b'#ROSBAG V2.0'):
            return
        connections: dict[int, tuple[str, str, str]] = {}
        yield from _records(file, connections)


def _records(
    file: Any, connections: dict[int, tuple[str, str, str]],
) -> Iterator[Found]:
    while True:
        header = _fields(_sized(file))
        body = _sized(file)
        kind = header.get('op', b'\0')[0]
        if kind == 7:  # connection
            inner = _fields(body)
            connections[_number(header['conn'])] = (
                header['topic'].decode(), _type2(inner['type'].decode()),
                inner['message_definition'].decode('utf-8', 'replace'))
        elif kind == 2 and _number(header['conn']) in connections:  # message
            seconds, nanoseconds = struct.unpack('<II', header['time'])
            yield (*connections[_number(header['conn'])], seconds * 10**9 + nanoseconds, body)
        elif kind == 5:  # chunk
            with contextlib.suppress(EOFError):  # the end of the chunk
                yield from _records(
                    BytesIO(_decompressed(body, header['compression'])), connections)


def _decompressed(body: bytes, how: bytes) -> bytes:
    if how == b'bz2':
        return bz2.decompress(body)
    if how == b'lz4':
        import lz4.frame

        return bytes(lz4.frame.decompress(body))
    return body


def _sized(file: Any) -> bytes:
    length = file.read(4)
    if len(length) < 4:
        raise EOFError
    data = file.read(_number(length))
    if len(data) < _number(length):
        raise EOFError
    return bytes(data)


def _fields(data: bytes) -> dict[str, bytes]:
    fields, place = {}, 0
    while place < len(data):
        length = _number(data[place:place + 4])
        name, _, value = data[place + 4:place + 4 + length].partition(b'=')
        fields[name.decode('ascii', 'replace')] = value
        place += 4 + length
    return fields


def _number(data: bytes) -> int:
    return int.from_bytes(data, 'little')


def _type2(name: str) -> str:
    """Return a type's name as ROS 2 has it, which rosbags uses for both."""
    return name if '/msg/' in name else name.replace('/', '/msg/')
