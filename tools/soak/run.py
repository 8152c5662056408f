"""The course of a soak: a node under test, what it is among, and what is done to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
import random
import signal
import subprocess
import sys
import threading
import time
from types import TracebackType

from actors import Camera, FORMATS, Listener, SPACE
import psutil
from watch import Sample, usage, Watch

__all__ = ['CAMERAS', 'Soak']

CAMERAS = ('left', 'right')
_ROOT = Path(__file__).resolve().parents[2]
_ENOUGH = 3  # results of each camera that show that it is seen again
_END_SECONDS = 15.0  # for a node that is asked to end


class Soak:
    """Everything that takes part, as a context manager.

    Args:
        environment: Of the node under test.
        folder: For files.
        draw: Draws the particulars of the faults.
        patience: Seconds after a fault until results must flow again.

    Attributes:
        watch: Results and services.
        cameras: By name.
        listener: Looks at the annotated images.
        samples: One a second.
        problems: What was wrong, in words.
        recoveries: By fault, the seconds until results flowed again.
        events: Time and name of each fault.
    """

    def __init__(
        self, environment: Mapping[str, str], folder: Path, draw: random.Random, patience: float,
    ) -> None:
        self._environment = {**environment, 'PYTHONPATH': f'{_ROOT}:' + environment.get(
            'PYTHONPATH', ''), 'OMP_NUM_THREADS': '1'}
        self.folder, self.draw, self._patience = folder, draw, patience
        self.samples: list[Sample] = []
        self.problems: list[str] = []
        self.recoveries: defaultdict[str, list[float]] = defaultdict(list)
        self.events: list[tuple[float, str]] = []
        self.log = folder / 'node.log'
        self._begin = time.monotonic()
        self._life, self._round = -1, 0
        self._ending = threading.Event()

    def __enter__(self) -> Soak:
        self.watch = Watch(SPACE, CAMERAS)
        self.start_node()
        self.cameras = {name: Camera(name) for name in CAMERAS}
        for camera in self.cameras.values():
            camera.start(FORMATS[0])
        self.listener = Listener()
        self.listener.start(CAMERAS[0])
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._sampler.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._sampler.join()
        for actor in (*self.cameras.values(), self.listener):
            actor.kill()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.watch.close()

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._begin

    @property
    def published(self) -> int:
        """Images of all cameras."""
        return sum(camera.published for camera in self.cameras.values())

    # The node under test

    def start_node(self) -> None:
        """Start the node anew."""
        with self.log.open('ab') as log:
            self._process = subprocess.Popen(
                [sys.executable, '-m', 'fer_ros.nodes.emotion_node', '--ros-args', '-r',
                 f'__ns:=/{SPACE}', '-p', f'camera_names:=[{",".join(CAMERAS)}]', '-p',
                 'diagnostics_period:=0.5'],
                stdout=log, stderr=subprocess.STDOUT, env=self._environment,
                start_new_session=True)
        self._life += 1

    def end_node(self, number: signal.Signals) -> None:
        """Send the node a signal, and note a problem unless it ends as it should."""
        self._process.send_signal(number)
        try:
            code = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.problems.append(f'after {number.name} the node lived on')
            self._process.kill()
            code = self._process.wait()
        wanted = -number if number is signal.SIGKILL else 0
        if code != wanted:
            self.problems.append(f'after {number.name} the node ended with {code}')

    # The course

    def begin_round(self) -> None:
        """Say that every fault comes once from now on."""
        self._round += 1

    def inflict(self, name: str, fault: Callable[[Soak], str | None]) -> None:
        """Do something to the node, and wait until results flow again."""
        self.events.append((self.elapsed, name))
        try:
            problem = fault(self)
        except Exception as error:
            problem = f'{type(error).__name__}: {error}'
        if problem:
            self.problems.append(f'{name}, at {self.elapsed:.0f} s: {problem}')
        self.recover(name)
        time.sleep(self.draw.uniform(0.5, 1.5))

    def recover(self, name: str) -> None:
        """Wait until both cameras are seen again, and note a problem if they are not."""
        begin, before = time.monotonic(), dict(self.watch.results)
        patience = self._patience if self._round or self.samples else 2 * self._patience
        if self.watch.wait(lambda: self._process.poll() is not None or all(
                self.watch.results[camera] >= before.get(camera, 0) + _ENOUGH
                for camera in CAMERAS), patience):
            self.recoveries[name].append(time.monotonic() - begin)
        else:
            silent = [camera for camera in CAMERAS
                      if self.watch.results[camera] < before.get(camera, 0) + _ENOUGH]
            self.problems.append(
                f'{name}, at {self.elapsed:.0f} s: no results of {" and ".join(silent)} within '
                f'{patience:g} s')
        if self._process.poll() is not None:
            self.problems.append(
                f'{name}, at {self.elapsed:.0f} s: the node ended with {self._process.returncode}')
            self.start_node()

    def finish(self) -> None:
        """Let the last results arrive, and end the node."""
        time.sleep(1.0)
        self._ending.set()
        self._sampler.join()
        if self.watch.counts['failed']:
            self.problems.append(f'{self.watch.counts["failed"]} images failed')
        self.end_node(signal.SIGTERM)
        text = self.log.read_text(errors='replace')
        if 'Traceback' in text:
            self.problems.append(
                'the log holds a traceback: ' + text[text.index('Traceback'):][:2000])

    def _sample(self) -> None:
        while not self._ending.wait(1.0):
            try:
                taken = usage(psutil.Process(self._process.pid))
            except psutil.Error:
                continue
            if not taken[0]:  # it has just ended
                continue
            self.samples.append(Sample(
                self.elapsed, self._life, self._round, *taken, self.published,
                sum(self.watch.results.values())))
