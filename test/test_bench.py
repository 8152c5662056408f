"""`fer bench`: stages, ratios, limits, and that no frame is copied on the way."""

import copy
import json
import tracemalloc
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fer_ros.bench.against import compare
from fer_ros.bench.cases import BASE, Case, chosen_cases, full_cases, quick_cases
from fer_ros.bench.document import fill
from fer_ros.bench.formats import formats_table
from fer_ros.bench.limits import count_macs, measure_limits
from fer_ros.bench.machine import cores, on_cores
from fer_ros.bench.measure import measure
from fer_ros.bench.road import ASIDE, Road, STAGES
from fer_ros.bench.scenes import make_frames, portrait
from fer_ros.bench.tables import cases_table, limits_table
from fer_ros.cli import main
from fer_ros.core.detector import create_detector
from fer_ros.core.errors import ConfigError
from fer_ros.core.face_model import load_face_model
from fer_ros.core.image import from_bgr, to_bgr
from fer_ros.core.model import load_model
from fer_ros.core.pipeline import Pipeline

LIMITS = {'copy_gb_s': 10.0, 'gflop_s': 100.0}


@pytest.fixture(scope='module')
def head():
    return portrait()


@pytest.fixture(scope='module')
def result(head):
    roads = [Road(Case(320, 240, faces), make_frames(head, (320, 240), faces))
             for faces in (0, 2)]
    return {'kind': 'pipeline', 'limits': LIMITS, **measure(roads, 4, cores()[-1], LIMITS)}


@pytest.mark.parametrize('faces', [0, 1, 5, 20])
def test_scenes_show_as_many_faces_as_asked_for(head, faces):
    first, second = make_frames(head, (640, 480), faces, 2)
    assert first.shape == (480, 640, 3)
    assert first.dtype == np.uint8
    assert len(create_detector().detect(first)) == faces
    assert (first != second).any()
    assert (make_frames(head, (640, 480), faces, 1)[0] == first).all()


def test_a_picture_without_a_face_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / 'wall.png'), np.full((120, 160, 3), 90, np.uint8))
    with pytest.raises(ConfigError, match=r'wall\.png: no face'):
        portrait(tmp_path / 'wall.png')


def test_each_stage_is_timed_by_both_clocks(result):
    none, two = result['cases']
    assert (none['faces_found'], two['faces_found']) == (0, 2)
    for case in result['cases']:
        assert set(STAGES) | set(ASIDE) | {'whole'} == set(case['stages'])
        for times in case['stages'].values():
            for clock in ('wall_ms', 'cpu_ms'):
                assert 0 <= times[clock]['p50'] <= times[clock]['p95'] <= times[clock]['p99']
        parts = sum(case['stages'][stage]['cpu_ms']['p50'] for stage in STAGES)
        assert parts == pytest.approx(case['stages']['whole']['cpu_ms']['p50'], rel=0.3)
    assert two['stages']['classify']['cpu_ms']['p50'] > none['stages']['classify']['cpu_ms']['p50']
    # 2 x 56 million multiply-accumulates a face at 100 GFLOP/s.
    assert two['stages']['classify']['limit_ms'] > 2 * none['stages']['draw']['limit_ms']


def test_ratios_are_corrected_for_the_speed_of_the_machine(result):
    slower = copy.deepcopy(result)
    for case in slower['cases']:
        for times in case['stages'].values():
            times['cpu_ms'] = {q: 3 * value for q, value in times['cpu_ms'].items()}
    assert {row['ratios']['whole'] for row in compare(slower, result)} == {3.0}
    slower['yardstick_ms'] = {q: 3 * value for q, value in result['yardstick_ms'].items()}
    assert {row['ratios']['whole'] for row in compare(slower, result)} == {1.0}
    with pytest.raises(ConfigError, match='no case in common'):
        compare({**result, 'cases': result['cases'][:1]}, {**result, 'cases': []})


def test_the_command_writes_figures_and_chart_and_fails_on_what_has_become_slow(tmp_path, capsys):
    options = ['bench', '--size', '320x240', '--faces', '1', '--rounds', '3']
    assert main([*options, '--out', str(tmp_path)]) == 0
    assert '320x240, 1 face, 1 thread' in capsys.readouterr().out
    assert cv2.imread(str(tmp_path / 'bench.png')).shape[1] > 600
    path = tmp_path / 'bench.json'
    content = json.loads(path.read_text())
    assert content['start']['resident_mb'] > content['start']['python_mb']
    for times in content['cases'][0]['stages'].values():
        times['cpu_ms'] = {q: value / 20 for q, value in times['cpu_ms'].items()}
    path.write_text(json.dumps(content))
    assert main([*options, '--against', str(path), '--fail-above', '5']) == 1
    captured = capsys.readouterr()
    assert 'this / other' in captured.out
    assert 'more than 5' in captured.err


@pytest.mark.parametrize(('words', 'text'), [
    (['--fail-above', '2'], 'needs --against'),
    (['--against', 'missing.json'], 'missing.json'),
    (['--faces', '101'], '--faces'),
    (['--core', '4096'], '--core'),
    (['--full', '--faces', '1'], '--full'),
    (['--model', 'no_such_model'], 'no_such_model'),
])
def test_wrong_options_are_named(capsys, words, text):
    assert main(['bench', *words]) == 1
    assert text in capsys.readouterr().err


def test_cases_are_all_different_and_begin_with_the_base():
    for cases in (quick_cases(), full_cases()):
        assert len(cases) == len({case.name for case in cases})
        assert BASE in cases
    assert {case.threads for case in full_cases()} == {1, len(cores())}
    assert len(chosen_cases(sizes=[(64, 48), (32, 32)], faces=[0, 1, 2], threads=[0])) == 6


def test_operations_are_those_of_the_layers():
    detector = load_face_model('fer_face').data
    small, large = (count_macs(detector, (1, side, side, 3)) for side in (128, 256))
    assert large == pytest.approx(4 * small, rel=0.01)
    model = load_model('mobile_48')
    # The recipe's own count says so: `fer networks --network mobile`.
    assert count_macs(model.data, (1, 48, 48, 1)) == pytest.approx(5.1e6, rel=0.05)


def test_the_core_is_probed():
    limits = measure_limits()
    assert 0.1 < limits['copy_gb_s'] < 1000
    assert 0.1 < limits['gflop_s'] < 10000


def test_a_thread_is_kept_on_its_core_for_a_while():
    before = cores()
    with on_cores([before[-1]]):
        assert cores() == [before[-1]]
    assert cores() == before


def test_figures_come_into_a_document(result):
    text = 'a\n<!-- bench: cases -->\nold\n<!-- bench: end -->\nb\n'
    filled = fill(text, {'pipeline': result})
    assert cases_table(result) in filled
    assert 'old' not in filled
    assert fill(filled, {'pipeline': result}) == filled
    assert fill(text, {}) == text
    with pytest.raises(ConfigError, match='no part'):
        fill(text.replace('cases', 'nonsense'), {'pipeline': result})
    with pytest.raises(ConfigError, match='no place'):
        fill('a', {'pipeline': result})


def test_models_are_told_side_by_side_as_ratios_to_the_first(tmp_path, capsys):
    words = ['bench', 'formats', 'resnet_48', 'mobile_48', '--rounds', '3', '--out', str(tmp_path)]
    assert main(words) == 0
    printed = capsys.readouterr().out
    result = json.loads((tmp_path / 'formats.json').read_text())
    assert formats_table(result) in printed
    rows = [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in printed.splitlines() if line.startswith('| `')]
    assert [(row[0], row[3]) for row in rows] == [
        ('`resnet_48`', '1'), ('`resnet_48`', '5'), ('`mobile_48`', '1'), ('`mobile_48`', '5')]
    assert [row[5] for row in rows[:2]] == ['1.00', '1.00']
    # It has a twentieth of the operations.
    assert all(float(row[5]) < 0.6 for row in rows[2:])
    assert float(rows[0][1]) == round(len(load_model('resnet_48').data) / 1e6, 1)
    text = '<!-- bench: formats -->\n<!-- bench: end -->\n'
    assert formats_table(result) in fill(text, {'formats': result})


@pytest.mark.parametrize('words', [
    ['no_such_model'], ['mobile_48', '--faces', '500'], ['mobile_48', '--core', '4096']])
def test_formats_that_cannot_be_measured_are_named(capsys, words):
    assert main(['bench', 'formats', *words]) == 1
    assert words[-2 if len(words) > 1 else 0] in capsys.readouterr().err


def test_a_table_of_limits_shows_what_was_chosen(result):
    named = {**result, 'cases': [{**case, 'name': f'a model of mine {place}'}
                                 for place, case in enumerate(result['cases'])]}
    for place in range(2):
        assert f'a model of mine {place}' in limits_table(named)
    base = {**result['cases'][0], 'name': BASE.name}
    many = {**named, 'cases': [*named['cases'] * 10, base]}
    assert 'a model of mine' not in limits_table(many)
    assert BASE.name in limits_table(many)


def test_no_frame_is_copied_on_its_way(head):
    frame, = make_frames(head, (3840, 2160), 5, 1)
    message = SimpleNamespace(**vars(from_bgr(frame)))
    bgr = to_bgr(message)
    assert np.shares_memory(bgr, np.frombuffer(message.data, np.uint8))
    pipeline = Pipeline.from_model()
    pipeline.process(bgr, 0.0)
    tracemalloc.start()
    try:
        result = pipeline.process(bgr, 0.1)
        kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(result.faces) == 5
    # The detector's first reduction, of half of the rows to a quarter, is the largest thing made.
    assert peak < 0.2 * frame.nbytes
    assert kept < 100_000


def test_stages_are_timed_by_the_clock_that_is_given(astronaut):
    pipeline = Pipeline.from_model()
    ticks = iter(range(100))
    pipeline.clock = lambda: float(next(ticks))
    timings = pipeline.process(astronaut, 0.0).timings
    assert timings == {'detect': 1.0, 'track': 1.0, 'crop': 1.0, 'classify': 1.0, 'smooth': 1.0,
                       'total': 5.0}
