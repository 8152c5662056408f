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


def test_sourced_workspaces_come_in_their_order_before_what_pip_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(
        resources, '__file__', str(tmp_path / 'target' / 'fer_ros' / 'core' / 'resources.py'))
    folders = [tmp_path / name / 'share' / 'fer_ros' / 'config'
               for name in ('overlay', 'underlay', 'environment', 'target')]
    for folder in folders:
        folder.mkdir(parents=True)
    monkeypatch.setenv('AMENT_PREFIX_PATH', f'{tmp_path}/overlay::{tmp_path}/underlay:')
    monkeypatch.setattr(sys, 'prefix', str(tmp_path / 'environment'))
    assert resources.resource_folders('config') == folders


def test_folders_beside_an_installed_package_are_somebody_elses(tmp_path, monkeypatch):
    monkeypatch.setattr(
        resources, '__file__', str(tmp_path / 'site-packages' / 'fer_ros' / 'core' / 'x.py'))
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    monkeypatch.setattr(sys, 'prefix', str(tmp_path / 'elsewhere'))
    (tmp_path / 'site-packages' / 'models').mkdir(parents=True)
    assert resources.resource_folders('models') == []


@pytest.mark.parametrize('place', ['/', '/target', '/a/target', '/a/b/target', '/a/b/c/target'])
def test_a_package_may_lie_anywhere(monkeypatch, tmp_path, place):
    monkeypatch.setattr(resources, '__file__', f'{place}/fer_ros/core/resources.py')
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    (tmp_path / 'share' / 'fer_ros' / 'models').mkdir(parents=True)
    assert tmp_path / 'share' / 'fer_ros' / 'models' in resources.resource_folders('models')


@pytest.mark.parametrize('text', ['~nobody-of-this-name/clip.mp4', '~\0', 'a\0'])
def test_a_path_of_nobody_stays_as_it_is(text):
    assert resources.user_path(text) == Path(text)


def test_a_path_of_the_user_begins_at_home(monkeypatch):
    monkeypatch.setenv('HOME', '/home/robot')
    assert resources.user_path('~/clip.mp4') == Path('/home/robot/clip.mp4')
