"""`fer bench node`: real processes over DDS; `fer bench peers`: a process a package."""

import json
import os

from cli_support import fer
import pytest

from fer_ros.bench.node.command import node_tables
from fer_ros.bench.node.memory import growth, memory_table
from fer_ros.bench.peers.command import peers_table


def test_node_and_echo_are_measured_side_by_side(amount):
    words = amount([], ['--full', '--rounds', '1'])
    code, output, errors = fer(
        'bench', 'node', '--seconds', '2', '--rate', '5', '--overload', '4', '--json', *words)
    assert code == 0, errors
    result = json.loads(output)
    assert len(result['rows']) == (8 if words else 2)
    for echo, node in zip(result['rows'][::2], result['rows'][1::2], strict=True):
        assert (echo['subject'], node['subject']) == ('echo_node', 'emotion_node')
        assert (echo['rate']['faces'], node['rate']['faces']) == (0, 1)
        for row in (echo, node):
            for load in (row['rate'], row['overload']):
                assert 0 < load['results_hz'] <= 1.2 * load['sent_hz']
                assert 0 < load['latency_ms']['p50'] <= load['latency_ms']['p99']
                assert load['cpu_ms'] > 0
            assert 10 < row['resident_mb'] < 1000
            assert row['start_cpu_s'] > 0
        assert node['rate']['processing_ms']['p50'] > 0
        # Nobody listens: emotion_node does not take the images at all.
        assert node['idle'] < 0.2
    assert 'the rest' in node_tables(result)


def test_what_the_node_holds_is_watched_over_many_results(amount, tmp_path):
    frames = amount(60, 20_000)
    words = ['bench', 'memory', '--frames', frames, '--size', '320x240', '--rate', '60',
             '--model', 'mobile_48', '--out', tmp_path]
    code, output, errors = fer(*words, '--fail-above', amount(100, 8))
    assert code == 0, errors
    result = json.loads((tmp_path / 'memory.json').read_text())
    looks = result['looks']
    assert len(looks) == 20
    assert looks[-1]['results'] >= frames
    results = [look['results'] for look in looks]
    assert results == sorted(results)
    for look in looks:
        assert 30 < look['resident_mb'] < 250
        assert 3 < look['handles'] < 200
        assert 1 <= look['threads'] < 100
    assert looks[-1]['handles'] == looks[1]['handles']
    assert memory_table(result) in output


@pytest.mark.parametrize('grown', [-1.0, 0.0, 0.5])
def test_growth_is_that_from_the_second_look_to_the_last(grown):
    # What the first look saw was the allocators' start.
    looks = [{'resident_mb': 90.0}, {'resident_mb': 100.0}, {'resident_mb': 300.0},
             {'resident_mb': 100.0 + grown}]
    assert growth(looks) == pytest.approx(grown)


@pytest.mark.parametrize('words', [
    ['--frames', '19'], ['--rate', '0'], ['--size', '8x8'], ['--size', 'large'],
    ['--faces', '101'], ['--model', 'no_such_model']])
def test_options_of_no_sense_are_named(words):
    code, _, errors = fer('bench', 'memory', *words)
    assert code == 1
    assert words[0 if words[0] != '--model' else 1] in errors


def test_a_missing_package_is_named_and_ours_is_measured():
    code, output, errors = fer('bench', 'peers', '--peer', 'deepface', '--faces', '2',
                               '--rounds', '2', '--json')
    assert code == 0, errors
    result = json.loads(output)
    ours = result['rows'][0]
    assert (ours['name'], ours['found'], ours['labels']) == ('fer_ros', 2, ['happiness'] * 2)
    assert result['missing'] == ['deepface']
    assert 'pip install deepface' in errors
    assert 'fer_ros' in peers_table(result)


def test_a_wrong_interpreter_is_named():
    code, _, errors = fer('bench', 'peers', '--python', '/no/such/python')
    assert code == 1
    assert '/no/such/python' in errors


DEEPFACE = """
import sys, types
class FaceNotDetected(ValueError): pass
module = types.ModuleType('deepface.modules.exceptions')
module.FaceNotDetected = FaceNotDetected
sys.modules['deepface.modules'] = types.ModuleType('deepface.modules')
sys.modules['deepface.modules.exceptions'] = module
def build_model(name, task):
    {build}
def analyze(bgr, actions, detector_backend, silent):
    {analyze}
"""
FER = """
class FER:
    def __init__(self, mtcnn): pass
    def detect_emotions(self, bgr): return [{'emotions': {'happy': 0.9, 'sad': 0.1}}]
"""


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Return a function that puts packages of the names of others in the way of Python."""
    def put(package, module, text):
        (tmp_path / package).mkdir()
        (tmp_path / package / '__init__.py').write_text('')
        (tmp_path / package / f'{module}.py').write_text(text)

    path = [str(tmp_path), *filter(None, [os.environ.get('PYTHONPATH')])]
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(path))
    return put


def test_a_package_that_fails_is_told_and_the_others_are_measured(packages):
    packages('deepface', 'DeepFace', DEEPFACE.format(
        build="raise ValueError('facial_expression_model_weights.h5 cannot be downloaded')",
        analyze='return []'))
    code, _, errors = fer('bench', 'peers', '--peer', 'deepface', '--faces', '1', '--rounds', '1')
    assert code == 1
    assert 'deepface has failed: ValueError: facial_expression_model_weights.h5' in errors
    assert 'no other package could be measured' in errors
    packages('fer', 'fer', FER)
    code, output, errors = fer('bench', 'peers', '--faces', '1', '--rounds', '1', '--json')
    assert code == 0, errors
    result = json.loads(output)
    assert [(row['name'], row['labels']) for row in result['rows']] == [
        ('fer_ros', ['happiness']), ('fer', ['happy'])]
    assert list(result['failed']) == ['deepface']


@pytest.mark.parametrize(('error', 'faces'), [('FaceNotDetected', 0), ('ValueError', None)])
def test_only_no_face_is_taken_for_none(packages, error, faces):
    packages('deepface', 'DeepFace', DEEPFACE.format(
        build='pass', analyze=f"raise {error}('Face could not be detected')"))
    code, output, errors = fer(
        'bench', 'peers', '--peer', 'deepface', '--faces', '1', '--rounds', '1', '--json')
    result = json.loads(output)
    if faces is None:
        assert code == 1
        assert result['failed'] == {'deepface': 'ValueError: Face could not be detected'}
    else:
        assert code == 0, errors
        assert [row['found'] for row in result['rows']] == [1, faces]
