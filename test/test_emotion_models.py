"""emotion_node runs each of the shipped models, over real DDS."""

from emotion_support import Running
import pytest
from test_models import MODELS

from fer_ros.core.model import load_model


@pytest.mark.parametrize('name', MODELS)
def test_the_node_runs_it_and_names_it(ros, astronaut, name):
    result = Running(ros, '', {'model': name}).show(astronaut)
    manifest = load_model(name).manifest
    assert (result.model_name, result.model_version) == (name, manifest.version)
    assert tuple(result.class_labels) == manifest.labels
    assert result.emotions[0].label == 'happiness'
