"""The environments are locked, whole, and mended where they are not."""

import os
from pathlib import Path
import re
import subprocess
import sys
import time

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tools' / 'bootstrap'))

from environments import create, lock_entries  # noqa: E402
from host import BootstrapError, find_sourced_ros, require_wheels  # noqa: E402
from record import hash_files, Record  # noqa: E402

LOCKS = ('jazzy', 'kilted', 'train', 'quality')


def read_lock(name):
    return (ROOT / 'tools' / 'requirements' / f'{name}.lock').read_text()


@pytest.mark.parametrize('name', LOCKS)
def test_every_package_has_a_version_and_hashes_and_no_address(name):
    text = read_lock(name)
    entries = lock_entries(ROOT / 'tools' / 'requirements' / f'{name}.lock')
    assert len(entries) > 30
    for package, block in entries.items():
        assert '==' in block, package
        assert '--hash=sha256:' in block, package
    assert '://' not in text
    assert '--index' not in text


@pytest.mark.parametrize('name', LOCKS)
def test_the_lock_holds_what_was_asked_for(name):
    entries = lock_entries(ROOT / 'tools' / 'requirements' / f'{name}.lock')
    folder = ROOT / 'tools' / 'requirements'

    def wanted(path):
        for line in path.read_text().splitlines():
            if line.startswith('-r '):
                yield from wanted(folder / line[3:].strip())
            elif line and not line.startswith(('#', '-c')):
                yield re.match(r'[A-Za-z0-9_.-]+', line).group().lower()

    assert set(wanted(folder / f'{name}.in')) <= set(entries)


def test_the_robot_never_gets_tensorflow():
    for name in ('jazzy', 'kilted'):
        assert not re.search(r'^(tensorflow|keras)', read_lock(name), re.MULTILINE)
    train = read_lock('train')
    assert 'tensorflow' in train
    assert 'keras' in train


@pytest.fixture
def venv(tmp_path):
    """Return an environment of two steps with two files each."""
    record = Record(tmp_path)
    for step in ('one', 'two'):
        record.begin(step)
        for name in ('a', 'b'):
            (tmp_path / step).mkdir(exist_ok=True)
            (tmp_path / step / name).write_text(step)
        record.finish(step, f'inputs of {step}')
    return tmp_path


def test_a_whole_environment_is_known_as_whole(venv):
    record = Record(venv)
    assert record.done('one', 'inputs of one')
    assert record.damaged() == {}
    assert not record.done('one', 'other inputs')


@pytest.mark.parametrize('harm', [
    lambda path: path.unlink(), lambda path: path.write_text('other')])
def test_harm_is_noticed_in_the_step_that_it_hit(venv, harm):
    harm(venv / 'two' / 'b')
    assert Record(venv).damaged() == {'two': ['two/b']}


def test_an_interrupted_step_is_not_done(venv):
    Record(venv).begin('two')
    assert not Record(venv).done('two', 'inputs of two')
    assert Record(venv).done('one', 'inputs of one')


def test_a_torn_record_counts_as_none(venv):
    (venv / '.fer_ros.json').write_text('{"steps"')
    assert not Record(venv).done('one', 'inputs of one')


def test_a_step_that_is_done_again_leaves_nothing_stale(venv):
    Record(venv).remove_files('two')
    assert sorted(path.name for path in (venv / 'one').iterdir()) == ['a', 'b']
    assert list((venv / 'two').iterdir()) == []


def test_what_the_user_has_installed_belongs_to_no_step(venv):
    (venv / 'mine').write_text('precious')
    record = Record(venv)
    record.begin('two')
    record.remove_files('two')
    (venv / 'two' / 'a').write_text('again')
    record.finish('two', 'other inputs')
    Record(venv).remove_files('two')
    assert (venv / 'mine').exists()
    assert not (venv / 'two' / 'a').exists()


def test_a_changed_name_changes_the_hash(tmp_path):
    (tmp_path / 'a').write_text('x')
    before = hash_files([tmp_path])
    (tmp_path / 'a').rename(tmp_path / 'b')
    assert hash_files([tmp_path]) != before


def test_a_python_without_wheels_is_refused_with_advice():
    with pytest.raises(BootstrapError, match=r'make PYTHON=python3\.'):
        require_wheels((3, 2), (3, 3), 'ROS 2 from wheels')


def test_a_folder_that_make_has_not_made_is_left_alone(tmp_path):
    (tmp_path / 'venv').mkdir()
    (tmp_path / 'venv' / 'mine').write_text('precious')
    with pytest.raises(BootstrapError, match='was not made by make'):
        create(tmp_path / 'venv', os.environ)
    assert (tmp_path / 'venv' / 'mine').exists()


def test_a_package_with_versions_for_several_pythons_keeps_them_all(tmp_path):
    lock = tmp_path / 'a.lock'
    lock.write_text('one==1 ; x \\\n    --hash=sha256:a\n    # via two\n'
                    'one==2 ; y \\\n    --hash=sha256:b\n')
    assert list(lock_entries(lock)) == ['one']
    assert 'one==1' in lock_entries(lock)['one']
    assert 'one==2' in lock_entries(lock)['one']


def test_nothing_sourced_is_no_ros(tmp_path, monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', '')
    assert find_sourced_ros(tmp_path) is None


def test_an_overlay_on_the_environment_itself_is_no_ros_installation(monkeypatch):
    monkeypatch.setenv('AMENT_PREFIX_PATH', sys.prefix)
    assert find_sourced_ros(Path(sys.prefix)) is None


def test_a_second_make_does_nothing_in_two_seconds():
    if not (Path(sys.prefix) / '.fer_ros.json').is_file():
        pytest.fail('the tests do not run in an environment that make made')
    # What `python` means in a shell, not in this environment.
    environment = {
        name: value for name, value in os.environ.items()
        if name not in ('AMENT_PREFIX_PATH', 'LD_LIBRARY_PATH', 'PYTHONPATH')}
    make = ['make', '--no-print-directory']
    subprocess.run(make, cwd=ROOT, env=environment, check=True, capture_output=True)
    begin = time.monotonic()
    done = subprocess.run(
        make, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    assert time.monotonic() - begin < 2.0
    assert done.stdout == ''
