"""`fer info`: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
import dataclasses
import importlib
import importlib.metadata
import json
import os
from pathlib import Path
import platform
import sys

from fer_ros import __version__
from fer_ros.core.classifier import Classifier
from fer_ros.core.detector import DETECTORS
from fer_ros.core.errors import FerError
from fer_ros.core.model import available_models, load_model

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = 'The exit code is 0 if images can be classified here, 1 if something needed is missing.'

_LIBRARIES = {
    'numpy': ('numpy', True, 'pip install numpy'),
    'cv2': ('opencv-python-headless opencv-python', True, "pip install 'opencv-python<5'"),
    'ai_edge_litert': ('ai-edge-litert', True, 'pip install ai-edge-litert'),
    'tqdm': ('tqdm', True, 'pip install tqdm'),
    'keras': ('keras', False, "make train-env, or pip install 'fer_ros[train]' (to train)"),
    'tensorflow': (
        'tensorflow tensorflow-cpu', False,
        "make train-env, or pip install 'fer_ros[train]' (to train)"),
    'matplotlib': ('matplotlib', False, 'make train-env, or pip install matplotlib (for plots)'),
    'skimage': ('scikit-image', False, 'pip install scikit-image (for the demo clip)'),
}
_ROS_PACKAGES = {
    'rclpy': 'make, or install ROS 2 and source its setup.bash (to run nodes)',
    'fer_msgs.msg': 'make, or colcon build and source install/setup.bash (to run nodes)',
    'vision_msgs.msg': 'make, or apt install ros-$ROS_DISTRO-vision-msgs (for ~/detections)',
    'cv_bridge': 'apt install ros-$ROS_DISTRO-cv-bridge (optional)',
    'launch_ros': 'apt install ros-$ROS_DISTRO-launch-ros (for launch files)',
}


@dataclasses.dataclass
class _Item:
    name: str
    state: str
    found: bool
    needed: bool = False
    hint: str = ''


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer info`."""
    parser.add_argument('--json', action='store_true', help='print JSON')


def run(args: argparse.Namespace) -> int:
    """Run `fer info`; returns the exit code."""
    sections = {
        'system': [
            _Item('fer_ros', __version__, True),
            _Item('python', f'{platform.python_version()} ({sys.executable})', True),
            _Item('machine', f'{platform.system()} {platform.machine()}, {os.cpu_count()} cores',
                  True)],
        'libraries': [_library(name) for name in _LIBRARIES],
        'ros': _ros(),
        'model': _models(),
        'detectors and cameras': _devices(),
    }
    able = all(item.found for items in sections.values() for item in items if item.needed)
    if args.json:
        print(json.dumps(
            {'able': able, **{name: [dataclasses.asdict(item) for item in items]
                              for name, items in sections.items()}}, indent=2))
    else:
        _print(sections)
    return 0 if able else 1


def _library(module: str) -> _Item:
    names, needed, hint = _LIBRARIES[module]
    for name in names.split():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return _Item(module, f'{version} ({name})', True, needed)
    # A library of the system's package manager may come without Python metadata.
    if needed and (version := _attempt(lambda: importlib.import_module(module).__version__)):
        return _Item(module, version, True, needed)
    return _Item(module, 'missing', False, needed, hint)


def _attempt(read: Callable[[], object]) -> str:
    try:
        return str(read())
    except (ImportError, AttributeError):
        return ''


def _ros() -> list[_Item]:
    items = [_Item('distribution', os.environ.get('ROS_DISTRO', 'not named'), True)]
    for module, hint in _ROS_PACKAGES.items():
        try:
            imported = importlib.import_module(module)
        except Exception as error:  # a package built for another Python fails in many ways
            items.append(_Item(module.split('.')[0], f'missing ({error})', False, False, hint))
        else:
            place = getattr(imported, '__file__', None) or ''
            items.append(_Item(module.split('.')[0], str(Path(place).parent), True))
    if items[1].found:
        from fer_ros.nodes.bridge import create_converter

        converter = create_converter('auto')
        items.append(_Item('images by', f'{converter.name}: {converter.reason}', True))
    return items


def _models() -> list[_Item]:
    items = [_Item('installed', ', '.join(sorted({f.name for f in available_models()})), True)]
    try:
        model = load_model()
        Classifier(model)
    except FerError as error:
        return [*items, _Item('default', str(error), False, True, 'restore the models folder')]
    manifest = model.manifest
    items += [
        _Item('default', f'{manifest.name} {manifest.version} at {model.folder}', True, True),
        _Item('sha256', f'{manifest.sha256[:16]}... verified', True),
        _Item('labels', ', '.join(manifest.labels), True)]
    if 'accuracy' in manifest.metrics:
        items.append(_Item(
            'accuracy', f'{100 * manifest.metrics["accuracy"]:.1f} % on '
            f'{manifest.metrics["n"]} validation crops, see its README.md', True))
    return items


def _devices() -> list[_Item]:
    cameras = sorted(str(path) for path in Path('/dev').glob('video*'))
    return [
        _Item('detectors', ', '.join(DETECTORS), True),
        _Item('cameras', ', '.join(cameras) or 'none found (/dev/video*)', bool(cameras))]


def _print(sections: dict[str, list[_Item]]) -> None:
    for name, items in sections.items():
        print(name)
        for item in items:
            mark = 'ok ' if item.found else 'NO ' if item.needed else '-  '
            print(f'  {mark} {item.name:14} {item.state}')
            if item.hint:
                print(f'      {"":14} get it with: {item.hint}')
