"""What the folders of all models have in common: a manifest, and a network that it vouches for.

A folder holds `manifest.json`, the network file that it names, and `README.md`, the model card.
The manifest is checked field by field, and the sha256 that it gives is compared with the very
bytes that are parsed afterwards, so that a network exchanged or damaged on disk never runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
import hashlib
import json
import math
import os
from pathlib import Path
import stat
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from fer_ros.core.errors import FerError, ModelError
from fer_ros.core.resources import resource_folders, user_path

__all__ = ['BaseManifest', 'common_fields', 'field', 'find_folder', 'installed_folders',
           'is_text', 'load_folder', 'MANIFEST', 'ModelFolder', 'number', 'read_network',
           'SCHEMA', 'task_of']

MANIFEST = 'manifest.json'
SCHEMA = 1
"""Version of the manifest's schema that this code reads."""

_LARGEST_MANIFEST = 2**24  # bytes
_LARGEST_NETWORK = 2**31  # bytes: the format of .tflite holds no more


@dataclasses.dataclass(frozen=True, kw_only=True)
class BaseManifest:
    """What the manifest of every model says, checked.

    Attributes:
        name: Name of the model.
        version: Version of the model.
        license: SPDX identifier of the network's licence.
        description: One or two sentences.
        file: Name of the network file in the folder.
        sha256: Hex digest of the network file.
        parameters: Number of trained parameters.
        network: Options, file and sha256 of the Keras weights in the folder, for fine-tuning and
            explanation; None where there are none. The robot ignores it.
        training: Data sets with their licences, seed, and the command that made the network.
        metrics: Figures of the evaluation, with the data that they were measured on.
    """

    name: str
    version: str
    license: str
    description: str
    file: str
    sha256: str
    parameters: int
    network: Mapping[str, Any] | None
    training: Mapping[str, Any]
    metrics: Mapping[str, Any]


_Kind = TypeVar('_Kind', bound=BaseManifest)


@dataclasses.dataclass(frozen=True)
class ModelFolder(Generic[_Kind]):
    """A verified model folder.

    Attributes:
        manifest: Its manifest.
        folder: Where it lies.
        data: The network's bytes, the same that were hashed.
    """

    manifest: _Kind
    folder: Path
    data: bytes = dataclasses.field(repr=False)


def installed_folders(task: str) -> list[Path]:
    """Return the folders of the models that can be named, in order of precedence.

    Args:
        task: What they are for, see `task_of`.
    """
    return [
        folder for root in resource_folders('models')
        for folder in sorted(root.iterdir())
        if _is_model(folder) and task_of(folder) == task]


def task_of(folder: Path) -> str:
    """Return what a model folder is for: `emotions`, or what its manifest calls `task`."""
    try:
        content = _parse(folder / MANIFEST)
    except (OSError, ValueError):
        # Whoever loads it gets the reason.
        return 'emotions'
    return str(content.get('task', 'emotions')) if isinstance(content, dict) else 'emotions'


def find_folder(model: str | Path, task: str) -> Path:
    """Return the folder of a model.

    Args:
        model: Path of a folder, or the name of an installed model.
        task: What it shall be for, see `task_of`.

    Raises:
        ModelError: There is none, or it is for something else.
    """
    path = user_path(model)
    if not _is_model(path):
        installed = installed_folders(task)
        path = next((folder for folder in installed if folder.name == str(model)), path)
        if not _is_model(path):
            if os.path.isdir(path):
                raise ModelError(f'{path}: holds no {MANIFEST}, so it is no model folder')
            known = ', '.join(sorted({folder.name for folder in installed})) or 'none'
            raise ModelError(
                f'no model {_short(model)}: neither a folder with a {MANIFEST} nor an installed '
                f'model (installed: {known})')
    if task_of(path) != task:
        raise ModelError(f'{path}: is a model for {task_of(path)}, not for {task}')
    return path


def load_folder(
    model: str | Path, task: str, check: Callable[[Mapping[str, Any]], _Kind],
) -> ModelFolder[_Kind]:
    """Find, check and read a model folder.

    Args:
        model: Path of a folder, or the name of an installed model.
        task: What it shall be for, see `task_of`.
        check: Makes the checked manifest of its content, or raises `FerError`.

    Raises:
        ModelError: There is no such model, its manifest is wrong, or the network's bytes are
            not those of the manifest.
    """
    folder = find_folder(model, task)
    manifest = _read_manifest(folder / MANIFEST, check)
    return ModelFolder(manifest, folder, read_network(folder / manifest.file, manifest.sha256))


def common_fields(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked fields of `BaseManifest`.

    Raises:
        ModelError: One is missing or wrong.
    """
    field(content, 'parameters', int)
    network = None
    if 'network' in content:
        field(content, 'network.options', dict)
        field(content, 'network.sha256', str)
        _file_name(content, 'network.file')
        network = MappingProxyType(content['network'])
    return {
        **{name: _text(content, name) for name in ('name', 'version')},
        **{name: field(content, name, str) for name in ('license', 'description')},
        'file': _file_name(content, 'file'), 'sha256': _sha256_of(content),
        'parameters': int(number(content, 'parameters', 1, 1e10)), 'network': network,
        'training': MappingProxyType(field(content, 'training', dict)),
        'metrics': MappingProxyType(field(content, 'metrics', dict))}


def field(content: Mapping[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    """Return the value at the dotted `name`, refusing one that is missing or of another type."""
    value: Any = content
    for part in name.split('.'):
        if not isinstance(value, dict) or part not in value:
            raise ModelError(f'lacks the field {name!r}')
        value = value[part]
    if not isinstance(value, kind) or isinstance(value, bool):
        names = kind.__name__ if isinstance(kind, type) else 'number'
        raise ModelError(f'{name} must be of type {names}, got {value!r}')
    return value


def number(content: Mapping[str, Any], name: str, low: float, high: float) -> float:
    """Return the number at the dotted `name`, refusing one outside of [low, high]."""
    given = field(content, name, (int, float))
    try:
        value = float(given)
    except OverflowError:
        value = math.inf
    if not (math.isfinite(value) and low <= value <= high):
        raise ModelError(f'{name} must lie in [{low}, {high}], got {value}')
    return value


def is_text(value: Any) -> bool:
    """Return whether a value is a text that people can read and messages can carry."""
    return isinstance(value, str) and bool(value) and value.isprintable()


def _text(content: Mapping[str, Any], name: str) -> str:
    value = str(field(content, name, str))
    if not is_text(value):
        raise ModelError(f'{name} must be a text that can be printed, got {value!r}')
    return value


def _file_name(content: Mapping[str, Any], name: str) -> str:
    """Return the file name at the dotted `name`, refusing a path that leaves the folder."""
    value = str(field(content, name, str))
    if not is_text(value) or Path(value).name != value or value == '..':
        raise ModelError(f'{name} must be a name within the folder, got {value!r}')
    return value


def _sha256_of(content: Mapping[str, Any]) -> str:
    """Return the field `sha256`, refusing what is none."""
    digest = str(field(content, 'sha256', str))
    if len(digest) != 64 or set(digest) - set('0123456789abcdef'):
        raise ModelError(f'sha256 must be 64 lower-case hex digits, got {digest!r}')
    return digest


def _read_manifest(path: Path, check: Callable[[Mapping[str, Any]], _Kind]) -> _Kind:
    try:
        content = _parse(path)
    except OSError as error:
        raise ModelError(f'{path}: cannot be read ({error.strerror})') from error
    except ValueError as error:
        raise ModelError(f'{path}: not valid JSON ({error})') from error
    if not isinstance(content, dict):
        raise ModelError(f'{path}: expected a JSON object, got {type(content).__name__}')
    if content.get('schema') != SCHEMA:
        raise ModelError(
            f'{path}: schema is {content.get("schema")!r}, this version of fer_ros reads '
            f'schema {SCHEMA}')
    try:
        return check(content)
    except FerError as error:
        raise ModelError(f'{path}: {error}') from error


def read_network(path: Path, sha256: str) -> bytes:
    """Return the bytes of a network file.

    Raises:
        ModelError: It cannot be read, or its bytes are not those of the manifest.
    """
    try:
        data = _bytes_of(path, _LARGEST_NETWORK)
    except OSError as error:
        raise ModelError(f'{path}: cannot be read ({error.strerror}); the manifest names it') \
            from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise ModelError(
            f'{path}: sha256 is {digest}, the manifest says {sha256}; the file was '
            f'changed or damaged: restore it or export the model again')
    return data


def _is_model(folder: Path) -> bool:
    # Unlike Path.is_file, it does not raise on names that are too long or folders that are shut.
    return os.path.isfile(folder / MANIFEST)


def _short(model: str | Path) -> str:
    text = str(model)
    return repr(text if len(text) <= 200 else f'{text[:200]} [...]')


def _parse(path: Path) -> Any:
    try:
        return json.loads(_bytes_of(path, _LARGEST_MANIFEST).decode('utf-8'))
    except RecursionError as error:
        raise ValueError('nested too deeply') from error


def _bytes_of(path: Path, limit: int) -> bytes:
    """Return the bytes of a file, refusing what would block or never end: pipes and devices."""
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), 'rb') as file:
        state = os.fstat(file.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise OSError(0, 'not a regular file')
        if state.st_size > limit:
            raise OSError(0, f'{state.st_size} bytes, more than the {limit} that are taken')
        return file.read(limit)
