"""One node in a process of its own, from its start through a time of load to a time of rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import contextlib
import dataclasses
import itertools
from pathlib import Path
import time
from typing import Any

import numpy as np

from fer_ros.bench.machine import cores, cpu_seconds, on_cores, resident_mb
from fer_ros.bench.measure import percentiles
from fer_ros.commands.processes import Child, ros_arguments
from fer_ros.core.errors import FerError
from fer_ros.nodes.bench.listener import Arrival, Listener

__all__ = ['NAMESPACE', 'Setup', 'SUBJECTS', 'Trials']

NAMESPACE = '/fer_bench'

SUBJECTS: Mapping[str, str] = {
    'echo_node': 'fer_ros.nodes.bench.echo_node', 'emotion_node': 'fer_ros.nodes.emotion_node'}
"""What is measured, and the module that is run."""

_SETTLE_SECONDS = 1.0
_STOP_SECONDS = 10.0


@dataclasses.dataclass(frozen=True)
class Setup:
    """What the cameras send.

    Attributes:
        transport: `raw` or `compressed`.
        cameras: Number of cameras.
    """

    transport: str
    cameras: int

    @property
    def name(self) -> str:
        """For people."""
        return f'{self.transport}, {self.cameras} camera{"s" * (self.cameras > 1)}'

    @property
    def names(self) -> list[str]:
        """Names of the cameras, as parameter `camera_names`."""
        return [''] if self.cameras == 1 else [f'c{i}' for i in range(self.cameras)]

    @property
    def image_topics(self) -> list[str]:
        """Their topics, relative to the namespace."""
        form = '/compressed' if self.transport == 'compressed' else ''
        return [f'{name}/image_raw{form}'.lstrip('/') for name in self.names]


class Trials:
    """Runs nodes against cameras.

    Args:
        environment: Of the processes.
        scene: PNG file that the cameras show.
        scratch: Folder for logs.
        core: On which the node under test is kept; the others have the rest.
        rate: Images a second and camera.
        overload: How many times as many in the time of overload.
        length: Seconds of each time of load.
        parameters: Further ones of emotion_node.
    """

    def __init__(
        self, environment: Mapping[str, str], scene: Path, scratch: Path, core: int, *,
        rate: float, overload: float, length: float, parameters: Mapping[str, object],
    ) -> None:
        self._environment, self._scene, self._scratch = environment, scene, scratch
        self._core, self._parameters = core, parameters
        self._others = [one for one in cores() if one != core] or [core]
        self._loads = {'rate': rate, 'overload': overload * rate}
        self._length = length

    @contextlib.contextmanager
    def cameras(self, setup: Setup) -> Iterator[Listener]:
        """Let cameras send; yield who listens to the results."""
        arguments = ros_arguments(NAMESPACE, {
            'image': str(self._scene), 'topics': setup.image_topics,
            'compressed': setup.transport == 'compressed'})
        with on_cores(self._others):
            child = Child('fer_ros.nodes.bench.load_node', arguments, self._environment,
                          self._scratch / 'load_node.log')
            try:
                with Listener(NAMESPACE) as listener:
                    yield listener
            except FerError as error:
                if child.code is not None:
                    raise FerError(child.epitaph()) from error
                raise
            finally:
                child.end(_STOP_SECONDS)

    @contextlib.contextmanager
    def node(
        self, subject: str, setup: Setup, listener: Listener,
    ) -> Iterator[tuple[Child, float]]:
        """Start a node, let cameras send at the rate, wait for its first result; end it after.

        Yields:
            Its process, and the seconds from its start to its first result.

        Raises:
            FerError: It has died, or gives no result.
        """
        listener.listen([f'{NAMESPACE}/{subject}/{name}/emotions'.replace('//', '/')
                         for name in setup.names])
        listener.set_load(self._loads['rate'])
        parameters: dict[str, object] = {'image_transport': setup.transport}
        if setup.cameras > 1:
            parameters['camera_names'] = setup.names
        if subject == 'emotion_node':
            parameters |= self._parameters
        log = self._scratch / f'{subject}.log'
        begin = time.monotonic()
        with on_cores([self._core]):
            child = Child(SUBJECTS[subject], ros_arguments(NAMESPACE, parameters),
                          self._environment, log)
        try:
            listener.wait(lambda: listener.arrivals, f'a result of {subject}',
                          watch=lambda: _check(child))
            yield child, time.monotonic() - begin
        finally:
            listener.set_load(0.0)
            listener.deafen()
            child.end(_STOP_SECONDS)

    def run(self, subject: str, setup: Setup, listener: Listener) -> dict[str, Any]:
        """Start a node, load it, let it rest, end it; return what was seen.

        Returns:
            `start_s`: from the process's start to its first result, images flowing, and
            `start_cpu_s`, its processor time; `resident_mb`; `idle`: share of a core while images
            flow and nobody listens to results. For the loads `rate` and `overload`: `sent_hz`,
            `results_hz`; `latency_ms` (publication to result), `staleness_ms` (age of the newest
            known result when the next one comes) and `processing_ms`, each with `p50`, `p95`,
            `p99`; `cpu_ms` a result; `faces` in the mean.
        """
        with self.node(subject, setup, listener) as (child, start):
            found: dict[str, Any] = {
                'start_s': round(start, 3),
                'start_cpu_s': round(cpu_seconds(child.pid), 3)}
            time.sleep(_SETTLE_SECONDS)
            for name, rate in self._loads.items():
                found[name] = self._load(child, listener, rate, setup.cameras)
            found['resident_mb'] = resident_mb(child.pid)
            listener.set_load(self._loads['rate'])
            listener.deafen()
            time.sleep(_SETTLE_SECONDS)
            found['idle'] = round(_share(child, self._length), 4)
            return found

    def _load(
        self, child: Child, listener: Listener, rate: float, cameras: int,
    ) -> dict[str, Any]:
        listener.set_load(rate)
        known = len(listener.arrivals)
        cpu = cpu_seconds(child.pid)
        time.sleep(self._length)
        cpu = cpu_seconds(child.pid) - cpu
        phase = listener.set_load(0.0)
        time.sleep(_SETTLE_SECONDS / 2)  # for the results of the last images
        _check(child)
        came = [one for one in listener.arrivals[known:] if one.stamp >= phase['begin']]
        if len(came) < 2 * cameras:
            raise FerError(f'{child.name} gave {len(came)} results in {self._length:g} s')
        span = phase['end'] - phase['begin']
        return {
            'sent_hz': round(phase['sent'] / span, 1), 'results_hz': round(len(came) / span, 1),
            'latency_ms': percentiles([1e3 * (one.at - one.stamp) for one in came]),
            'staleness_ms': percentiles(_staleness(came, cameras)),
            'processing_ms': percentiles([1e3 * one.processing for one in came]),
            'cpu_ms': round(1e3 * cpu / len(came), 2),
            'faces': round(float(np.mean([one.faces for one in came])), 2)}


def _staleness(came: Sequence[Arrival], cameras: int) -> list[float]:
    """Return milliseconds from an image's stamp to the arrival of the next result but its own."""
    ages = []
    for camera in range(cameras):
        own = [one for one in came if one.camera == camera]
        ages += [1e3 * (later.at - one.stamp) for one, later in itertools.pairwise(own)]
    return ages


def _share(child: Child, seconds: float) -> float:
    """Return how much of a core a process takes for so long."""
    begin, cpu = time.monotonic(), cpu_seconds(child.pid)
    time.sleep(seconds)
    return (cpu_seconds(child.pid) - cpu) / (time.monotonic() - begin)


def _check(child: Child) -> None:
    if child.code is not None:
        raise FerError(child.epitaph())
