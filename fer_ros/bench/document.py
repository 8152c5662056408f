"""`fer bench tables`: figures of the benchmarks into a document, so that they are never typed."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
import re
from typing import Any

from fer_ros.bench import tables
from fer_ros.bench.against import read_any
from fer_ros.bench.formats import formats_table
from fer_ros.bench.node.command import node_tables
from fer_ros.bench.node.memory import memory_table
from fer_ros.bench.peers.command import peers_table
from fer_ros.bench.targets import node_targets_table, targets_table
from fer_ros.core.errors import ConfigError
from fer_ros.evaluation.records import whole_file

__all__ = ['EPILOG', 'SUMMARY', 'add_arguments', 'fill', 'run']

SUMMARY = 'write figures of earlier runs into a document'

EPILOG = """\
The document has places like these, whose content is replaced; PART is one of machine, cases,
limits, start, targets, node, node_targets, peers, formats, memory:

    <!-- bench: PART -->
    <!-- bench: end -->

examples:
  fer bench tables docs/performance/*.json --into docs/performance.md
"""

# Of which kind of result each part is made.
_PARTS: Mapping[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    'machine': ('pipeline', tables.machine_line),
    'cases': ('pipeline', tables.cases_table),
    'limits': ('pipeline', tables.limits_table),
    'start': ('pipeline', tables.start_table),
    'targets': ('pipeline', targets_table),
    'node': ('node', node_tables),
    'node_targets': ('node', node_targets_table),
    'peers': ('peers', peers_table),
    'formats': ('formats', formats_table),
    'memory': ('memory', memory_table),
}
_PLACE = re.compile(r'(<!-- bench: (\w+) -->\n).*?(<!-- bench: end -->)', re.DOTALL)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument('results', nargs='+', metavar='FILE', help='JSON files of fer bench')
    parser.add_argument('--into', required=True, metavar='FILE', help='Markdown document')


def run(args: argparse.Namespace) -> int:
    """Fill the document in; returns the exit code.

    Raises:
        ConfigError: A file cannot be read, or nothing is given for a part of the document.
    """
    results = {result['kind']: result for result in map(read_any, map(Path, args.results))}
    path = Path(args.into)
    text = fill(path.read_text(encoding='utf-8'), results)
    with whole_file(path) as file:
        file.write(text)
    return 0


def fill(text: str, results: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a document with the figures in their places.

    Args:
        text: The document.
        results: {kind: result}; parts of a kind that is not among them stay as they are.

    Raises:
        ConfigError: The document has no place for figures, or for an unknown part.
    """
    def replace(match: re.Match[str]) -> str:
        part = match[2]
        if part not in _PARTS:
            raise ConfigError(
                f'there is no part {part!r}; a document may hold {", ".join(_PARTS)}')
        kind, make = _PARTS[part]
        if kind not in results:
            return match[0]
        try:
            return f'{match[1]}\n{make(results[kind])}\n\n{match[3]}'
        except KeyError as error:
            raise ConfigError(
                f'the result of kind {kind!r} lacks {error}, as those of other versions do: '
                'measure anew') from error

    filled, count = _PLACE.subn(replace, text)
    if not count:
        raise ConfigError('the document has no place like <!-- bench: cases -->')
    return filled
