"""The soak runs, reports, and tells a leak from none."""

import dataclasses
import json
from pathlib import Path
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='needs ROS')

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / 'tools' / 'soak'))

from verdict import judge, MEMORY_MB, rounds  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Sample:
    life: int
    round: int
    memory: float = 150.0
    handles: int = 20
    threads: int = 15


def steady(**growth):
    """Return samples of two lives and four rounds; `growth` is added in each round."""
    first = [Sample(0, 0, memory=500.0, handles=90)]
    return first + [
        Sample(1, number, **{
            name: getattr(Sample(0, 0), name) + number * step + (10 if tick == 2 else 0)
            for name, step in growth.items()})
        for number in range(5) for tick in range(5)]


def test_what_stays_is_no_leak_whatever_it_takes_for_a_moment():
    assert judge(steady(memory=0, handles=0, threads=0)) == []


@pytest.mark.parametrize(('growth', 'word'), [
    ({'memory': MEMORY_MB + 1}, 'memory grew by'), ({'handles': 4}, 'handles grew'),
    ({'threads': 3}, 'threads grew')])
def test_what_grows_from_round_to_round_is_a_leak(growth, word):
    (problem,) = judge(steady(**growth))
    assert word in problem


def test_rounds_are_those_of_the_last_life_after_its_first():
    assert [part[0].round for part in rounds(steady(memory=0))] == [2, 3, 4]
    assert judge([Sample(0, 0)]) == []
    assert judge([]) == ['no samples of the process were taken']


def test_a_short_soak_passes_and_reports(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / 'tools' / 'soak'), '--minutes', '0.4', '--seed', '7',
         '--patience', '60', '--out', str(tmp_path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    content = json.loads((tmp_path / 'report.json').read_text())
    assert content['passed']
    assert content['images']['results'] > 20
    assert content['images']['failed'] == 0
    assert content['faults']['killed']['times'] == 1
    assert (tmp_path / 'report.md').read_text().startswith('# Soak: passed')
    assert (tmp_path / 'soak.png').read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize('target', ['image', 'compressed', 'manifest', 'labels'])
def test_the_corpus_of_the_fuzzer_breaks_nothing(target):
    done = subprocess.run(
        [sys.executable, str(ROOT / 'tools' / 'fuzz'), '--target', target, '--corpus-only'],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
