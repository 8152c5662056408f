"""Backbones of Keras for transfer learning, with weights that the user has."""

import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.training.networks import BACKBONES, build_network

SMALL = {'backbone': 'MobileNetV3Small'}


def build(channels=1, **options):
    return build_network(
        BACKBONES, side=48, classes=5, color_channels=channels, **{**SMALL, **options})


@pytest.mark.parametrize('channels', [1, 3])
def test_grey_and_colour_pictures_give_logits(channels):
    pictures = np.random.default_rng(0).uniform(0, 255, (2, 48, 48, channels)).astype('f')
    logits = build(channels).predict(pictures, verbose=0)
    assert logits.shape == (2, 5)
    assert np.isfinite(logits).all()


def test_weights_of_a_file_are_loaded(tmp_path):
    import keras

    backbone = keras.applications.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(48, 48, 3))
    backbone.save_weights(tmp_path / 'mine.weights.h5')
    network = build(weights=str(tmp_path / 'mine.weights.h5'))
    inner = next(layer for layer in network.layers if layer.name == backbone.name
                 or len(layer.weights) == len(backbone.weights))
    for one, other in zip(backbone.get_weights(), inner.get_weights(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(('options', 'words'), [
    ({'backbone': 'HugeNet'}, r'backbone must be one of keras\.applications.*HugeNet'),
    ({'weights': '/nowhere.h5'}, r'backbone MobileNetV3Small with the weights ./nowhere\.h5'),
    ({'backbone': 'hub:nothing'}, r'hub:nothing')])
def test_what_cannot_be_made_is_named(options, words):
    with pytest.raises(ConfigError, match=words):
        build(**options)
