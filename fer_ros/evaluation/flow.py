"""`fer evaluate flow`: what detecting every k-th frame costs in place, and saves in time.

Labelled face crops move through scenes on known paths: to and fro, nearer and farther, rolling.
Between two detections the faces either stay where they were, go on as they went between the last
two detections, or move by the optical flow, as the pipeline does it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
import json
import math
from pathlib import Path
import sys
import time
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from fer_ros.commands.options import add_crops_options, add_scene_options
from fer_ros.core.crop import FER_FRAMING, upright_frame
from fer_ros.core.detector import create_detector, FaceDetector
from fer_ros.core.finder import FaceFinder
from fer_ros.core.tracker import overlap
from fer_ros.core.types import Box, Face, Image
from fer_ros.data.datasets import load_dataset
from fer_ros.evaluation.detector.scenes import empty_rooms
from fer_ros.evaluation.pasted import paste, Pasted
from fer_ros.evaluation.provenance import command_line

__all__ = ['SUMMARY', 'WAYS', 'add_arguments', 'evaluate_flow', 'moving_face', 'run']

SUMMARY = 'place and time of faces when only every k-th frame is detected'

WAYS = ('stay', 'velocity', 'flow')
"""What faces do between two detections."""

_SIZE = 100.0  # mean side of the face's frame in pixels
_RATE = 30.0  # frames a second
_SPEEDS = (0.5, 2.0, 5.0)  # largest speeds, in sides a second: talking, walking by, running
_EVERY = (1, 2, 3, 5, 10)


def moving_face(crop: Image, room: Image, speed: float, frames: int) -> Iterator[Pasted]:
    """Yield scenes of a face on its path, 30 a second.

    Args:
        crop: (H, H) grey or (H, H, 3) BGR uint8 face crop.
        room: (H, W, 3) uint8 BGR.
        speed: Its largest, in sides of the face a second, across the image; size and roll
            change in the same rhythm, by 15 % and 10 degrees.
        frames: Number of scenes.
    """
    height, width = room.shape[:2]
    reach = min(width, height) / 2 - 0.6 * _SIZE
    rhythm = speed * _SIZE / reach
    for frame in range(frames):
        phase = rhythm * frame / _RATE
        centre = (width / 2 + reach * math.sin(phase), height / 2 + 0.5 * reach * math.sin(
            1.3 * phase))
        yield paste(crop, room, centre, _SIZE * (1 + 0.15 * math.sin(1.7 * phase)),
                    10.0 * math.sin(1.1 * phase))


class _Between:
    """Faces that stay, or go on with the velocity between the last two detections."""

    def __init__(self, detector: FaceDetector, every: int, velocity: bool) -> None:
        self._detector, self._every, self._velocity = detector, every, velocity
        self._age = 0
        self._last: Box | None = None
        self._step = np.zeros(4)

    def find(self, bgr: Image) -> list[Face]:
        if self._age % self._every == 0:
            faces = self._detector.detect(bgr)
            box = faces[0].box if faces else None
            known = self._velocity and box is not None and self._last is not None
            self._step = (np.array(box) - self._last) / self._every if known else np.zeros(4)
            self._last, self._age = box, 0
        self._age += 1
        if self._last is None:
            return []
        x, y, w, h = np.array(self._last) + (self._age - 1) * self._step
        return [Face((float(x), float(y), max(1.0, float(w)), max(1.0, float(h))), 1.0)]


def evaluate_flow(
    detector: FaceDetector, crops: Sequence[Image], rooms: Sequence[Image] = (), *,
    frames: int = 40, progress: bool = False,
) -> list[dict[str, Any]]:
    """Measure the ways between two detections.

    Args:
        detector: Finds the faces; its convention must be in `FER_FRAMING`.
        crops: (H, H) grey or (H, H, 3) BGR uint8 face crops, each a sequence of its own.
        rooms: (H, W, 3) uint8 pictures without faces, taken in turn; none: even grey.
        frames: Length of a sequence.
        progress: Whether to show a progress bar on stderr.

    Returns:
        A row for each speed and k: {`speed`, `every`, `way`: {way: {`overlap` of the frame with
        the true one, `found` share of the frames with the face, `ms` of processor time a
        frame}}}; `overlap` is the mean over frames with the face.
    """
    rooms = rooms or [np.full((480, 640, 3), 127, np.uint8)]
    convention = FER_FRAMING[detector.box_convention]
    makers: dict[str, Callable[[int], Any]] = {
        'stay': lambda every: _Between(detector, every, False),
        'velocity': lambda every: _Between(detector, every, True),
        'flow': lambda every: FaceFinder(detector, every)}
    cells: dict[tuple[float, int, str], list[tuple[float, float]]] = {}
    for speed in _SPEEDS:
        for index, crop in enumerate(tqdm(
                crops, desc=f'{speed:g} sides/s', unit='sequence', disable=not progress)):
            scenes = list(moving_face(crop, rooms[index % len(rooms)], speed, frames))
            for every in _EVERY:
                for way, make in makers.items():
                    if every == 1 and way != 'flow':
                        continue
                    cells.setdefault((speed, every, way), []).extend(
                        _follow(make(every), scenes, convention))
    rows = []
    for speed in _SPEEDS:
        for every in _EVERY:
            ways = {}
            for way in WAYS:
                values = np.array(cells.get((speed, every, way), ()))
                if len(values):
                    shared = values[:, 0]
                    ways[way] = {
                        'overlap': round(float(shared[shared > 0].mean()), 4),
                        'found': round(float((shared > 0).mean()), 4),
                        'ms': round(1e3 * float(values[:, 1].mean()), 2)}
            rows.append({'speed': speed, 'every': every, 'ways': ways})
    return rows


def _follow(finder: Any, scenes: Sequence[Pasted], convention: Any) -> list[tuple[float, float]]:
    """Return the overlap with the true frame, 0 where there is no face, and seconds, a frame."""
    rows = []
    for scene in scenes:
        begin = time.process_time()
        faces = finder.find(scene.image)
        seconds = time.process_time() - begin
        truth = (scene.centre[0] - scene.side / 2, scene.centre[1] - scene.side / 2,
                 scene.side, scene.side)
        shared = 0.0
        for face in faces:
            frame = upright_frame(face.box, convention)
            shared = max(shared, overlap(
                (frame.x - frame.side / 2, frame.y - frame.side / 2, frame.side, frame.side),
                truth))
        rows.append((shared, seconds))
    return rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer evaluate flow`."""
    add_crops_options(parser)
    add_scene_options(parser)
    parser.add_argument('--sequences', type=int, default=20, metavar='N',
                        help='faces to move (default: %(default)s)')
    parser.add_argument('--frames', type=int, default=40, metavar='N',
                        help='frames a sequence (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='of the choice (default: %(default)s)')
    parser.add_argument('--json', action='store_true', help='print JSON instead of a table')


def run(args: argparse.Namespace) -> int:
    """Run `fer evaluate flow`; returns the exit code."""
    cv2.setNumThreads(1)
    detector = create_detector(args.detector, model_path=args.detector_model)
    images = load_dataset(Path(args.data), args.split).images
    choice = np.random.default_rng(args.seed).permutation(len(images))[:args.sequences]
    rooms = empty_rooms(args.scenes, args.sequences, args.seed) if args.scenes else []
    rows = evaluate_flow(
        detector, [images[index] for index in choice], rooms, frames=args.frames,
        progress=sys.stderr.isatty())
    if args.json:
        print(json.dumps(
            {'command': command_line(), 'rows': rows}, indent=2))
        return 0
    print('| sides a second | every | overlap: stay | velocity | flow | found: stay | velocity '
          '| flow | ms a frame: flow |')
    print('|---' * 9 + '|')
    for row in rows:
        ways = row['ways']
        cells = [f'{ways[way]["overlap"]:.2f}' if way in ways else '' for way in WAYS]
        cells += [f'{100 * ways[way]["found"]:.0f} %' if way in ways else '' for way in WAYS]
        print(f'| {row["speed"]:g} | {row["every"]} | ' + ' | '.join(cells)
              + f' | {ways["flow"]["ms"]} |')
    return 0
