"""`fer bench node`: the node over DDS, beside a bare echo."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
import json
from pathlib import Path
import tempfile
from typing import Any

import numpy as np

from fer_ros.bench.command import write_result
from fer_ros.bench.machine import describe_machine, pick_core
from fer_ros.bench.node.setting import add_node_options, check_node_options, make_trials
from fer_ros.bench.options import add_result_options
from fer_ros.bench.tables import machine_line, markdown
from fer_ros.commands.options import count
from fer_ros.commands.processes import check_ros
from fer_ros.commands.progress import progress
from fer_ros.core.errors import ConfigError

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'node_tables', 'overheads', 'run']

SUMMARY = 'emotion_node over DDS, beside a bare echo of the same images'

EPILOG = """\
Cameras, node and listener are processes of their own; the node under test is kept on one core,
the others have the rest. The echo receives the same images and answers with empty results: what
is above it is the work on the image. Echo and node take turns.

examples:
  fer bench node                      one camera, raw images
  fer bench node --full --out bench/  raw and compressed, one and three cameras
"""

_SIZE = (640, 480)
_ROUNDS, _FULL_ROUNDS = 1, 3
_SECONDS = 4.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        '--full', action='store_true', help='raw and compressed, one and three cameras; minutes')
    parser.add_argument(
        '--rate', type=float, default=30.0, metavar='HZ',
        help='images a second and camera (default: %(default)g)')
    parser.add_argument(
        '--overload', type=float, default=5.0, metavar='TIMES',
        help='how many times as many are sent in the time of overload (default: %(default)g)')
    parser.add_argument(
        '--seconds', type=float, default=_SECONDS, metavar='N',
        help='length of each time of load (default: %(default)g)')
    parser.add_argument(
        '--rounds', type=count, metavar='N',
        help=f'how often all is repeated (default: {_ROUNDS}, with --full {_FULL_ROUNDS})')
    add_node_options(parser)
    add_result_options(parser, 'node.json')


def run(args: argparse.Namespace) -> int:
    """Measure, tell, write; returns the exit code.

    Raises:
        FerError: ROS or something that is named is missing, or a node has died.
    """
    check_ros('`fer bench node`')
    for name in ('rate', 'overload', 'seconds'):
        if not 0.1 <= getattr(args, name) <= 1000:
            raise ConfigError(f'--{name} must lie in [0.1, 1000], got {getattr(args, name)}')
    check_node_options(args)
    with tempfile.TemporaryDirectory(prefix='fer_bench_') as scratch:
        result = _measured(args, Path(scratch))
    text = node_tables(result)
    print(json.dumps(result, indent=1) if args.json else text)
    if args.out:
        write_result(Path(args.out) / 'node.json', result)
    return 0


def _measured(args: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    machine, core = describe_machine(), pick_core()
    trials = make_trials(
        args, _SIZE, scratch, core, rate=args.rate, overload=args.overload, length=args.seconds)
    from fer_ros.bench.node.trial import Setup, SUBJECTS

    setups = [Setup('raw', 1)] if not args.full else [
        Setup(transport, cameras) for transport in ('raw', 'compressed') for cameras in (1, 3)]
    rounds = args.rounds or (_FULL_ROUNDS if args.full else _ROUNDS)
    rows = []
    with progress(len(setups) * rounds * len(SUBJECTS), 'trial') as step:
        for setup in setups:
            runs: dict[str, list[dict[str, Any]]] = {subject: [] for subject in SUBJECTS}
            with trials.cameras(setup) as listener:
                for _ in range(rounds):
                    for subject, found in runs.items():
                        found.append(trials.run(subject, setup, listener))
                        step()
            rows += [{'setup': setup.name, 'subject': subject, **_median(found)}
                     for subject, found in runs.items()]
    return {
        'kind': 'node', 'command': f'fer bench node{" --full" * args.full}',
        'machine': machine, 'core': core, 'rounds': rounds, 'rate': args.rate,
        'overload': args.overload, 'seconds': args.seconds, 'faces': args.faces,
        'rows': rows}


def _median(found: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the median of every figure over the rounds."""
    return {
        name: _median([one[name] for one in found]) if isinstance(value, dict)
        else round(float(np.median([one[name] for one in found])), 4)
        for name, value in found[0].items()}


def node_tables(result: Mapping[str, Any]) -> str:
    """Return the figures as text with tables."""
    loads = [[row['setup'], row['subject'], name, f'{row[name]["sent_hz"]:.0f}',
              f'{row[name]["results_hz"]:.0f}',
              *(f'{row[name]["latency_ms"][q]:.1f}' for q in ('p50', 'p95', 'p99')),
              f'{row[name]["staleness_ms"]["p95"]:.1f}',
              f'{row[name]["processing_ms"]["p95"]:.1f}', f'{row[name]["cpu_ms"]:.1f}']
             for row in result['rows'] for name in ('rate', 'overload')]
    rests = [[row['setup'], row['subject'], f'{row["start_cpu_s"]:.2f}',
              f'{row["start_s"]:.1f}', f'{row["resident_mb"]:.0f}',
              f'{100 * row["idle"]:.1f}'] for row in result['rows']]
    return '\n\n'.join([
        machine_line(result),
        f'640x480, {result["faces"]} face(s), {result["rate"]:g} images a second and camera, or '
        f'{result["overload"]:g} times as many, {result["seconds"]:g} s each; medians of '
        f'{result["rounds"]} round(s). Latency: from publication to the result, by the clock, in '
        'ms; stale: 95th percentile of the age of the newest result when the next one comes; '
        'pipeline: 95th percentile of what the node says it worked; cpu: processor time of the '
        'node a result.',
        markdown(['images', 'node', 'load', 'sent/s', 'results/s', 'p50', 'p95', 'p99', 'stale',
                  'pipeline', 'cpu'], loads),
        _above(result),
        'Start: seconds of processor time from the start of the process to its first result, '
        'images flowing, and by the clock; idle: per cent of a core while images flow and nobody '
        'listens to results.',
        markdown(['images', 'node', 'start', 'clock', 'resident, MB', 'idle, %'], rests)])


def overheads(result: Mapping[str, Any]) -> Iterator[tuple[str, float, float, float]]:
    """Yield, for each set of images at rate, the p95 of node, echo and pipeline in ms."""
    rows = {(row['setup'], row['subject']): row['rate'] for row in result['rows']}
    for (setup, subject), load in rows.items():
        if subject != 'echo_node':
            yield (setup, load['latency_ms']['p95'],
                   rows[setup, 'echo_node']['latency_ms']['p95'], load['processing_ms']['p95'])


def _above(result: Mapping[str, Any]) -> str:
    """Return what the node adds to echo and pipeline."""
    return markdown(['p95 at rate', 'node', 'echo', 'pipeline', 'the rest'], [
        [setup, f'{own:.1f}', f'{echo:.1f}', f'{work:.1f}', f'{own - echo - work:+.1f}']
        for setup, own, echo, work in overheads(result)])
