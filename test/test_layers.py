"""Imports point one way; docs/architecture.md says which."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
OFFLINE = {'core', 'data', 'evaluation', 'training', 'commands'}

# What each layer may import of the package, and what it must never import of elsewhere.
ROS = {'rclpy', 'launch', 'launch_ros', 'sensor_msgs', 'std_msgs', 'fer_msgs', 'vision_msgs'}
KERAS = {'keras', 'tensorflow', 'torch', 'jax'}
LAYERS = {
    'core': ({'core'}, ROS | KERAS),
    'nodes': ({'core', 'nodes'}, KERAS),
    'client': ({'core', 'nodes', 'client'}, KERAS),
    'launching': ({'nodes', 'launching'}, KERAS),
    'data': (OFFLINE - {'evaluation', 'commands'}, ROS | KERAS),
    'evaluation': (OFFLINE, ROS),
    'training': (OFFLINE - {'commands'}, ROS),
    'bench': ({'core', 'nodes', 'evaluation', 'commands', 'bench'}, KERAS),
}


def imports_of(path):
    """Yield what a file imports, at its head or within a function."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f'{node.module}.{alias.name}' for alias in node.names)


@pytest.mark.parametrize('layer', LAYERS)
def test_a_layer_imports_only_what_it_may(layer):
    allowed, forbidden = LAYERS[layer]
    files = sorted((ROOT / 'fer_ros' / layer).rglob('*.py'))
    assert files
    for path in files:
        for name in imports_of(path):
            top, _, rest = name.partition('.')
            assert top not in forbidden, f'{path.relative_to(ROOT)} imports {name}'
            if top == 'fer_ros':
                part = rest.partition('.')[0]
                assert part in allowed or not (ROOT / 'fer_ros' / part).is_dir(), (
                    f'{path.relative_to(ROOT)} imports {name}')


def test_every_layer_has_its_rule():
    folders = {path.parent.name for path in (ROOT / 'fer_ros').glob('*/__init__.py')}
    assert folders - {'commands'} == set(LAYERS)
    table = (ROOT / 'docs' / 'architecture.md').read_text()
    assert all(f'| [{layer}](../fer_ros/{layer}) |' in table for layer in LAYERS)
