"""`fer demo`: a camera node, the emotion node and a viewer as separate processes over DDS."""

from __future__ import annotations

import argparse
from pathlib import Path
import tempfile
import time

from fer_ros.commands.options import add_pipeline_options
from fer_ros.commands.processes import check_ros, Child, node_environment, ros_arguments
from fer_ros.core.demo_clip import write_demo_clip
from fer_ros.core.detector import create_detector
from fer_ros.core.errors import ConfigError, FerError
from fer_ros.core.model import load_model
from fer_ros.core.sources import is_camera, open_source

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = """\
Three nodes are started: video_node publishes the frames, emotion_node finds the emotions,
viewer_node prints them and writes emotions.mp4 and summary.png into --out. Without --source, a
clip is made on the spot from a photograph of an astronaut (NASA, public domain).

The demo ends with its source; a camera runs until Ctrl-C. The exit code is 0 if a face was seen
and every process ended well. A robot on the same network is not disturbed: the demo stays on
this machine, in the namespace /fer_demo and, unless ROS_DOMAIN_ID is set, in a domain of its own.

examples:
  fer demo
  fer demo --source 0 --duration 30
  fer demo --source talk.mp4 --out results/
"""

_NAMESPACE = '/fer_demo'
_STARTUP_SECONDS = 20.0  # until the first result; DDS discovery alone may take 3.5 s
_IDLE_SECONDS = 10.0  # of silence, while the source goes on
_LAST_SECONDS = 0.5  # for the results of the last frames, after the source has ended
_SETTLE_SECONDS = 0.5  # from the first subscriber to the first frame: the viewer connects too
_STOP_SECONDS = 5.0
_POLL_SECONDS = 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer demo`."""
    parser.add_argument(
        '--source', metavar='SOURCE', default='',
        help='camera (0), video, image or folder of images (default: the demonstration clip)')
    parser.add_argument(
        '--out', metavar='FOLDER', default='fer_demo_output',
        help='where video and picture are written (default: %(default)s)')
    parser.add_argument(
        '--duration', type=float, default=0.0, metavar='SECONDS', help='end after that long')
    add_pipeline_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run the demonstration.

    Raises:
        FerError: If something is missing, a process died, or no face was seen.
        KeyboardInterrupt: If the user ended a source that has an end of its own.
    """
    check_ros('the demo')
    if not 0 <= args.duration < 1e6:
        raise ConfigError(f'--duration must lie in [0, 1e6), got {args.duration}')
    # What is wrong with model, detector or file is told here and now, not by a node that waits.
    load_model(args.model)
    create_detector(args.detector, model_path=args.detector_model)
    if args.source and not is_camera(args.source):
        open_source(args.source).close()
    out = Path(args.out).resolve()
    end = 'Ctrl-C ends it' if is_camera(args.source) else 'it ends by itself'
    print(
        f'fer demo: {args.source or "a clip of an astronaut"}; {end}; results in {out}',
        flush=True)
    with tempfile.TemporaryDirectory(prefix='fer_demo_') as scratch:
        _Demo(args, out, Path(scratch)).play()
    return 0


class _Demo:
    """The three processes."""

    def __init__(self, args: argparse.Namespace, out: Path, scratch: Path) -> None:
        self._args = args
        self._out = out
        self._scratch = scratch
        self._environment = node_environment(scratch)
        self._children: list[Child] = []

    def play(self) -> None:
        """Start the nodes, watch them, and end them in the order of the stream."""
        try:
            viewer = self._start_viewer()
            emotions = self._start('emotion_node', self._emotion_parameters())
            # Made while the first two are starting.
            source = self._args.source or str(write_demo_clip(self._scratch / 'astronaut.mp4'))
            video = self._start('video_node', {
                'source': source, 'loop': False, 'duration': float(self._args.duration),
                'wait_for_subscriber': True, 'start_delay': _SETTLE_SECONDS,
            })
            try:
                self._watch(viewer, emotions, video)
            except KeyboardInterrupt:
                video.end(_STOP_SECONDS)
                viewer.interrupt()
                if viewer.wait(_STOP_SECONDS) is None or not is_camera(source):
                    raise
            self._conclude(viewer, emotions)
        finally:
            for child in reversed(self._children):
                child.interrupt()
            for child in reversed(self._children):
                child.end(_STOP_SECONDS)

    def _start_viewer(self) -> Child:
        name = Path(self._args.source).name or 'demonstration clip'
        return self._start('viewer_node', {
            'output_dir': str(self._out), 'title': f'Facial expressions: {name}',
            'first_timeout': _STARTUP_SECONDS, 'idle_timeout': _IDLE_SECONDS,
        }, remap={
            'emotions': f'{_NAMESPACE}/emotion_node/emotions',
            'image_annotated': f'{_NAMESPACE}/emotion_node/image_annotated',
        }, visible=True)

    def _watch(self, viewer: Child, emotions: Child, video: Child) -> None:
        """Return when the viewer has ended; fail when another node ends before its time."""
        while viewer.code is None:
            for child in (video, emotions):
                if child.code or (child is emotions and child.code is not None):
                    raise FerError(child.epitaph())
            if video.code == 0:
                viewer.wait(_LAST_SECONDS)
                viewer.interrupt()
                viewer.wait(_STOP_SECONDS)
                return
            time.sleep(_POLL_SECONDS)

    def _conclude(self, viewer: Child, emotions: Child) -> None:
        if viewer.code == 1:
            words = emotions.complaints()
            raise FerError(
                'no face was seen' + (f'; emotion_node says:\n{words}' if words else ''))
        if viewer.code:
            raise FerError(viewer.epitaph())
        if emotions.end(_STOP_SECONDS):
            raise FerError(emotions.epitaph())

    def _start(
            self, name: str, parameters: dict[str, object], *,
            remap: dict[str, str] | None = None, visible: bool = False) -> Child:
        arguments = ros_arguments(_NAMESPACE, parameters, remap)
        log = None if visible else self._scratch / f'{name}.log'
        child = Child(f'fer_ros.nodes.{name}', arguments, self._environment, log)
        self._children.append(child)
        return child

    def _emotion_parameters(self) -> dict[str, object]:
        args = self._args
        parameters: dict[str, object] = {
            'autostart': True, 'detector.name': args.detector, 'max_faces': args.max_faces,
            'num_threads': args.threads, 'draw_crops': True,
        }
        for key, value in (
                ('model', _absolute(args.model)), ('unknown_threshold', args.unknown_threshold),
                ('detector.model_path', _absolute(args.detector_model))):
            if value not in (None, ''):
                parameters[key] = value
        return parameters


def _absolute(path: str | None) -> str | None:
    return str(Path(path).resolve()) if path and Path(path).exists() else path
