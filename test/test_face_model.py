"""The folder of a face detector is used only if everything about it is right."""

import dataclasses
import json
import math
import shutil

import pytest

from fer_ros.core.errors import ModelError
from fer_ros.core.face_model import available_face_models, load_face_model
from fer_ros.core.model import load_model

BOUNDS = {
    'thresholds.score': ('score_threshold', 1e-6, 1 - 1e-6),
    'thresholds.overlap': ('overlap', 0.01, 1.0),
    'calibration.slope': ('slope', 0.01, 100.0),
    'calibration.intercept': ('intercept', -100.0, 100.0),
    'input.smallest_face': ('smallest_face', 4.0, 512.0)}


@pytest.fixture
def model_folder(tmp_path):
    """Return a copy of the shipped detector's folder, for `edit_manifest`."""
    return shutil.copytree(load_face_model().folder, tmp_path / 'model')


@pytest.mark.parametrize('name', BOUNDS)
def test_a_number_may_lie_at_the_ends_of_its_range_and_not_beyond(edit_manifest, name):
    attribute, low, high = BOUNDS[name]
    for value in (low, high):
        manifest = load_face_model(edit_manifest(name, value)).manifest
        assert getattr(manifest, attribute) == value
    for value in (math.nextafter(low, -math.inf), math.nextafter(high, math.inf), None):
        with pytest.raises(ModelError, match=rf'json: {name} must '):
            load_face_model(edit_manifest(name, value))
    with pytest.raises(ModelError, match=rf"json: lacks the field '{name}'"):
        load_face_model(edit_manifest(name))


def test_a_manifest_is_read_field_by_field():
    model = load_face_model()
    content = json.loads((model.folder / 'manifest.json').read_text())
    told = dataclasses.asdict(dataclasses.replace(
        model.manifest, network=None, training={}, metrics={}))
    for name in ('name', 'version', 'license', 'file', 'sha256', 'parameters'):
        assert told[name] == content[name]
    for name, (attribute, *_) in BOUNDS.items():
        group, key = name.split('.')
        assert told[attribute] == content[group][key]


def test_it_is_found_by_name_and_by_path_and_is_no_model_of_emotions():
    model = load_face_model()
    assert model.folder in available_face_models()
    assert load_face_model('fer_face').data == load_face_model(model.folder).data == model.data
    emotions = load_model().folder
    assert emotions not in available_face_models()
    with pytest.raises(ModelError, match='is a model for emotions, not for face detection'):
        load_face_model(emotions)
