"""`fer bench peers`: other packages on the same frames."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import contextlib
import json
import os
from pathlib import Path
import subprocess
import sys
import tempfile
import time
from typing import Any

import numpy as np

from fer_ros.bench.command import write_result
from fer_ros.bench.machine import describe_machine, on_cores, pick_core
from fer_ros.bench.measure import percentiles
from fer_ros.bench.options import add_frames_options, add_portrait_option, add_result_options
from fer_ros.bench.peers.adapters import PEERS
from fer_ros.bench.scenes import make_frames, portrait
from fer_ros.bench.tables import machine_line, markdown
from fer_ros.commands.progress import progress
from fer_ros.core.errors import ConfigError, FerError
from fer_ros.core.runtime import quiet_runtime

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'peers_table', 'run']

SUMMARY = 'other packages on the same frames, where they are installed'

EPILOG = f"""\
Each package runs in a process of its own, all on one core, one frame in turn. They are not
dependencies of this one and need not be in its environment: --python names the interpreter of the
environment that holds them.

{os.linesep.join(f'  {name:10} {peer.install}' for name, peer in PEERS.items() if peer.install)}

examples:
  fer bench peers
  fer bench peers --python ~/peers/bin/python --faces 1 --faces 5
"""

_SIZE = (640, 480)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        '--peer', action='append', choices=[name for name in PEERS if name != 'fer_ros'],
        metavar='NAME', help='only this one; may be given again (default: all)')
    parser.add_argument(
        '--python', default=sys.executable, metavar='FILE',
        help='interpreter that has the other packages (default: this one)')
    add_frames_options(parser)
    add_portrait_option(parser)
    add_result_options(parser, 'peers.json')


def run(args: argparse.Namespace) -> int:
    """Measure, tell, write; returns the exit code.

    Raises:
        FerError: Something that is named is missing, this package failed, or all others did.
    """
    faces = args.faces or [1, 5]
    if not all(0 <= number <= 100 for number in faces):
        raise ConfigError('--faces must lie in [0, 100]')
    found, missing = _installed(args.python, args.peer or list(PEERS)[1:])
    for name in missing:
        print(f'{name} is not installed: {PEERS[name].install}', file=sys.stderr)
    machine, core = describe_machine(), pick_core()
    with quiet_runtime(), on_cores([core]):
        head = portrait(args.image)
    rows: list[dict[str, Any]] = []
    failed: dict[str, str] = {}
    with progress(len(faces) * args.rounds, 'round') as step, on_cores([core]):
        for number in faces:
            frames = np.stack(make_frames(head, _SIZE, number))
            names = [name for name in found if name not in failed]
            rows += [{'faces': number, **row}
                     for row in _measure(names, args.python, frames, args.rounds, step, failed)]
    for name, reason in failed.items():
        print(f'{name} has failed: {reason}', file=sys.stderr)
    result = {'kind': 'peers', 'command': 'fer bench peers', 'machine': machine, 'core': core,
              'rounds': args.rounds, 'missing': missing, 'failed': failed, 'rows': rows}
    text = peers_table(result)
    print(json.dumps(result, indent=1) if args.json else text)
    if args.out:
        write_result(Path(args.out) / 'peers.json', result)
    if failed and len({row['name'] for row in rows}) == 1:
        raise FerError(f'no other package could be measured: {", ".join(failed)} failed')
    return 0


def peers_table(result: Mapping[str, Any]) -> str:
    """Return the figures as text with a table."""
    base = {row['faces']: row['cpu_ms']['p50'] for row in result['rows'] if
            row['name'] == 'fer_ros'}
    rows = [[f'`{row["name"]}`: {row["about"]}', row['faces'], row['found'],
             f'{row["cpu_ms"]["p50"]:.1f}', f'{row["cpu_ms"]["p95"]:.1f}',
             f'{row["cpu_ms"]["p50"] / base[row["faces"]]:.1f}',
             f'{row["first_cpu_s"]:.1f}', f'{row["resident_mb"]:.0f}'] for row in result['rows']]
    return '\n\n'.join([
        machine_line(result),
        f'640x480, processor time in ms, {result["rounds"]} frames in turn; first: seconds of '
        'processor time from loading to the first result.',
        markdown(['package', 'faces', 'found', 'p50', 'p95', 'ratio', 'first, s', 'MB'], rows)])


def _installed(python: str, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return which of the packages an interpreter has, and which not."""
    code = ('import json, sys; from fer_ros.bench.peers.adapters import PEERS; '
            'print(json.dumps([name for name in sys.argv[1:] if PEERS[name].installed]))')
    try:
        done = subprocess.run([python, '-c', code, *names], capture_output=True, text=True,
                              env=_environment())
    except OSError as error:
        raise ConfigError(f'--python {python} cannot be run: {error}') from error
    if done.returncode:
        raise ConfigError(f'--python {python}: {done.stderr.strip()[-300:]}')
    found = json.loads(done.stdout)
    return found, [name for name in names if name not in found]


def _measure(
    names: Sequence[str], python: str, frames: Any, rounds: int, step: Any,
    failed: dict[str, str],
) -> list[dict[str, Any]]:
    """Return what each package takes; those that fail are left out and go into `failed`."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix='fer_bench_')))
        np.save(folder / 'frames.npy', frames)
        workers = {'fer_ros': _Worker('fer_ros', sys.executable, folder)} | {
            name: _Worker(name, python, folder) for name in names}
        for worker in workers.values():
            stack.callback(worker.end)
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
        for turn in range(rounds + 1):
            for name, worker in workers.items():
                if name in failed:
                    continue
                try:
                    # The first frame is taken unasked, as soon as the package is loaded.
                    if turn:
                        worker.ask()
                    answers[name].append(worker.answer())
                except FerError as error:
                    if name == 'fer_ros':
                        raise
                    failed[name] = str(error)
            if turn:
                step()
    return [_row(name, *rows) for name, rows in answers.items() if name not in failed]


def _row(name: str, first: Mapping[str, Any], *rows: Mapping[str, Any]) -> dict[str, Any]:
    return {
        'name': name, 'about': PEERS[name].about,
        'cpu_ms': percentiles([row['cpu_ms'] for row in rows]),
        'wall_ms': percentiles([row['wall_ms'] for row in rows]),
        'found': len(rows[-1]['labels']), 'labels': rows[-1]['labels'],
        'first_cpu_s': round((first['load']['cpu_ms'] + first['cpu_ms']) / 1e3, 2),
        'first_wall_s': round((first['load']['wall_ms'] + first['wall_ms']) / 1e3, 2),
        'resident_mb': rows[-1]['resident_mb']}


class _Worker:
    """A package in a process of its own."""

    def __init__(self, name: str, python: str, folder: Path) -> None:
        self._name, self._log = name, folder / f'{name}.log'
        with self._log.open('w') as log:
            self._process = subprocess.Popen(
                [python, '-m', 'fer_ros.bench.peers.worker', name, str(folder / 'frames.npy')],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                env=_environment())

    def ask(self) -> None:
        """Let it take the next frame."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write('\n')
            self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Return what the frame took.

        Raises:
            FerError: The process has ended; with its last words.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            raise FerError(_last_words(self._log.read_text(errors='replace')))
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Let it end."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                assert stream is not None
                stream.close()
        end = time.monotonic() + 5.0
        while self._process.poll() is None and time.monotonic() < end:
            time.sleep(0.05)
        self._process.kill()
        self._process.wait()


def _last_words(log: str) -> str:
    """Return the error at the end of a log, without the frames of its traceback."""
    lines = [line for line in log.strip().splitlines() if line.strip()]
    errors = [line for line in lines if not line.startswith(' ')]
    return (errors or lines or ['it ended without a word'])[-1].strip()


def _environment() -> dict[str, str]:
    # The code that runs, whatever the interpreter has installed.
    source = str(Path(__file__).resolve().parents[3])
    path = os.pathsep.join(filter(None, [source, os.environ.get('PYTHONPATH')]))
    return {**os.environ, 'PYTHONPATH': path, 'TF_CPP_MIN_LOG_LEVEL': '3',
            'CUDA_VISIBLE_DEVICES': ''}
