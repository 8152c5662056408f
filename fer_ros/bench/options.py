"""Options that the kinds of `fer bench` share."""

from __future__ import annotations

import argparse

from fer_ros.commands.options import count

__all__ = ['add_frames_options', 'add_portrait_option', 'add_result_options']


def add_frames_options(parser: argparse.ArgumentParser) -> None:
    """Declare how many faces and frames what is compared gets."""
    parser.add_argument(
        '--faces', type=int, action='append', metavar='N',
        help='faces in the frames; may be given again (default: 1 and 5)')
    parser.add_argument(
        '--rounds', type=count, default=20, metavar='N',
        help='frames of each (default: %(default)s)')


def add_portrait_option(parser: argparse.ArgumentParser) -> None:
    """Declare the option that chooses the face."""
    parser.add_argument(
        '--image', default='', metavar='FILE',
        help='picture whose largest face the frames show (default: an astronaut)')


def add_result_options(parser: argparse.ArgumentParser, files: str) -> None:
    """Declare where the figures go.

    Args:
        parser: The command's.
        files: What is written, in words.
    """
    parser.add_argument('--out', metavar='FOLDER', help=f'write {files} there')
    parser.add_argument('--json', action='store_true', help='print the figures as JSON')
