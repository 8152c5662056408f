"""What a look at a frame costs, side by side: the detectors in turn, again and again.

Times are of the processor, not of the clock, so other programs on the machine count less; the
detectors take turns on the same frames, so what slows the machine slows all of them. Compare
them with each other: another machine has other times, but nearly the same ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import time
from typing import Any

import cv2
import numpy as np

from fer_ros.core.detector import FaceDetector, YuNetDetector
from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Image

__all__ = ['SIZES', 'speed', 'STAGES']

SIZES = ((320, 240), (320, 320), (640, 480))
"""Frames that are timed: width and height in pixels."""

STAGES = ('preprocess', 'network', 'decode')
"""Stages of a detector that is a network; a detector tells its own in `timings`, see `speed`."""

_WARM_UP = 3


def speed(
    detectors: Mapping[str, FaceDetector], networks: Mapping[str, str],
    frames: Mapping[tuple[int, int], Sequence[Image]], repeats: int, *, subject: str,
    step: Callable[[], object] = lambda: None,
) -> dict[str, Any]:
    """Return how long each detector looks at a frame as it is.

    A detector that has an attribute `timings`, seconds of the stages of its last `detect`, is
    asked for it. YuNet runs inside of OpenCV: its network is timed by itself on the same frames,
    and `decode` is what remains of the whole.

    Args:
        detectors: {name: detector}, looking at every frame as it is.
        networks: {name: ONNX file} of the YuNets among them.
        frames: {(width, height): frames of this size}.
        repeats: Number of frames that are timed of each size, at least 1.
        subject: The detector whose times the ratios are to.
        step: Called after each frame.

    Returns:
        {'320x240': {name: `ms_median`, `ms_p10`, `ms_p90`, `ratio` (median of the ratios to the
        subject, frame by frame) and `stages` {stage: ms} or None}}.
    """
    inner = {name: _OpenCvStages(path) for name, path in networks.items()
             if isinstance(detectors[name], YuNetDetector)}
    result = {}
    for size, pictures in frames.items():
        whole: dict[str, list[float]] = {name: [] for name in detectors}
        stages: dict[str, list[dict[str, float]]] = {name: [] for name in detectors}
        for turn in range(-_WARM_UP, repeats):
            image = pictures[turn % len(pictures)]
            for name, detector in detectors.items():
                begin = time.process_time()
                detector.detect(image)
                seconds = time.process_time() - begin
                told = getattr(detector, 'timings', None)
                if name in inner:
                    told = inner[name].measure(image)
                    told['decode'] = max(0.0, seconds - sum(told.values()))
                if turn >= 0:
                    whole[name].append(1e3 * seconds)
                    if told:
                        stages[name].append(dict(told))
            if turn >= 0:
                step()
        result[f'{size[0]}x{size[1]}'] = {
            name: {
                'ms_median': _ms(times, 50), 'ms_p10': _ms(times, 10), 'ms_p90': _ms(times, 90),
                'ratio': round(float(np.median(
                    np.array(times) / np.maximum(whole[subject], 1e-9))), 3),
                'stages': _medians(stages[name])}
            for name, times in whole.items()}
    return result


def _ms(times: Sequence[float], percent: float) -> float:
    return round(float(np.percentile(times, percent)), 3)


def _medians(rows: Sequence[Mapping[str, float]]) -> dict[str, float] | None:
    if not rows:
        return None
    return {stage: round(1e3 * float(np.median([row[stage] for row in rows])), 3)
            for stage in rows[0] if all(stage in row for row in rows)}


class _OpenCvStages:
    """The first stages of YuNet, as `cv2.FaceDetectorYN` has them inside.

    Args:
        path: The ONNX file.
    """

    def __init__(self, path: str) -> None:
        try:
            self._network = cv2.dnn.readNet(path)
        except cv2.error as error:
            raise ConfigError(f'{path} cannot be timed: {error}') from error

    def measure(self, image: Image) -> dict[str, float]:
        """Return the seconds of `preprocess` and `network` for a (H, W, 3) BGR frame."""
        start = time.process_time()
        height, width = image.shape[:2]
        # The network's strides ask for whole multiples of 32.
        padded = cv2.copyMakeBorder(
            image, 0, -height % 32, 0, -width % 32, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        blob = cv2.dnn.blobFromImage(padded)
        ready = time.process_time()
        self._network.setInput(blob)
        self._network.forward(self._network.getUnconnectedOutLayersNames())
        return {'preprocess': ready - start, 'network': time.process_time() - ready}
