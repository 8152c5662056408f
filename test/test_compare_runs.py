"""`fer compare` of runs: a planted difference, no difference, and what cannot be compared."""

import json

from browser_support import (
    check_appearance,
    check_print,
    check_stands_alone,
    needs_browser,
    pixels_like,
)
import cv2
from model_support import swapped_model
import pytest
from recording_support import frames, TIMELINE, write_bag, write_timeline

from fer_ros.cli import main

ORANGE = (0, 94, 213)  # in BGR


@pytest.fixture(scope='module')
def swapped(tmp_path_factory):
    return swapped_model(tmp_path_factory.mktemp('models') / 'swapped')


@pytest.fixture(scope='module')
def runs(tmp_path_factory, swapped):
    """Evaluate a bag with both models, and with the first one twice."""
    folder = tmp_path_factory.mktemp('runs')
    write_bag(folder / 'bag', frames(every=4))
    labels = write_timeline(folder / 'labels.csv')
    for name, model in (('a', None), ('b', swapped), ('again', None)):
        words = ['evaluate', 'bag', str(folder / 'bag'), '--labels', str(labels), '--no-report',
                 '--out', str(folder / name), *(['--model', str(model)] if model else [])]
        assert main(words) == 0
    return folder


def compare(capsys, *words):
    capsys.readouterr()
    code = main(['compare', *map(str, words)])
    return code, capsys.readouterr()


def test_a_planted_difference_is_found(runs, tmp_path, capsys):
    code, output = compare(capsys, runs / 'a', runs / 'b', '--out', tmp_path / 'out')
    assert code == 0
    result = json.loads((tmp_path / 'out' / 'comparison.json').read_text())
    assert result['per_class']['happiness']['difference'] < -0.8
    assert result['accuracy']['difference'] < -0.5
    assert result['accuracy']['difference_ci'][1] <= 0
    assert result['mcnemar'] == {'only_first': 3, 'only_second': 0, 'p': 0.25, 'over': 'segments'}
    assert result['disagreements'] > 0
    assert 'swapped' in output.out
    sheet = cv2.imread(str(tmp_path / 'out' / 'disagreements.png'))
    assert sheet.std() > 20  # there are faces in it
    assert (tmp_path / 'out' / 'comparison.png').is_file()
    assert check_stands_alone(tmp_path / 'out' / 'report.html') == 2
    page = (tmp_path / 'out' / 'report.html').read_text()
    for words in ('McNemar', 'recall of happiness', 'Where they disagree',
                  'bootstrap samples of 4 segments', 'they are too narrow', str(runs / 'b')):
        assert words in page, words


@needs_browser
def test_the_report_in_a_real_browser(runs, tmp_path, capsys):
    compare(capsys, runs / 'a', runs / 'b', '--out', tmp_path / 'out')
    page = check_appearance(tmp_path / 'out' / 'report.html', tmp_path)
    assert pixels_like(page, ORANGE) > 100  # where A is better
    check_print(tmp_path / 'out' / 'report.html', tmp_path)


def test_one_person_is_no_sample_of_people(runs, swapped, tmp_path, capsys):
    """Else the interval of a session with one person would be a point."""
    labels = tmp_path / 'labels.csv'
    labels.write_text('start,end,emotion,person\n' + ''.join(
        f'{start},{end},{emotion},p01\n' for start, end, emotion in TIMELINE))
    for name, model in (('a', ()), ('b', ('--model', str(swapped)))):
        assert main(['evaluate', 'bag', str(runs / 'bag'), '--labels', str(labels), '--no-report',
                     '--out', str(tmp_path / name), *model]) == 0
    code, output = compare(capsys, tmp_path / 'a', tmp_path / 'b', '--json')
    assert code == 0
    result = json.loads(output.out)
    assert result['intervals']['over'] == 'segments'
    low, high = result['accuracy']['difference_ci']
    assert low < high


def test_a_comparison_that_shows_no_faces(runs, tmp_path, capsys):
    code, _ = compare(capsys, runs / 'a', runs / 'b', '--out', tmp_path / 'out', '--no-faces')
    assert code == 0
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        'comparison.json', 'comparison.png', 'report.html']


def test_equals_do_not_differ(runs, capsys):
    code, output = compare(capsys, runs / 'a', runs / 'again', '--json')
    assert code == 0
    result = json.loads(output.out)
    assert result['accuracy']['difference_ci'] == [0.0, 0.0]
    assert result['mcnemar']['p'] == 1.0
    assert (result['disagreements'], result['unpaired']) == (0, 0)


def test_what_is_no_run_or_of_other_data_is_refused(runs, tmp_path, capsys):
    code, output = compare(capsys, runs / 'a', tmp_path)
    assert code == 1
    assert 'no run (no metrics.json' in output.err
    write_bag(tmp_path / 'other', frames(every=8))
    labels = write_timeline(tmp_path / 'labels.csv', TIMELINE[:1])
    assert main(['evaluate', 'bag', str(tmp_path / 'other'), '--labels', str(labels),
                 '--no-report', '--out', str(tmp_path / 'out')]) == 0
    code, output = compare(capsys, runs / 'a', tmp_path / 'out')
    assert code == 1
    assert 'different data' in output.err


def test_pictures_are_compared_one_by_one(tmp_path, astronaut, swapped, capsys):
    rows = ['file,emotion']
    for number in range(6):
        cv2.imwrite(str(tmp_path / f'{number}.png'), astronaut)
        rows.append(f'{number}.png,{"happiness" if number < 4 else "fear"}')
    (tmp_path / 'index.csv').write_text('\n'.join(rows))
    for name, model in (('a', ()), ('b', ('--model', str(swapped)))):
        assert main(['evaluate', 'images', '--labels', str(tmp_path / 'index.csv'), '--no-report',
                     '--out', str(tmp_path / name), *model]) == 0
    code, output = compare(capsys, tmp_path / 'a', tmp_path / 'b', '--json', '--out',
                           tmp_path / 'out')
    assert code == 0
    result = json.loads(output.out)
    assert result['n'] == 6
    assert result['mcnemar']['only_first'] == 4
    assert result['mcnemar']['over'] == 'pictures'
    assert (tmp_path / 'out' / 'disagreements.png').is_file()
