"""`fer`: the package on the command line, without ROS except for `fer demo`.

Exit codes: 0 done; 1 something could not be done, told in one line on stderr; 2 wrong usage;
130 interrupted by the user, 143 by SIGTERM.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
import contextlib
import importlib
import os
import signal
import sys
from types import ModuleType

from fer_ros import __version__
from fer_ros.core.errors import FerError

__all__ = ['main']

_COMMANDS = {
    'image': 'classify the faces in images',
    'video': 'classify the faces in a video, a camera or a folder of frames',
    'demo': 'camera, node and viewer as separate processes over DDS',
    'info': 'what is installed, what is missing and how to get it',
    'doctor': 'check a running graph: topics, QoS, stamps, rates, model',
    'data': 'prepare labelled faces, look at them, preview their variations',
    'train': 'train an emotion network and export it as a model folder',
    'train-detector': 'train the face detector on pictures with boxes and landmarks',
    'distil': 'train a student network on what one or more teacher models say',
    'ensemble': 'average models into one that runs like any other',
    'export': 'convert a model folder to float16, int8 or ONNX, and measure what that costs',
    'bench': 'what the package costs here: stages, the node over DDS, other packages',
    'networks': 'what each network family costs: parameters, operations, size, time',
    'evaluate': 'measure the pipeline on bags, videos, pictures; a model, a detector, a framing',
    'compare': 'whether one model or run is better than another on the same faces',
    'record': 'record a labelled session for a test set of your own, with consent',
    'plot': 'a picture of predictions over time',
    'play': 'publish the messages of a bag at their pace, with /clock',
}

_EPILOG = """\
examples:
  fer image portrait.jpg                    annotated picture and table
  fer video talk.mp4 --csv emotions.csv     annotated video and a row a face
  fer info                                  is everything there?

`fer COMMAND --help` explains each command.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with _sigterm_unwinds():
            return _run(arguments)
    except FerError as error:
        print(f'fer: error: {error}', file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of our output has gone (`fer image ... | head`): no more to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        print(f'fer: error: {error}', file=sys.stderr)
        return 1
    except MemoryError:
        print('fer: error: there is not enough memory for this', file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        print(
            f'fer: error: {error}; `fer info` tells what is missing and how to get it',
            file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('fer: interrupted', file=sys.stderr)
        return 130


@contextlib.contextmanager
def _sigterm_unwinds() -> Iterator[None]:
    """Let SIGTERM unwind the stack, so that no half-written file stays behind."""
    def leave(number: int, _: object) -> None:
        sys.exit(128 + number)

    former = signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog='fer', description='Facial expression recognition for social robots.',
        epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--version', action='version', version=f'fer_ros {__version__}')
    commands = parser.add_subparsers(dest='command', metavar='COMMAND', required=True)
    for name, summary in _COMMANDS.items():
        # Only the command that is run is imported: `fer --help` answers at once.
        chosen = name == _first_word(arguments)
        path = f'fer_ros.commands.{name.replace("-", "_")}'
        module = importlib.import_module(path) if chosen else None
        _add_command(commands, name, summary, module)
    args = parser.parse_args(arguments)
    return int(args.handler(args))


def _first_word(arguments: Sequence[str]) -> str:
    return next((word for word in arguments if not word.startswith('-')), '')


def _add_command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], name: str, summary: str,
    module: ModuleType | None,
) -> None:
    parser = commands.add_parser(
        name, help=summary, description=f'{summary[0].upper()}{summary[1:]}.',
        epilog=getattr(module, 'EPILOG', None),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    if module is not None:
        module.add_arguments(parser)
        parser.set_defaults(handler=module.run)


if __name__ == '__main__':
    sys.exit(main())
