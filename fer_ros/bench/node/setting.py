"""What `fer bench node` and `fer bench memory` share: their options, and the trials of a node."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from fer_ros.bench.options import add_portrait_option
from fer_ros.bench.scenes import make_frames, portrait
from fer_ros.commands.processes import node_environment
from fer_ros.core.errors import ConfigError
from fer_ros.core.model import load_model
from fer_ros.core.runtime import quiet_runtime
from fer_ros.core.sources.picture import write_image

if TYPE_CHECKING:
    from fer_ros.bench.node.trial import Trials

__all__ = ['add_node_options', 'check_node_options', 'make_trials']


def add_node_options(parser: argparse.ArgumentParser) -> None:
    """Declare what the images show, and the node's model."""
    parser.add_argument(
        '--faces', type=int, default=1, metavar='N',
        help='faces in the images (default: %(default)s)')
    parser.add_argument('--model', default='', metavar='NAME|FOLDER', help='model of the node')
    add_portrait_option(parser)


def check_node_options(args: argparse.Namespace) -> None:
    """Refuse wrong values of `add_node_options`.

    Raises:
        FerError: The model cannot be loaded, or the number of faces is out of range.
    """
    if not 0 <= args.faces <= 100:
        raise ConfigError(f'--faces must lie in [0, 100], got {args.faces}')
    load_model(args.model)  # what is wrong with it is told here, not by a node that waits


def make_trials(
    args: argparse.Namespace, size: tuple[int, int], scratch: Path, core: int, *, rate: float,
    overload: float, length: float,
) -> Trials:
    """Return trials of a node; this process is made ready to listen to it.

    Args:
        args: Values of `add_node_options`.
        size: Width and height of the images in pixels.
        scratch: Folder for files that are needed meanwhile.
        core: Core of the node.
        rate: See `Trials`.
        overload: See `Trials`.
        length: See `Trials`.
    """
    environment = node_environment(scratch)
    os.environ.update(environment)  # the listener is in this process
    from fer_ros.bench.node.trial import Trials
    from fer_ros.nodes.transport import make_room_for_images

    make_room_for_images()
    scene = scratch / 'scene.png'
    with quiet_runtime():
        write_image(scene, make_frames(portrait(args.image), size, args.faces, 1)[0])
    return Trials(
        environment, scene, scratch, core, rate=rate, overload=overload, length=length,
        parameters={'model': args.model} if args.model else {})
