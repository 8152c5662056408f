"""`fer record`: a labelled session from a camera or an image topic, with consent."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
import contextlib
import os
from pathlib import Path
import select
import sys
import time
from typing import TYPE_CHECKING

from fer_ros.commands.options import seconds
from fer_ros.core.errors import ConfigError
from fer_ros.core.types import EMOTIONS

if TYPE_CHECKING:
    from fer_ros.core.sources import FrameSource
    from fer_ros.evaluation.session import Session
    from fer_ros.nodes.image_topic import ImageTopic

__all__ = ['CONSENT', 'EPILOG', 'add_arguments', 'run']

EPILOG = """\
Shows the text of consent, and records nothing before it is agreed to. Then keys give labels: 1 to
8 the emotions, 0 or space none, q ends. A label holds from the frame at which its key is pressed;
who labels reacts some tenths of a second late, which `fer evaluate` counts as wrong answers.

examples:
  fer record 0 --subject p01 --out sessions/
  fer record --topic /camera/image_raw --subject p02 --out sessions/ --consent ours.txt
  fer evaluate video 'sessions/*.mp4' --labels sessions/ --out report/
"""

CONSENT = """\
Your face will be recorded on this computer, to test how well a program recognises facial
expressions. The recording is stored under the pseudonym that you were given, and nowhere else. You
can stop at any time, now or later, without giving a reason, and have the recording deleted."""
"""The text that is shown where the user gives none; a study needs its own."""

_QUIT, _NOTHING = ('q', '\x1b'), ('0', ' ')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer record`."""
    parser.add_argument(
        'source', nargs='?', metavar='SOURCE',
        help='camera (0, 1, ...); or a video, which is played at its pace to be labelled')
    parser.add_argument('--topic', metavar='TOPIC', help='image topic instead of a camera')
    parser.add_argument(
        '--subject', required=True, metavar='ID', help='pseudonym of the person')
    parser.add_argument('--out', required=True, metavar='FOLDER', help='where the session goes')
    parser.add_argument(
        '--consent', metavar='FILE', help='text of consent to show (default: a short one)')
    parser.add_argument(
        '--duration', type=seconds, default=0.0, metavar='SECONDS', help='end after that long')


def run(args: argparse.Namespace) -> int:
    """Run `fer record`; returns the exit code."""
    from fer_ros.evaluation.session import Session

    if (args.source is None) == (args.topic is None):
        raise ConfigError('give a camera as SOURCE, or --topic')
    if not sys.stdin.isatty():
        raise ConfigError('fer record needs a terminal: labels are given by keys')
    consent = CONSENT
    if args.consent:
        consent = Path(args.consent).read_text(encoding='utf-8').strip()
        if not consent:
            raise ConfigError(f'{args.consent}: the text of consent is empty')
    print(f'{consent}\n')
    if input('Do you agree? Type yes: ').strip().casefold() != 'yes':
        print('Not agreed: nothing is recorded.')
        return 1
    with _opened(args) as source, \
            Session(Path(args.out), args.subject, consent, args.source or args.topic) as session:
        print(_keys())
        with _single_keys():
            _record(source, session, args.duration)
    counted = ', '.join(f'{sum(e == name for _, _, e in session.segments)} {name}'
                        for name in EMOTIONS
                        if any(e == name for _, _, e in session.segments)) or 'no label'
    print(f'\nwritten: {session.path} ({session.seconds:.1f} s, {counted})')
    return 0


def _opened(args: argparse.Namespace) -> FrameSource | ImageTopic:
    if args.topic:
        from fer_ros.nodes.image_topic import ImageTopic

        return ImageTopic(args.topic)
    from fer_ros.core.sources import open_source

    return open_source(args.source)


def _record(source: FrameSource | ImageTopic, session: Session, duration: float) -> None:
    """Record until q, the end of the source, or Ctrl-C."""
    begin = time.monotonic()
    with contextlib.suppress(KeyboardInterrupt):
        for frame in source:
            if not source.live:
                time.sleep(max(0.0, begin + frame.stamp - time.monotonic()))
            session.frame(frame.stamp, frame.bgr)
            for key in _pressed():
                if key in _QUIT:
                    return
                if key in _NOTHING:
                    session.label('')
                elif key.isdecimal() and 1 <= int(key) <= len(EMOTIONS):
                    session.label(EMOTIONS[int(key) - 1])
            print(f'\r{session.seconds:7.1f} s   {session.emotion or "no label":12}', end='',
                  flush=True)
            if duration and session.seconds >= duration:
                return


def _keys() -> str:
    named = [f'{number} {name}' for number, name in enumerate(EMOTIONS, start=1)]
    return '   '.join([*named, '0 none', 'q end'])


@contextlib.contextmanager
def _single_keys() -> Iterator[None]:
    """Let keys come one by one and unseen, and leave the terminal as it was."""
    import termios
    import tty

    terminal = sys.stdin.fileno()
    former = termios.tcgetattr(terminal)
    # A key that was pressed a moment too early counts, too.
    tty.setcbreak(terminal, termios.TCSANOW)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, former)


def _pressed() -> list[str]:
    """Return the keys that were pressed since the last call."""
    keys = []
    while select.select([sys.stdin], [], [], 0)[0]:
        data = os.read(sys.stdin.fileno(), 64)
        if not data:
            break
        keys += list(data.decode('utf-8', 'ignore'))
    return keys
