"""`fer evaluate bag`: the same figures from every form of a bag, and what damage costs."""

import csv
import json
import sqlite3
import subprocess
import sys

import pytest
from recording_support import (
    BEGIN,
    frames,
    IMAGES,
    TIMELINE,
    write_bag,
    write_bag1,
    write_timeline,
)

from fer_ros.cli import main

FORMS = {
    'mcap': {}, 'sqlite3': {'storage': 'sqlite3'},
    'message': {'storage': 'sqlite3', 'compression': 'message'},
    'file': {'storage': 'sqlite3', 'compression': 'file'},
    'chunks': {'compression': 'storage'},
    'split': {'split': 30}, 'split_file': {'split': 30, 'compression': 'file'},
}


@pytest.fixture(scope='module')
def images():
    return frames(every=2)


@pytest.fixture(scope='module')
def timeline(tmp_path_factory):
    return write_timeline(tmp_path_factory.mktemp('labels') / 'timeline.csv')


@pytest.fixture(scope='module')
def reference(tmp_path_factory, images, timeline):
    """Return the bag, and what its evaluation wrote."""
    folder = tmp_path_factory.mktemp('reference')
    write_bag(folder / 'bag', images)
    assert evaluate(folder / 'bag', folder / 'out', '--labels', timeline, report=True) == 0
    return folder


def evaluate(bag, out, *words, report=False):
    words = [*words, *([] if report else ['--no-report'])]
    return main(['evaluate', 'bag', str(bag), '--out', str(out), *map(str, words)])


def figures(out):
    """Return metrics.json but for what names files."""
    metrics = json.loads((out / 'metrics.json').read_text())
    for key in ('command', 'data'):
        del metrics[key]
    return metrics


def exclusions(out):
    with (out / 'exclusions.csv').open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize('form', FORMS)
def test_every_form_of_a_bag_gives_the_same_figures(form, images, timeline, reference, tmp_path):
    write_bag(tmp_path / 'bag', images, **FORMS[form])
    assert evaluate(tmp_path / 'bag', tmp_path / 'out', '--labels', timeline) == 0
    assert figures(tmp_path / 'out') == figures(reference / 'out')
    assert figures(tmp_path / 'out')['frames']['evaluated'] == len(images)


def test_a_bag_of_ros_1_gives_the_same_figures(images, timeline, reference, tmp_path):
    write_bag1(tmp_path / 'bag.bag', images)
    assert evaluate(tmp_path / 'bag.bag', tmp_path / 'out', '--labels', timeline) == 0
    assert figures(tmp_path / 'out') == figures(reference / 'out')


def test_a_single_file_of_a_bag_will_do(images, timeline, reference, tmp_path):
    write_bag(tmp_path / 'bag', images)
    assert evaluate(tmp_path / 'bag' / 'bag.mcap', tmp_path / 'out', '--labels', timeline) == 0
    assert figures(tmp_path / 'out') == figures(reference / 'out')


def test_compressed_images_and_times_of_the_recorder(images, timeline, tmp_path):
    write_bag(tmp_path / 'bag', images, compressed=True, stamped=False)
    assert evaluate(tmp_path / 'bag', tmp_path / 'out', '--labels', timeline) == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['frames']['evaluated'] == len(images)
    assert metrics['n'] == sum(any(a <= t < b for a, b, _ in TIMELINE) for t, _ in images)


def test_labels_in_unix_time(images, reference, tmp_path):
    rows = [(BEGIN + a, BEGIN + b, emotion) for a, b, emotion in TIMELINE]
    labels = write_timeline(tmp_path / 'unix.csv', rows)
    assert evaluate(reference / 'bag', tmp_path / 'out', '--labels', labels) == 0
    assert figures(tmp_path / 'out')['confusion'] == figures(reference / 'out')['confusion']


def test_labels_in_the_bag(images, reference, tmp_path):
    write_bag(tmp_path / 'bag', images, labels=[
        (0.0, 'happiness'), (2.0, 'neutral'), (4.0, 'happy'), (4.6, ''), (7.4, 'Happiness')])
    assert evaluate(tmp_path / 'bag', tmp_path / 'out', '--label-topic', '/labels') == 0
    mine, theirs = figures(tmp_path / 'out'), figures(reference / 'out')
    assert mine['confusion'] == theirs['confusion']
    assert mine['delay']['changes'] == theirs['delay']['changes'] == 2


def test_the_contract_of_metrics_json(reference):
    metrics = json.loads((reference / 'out' / 'metrics.json').read_text())
    for name in ('accuracy', 'macro_recall', 'macro_f1', 'ece', 'kappa', 'coverage'):
        low, high = metrics[f'{name}_ci']
        assert low <= metrics[name] <= high
    assert metrics['n'] == sum(map(sum, metrics['confusion']['matrix']))
    assert metrics['model']['sha256']
    assert len(metrics['data']['sha256']) == 64
    assert metrics['schema'] == 'fer_ros/run-metrics/1'
    assert metrics['intervals'] == {
        'level': 0.95, 'over': 'segments', 'groups': 4, 'resamples': 1000, 'seed': 0}
    assert metrics['baselines']['majority']['label'] == 'happiness'
    assert metrics['frames']['no_face_rate'] > 0.1
    assert metrics['segments']['n'] == 4
    assert not metrics['partial']


def test_predictions_hold_every_frame(reference, images):
    with (reference / 'out' / 'predictions.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert {int(row['frame']) for row in rows} == set(range(len(images)))
    assert {row['truth'] for row in rows} == {'', 'happiness', 'neutral'}
    seen = next(row for row in rows if row['label'])
    assert sum(float(seen[name]) for name in ('neutral', 'happiness', 'surprise', 'sadness',
                                              'anger', 'disgust', 'fear', 'contempt')) \
        == pytest.approx(1, abs=1e-4)


def cut(path, share):
    data = path.read_bytes()
    path.write_bytes(data[:int(len(data) * share)])


@pytest.mark.parametrize('form', ['mcap', 'sqlite3', 'file', 'ros1'])
def test_a_truncated_bag_yields_what_is_readable_and_says_what_is_not(
    form, images, timeline, tmp_path,
):
    bag = tmp_path / 'bag'
    if form == 'ros1':
        bag = write_bag1(tmp_path / 'bag.bag', images)
        cut(bag, 0.6)
    else:
        write_bag(bag, images, **FORMS[form])
        cut(next(p for p in bag.iterdir() if p.name != 'metadata.yaml'), 0.6)
    assert evaluate(bag, tmp_path / 'out', '--labels', timeline) == 0
    metrics = figures(tmp_path / 'out')
    read = metrics['frames']['evaluated']
    assert 0.3 * len(images) < read < 0.8 * len(images)
    reasons = {row['reason']: row for row in exclusions(tmp_path / 'out')}
    assert 'damaged file' in reasons
    if form != 'ros1':  # a bag of ROS 1 tells nowhere else how many there were
        assert int(reasons['missing message']['count']) == len(images) - read


def test_a_bag_whose_recorder_was_killed_has_no_metadata(images, timeline, reference, tmp_path):
    write_bag(tmp_path / 'bag', images, storage='sqlite3')
    (tmp_path / 'bag' / 'metadata.yaml').unlink()
    assert evaluate(tmp_path / 'bag', tmp_path / 'out', '--labels', timeline) == 0
    assert figures(tmp_path / 'out') == figures(reference / 'out')


def test_damaged_messages_are_counted(images, timeline, tmp_path):
    write_bag(tmp_path / 'bag', images, storage='sqlite3')
    with sqlite3.connect(tmp_path / 'bag' / 'bag.db3') as database:
        database.execute('UPDATE messages SET data = substr(data, 1, 5000) WHERE id = 7')
    assert evaluate(tmp_path / 'bag', tmp_path / 'out', '--labels', timeline) == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['excluded'] == {'damaged message': 1}
    assert metrics['frames']['evaluated'] == len(images) - 1
    assert exclusions(tmp_path / 'out')[0]['where'] == f'bag{IMAGES}#6'


@pytest.mark.parametrize(('words', 'said'), [
    (('--topic', '/nothing'), f'it has {IMAGES} (sensor_msgs/msg/Image)'),
    (('--from-topic', IMAGES), 'no recorded results'),
    (('--label-topic', '/labels'), 'no topic /labels'),
    (('--start', '3', '--end', '2'), '--end 2 must come after --start 3'),
    (('--person', 'anna'), '--person takes NAME=TRACK'),
    (('--person', 'anna=1'), 'the labels name nobody so'),
])
def test_what_cannot_be_done_is_said(words, said, reference, tmp_path, capsys):
    assert evaluate(reference / 'bag', tmp_path / 'out', *words) == 1
    error = capsys.readouterr().err
    assert said in error
    assert 'Traceback' not in error


@pytest.mark.parametrize(('text', 'said'), [
    ('start,end,emotion\n0,2,hapiness\n', "line 2: unknown emotion 'hapiness'; did you mean "
     "'happiness'?"),
    ('start,end,emotion\n0,2,happy\n1,3,sad\n', 'line 3: the segment from 1 s overlaps'),
    ('start,end,emotion\n2,2,happy\n', '0 <= start < end'),
    ('start,end,emotion\n0,x,happy\n', "end must be a number of seconds, got 'x'"),
    ('start,emotion\n0,happy\n', 'lacks the column end'),
    ('start,end,emotion\n100,200,happy\n', 'no label lies within the evaluated frames'),
])
def test_labels_that_cannot_be_used_are_named(text, said, reference, tmp_path, capsys):
    (tmp_path / 'bad.csv').write_text(text)
    assert evaluate(
        reference / 'bag', tmp_path / 'out', '--labels', tmp_path / 'bad.csv') == 1
    error = capsys.readouterr().err
    assert said in error
    assert 'Traceback' not in error


def test_labels_after_the_end_are_listed(reference, tmp_path):
    labels = write_timeline(tmp_path / 'long.csv', [*TIMELINE, (20.0, 30.0, 'anger')])
    assert evaluate(reference / 'bag', tmp_path / 'out', '--labels', labels) == 0
    assert figures(tmp_path / 'out')['excluded'] == {'label without frames': 1}
    assert 'anger from 20 to 30 s' in exclusions(tmp_path / 'out')[0]['detail']


def test_an_empty_bag_is_refused(tmp_path, capsys):
    write_bag(tmp_path / 'bag', [])
    assert evaluate(tmp_path / 'bag', tmp_path / 'out') == 1
    assert 'the bag is empty or damaged' in capsys.readouterr().err


def test_several_cameras_must_be_chosen_and_may_be_evaluated_together(
    images, timeline, tmp_path, capsys,
):
    write_bag(tmp_path / 'bag', images[:20], extra='/other/image_raw')
    assert evaluate(tmp_path / 'bag', tmp_path / 'out', '--labels', timeline) == 1
    assert f'choose with --topic (which may be given several times) among {IMAGES}' \
        in capsys.readouterr().err
    assert evaluate(tmp_path / 'bag', tmp_path / 'out', '--labels', timeline,
                    '--topic', IMAGES, '--topic', '/other/image_raw') == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['units'] == {'all': 2, 'done': 2}
    assert metrics['frames']['evaluated'] == 40


def test_a_part_of_the_frames(reference, images, tmp_path, timeline):
    assert evaluate(reference / 'bag', tmp_path / 'out', '--labels', timeline, '--every', 3,
                    '--start', 1, '--end', 4) == 0
    with (tmp_path / 'out' / 'predictions.csv').open() as file:
        numbers = sorted({int(row['frame']) for row in csv.DictReader(file)})
    assert numbers == [i for i, (t, _) in enumerate(images) if i % 3 == 0 and 1 <= t < 4]


def test_without_labels_there_are_timelines(reference, tmp_path):
    assert evaluate(reference / 'bag', tmp_path / 'out', report=True) == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['n'] == 0
    assert metrics['stability']['tracks'] >= 1
    assert list((tmp_path / 'out').glob('timeline_*.png'))
    assert 'accuracy' not in metrics


def test_frames_of_an_emotion_that_the_model_does_not_know_are_one_row(
        reference, tmp_path, model_folder, edit_manifest):
    edit_manifest('labels', ['bored', 'happiness', 'surprise', 'sadness', 'anger', 'disgust',
                             'fear', 'contempt'])
    labels = write_timeline(tmp_path / 'labels.csv', TIMELINE)
    assert evaluate(reference / 'bag', tmp_path / 'out', '--labels', labels,
                    '--model', model_folder) == 0
    row, = (row for row in exclusions(tmp_path / 'out') if 'not know' in row['reason'])
    assert (row['where'], row['detail'], row['count']) == ('bag', 'neutral', '15')


def test_two_people_at_once_need_tracks(reference, tmp_path, capsys):
    rows = [(0, 3, 'happiness', 'anna'), (1, 2, 'neutral', 'ben')]
    labels = write_timeline(tmp_path / 'two.csv', rows, 'start,end,emotion,person')
    assert evaluate(reference / 'bag', tmp_path / 'out', '--labels', labels) == 1
    assert 'several people are labelled at 1' in capsys.readouterr().err
    assert evaluate(reference / 'bag', tmp_path / 'out', '--labels', labels,
                    '--person', 'anna=1', '--person', 'ben=7') == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['subjects']['each']['anna']['accuracy'] == 1.0
    assert metrics['subjects']['each']['ben']['accuracy'] == 0.0
    assert metrics['no_face'] == metrics['subjects']['each']['ben']['n']


def test_a_split_bag_without_one_of_its_files(images, timeline, tmp_path):
    write_bag(tmp_path / 'bag', images, split=30)
    (tmp_path / 'bag' / 'bag_1.mcap').unlink()
    assert evaluate(tmp_path / 'bag', tmp_path / 'out', '--labels', timeline) == 0
    assert figures(tmp_path / 'out')['excluded'] == {
        'label without frames': 1, 'missing file': 1, 'missing message': 30}


def test_nothing_is_needed_of_ros(reference, timeline, tmp_path):
    words = ['evaluate', 'bag', str(reference / 'bag'), '--labels', str(timeline),
             '--out', str(tmp_path / 'out')]
    code = (
        'import sys\n'
        'for name in ("rclpy", "sensor_msgs", "fer_msgs", "std_msgs", "keras"):\n'
        '    sys.modules[name] = None\n'
        'from fer_ros.cli import main\n'
        f'sys.exit(main({words!r}))')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'left out' not in done.stdout
    assert (tmp_path / 'out' / 'report.html').is_file()
