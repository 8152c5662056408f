"""`fer info`: what is installed, what is missing, and how to get it."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import importlib
import importlib.metadata
import io
import json
import os
from pathlib import Path
import platform
import sys

# Nothing here may need more than Python itself: it must run where everything else is missing.
from fer_ros import __version__
from fer_ros.core.errors import FerError

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = """\
ok: it is there; NO: it is needed and missing; -: it is missing, and only some things need it.
The exit code is 0 if images can be classified here, 1 if something needed is missing.

examples:
  fer info
  fer info --json
"""

_LIBRARIES = {
    'numpy': ('numpy', True, 'pip install numpy'),
    'cv2': (
        'opencv-python-headless opencv-python opencv-contrib-python-headless '
        'opencv-contrib-python', True, "pip install 'opencv-python-headless<5'"),
    'ai_edge_litert': ('ai-edge-litert', True, 'pip install ai-edge-litert'),
    'onnxruntime': ('onnxruntime', False, 'pip install onnxruntime (for ONNX models)'),
    'yaml': ('PyYAML', False, 'pip install pyyaml (to train)'),
    'tqdm': ('tqdm', False, 'pip install tqdm (for progress bars)'),
    'keras': ('keras', False, "make train-env, or pip install 'fer_ros[train]' (to train)"),
    'tensorflow': (
        'tensorflow tensorflow-cpu', False,
        "make train-env, or pip install 'fer_ros[train]' (to train)"),
    'matplotlib': ('matplotlib', False, 'pip install matplotlib (for plots and reports)'),
    'rosbags': ('rosbags', False, "pip install 'fer_ros[evaluate]' (to evaluate bags)"),
    'skimage': ('scikit-image', False, 'pip install scikit-image (for the demo clip)'),
}
_ROS_PACKAGES = {
    'rclpy': ('create_node', 'make, or install ROS 2 and source its setup.bash (to run nodes)'),
    'fer_msgs.msg': (
        'EmotionArray', 'make, or colcon build and source install/setup.bash (to run nodes)'),
    'vision_msgs.msg': (
        'Detection2DArray',
        'make, or apt install ros-$ROS_DISTRO-vision-msgs (for ~/detections)'),
    'hri_msgs.msg': (
        'IdsList', 'apt install ros-$ROS_DISTRO-hri-msgs (for /humans, optional)'),
    'visualization_msgs.msg': (
        'MarkerArray', 'make, or apt install ros-$ROS_DISTRO-visualization-msgs (for ~/markers)'),
    'cv_bridge': ('CvBridge', 'apt install ros-$ROS_DISTRO-cv-bridge (optional)'),
    'launch_ros': ('__file__', 'apt install ros-$ROS_DISTRO-launch-ros (for launch files)'),
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
    # What libraries say when they cannot be imported stands in the lines below.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        sections = _sections()
    able = all(item.found for items in sections.values() for item in items if item.needed)
    if args.json:
        print(json.dumps(
            {'able': able, **{name: [dataclasses.asdict(item) for item in items]
                              for name, items in sections.items()}}, indent=2))
    else:
        _print(sections, able)
    return 0 if able else 1


def _sections() -> dict[str, list[_Item]]:
    return {
        'system': [
            _Item('fer_ros', __version__, True),
            _Item('python', f'{platform.python_version()} ({sys.executable})', True),
            _Item('machine', f'{platform.system()} {platform.machine()}, {os.cpu_count()} cores',
                  True)],
        'libraries': [_library(name) for name in _LIBRARIES],
        'ros': _ros(),
        'model': _models(),
        'detectors and cameras': [_detectors(), _cameras()],
    }


def _library(module: str) -> _Item:
    names, needed, hint = _LIBRARIES[module]
    if needed and (fault := _fault(module)):
        return _Item(module, f'missing ({fault})', False, True, hint)
    for name in names.split():
        try:
            version = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        return _Item(module, f'{version} ({name})', True, needed)
    # A library of the system's package manager may come without Python's metadata.
    if needed:
        version = getattr(importlib.import_module(module), '__version__', 'version unknown')
        return _Item(module, str(version), True, True)
    return _Item(module, 'missing', False, False, hint)


def _fault(module: str, attribute: str = '__name__') -> str:
    """Return why a module cannot be used, '' if it can."""
    try:
        # The attribute tells a package from a mere folder of its name.
        getattr(importlib.import_module(module), attribute)
    except AttributeError:
        return f'{module} has no {attribute}: not built?'
    except Exception as error:  # a package built for another Python or NumPy fails in many ways
        return str(error).splitlines()[0] if str(error) else type(error).__name__
    return ''


def _ros() -> list[_Item]:
    items = [_Item(
        'distribution', os.environ.get('ROS_DISTRO') or 'not told (ROS_DISTRO is not set)', True)]
    for module, (attribute, hint) in _ROS_PACKAGES.items():
        name = module.partition('.')[0]
        if fault := _fault(module, attribute):
            items.append(_Item(name, f'missing ({fault})', False, False, hint))
        else:
            place = Path(str(importlib.import_module(module).__file__)).parent
            items.append(_Item(name, str(place), True))
    if items[1].found:
        items.append(_converter())
    return items


def _converter() -> _Item:
    try:
        from fer_ros.nodes.bridge import create_converter
    except ImportError as error:
        return _Item(
            'images', f'missing ({error})', False, False,
            'apt install ros-$ROS_DISTRO-sensor-msgs (to run nodes)')
    converter = create_converter('auto')
    return _Item('images', f'converted by {converter.name}: {converter.reason}', True)


def _models() -> list[_Item]:
    try:
        from fer_ros.core.classifier import Classifier
        from fer_ros.core.model import available_models, load_model
        from fer_ros.core.runtime import quiet_runtime
    except ImportError as error:
        return [_Item('default', f'cannot be tried ({error})', False, True)]
    names = ', '.join(sorted({folder.name for folder in available_models()}))
    items = [_Item('installed', names or 'none', bool(names))]
    try:
        model = load_model()
        with quiet_runtime():
            Classifier(model)
    except FerError as error:
        return [*items, _Item(
            'default', str(error), False, True,
            'restore the folder models/ of the repository, or install the package again')]
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


def _detectors() -> _Item:
    try:
        from fer_ros.core.detector import create_detector, DETECTORS

        create_detector(DETECTORS[0])
    except (FerError, ImportError) as error:
        return _Item('detectors', str(error), False, True, _LIBRARIES['cv2'][2])
    return _Item('detectors', ', '.join((f'{DETECTORS[0]} (default)', *DETECTORS[1:])), True, True)


def _cameras() -> _Item:
    devices = sorted(str(path) for path in Path('/dev').glob('video*'))
    closed = [device for device in devices if not os.access(device, os.R_OK | os.W_OK)]
    if closed:
        return _Item(
            'cameras', f'{", ".join(devices)}; no permission for {", ".join(closed)}', False,
            False, 'sudo usermod -aG video $USER, then log in again')
    return _Item('cameras', ', '.join(devices) or 'none found (/dev/video*)', bool(devices))


def _print(sections: dict[str, list[_Item]], able: bool) -> None:
    for name, items in sections.items():
        print(name)
        for item in items:
            mark = 'ok ' if item.found else 'NO ' if item.needed else '-  '
            print(f'  {mark} {item.name:14} {item.state}')
            if item.hint:
                print(f'      {"":14} get it with: {item.hint}')
    print('images can be classified here' if able else
          'images cannot be classified here: see the lines with NO')
