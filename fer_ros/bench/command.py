"""`fer bench`: the pipeline, stage by stage."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
import json
from pathlib import Path
from typing import Any

from fer_ros.bench import tables
from fer_ros.bench.against import compare, read_result
from fer_ros.bench.cases import Case, chosen_cases, full_cases, quick_cases, read_size
from fer_ros.bench.limits import measure_limits
from fer_ros.bench.machine import cores, describe_machine, on_cores, pick_core
from fer_ros.bench.measure import measure, measure_start, WARM_UP
from fer_ros.bench.options import add_portrait_option, add_result_options
from fer_ros.bench.plot import stage_chart
from fer_ros.bench.road import Road
from fer_ros.bench.scenes import make_frames, portrait
from fer_ros.commands.options import count
from fer_ros.commands.progress import progress
from fer_ros.core.detector import DETECTORS
from fer_ros.core.errors import ConfigError
from fer_ros.core.runtime import quiet_runtime
from fer_ros.evaluation.records import whole_file

__all__ = ['add_arguments', 'chosen_core', 'measure_cases', 'run', 'write_result']

_ROUNDS, _FULL_ROUNDS = 20, 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    group = parser.add_argument_group('cases', 'each option may be given several times')
    group.add_argument(
        '--size', type=_size, action='append', default=[], metavar='WxH',
        help='width and height of the frames in pixels')
    group.add_argument(
        '--faces', type=int, action='append', default=[], metavar='N', help='faces in a frame')
    group.add_argument(
        '--threads', type=int, action='append', default=[], metavar='N',
        help='threads of detector, classifier and OpenCV; 0: as many as there are cores')
    group.add_argument(
        '--model', action='append', default=[], metavar='NAME|FOLDER',
        help='installed model or model folder, such as one of `fer export`')
    group.add_argument(
        '--detector', action='append', default=[], choices=[*DETECTORS[:2]],
        help='face detector')
    group.add_argument(
        '--detect-every', type=count, action='append', default=[], metavar='N',
        help='look for faces in every Nth frame only')
    group.add_argument(
        '--full', action='store_true',
        help='all sizes, faces, threads, models and detectors; takes minutes')
    add_portrait_option(parser)
    parser.add_argument(
        '--rounds', type=count, metavar='N',
        help=f'frames of each case (default: {_ROUNDS}, with --full {_FULL_ROUNDS})')
    parser.add_argument(
        '--core', type=int, metavar='N',
        help='core on which one thread is kept (default: that which has been idle most)')
    add_result_options(parser, 'bench.json and bench.png')
    parser.add_argument(
        '--against', metavar='FILE', help='bench.json of another run, for ratios to it')
    parser.add_argument(
        '--fail-above', type=float, metavar='RATIO',
        help='exit with 1 if a case takes more than RATIO times as long as in --against')


def run(args: argparse.Namespace) -> int:
    """Measure, tell, write; returns the exit code.

    Raises:
        FerError: Something that is named is missing or out of range.
    """
    if args.fail_above is not None and not args.against:
        raise ConfigError('--fail-above needs --against FILE')
    other = read_result(Path(args.against), 'pipeline') if args.against else None
    core = chosen_core(args.core)
    rounds = args.rounds or (_FULL_ROUNDS if args.full else _ROUNDS)
    result = {
        'kind': 'pipeline', 'command': _command(args),
        **measure_cases(_cases(args), rounds, core, args.image), 'start': measure_start()}
    rows = compare(result, other) if other is not None else []
    text = _text(result)
    if rows:
        text += f'\n\n{tables.against_table(rows)}'
        result['against'] = {'file': args.against, 'cases': rows}
    print(json.dumps(result, indent=1) if args.json else text)
    if args.out:
        write_result(Path(args.out) / 'bench.json', result)
        stage_chart(result, Path(args.out) / 'bench.png')
    slower = [row for row in rows if row['ratios']['whole'] > (args.fail_above or float('inf'))]
    if slower:
        raise ConfigError(
            f'{slower[0]["name"]} takes {slower[0]["ratios"]["whole"]} times as long as in '
            f'{args.against}, more than {args.fail_above:g}')
    return 0


def write_result(path: Path, result: Mapping[str, Any]) -> None:
    """Write the figures of a measurement as JSON."""
    with whole_file(path) as file:
        file.write(json.dumps(result, indent=1) + '\n')


def _cases(args: argparse.Namespace) -> list[Case]:
    if any((args.size, args.faces, args.threads, args.model, args.detector, args.detect_every)):
        if args.full:
            raise ConfigError('--full has cases of its own: leave it out, or the others')
        return chosen_cases(
            args.size, args.faces, args.threads, args.model, args.detector, args.detect_every)
    return full_cases() if args.full else quick_cases()


def measure_cases(
    cases: Sequence[Case], rounds: int, core: int, image: str = '',
) -> dict[str, Any]:
    """Return what cases take, all in turn, with a progress bar.

    Args:
        cases: The cases.
        rounds: Frames of each by each clock.
        core: On which cases of one thread are kept.
        image: Picture whose largest face the frames show; '' for an astronaut.

    Returns:
        `machine`, `core`, `rounds`, `limits`, and what `measure` returns.

    Raises:
        FerError: A model, a detector or the picture cannot be loaded.
    """
    machine = describe_machine()
    with quiet_runtime():
        head = portrait(image)
        frames = {
            key: make_frames(head, (key[0], key[1]), key[2])
            for key in {(case.width, case.height, case.faces) for case in cases}}
        with on_cores([core]):
            limits = measure_limits()
        roads = []
        for case in cases:
            # The threads of a runtime stay where they are born.
            with on_cores([core] if case.threads == 1 else cores()):
                roads.append(Road(case, frames[case.width, case.height, case.faces]))
    with progress(WARM_UP + rounds, 'round') as step:
        found = measure(roads, rounds, core, limits, step)
    return {'machine': machine, 'core': core, 'rounds': rounds, 'limits': limits, **found}


def _text(result: Mapping[str, Any]) -> str:
    return '\n\n'.join([
        tables.machine_line(result),
        f'Milliseconds of processor time, median of {result["rounds"]} frames; whole also its '
        'percentiles, its ratio to 640x480 with one face (else the first case), and by the clock; '
        'MB allocated at the peak.',
        tables.cases_table(result), tables.limits_table(result),
        f'A fresh process up to its first result; then {result["start"]["resident_mb"]:.0f} MB '
        f'are resident ({result["start"]["python_mb"]:.0f} MB of them Python alone).',
        tables.start_table(result)])


def _command(args: argparse.Namespace) -> str:
    words = ['fer bench']
    words += ['--full'] * args.full
    for name in ('size', 'faces', 'threads', 'model', 'detector', 'detect_every'):
        for value in getattr(args, name):
            text = 'x'.join(map(str, value)) if isinstance(value, tuple) else str(value)
            words.append(f'--{name.replace("_", "-")} {text}')
    if args.image:
        words.append(f'--image {args.image}')
    return ' '.join(words)


def chosen_core(given: int | None) -> int:
    """Return the core of `--core`, or the one that has been idle most.

    Raises:
        ConfigError: The process may not use it.
    """
    if given is None:
        return pick_core()
    if given not in cores():
        raise ConfigError(f'--core must be one of {", ".join(map(str, cores()))}, got {given}')
    return given


def _size(text: str) -> tuple[int, int]:
    try:
        return read_size(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f'must be WIDTHxHEIGHT with sides in [32, 8192], got {text!r}') from error
