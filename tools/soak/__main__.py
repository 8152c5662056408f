#!/usr/bin/env python3
"""Runs emotion_node over DDS among faults, and fails on any leak, silence or sudden end.

    .venv/bin/python tools/soak [--minutes 10] [--seed 1] [--out fer_soak]

Two cameras, a listener and the node are processes of their own. Faults come one after the other
in an order that the seed draws, every kind once before any comes again; after each one the
results of both cameras must flow again. The node is ended and killed in the first part only, so
that one life of it is long enough to show a leak. The report (`report.md`, `report.json`,
`soak.png`) tells what came in and out, and the exit code is 1 if something was wrong.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
import random
import sys
import tempfile
import time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main() -> int:
    """Run and report; return the exit code."""
    args = _arguments()
    os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    os.environ.setdefault('ROS_DOMAIN_ID', str(1 + os.getpid() % 101))
    # Of this process and the cameras; the node under test chooses for itself.
    from fer_ros.nodes.transport import make_room_for_images
    before = dict(os.environ)
    make_room_for_images()

    from faults import FAULTS, RESTARTS
    from report import write_report
    from run import Soak
    from verdict import judge

    print(f'seed {args.seed}, {args.minutes:g} minutes, domain {os.environ["ROS_DOMAIN_ID"]}')
    draw = random.Random(args.seed)
    with tempfile.TemporaryDirectory(prefix='fer_soak_') as folder, \
            Soak(before, Path(folder), draw, args.patience) as soak:
        soak.recover('start')
        begin, end = time.monotonic(), time.monotonic() + 60.0 * args.minutes
        for name in draw.sample(sorted(RESTARTS), len(RESTARTS)):
            soak.inflict(name, RESTARTS[name])
        while time.monotonic() < end:
            soak.begin_round()
            for name in draw.sample(sorted(FAULTS), len(FAULTS)):
                if time.monotonic() < end:
                    soak.inflict(name, FAULTS[name])
        soak.finish()
        problems = [*soak.problems, *judge(soak.samples)]
        write_report(Path(args.out), soak, problems, {
            'seed': args.seed, 'minutes': args.minutes,
            'seconds': round(time.monotonic() - begin, 1)})
    for problem in problems:
        print(f'soak: error: {problem}', file=sys.stderr)
    print(f'{"failed" if problems else "passed"}; {args.out}/report.md')
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='soak', description=__doc__.splitlines()[0])
    parser.add_argument('--minutes', type=float, default=10.0)
    parser.add_argument('--seed', type=int, default=1, help='draws faults and their order')
    parser.add_argument('--out', default='fer_soak', metavar='FOLDER', help='of the report')
    parser.add_argument(
        '--patience', type=float, default=30.0, metavar='SECONDS',
        help='after a fault, until results must flow again (default: %(default)s)')
    return parser.parse_args()


if __name__ == '__main__':
    sys.exit(main())
