"""A case made ready: its pipeline, its frames, and one walk along the whole road.

Nothing here knows how a stage is done: the pipeline times its own, the rest are single calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import itertools
import tracemalloc
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

from fer_ros.bench.cases import Case
from fer_ros.bench.limits import count_macs
from fer_ros.bench.machine import resident_mb
from fer_ros.core import annotate
from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.detector import create_detector, FerFaceDetector
from fer_ros.core.image import from_bgr, to_bgr
from fer_ros.core.model import load_model
from fer_ros.core.pipeline import Pipeline
from fer_ros.core.types import FrameResult, Image

__all__ = ['ASIDE', 'Road', 'STAGES']

STAGES = ('decode', 'detect', 'track', 'crop', 'classify', 'smooth', 'message')
"""What happens to every image, in this order; `whole` is their sum."""

ASIDE = ('decode jpeg', 'draw')
"""What happens to some: a compressed image in place of `decode`, a picture if somebody looks."""

_PERIOD = 1 / 30  # seconds from one frame to the next, in the time that the pipeline is told
_JPEG_QUALITY = 90


class Road:
    """One case.

    Args:
        case: The case.
        frames: Its frames, (H, W, 3) uint8 BGR.

    Attributes:
        case: The case.
        faces_found: Number of faces in the last frame.
        loaded_mb: By how much the resident memory grew when model and detector were loaded.

    Raises:
        FerError: Model or detector cannot be loaded.
    """

    def __init__(self, case: Case, frames: Sequence[Image]) -> None:
        self.case = case
        before = resident_mb() or 0.0
        self._pipeline = Pipeline(
            load_model(case.model), create_detector(case.detector, num_threads=case.threads),
            num_threads=case.threads, detect_every=case.detect_every)
        self.loaded_mb = round((resident_mb() or 0.0) - before, 1)
        self._images = itertools.cycle([
            SimpleNamespace(**vars(from_bgr(frame))) for frame in frames])
        self._jpegs = itertools.cycle([_jpeg(frame) for frame in frames])
        self._message = _message_maker()
        self._count = 0
        self.faces_found = 0

    def walk(self, clock: Callable[[], float], aside: bool = True) -> dict[str, float]:
        """Take the next frame along the road.

        Args:
            clock: Tells the seconds that are measured.
            aside: Whether to do what is done to some images only, too.

        Returns:
            Seconds by stage, and of the `whole`; without `message` where ROS is not installed.
        """
        # OpenCV's number of threads belongs to the process, and roads take turns.
        if cv2.getNumThreads() != self.case.threads:
            cv2.setNumThreads(self.case.threads)
        self._pipeline.clock = clock
        image = next(self._images)
        self._count += 1
        begin = clock()
        bgr = to_bgr(image)
        decoded = clock()
        result = self._pipeline.process(bgr, self._count * _PERIOD)
        done = clock()
        if self._message is not None:
            self._message(result, self._pipeline)
        told = clock()
        self.faces_found = len(result.faces)
        times = {'decode': decoded - begin, **result.timings, 'whole': told - begin}
        del times['total']
        if self._message is not None:
            times['message'] = told - done
        if aside:
            begin = clock()
            annotate.draw(bgr, result)
            drawn = clock()
            compressed_to_bgr(next(self._jpegs))
            times |= {'draw': drawn - begin, 'decode jpeg': clock() - drawn}
        return times

    def allocated(self) -> dict[str, int]:
        """Return what Python and NumPy allocate for a frame, in bytes: `peak`, `kept`.

        The runtime's own memory for a network is allocated once and not counted.
        """
        image = next(self._images)
        bgr = to_bgr(image)
        self._count += 1
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            result = self._pipeline.process(bgr, self._count * _PERIOD)
            after, peak = tracemalloc.get_traced_memory()
            del result
        finally:
            tracemalloc.stop()
        return {'peak': peak - before, 'kept': after - before}

    def limits(self, machine: Mapping[str, float]) -> dict[str, float]:
        """Return the least seconds of processor time of the stages that have a known limit.

        A detector must read the frame once and do the operations of its network, a classifier
        those of its network for each face, a picture must be copied once to be drawn on.

        Args:
            machine: What `measure_limits` says of it.
        """
        frame = 3.0 * self.case.width * self.case.height / (machine['copy_gb_s'] * 1e9)
        rate = machine['gflop_s'] * 1e9
        found = {'draw': frame}
        detector, model = self._pipeline.detector, self._pipeline.model
        if isinstance(detector, FerFaceDetector) and self.case.detect_every == 1:
            macs = count_macs(detector.model.data, (1, *detector.input_shape, 3))
            found['detect'] = frame + 2 * macs / rate
        manifest = model.manifest
        if manifest.file.endswith('.tflite'):
            shape = (1, manifest.height, manifest.width, 1 if manifest.color == 'grey' else 3)
            macs = count_macs(model.data, shape) * (2 if manifest.mirror else 1)
            if macs:
                found['classify'] = 2 * macs * self.faces_found / rate
        return found


def _jpeg(frame: Image) -> SimpleNamespace:
    _, data = cv2.imencode('.jpg', frame, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return SimpleNamespace(format='bgr8; jpeg compressed bgr8', data=np.asarray(data).tobytes())


def _message_maker() -> Callable[[FrameResult, Pipeline], Any] | None:
    try:
        from std_msgs.msg import Header

        from fer_ros.nodes.messages import emotions_message
    except ImportError:
        return None
    return lambda result, pipeline: emotions_message(result, Header(), pipeline.model.manifest)
