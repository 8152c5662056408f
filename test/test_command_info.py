"""`fer info`: what is there, what is missing, and how to get it."""

import json

from cli_support import fer, without
import pytest


def test_info_tells_what_is_there_and_is_content_here():
    code, output, _ = fer('info')
    assert code == 0
    assert 'resnet_48' in output
    assert 'numpy' in output


@pytest.mark.parametrize('module', ['cv2', 'numpy', 'ai_edge_litert'])
def test_info_tells_what_is_missing_even_if_everything_needs_it(module):
    done = without(module, 'info', '--json')
    assert (done.returncode, done.stderr) == (1, '')
    content = json.loads(done.stdout)
    assert content['able'] is False
    item, = (item for item in content['libraries'] if item['name'] == module)
    assert item['needed']
    assert not item['found']
    assert item['hint'].startswith('pip install')


def test_info_as_json_names_missing_parts_with_the_way_to_get_them():
    _, output, _ = fer('info', '--json')
    content = json.loads(output)
    assert content['able'] is True
    missing = [item for items in content.values() if isinstance(items, list)
               for item in items if item['state'].startswith('missing')]
    assert all(item['hint'] for item in missing)
