"""The models that are shipped: each is what its folder says, and small enough for its purpose."""

import json

import numpy as np
import pytest

from fer_ros import Pipeline
from fer_ros.core.classifier import Classifier
from fer_ros.core.model import available_models, DEFAULT_MODEL, load_model
from fer_ros.core.types import EMOTIONS
from fer_ros.evaluation.golden import golden_crops, golden_gap

MODELS = sorted({folder.name for folder in available_models()})
TINY = 'mobile_48'


@pytest.fixture(params=MODELS)
def model(request):
    return load_model(request.param)


def test_there_is_a_default_a_tiny_and_an_accurate_one():
    assert {DEFAULT_MODEL, TINY, 'ensemble_48'} <= set(MODELS)
    assert load_model(DEFAULT_MODEL).manifest.parameters <= 2_000_000
    assert load_model(TINY).manifest.parameters <= 100_000


def test_it_gives_the_outputs_that_it_records(model):
    gap = golden_gap(model)
    assert gap['largest_difference'] < gap['allowed']


def test_its_record_tells_a_changed_picture(model):
    recorded = json.loads((model.folder / 'golden.json').read_text())['probabilities']
    shifted = np.roll(golden_crops(model.manifest.width), 3, axis=2)
    assert np.abs(Classifier(model).predict(shifted) - recorded).max() > 1e-3


def test_it_is_called_like_its_folder_and_knows_the_eight_emotions(model):
    assert model.manifest.name == model.folder.name
    assert model.manifest.labels == EMOTIONS
    assert model.manifest.priors is not None


def test_its_figures_come_with_data_and_command(model):
    metrics, training = model.manifest.metrics, model.manifest.training
    assert metrics['n'] == 3199
    low, high = metrics['accuracy_ci']
    assert low < metrics['accuracy'] < high
    assert 'fer ' in training['command']
    assert all(record['license'] != 'licence not given' for record in training['data'])


def test_it_sees_that_the_astronaut_smiles(model, astronaut):
    for priors in ('natural', 'balanced'):
        pipeline = Pipeline.from_model(model.folder, tracking=False, priors=priors)
        (face,) = pipeline.process(astronaut).faces
        assert face.label == 'happiness'
