"""docs/reliability.md names tests that exist, and all of those of the faults."""

import ast
from pathlib import Path
import re

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.findall(r'`([\w/]+\.py)::(\w+)`', (ROOT / 'docs' / 'reliability.md').read_text())


def defined_in(path):
    return {node.name for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.FunctionDef) and node.name.startswith('test_')}


def test_every_named_test_exists():
    assert len(NAMED) > 50
    lacking = [f'{file}::{name}' for file, name in NAMED
               if name not in defined_in(ROOT / 'test' / file.removeprefix('test/'))]
    assert not lacking


def test_every_test_of_a_fault_is_named():
    named = {name for _, name in NAMED}
    for path in sorted((ROOT / 'test' / 'faults').glob('test_*.py')):
        assert defined_in(path) <= named, path.name
