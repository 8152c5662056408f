"""Options that the kinds of `fer bench` share."""

from __future__ import annotations

import argparse

__all__ = ['add_portrait_option', 'add_result_options']


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
