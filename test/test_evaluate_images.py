"""`fer evaluate images`: every layout, what is left out, and the figures."""

import argparse
import csv
import dataclasses
import json
import shutil
import sys

import cv2
import numpy as np
import pytest

from fer_ros.cli import main
from fer_ros.commands.options import add_pipeline_options
from fer_ros.core.types import EMOTIONS
from fer_ros.evaluation.golden import golden_crops
from fer_ros.evaluation.offline.settings import Settings
from fer_ros.evaluation.provenance import file_records, TRAINED_ON


def evaluate(labels, out, *words):
    return main(['evaluate', 'images', '--labels', str(labels), '--out', str(out), '--no-report',
                 *map(str, words)])


def figures(out):
    return json.loads((out / 'metrics.json').read_text())


def exclusions(out):
    with (out / 'exclusions.csv').open() as file:
        return {row['where']: (row['reason'], row['detail']) for row in csv.DictReader(file)}


@pytest.fixture
def index(tmp_path, astronaut):
    """Write the astronaut three times, a picture without a face, and their index."""
    for name in 'abc':
        cv2.imwrite(str(tmp_path / f'{name}.png'), astronaut)
    cv2.imwrite(str(tmp_path / 'empty.png'), np.full((240, 320, 3), 90, np.uint8))
    path = tmp_path / 'index.csv'
    path.write_text('file,emotion,subject\na.png,happiness,eileen\nb.png,Happy,eileen\n'
                    'c.png,anger,eileen\nempty.png,fear,nobody\n')
    return path


def test_an_index_gives_the_figures_of_the_contract(index, tmp_path):
    assert evaluate(index, tmp_path / 'out') == 0
    metrics = figures(tmp_path / 'out')
    assert (metrics['n'], metrics['no_face'], metrics['unknown']) == (4, 1, 0)
    assert metrics['accuracy'] == 0.5
    assert metrics['macro_recall'] == pytest.approx(1 / 3, abs=1e-6)
    assert metrics['per_class']['happiness'] == {
        'precision': pytest.approx(2 / 3, abs=1e-6), 'recall': 1.0, 'f1': 0.8, 'n': 2}
    assert metrics['confusion']['labels'] == [*EMOTIONS, 'unknown']
    assert metrics['intervals']['over'] == 'subjects'
    assert metrics['subjects']['each']['eileen']['n'] == 3
    assert metrics['baselines']['majority'] == {
        'label': 'happiness', 'accuracy': 0.5, 'macro_recall': pytest.approx(1 / 3, abs=1e-6),
        'macro_f1': pytest.approx(2 / 3 / 3, abs=1e-6)}
    assert metrics['data']['files'] == ['index.csv']


def test_the_whole_report(index, tmp_path, capsys):
    assert main(['evaluate', 'images', '--labels', str(index),
                 '--out', str(tmp_path / 'out')]) == 0
    written = {path.name for path in (tmp_path / 'out').iterdir()}
    assert {'report.html', 'metrics.json', 'predictions.csv', 'exclusions.csv', 'confusion.png',
            'reliability.png', 'risk_coverage.png', 'failures.png'} <= written
    text = (tmp_path / 'out' / 'report.html').read_text()
    assert 'What went wrong' in text
    assert 'accuracy' in capsys.readouterr().out
    assert main(['evaluate', 'images', '--labels', str(index), '--no-faces',
                 '--out', str(tmp_path / 'out')]) == 0
    assert not (tmp_path / 'out' / 'failures.png').exists()
    assert 'What went wrong' not in (tmp_path / 'out' / 'report.html').read_text()


def test_what_cannot_be_read_is_counted_and_listed(index, tmp_path):
    (tmp_path / 'torn.jpg').write_bytes(b'\xff\xd8\xff\xe0 torn')
    with index.open('a') as file:
        file.write('torn.jpg,anger,x\nmissing.png,anger,x\na.png,none,x\n')
    assert evaluate(index, tmp_path / 'out') == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['n'] == 4
    assert metrics['excluded'] == {'missing file': 1, 'no label': 1, 'unreadable image': 1}
    found = exclusions(tmp_path / 'out')
    assert found['torn.jpg'][0] == 'unreadable image'
    assert found['missing.png'][0] == 'missing file'
    assert found['a.png'][0] == 'no label'


@pytest.mark.parametrize(('row', 'said'), [
    ('a.png,hapiness,', "line 6: unknown emotion 'hapiness'; did you mean 'happiness'?"),
    (',anger,', 'line 6: file must not be empty'),
])
def test_rows_that_cannot_be_used_are_named(row, said, index, tmp_path, capsys):
    with index.open('a') as file:
        file.write(row + '\n')
    assert evaluate(index, tmp_path / 'out') == 1
    error = capsys.readouterr().err
    assert said in error
    assert 'Traceback' not in error


def test_words_of_ones_own(index, tmp_path):
    with index.open('a') as file:
        file.write('a.png,grin,eileen\n')
    assert evaluate(index, tmp_path / 'out') == 1
    assert evaluate(index, tmp_path / 'out', '--rename', 'grin=happiness') == 0
    assert figures(tmp_path / 'out')['per_class']['happiness']['n'] == 3


def test_folders_of_crops(tmp_path):
    for number, crop in enumerate(golden_crops(48)):
        folder = tmp_path / 'faces' / ('angry' if number % 2 else 'happy')
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f'{number}.png'), crop)
    (folder / 'notes.txt').write_text('not a picture')
    assert evaluate(tmp_path / 'faces', tmp_path / 'out', '--crops') == 0
    metrics = figures(tmp_path / 'out')
    assert (metrics['n'], metrics['no_face']) == (8, 0)
    assert {k: v['n'] for k, v in metrics['per_class'].items() if v['n']} == {
        'happiness': 4, 'anger': 4}
    assert metrics['excluded'] == {'not an image': 1}
    assert metrics['intervals']['over'] == 'images'


def test_crops_get_the_answers_of_fer_evaluate_model(tmp_path, capsys):
    for number, crop in enumerate(golden_crops(48)):
        folder = tmp_path / 'faces' / EMOTIONS[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f'{number}.png'), crop)
    assert main(['evaluate', 'model', '--data', str(tmp_path / 'faces'), '--json']) == 0
    theirs = json.loads(capsys.readouterr().out)
    assert evaluate(tmp_path / 'faces', tmp_path / 'out', '--crops', '--unknown-threshold',
                    0) == 0
    mine = figures(tmp_path / 'out')
    assert mine['confusion'] == theirs['confusion']
    assert mine['ece'] == pytest.approx(theirs['ece'], abs=1e-5)


def fer2013(path, usages):
    rows = ['emotion,pixels,Usage']
    for number, (crop, usage) in enumerate(zip(golden_crops(48), usages, strict=False)):
        rows.append(f'{number % 7},{" ".join(map(str, crop.ravel()))},{usage}')
    path.write_text('\n'.join(rows) + '\n')
    return path


def test_fer2013(tmp_path, capsys):
    path = fer2013(tmp_path / 'fer2013.csv', ['Training'] * 3 + ['PublicTest'] * 5)
    assert evaluate(path, tmp_path / 'out') == 0
    assert figures(tmp_path / 'out')['n'] == 8
    assert 'over the splits train, validation together' in capsys.readouterr().err
    assert evaluate(path, tmp_path / 'out', '--split', 'validation') == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['n'] == 5
    assert metrics['warnings'] == []
    assert evaluate(path, tmp_path / 'out', '--split', 'test') == 1
    assert 'no picture of the split test' in capsys.readouterr().err


def test_a_damaged_row_of_fer2013(tmp_path):
    path = fer2013(tmp_path / 'fer2013.csv', ['PublicTest'] * 8)
    lines = path.read_text().splitlines()
    lines[3] = '2,1 2 3,PublicTest'
    path.write_text('\n'.join(lines))
    assert evaluate(path, tmp_path / 'out') == 0
    assert exclusions(tmp_path / 'out')['fer2013.csv:4'][0] == 'unreadable image'


def test_raf_db(tmp_path):
    for folder in ('EmoLabel', 'Image/aligned'):
        (tmp_path / 'basic' / folder).mkdir(parents=True)
    lines = []
    for number, crop in enumerate(golden_crops(100)[:7], start=1):
        cv2.imwrite(str(tmp_path / f'basic/Image/aligned/test_{number:04}_aligned.jpg'), crop)
        lines.append(f'test_{number:04}.jpg {number}')
    lines.append('train_0001.jpg 1')
    (tmp_path / 'basic/EmoLabel/list_patition_label.txt').write_text('\n'.join(lines))
    assert evaluate(tmp_path / 'basic', tmp_path / 'out') == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['n'] == 7
    assert [k for k, v in metrics['per_class'].items() if not v['n']] == ['contempt']
    assert exclusions(tmp_path / 'out')['train_0001.jpg'][0] == 'missing file'


def test_affectnet_takes_the_labelled_face(tmp_path, astronaut):
    """The picture shows two faces; the label is about the smaller one."""
    small = cv2.resize(astronaut[:256, 96:352], (160, 160))
    canvas = np.full((512, 800, 3), 120, np.uint8)
    canvas[:, :512] = astronaut
    canvas[100:260, 600:760] = small
    (tmp_path / '1').mkdir()
    cv2.imwrite(str(tmp_path / '1' / 'two.png'), canvas)
    (tmp_path / 'labels.csv').write_text(
        'subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,'
        'valence,arousal\n'
        '1/two.png,655,135,65,65,1;2,1,0.5,0.5\n1/two.png,10,400,60,60,1;2,1,0.5,0.5\n'
        '1/two.png,0,0,0,0,1;2,8,-2,-2\n1/gone.png,0,0,1,1,1;2,6,0,0\n')
    assert evaluate(tmp_path / 'labels.csv', tmp_path / 'out') == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['n'] == 2
    assert metrics['no_face'] == 1  # nobody stands where the second row says
    assert metrics['excluded'] == {'missing file': 1, 'no label': 1}


def test_ck_plus_takes_the_last_picture_and_the_subject(tmp_path, astronaut):
    for subject, code in (('S005', '5.0000000e+00'), ('S010', '1.0000000e+00')):
        pictures = tmp_path / 'ck/cohn-kanade-images' / subject / '001'
        pictures.mkdir(parents=True)
        for number in (1, 2):
            image = astronaut if number == 2 else np.zeros_like(astronaut)
            cv2.imwrite(str(pictures / f'{subject}_001_{number:08}.png'), image)
        emotions = tmp_path / 'ck/Emotion' / subject / '001'
        emotions.mkdir(parents=True)
        (emotions / f'{subject}_001_00000002_emotion.txt').write_text(f'   {code}\n')
    assert evaluate(tmp_path / 'ck', tmp_path / 'out') == 0
    metrics = figures(tmp_path / 'out')
    assert (metrics['n'], metrics['no_face']) == (2, 0)
    assert set(metrics['subjects']['each']) == {'S005', 'S010'}
    assert metrics['per_class']['anger']['n'] == 1


def test_what_is_no_data_set_is_refused(tmp_path, capsys):
    (tmp_path / 'x.csv').write_text('a,b\n1,2\n')
    assert evaluate(tmp_path / 'x.csv', tmp_path / 'out') == 1
    assert 'expected the columns file,emotion' in capsys.readouterr().err
    assert evaluate(tmp_path / 'nothing', tmp_path / 'out') == 1
    assert 'no such file or folder' in capsys.readouterr().err


def test_an_emotion_that_the_model_does_not_know_is_left_out(index, tmp_path, model_folder,
                                                             edit_manifest):
    edit_manifest('labels', ['neutral', 'happiness', 'surprise', 'sadness', 'anger', 'disgust',
                             'fear', 'bored'])
    with index.open('a') as file:
        file.write('a.png,contempt,x\n')
    assert evaluate(index, tmp_path / 'out', '--model', model_folder) == 0
    assert figures(tmp_path / 'out')['excluded'] == {'emotion that the model does not know': 1}


def test_the_same_pictures_elsewhere_have_the_same_hash(index, tmp_path):
    assert evaluate(index, tmp_path / 'out') == 0
    (tmp_path / 'copy').mkdir()
    for path in tmp_path.glob('*.*'):
        shutil.copy(path, tmp_path / 'copy' / path.name)
    assert evaluate(tmp_path / 'copy' / 'index.csv', tmp_path / 'other') == 0
    one, two = figures(tmp_path / 'out'), figures(tmp_path / 'other')
    assert one['data']['sha256'] == two['data']['sha256']


def test_every_option_of_the_pipeline_reaches_it():
    parser = argparse.ArgumentParser()
    add_pipeline_options(parser)
    options = {action.dest for action in parser._actions} - {'help'}
    assert options <= {field.name for field in dataclasses.fields(Settings)}
    args = parser.parse_args(['--max-yaw', '20', '--priors', 'balanced', '--max-faces', '2'])
    pipeline = Settings.from_options(args).pipeline(tracking=True)
    assert (pipeline.max_yaw, pipeline.max_faces) == (20.0, 2)


@pytest.mark.parametrize(('held_back', 'warned'), [(0, True), (3, True), (4, False)])
def test_pictures_that_the_model_was_trained_on_are_called_so(
        index, held_back, warned, tmp_path, model_folder, capsys):
    manifest = json.loads((model_folder / 'manifest.json').read_text())
    hash_ = file_records([index])['sha256']
    manifest['training']['data'] = [{'role': 'training', 'n': 20, 'sha256': hash_},
                                    {'role': 'validation', 'n': held_back, 'sha256': hash_}]
    (model_folder / 'manifest.json').write_text(json.dumps(manifest))
    assert main(['evaluate', 'images', '--labels', str(index), '--model', str(model_folder),
                 '--out', str(tmp_path / 'out')]) == 0
    metrics = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
    assert (TRAINED_ON in metrics['warnings']) is warned
    assert ('trained on some of these images' in capsys.readouterr().err) is warned
    assert ('trained on some' in (tmp_path / 'out' / 'report.html').read_text()) is warned


def test_predictions_as_parquet(index, tmp_path, monkeypatch, capsys):
    import pyarrow.parquet

    words = ['evaluate', 'images', '--labels', str(index), '--out', str(tmp_path), '--no-report',
             '--parquet']
    assert main(words) == 0
    table = pyarrow.parquet.read_table(tmp_path / 'predictions.parquet')
    rows = list(csv.DictReader((tmp_path / 'predictions.csv').open()))
    assert table.column_names == list(rows[0])
    assert table.num_rows == len(rows)
    for mine, theirs in zip(table.to_pylist(), rows, strict=True):
        assert (mine['truth'] or '', mine['label'] or '') == (theirs['truth'], theirs['label'])
        assert (mine['confidence'] is None) is (theirs['confidence'] == '')
        if mine['confidence'] is not None:
            assert mine['confidence'] == pytest.approx(float(theirs['confidence']), rel=1e-5)
    monkeypatch.setitem(sys.modules, 'pyarrow', None)
    assert main(words) == 1
    assert 'Parquet needs pyarrow' in capsys.readouterr().err
