"""`fer bench memory`: whether the node's memory stays the same over many results."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import json
import os
from pathlib import Path
import tempfile
import time
from typing import Any

import numpy as np

from fer_ros.bench.cases import read_size
from fer_ros.bench.command import write_result
from fer_ros.bench.machine import describe_machine, pick_core, resident_mb
from fer_ros.bench.node.setting import add_node_options, check_node_options, make_trials
from fer_ros.bench.options import add_result_options
from fer_ros.bench.tables import machine_line, markdown
from fer_ros.commands.options import count
from fer_ros.commands.processes import check_ros
from fer_ros.commands.progress import progress
from fer_ros.core.errors import ConfigError, FerError

__all__ = ['EPILOG', 'growth', 'memory_table', 'run', 'SUMMARY', 'add_arguments']

SUMMARY = 'memory, handles and threads of emotion_node over many results'

EPILOG = """\
A camera sends the same image as fast as --rate says, over DDS; the node and a listener are
processes of their own. What the node holds is looked at twenty times. Growth is that from the
second look to the last: what comes before is the allocators' start.

examples:
  fer bench memory                                      2,000 results
  fer bench memory --frames 100000 --size 320x240 --rate 100 --out bench/
  fer bench memory --frames 20000 --fail-above 5        exit with 1 if it grew by more than 5 MB
"""

_LOOKS = 20
_FRAMES = 2000
_SILENCE_SECONDS = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        '--frames', type=count, default=_FRAMES, metavar='N',
        help='results to wait for (default: %(default)s)')
    parser.add_argument(
        '--rate', type=float, default=30.0, metavar='HZ',
        help='images a second; the node takes the newest (default: %(default)g)')
    parser.add_argument(
        '--size', default='640x480', metavar='WxH', help='of the images (default: %(default)s)')
    add_node_options(parser)
    add_result_options(parser, 'memory.json')
    parser.add_argument(
        '--fail-above', type=float, metavar='MB', help='exit with 1 if the memory grew by more')


def run(args: argparse.Namespace) -> int:
    """Measure, tell, write; returns the exit code.

    Raises:
        FerError: ROS or something that is named is missing, the node has died or fallen silent,
            or it grew by more than is allowed.
    """
    check_ros('`fer bench memory`')
    if args.frames < _LOOKS:
        raise ConfigError(f'--frames must be {_LOOKS} or more, got {args.frames}')
    if not 0.1 <= args.rate <= 1000:
        raise ConfigError(f'--rate must lie in [0.1, 1000], got {args.rate:g}')
    try:
        size = read_size(args.size)
    except ValueError as error:
        raise ConfigError(f'--size must be WIDTHxHEIGHT: {error}') from error
    check_node_options(args)
    with tempfile.TemporaryDirectory(prefix='fer_bench_') as scratch:
        result = _measured(args, size, Path(scratch))
    print(json.dumps(result, indent=1) if args.json else memory_table(result))
    if args.out:
        write_result(Path(args.out) / 'memory.json', result)
    if args.fail_above is not None and growth(result['looks']) > args.fail_above:
        raise FerError(f'the memory grew by {growth(result["looks"]):.1f} MB, more than '
                       f'{args.fail_above:g}')
    return 0


def growth(looks: Sequence[Mapping[str, Any]]) -> float:
    """Return by how many MB the resident memory grew from the second look to the last."""
    return float(looks[-1]['resident_mb'] - looks[1]['resident_mb'])


def memory_table(result: Mapping[str, Any]) -> str:
    """Return the figures as text with a table: the first two looks, and every fifth."""
    looks = result['looks']
    shown = [*looks[:2], *looks[4::5]]
    return '\n\n'.join([
        machine_line(result),
        f'`{result["command"]}`: {looks[-1]["results"]} results in {looks[-1]["seconds"]:.0f} s; '
        f'memory grew by {growth(looks):.1f} MB from the second look to the last.',
        markdown(['results', 'resident, MB', 'handles', 'threads'], [
            [look['results'], f'{look["resident_mb"]:.1f}', look['handles'], look['threads']]
            for look in shown])])


def _measured(args: argparse.Namespace, size: tuple[int, int], scratch: Path) -> dict[str, Any]:
    machine = describe_machine()
    trials = make_trials(
        args, size, scratch, pick_core(), rate=args.rate, overload=1.0, length=1.0)
    from fer_ros.bench.node.trial import Setup

    setup = Setup('raw', 1)
    marks = [round(mark) for mark in np.linspace(args.frames / _LOOKS, args.frames, _LOOKS)]
    looks = []
    with trials.cameras(setup) as listener, progress(_LOOKS, 'look') as step, \
            trials.node('emotion_node', setup, listener) as (child, _):
        begin = time.monotonic()
        for mark in marks:
            _await(listener, mark, child)
            looks.append({
                'results': len(listener.arrivals), 'seconds': round(time.monotonic() - begin, 1),
                'resident_mb': resident_mb(child.pid),
                'handles': len(os.listdir(f'/proc/{child.pid}/fd')),
                'threads': len(os.listdir(f'/proc/{child.pid}/task'))})
            step()
    words = ['fer bench memory', f'--frames {args.frames}', f'--size {args.size}',
             f'--rate {args.rate:g}', f'--faces {args.faces}']
    if args.model:
        words.append(f'--model {args.model}')
    return {'kind': 'memory', 'command': ' '.join(words), 'machine': machine, 'looks': looks}


def _await(listener: Any, results: int, child: Any) -> None:
    """Wait for so many results; they must not stop coming.

    Raises:
        FerError: The node has ended, or gives nothing any more.
    """
    known, since = len(listener.arrivals), time.monotonic()
    while known < results:
        time.sleep(0.1)
        if child.code is not None:
            raise FerError(child.epitaph())
        if len(listener.arrivals) > known:
            known, since = len(listener.arrivals), time.monotonic()
        elif time.monotonic() - since > _SILENCE_SECONDS:
            raise FerError(f'no result for {_SILENCE_SECONDS:g} s, after {known}')
