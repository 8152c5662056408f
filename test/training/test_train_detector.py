"""`fer train-detector` on drawn faces: training, resuming, the model folder, other formats."""

import json
import os
import shutil

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

from drawn_faces import write_faces
import numpy as np
import pytest

from fer_ros import cli
from fer_ros.core.detectors.fer_face import FerFaceDetector
from fer_ros.core.errors import ConfigError, ModelError
from fer_ros.core.runtime import load_runtime
from fer_ros.data.faces import read_backgrounds, read_faces
from fer_ros.evaluation.golden import golden_scene
from fer_ros.training.detector.config import load_detector_config
from fer_ros.training.detector.data import FaceData
from fer_ros.training.detector.export import (
    load_detector,
    reformat_detector,
)
from fer_ros.training.detector.network import build, MAX_PARAMETERS
from fer_ros.training.detector.task import DetectorTask
from fer_ros.training.detector.validation import scenes_of, Validation
from fer_ros.training.loop import train_network

SETTINGS = """\
name: small
width: 0.25
depth: 0.3
side: 64
validation_side: 64
validation_scenes: 6
epochs: 2
batch_size: 6
warmup_epochs: 0
ema: 0.9
jit_compile: false
composition: {smallest: 20, several: 0.2}
augmentation: {tone: true}
"""


@pytest.fixture(scope='module')
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp('detector')
    write_faces(folder / 'FACES', side=64)
    (folder / 'small.yaml').write_text(SETTINGS)
    return folder


def halves(work):
    data = read_faces(work / 'FACES')
    return [FaceData(data.select(split=split), read_backgrounds(work / 'FACES', split))
            for split in ('train', 'val')]


@pytest.fixture(scope='module')
def model(work):
    """Return the model folder that the command wrote."""
    code = cli.main([
        'train-detector', '--data', str(work / 'FACES'), '--config', str(work / 'small.yaml'),
        '--run', str(work / 'run'), '--out', str(work / 'small')])
    assert code == 0
    return work / 'small'


def test_the_network_of_the_recipe_is_as_small_as_promised():
    config = load_detector_config('config/detector/fer_face.yaml')
    assert build(width=config.width, depth=config.depth).count_params() <= MAX_PARAMETERS


def test_a_cut_run_goes_on_to_the_same_weights(work, tmp_path):
    training, validation = halves(work)
    lines = []

    def run(folder, epochs):
        task = DetectorTask(
            load_detector_config(work / 'small.yaml'), training, validation)
        if epochs == 1:
            kept = task.batches

            def cut(epoch):
                if epoch == 1:
                    raise KeyboardInterrupt
                return kept(epoch)

            task.batches = cut
        return train_network(task, tmp_path / folder, lines.append)

    whole = run('whole', 2).get_weights()
    with pytest.raises(KeyboardInterrupt):
        run('cut', 1)
    assert any('cut after 1 whole epochs' in line for line in lines)
    again = run('cut', 2).get_weights()
    assert all((a == b).all() for a, b in zip(whole, again, strict=True))
    history = (tmp_path / 'cut' / 'history.csv').read_text().splitlines()
    assert history[0].startswith('epoch,loss,val_average_precision')
    assert len(history) == 3


def test_the_model_folder_is_what_the_robot_loads(model):
    manifest = json.loads((model / 'manifest.json').read_text())
    assert manifest['task'] == 'face detection'
    assert manifest['metrics']['parity']['largest_difference'] < 1e-3
    card = (model / 'README.md').read_text()
    assert f'{manifest["parameters"]:,} parameters' in card
    assert manifest['training']['command'] in card
    detector = FerFaceDetector(model, score_threshold=0.001)
    for size in ((1, 1), (40, 700), (333, 111), (480, 640)):
        for face in detector.detect(np.zeros((*size, 3), np.uint8)):
            assert face.landmarks.shape == (5, 2)
    golden = np.array(json.loads((model / 'golden.json').read_text())['outputs'])
    runtime = load_runtime((model / 'model.tflite').read_bytes(), 'model.tflite')
    given = runtime.run(golden_scene()[np.newaxis].astype(np.float32))[0]
    assert np.abs(given - golden).max() < 1e-3


def test_a_changed_network_or_another_task_is_refused(model, tmp_path):
    import shutil

    from fer_ros.core.model import load_model

    copy = tmp_path / 'copy'
    shutil.copytree(model, copy)
    data = bytearray((copy / 'model.tflite').read_bytes())
    data[1000] ^= 1
    (copy / 'model.tflite').write_bytes(data)
    with pytest.raises(ModelError, match='sha256'):
        FerFaceDetector(copy)
    with pytest.raises(ModelError, match='for face detection, not for emotions'):
        load_model(model)
    with pytest.raises(ModelError, match='for emotions, not for face detection'):
        FerFaceDetector('models/resnet_48')


def test_going_on_from_a_detector_begins_with_its_weights(model, work):
    code = cli.main([
        'train-detector', '--data', str(work / 'FACES'), '--config', str(work / 'small.yaml'),
        '--from', str(model), '--name', 'tuned', '--epochs', '1',
        '--run', str(work / 'tuned_run'), '--out', str(work / 'tuned')])
    assert code == 0
    manifest = json.loads((work / 'tuned' / 'manifest.json').read_text())
    assert manifest['training']['fine_tuned_from']['name'] == 'small'
    before, after = load_detector(model).get_weights(), load_detector(
        work / 'tuned').get_weights()
    gaps = [float(np.abs(a - b).mean()) for a, b in zip(before, after, strict=True)]
    assert 0 < max(gaps) < 0.3


@pytest.mark.parametrize('form', ['float16', 'int8', 'onnx'])
def test_other_formats_give_what_keras_gives(form, model, work, tmp_path):
    if form == 'onnx':
        pytest.importorskip('onnxruntime')
    config = load_detector_config(work / 'small.yaml')
    pictures = read_faces(work / 'FACES').select(split='val')
    validation = Validation(config, pictures, read_backgrounds(work / 'FACES', 'val'))
    shown = scenes_of(config, pictures, read_backgrounds(work / 'FACES'), 10) \
        if form == 'int8' else ()
    out = reformat_detector(model, form, tmp_path / form, validation, calibration=shown)
    manifest = json.loads((out / 'manifest.json').read_text())
    assert manifest['format'] == form
    assert manifest['metrics']['parity']['largest_difference'] < (3 if form == 'int8' else 0.05)
    # A network as small as this one is mostly what stands around its weights.
    assert manifest['metrics']['bytes'] < 1.5 * manifest['export']['source_bytes']
    frame = np.full((100, 130, 3), 90, np.uint8)
    FerFaceDetector(out).detect(frame)
    with pytest.raises(ModelError, match='no Keras weights'):
        load_detector(out)


def test_the_command_exports_a_detector(model, work, tmp_path, capsys):
    faces = str(work / 'FACES')
    code = cli.main(['export', str(model), '--format', 'int8', '--data', faces,
                     '--validation', faces, '--out', str(tmp_path / 'out')])
    assert code == 0
    assert (tmp_path / 'out' / 'README.md').is_file()
    assert 'precision:  average' in capsys.readouterr().out
    index = tmp_path / 'elsewhere' / 'clean.json'
    index.parent.mkdir()
    shutil.copy(work / 'FACES' / 'faces.json', index)
    command = ['export', str(model), '--format', 'float16', '--validation', str(index), '--out',
               str(tmp_path / 'half')]
    assert cli.main(command) != 0, 'there are no pictures beside this index'
    pictures = next(path for path in (work / 'FACES').iterdir() if path.stem == 'images')
    assert cli.main([*command, '--images', str(pictures)]) == 0
    figures = json.loads((tmp_path / 'half' / 'manifest.json').read_text())['metrics']
    assert figures['data']['empty_scenes'] > 0, 'the rooms lie beside the pictures'


def test_int8_without_pictures_is_refused(model, work, tmp_path):
    config = load_detector_config(work / 'small.yaml')
    pictures = read_faces(work / 'FACES').select(split='val')
    validation = Validation(config, pictures, read_backgrounds(work / 'FACES', 'val'))
    with pytest.raises(ConfigError, match='int8 needs'):
        reformat_detector(model, 'int8', tmp_path / 'int8', validation)
    assert not (tmp_path / 'int8').exists()


def test_data_without_a_validation_split_are_refused(work, tmp_path, capsys):
    entries = json.loads((work / 'FACES' / 'faces.json').read_text())
    for entry in entries:
        entry['split'] = 'train'
    (work / 'FACES' / 'train_only.json').write_text(json.dumps(entries))
    code = cli.main(['train-detector', '--data', str(work / 'FACES' / 'train_only.json')])
    assert code == 1
    assert 'no split `val`; give --validation' in capsys.readouterr().err


def test_check_only_counts_and_stops(work, capsys):
    assert cli.main(['train-detector', '--data', str(work / 'FACES'), '--check-only']) == 0
    out = capsys.readouterr().out
    assert 'training:   18 pictures, 18 faces, 4 pictures without a face' in out
    assert 'validation: 6 pictures, 6 faces' in out
