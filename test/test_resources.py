"""Models and settings are found wherever the package was installed."""

from pathlib import Path
import sys

import pytest

from fer_ros.core import resources

ROOT = Path(__file__).resolve().parents[1]


def test_in_a_source_tree_its_own_folders_come_first():
    assert resources.resource_folders('models')[0] == ROOT / 'models'


@pytest.mark.parametrize(('package', 'prefix'), [
    ('home/.local/lib/python3.11/site-packages/fer_ros', 'home/.local'),
    ('usr/local/lib/python3.11/dist-packages/fer_ros', 'usr/local'),
    ('target/fer_ros', 'target'),
])
def test_an_installed_package_finds_the_share_that_came_with_it(
        tmp_path, monkeypatch, package, prefix):
    monkeypatch.setattr(resources, '__file__', str(tmp_path / package / 'core' / 'resources.py'))
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    monkeypatch.setattr(sys, 'prefix', str(tmp_path / 'elsewhere'))
    models = tmp_path / prefix / 'share' / 'fer_ros' / 'models'
    models.mkdir(parents=True)
    assert resources.resource_folders('models') == [models]
    assert resources.resource_folders('config') == []


def test_a_sourced_workspace_comes_before_what_pip_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(
        resources, '__file__', str(tmp_path / 'target' / 'fer_ros' / 'core' / 'resources.py'))
    folders = [tmp_path / name / 'share' / 'fer_ros' / 'config'
               for name in ('workspace', 'environment', 'target')]
    for folder in folders:
        folder.mkdir(parents=True)
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path / 'workspace'))
    monkeypatch.setattr(sys, 'prefix', str(tmp_path / 'environment'))
    assert resources.resource_folders('config') == folders
