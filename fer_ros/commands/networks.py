"""`fer networks`: what each network family costs, before anything is trained."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
import json
import math
from typing import Any

from fer_ros.core.errors import ConfigError

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'run']

SUMMARY = 'what each network family costs: parameters, operations, size, time'

EPILOG = """\
MFLOP are millions of floating-point operations a face, two for each multiply-accumulate of the
convolutions and dense layers; MB is the size of the LiteRT file (float32), ms the median time of a
face on one core of this machine.

examples:
  fer networks                              every family, at some widths
  fer networks --network mobile --width 0.5 --width 0.75
  fer networks --count-only --json
"""

_WIDTHS = {
    'resnet': (0.5, 1.0, 1.5), 'mobile': (0.5, 1.0), 'vgg': (0.25, 0.5), 'wide_resnet': (0.5, 1.0),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer networks`."""
    parser.add_argument(
        '--network', metavar='NAME', help='only this family (default: all families)')
    parser.add_argument(
        '--width', type=_multiple, action='append', metavar='W',
        help='multiple of the channels; may be given again (default: some useful ones)')
    parser.add_argument(
        '--depth', type=_multiple, default=1.0, metavar='D',
        help='multiple of the blocks (default: %(default)s)')
    parser.add_argument(
        '--side', type=int, default=48, metavar='N',
        help='width and height of the input in pixels (default: %(default)s)')
    parser.add_argument(
        '--classes', type=int, default=8, metavar='K',
        help='number of emotions (default: %(default)s)')
    parser.add_argument(
        '--count-only', action='store_true', help='convert and time nothing, which is quicker')
    parser.add_argument('--json', action='store_true', help='print the rows as JSON')


def run(args: argparse.Namespace) -> int:
    """Run `fer networks`; returns the exit code."""
    if not 16 <= args.side <= 1024:
        raise ConfigError(f'--side must lie in [16, 1024], got {args.side}')
    if not 2 <= args.classes <= 1000:
        raise ConfigError(f'--classes must lie in [2, 1000], got {args.classes}')

    from fer_ros.core.runtime import quiet_runtime

    # TensorFlow greets on stderr when it is imported.
    with quiet_runtime():
        from fer_ros.training.convert import check_converter

        if not args.count_only:
            check_converter()
    variants = list(_variants(args.network, args.width))
    rows = _rows(variants, args)
    print(json.dumps(rows, indent=2) if args.json else _table(rows))
    return 0


def _multiple(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 16:
        raise argparse.ArgumentTypeError(f'must be a number above 0, up to 16, got {text!r}')
    return value


def _variants(network: str | None, widths: Sequence[float] | None) -> Iterable[tuple[str, float]]:
    from fer_ros.training.networks import NETWORKS

    if network is not None and network not in NETWORKS:
        raise ConfigError(f'--network must be one of {", ".join(NETWORKS)}, got {network!r}')
    for name in (network,) if network else NETWORKS:
        for width in widths or _WIDTHS.get(name, (1.0,)):
            yield name, width


def _rows(
    variants: Sequence[tuple[str, float]], args: argparse.Namespace,
) -> list[dict[str, Any]]:
    from fer_ros.commands.progress import progress

    with progress(len(variants), 'network') as step:
        rows = []
        for name, width in variants:
            rows.append(_row(name, width, args))
            step()
    return rows


def _row(name: str, width: float, args: argparse.Namespace) -> dict[str, Any]:
    from fer_ros.training.cost import count_macs
    from fer_ros.training.networks import build_network

    model = build_network(
        name, side=args.side, classes=args.classes, width=width, depth=args.depth)
    macs = count_macs(model)
    row = {'network': name, 'width': width, 'depth': args.depth, 'side': args.side,
           'classes': args.classes, 'parameters': int(model.count_params()),
           'macs': macs, 'flops': 2 * macs}
    return row if args.count_only else {**row, **_measured(model, args.side)}


def _measured(model: Any, side: int) -> dict[str, Any]:
    import numpy as np

    from fer_ros.core.runtime import load_runtime, quiet_runtime
    from fer_ros.training.convert import to_litert
    from fer_ros.training.cost import interleaved_ms

    with quiet_runtime():
        data = to_litert(model)
        runtime = load_runtime(data, 'model.tflite')
        face = np.zeros((1, side, side, 1), np.float32)
        [milliseconds] = interleaved_ms([lambda: runtime.run(face)])
    return {'bytes': len(data), 'ms': round(milliseconds, 3)}


def _table(rows: Sequence[dict[str, Any]]) -> str:
    timed = 'ms' in rows[0]
    lines = [f'{"network":12}{"width":>7}{"depth":>7}{"parameters":>13}{"MFLOP":>10}'
             + (f'{"MB":>9}{"ms":>9}' if timed else '')]
    for row in rows:
        lines.append(
            f'{row["network"]:12}{row["width"]:7g}{row["depth"]:7g}{row["parameters"]:13,}'
            f'{row["flops"] / 1e6:10.1f}'
            + (f'{row["bytes"] / 1e6:9.2f}{row["ms"]:9.2f}' if timed else ''))
    return '\n'.join(lines)
