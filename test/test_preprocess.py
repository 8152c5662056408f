"""Every picture reaches the network in the same way, whatever the light was."""

import dataclasses

import numpy as np
import pytest

from fer_ros.core.errors import ImageError, ModelError
from fer_ros.core.model import load_model
from fer_ros.core.preprocess import network_input, standardize

FACE = np.random.default_rng(0).normal(120, 40, (2, 48, 48, 1)).clip(0, 255).astype(np.float32)


def test_mean_and_contrast_become_equal():
    even = standardize(FACE)
    assert even.dtype == np.float32
    assert even.mean(axis=(1, 2, 3)) == pytest.approx(127.5, abs=1.5)
    assert even.std(axis=(1, 2, 3)) == pytest.approx(55, abs=2)
    assert even.min() >= 0
    assert even.max() <= 255


@pytest.mark.parametrize('gain', [0.2, 0.5, 0.9])
def test_a_darker_picture_is_the_same_picture(gain):
    assert np.abs(standardize(FACE * np.float32(gain)) - standardize(FACE)).max() < 0.1


def test_each_picture_has_a_light_of_its_own():
    batch = np.concatenate([FACE, FACE * np.float32(0.3)])
    apart = [standardize(picture[np.newaxis])[0] for picture in batch]
    assert np.array_equal(standardize(batch), np.stack(apart))


def test_what_is_far_from_the_mean_is_cut_at_the_ends():
    picture = np.full((1, 48, 48, 1), 128, np.float32)
    picture[0, 0, 0], picture[0, 0, 1] = 0, 255
    assert (standardize(picture).min(), standardize(picture).max()) == (0, 255)


def test_a_picture_of_nothing_is_not_blown_up():
    flat = np.full((1, 48, 48, 1), 90, np.float32)
    assert np.all(standardize(flat) == 127.5)
    noise = flat + np.random.default_rng(0).normal(0, 0.5, flat.shape).astype(np.float32)
    assert standardize(noise).std() < 10


@pytest.fixture(scope='module')
def plain():
    """Return a function that makes a manifest by which pixels stay as they are."""
    manifest = load_model().manifest
    values = {'standardize': False, 'scale': 1.0, 'offset': 0.0}
    return lambda **changes: dataclasses.replace(manifest, **{**values, **changes})


def test_the_manifest_decides(plain):
    crops = FACE[..., 0].astype(np.uint8)
    same = network_input(crops, plain())
    assert np.array_equal(same[..., 0], crops)
    assert np.allclose(network_input(crops, plain(standardize=True)), standardize(same))
    scaled = network_input(crops, plain(scale=0.5, offset=-3.0))
    assert np.array_equal(scaled, same / 2 - 3)
    assert same.dtype == scaled.dtype == np.float32


@pytest.mark.parametrize(('color', 'channels'), [('grey', 1), ('bgr', 3)])
@pytest.mark.parametrize('shape', [(0, 9, 9), (2, 9, 9), (1, 1, 1), (2, 9, 9, 1), (2, 9, 9, 3)])
def test_crops_of_every_form_become_rows_of_the_networks_size(plain, shape, color, channels):
    crops = np.full(shape, 200, np.uint8)
    batch = network_input(crops, plain(color=color, width=30, height=20))
    assert batch.shape == (shape[0], 20, 30, channels)
    assert np.all(batch == 200)


@pytest.mark.parametrize(('bgr', 'grey'), [
    ((255, 0, 0), 29), ((0, 255, 0), 150), ((0, 0, 255), 76)])
def test_colours_count_for_grey_as_much_as_they_are_seen(plain, bgr, grey):
    crops = np.full((1, 48, 48, 3), bgr, np.uint8)
    assert np.all(network_input(crops, plain()) == grey)
    assert np.all(network_input(crops, plain(color='bgr')) == bgr)


@pytest.mark.parametrize('shape', [(48, 192), (192, 48), (48, 480), (192, 192)])
def test_what_is_larger_is_reduced_to_means(plain, shape):
    stripes = np.zeros((1, *shape), np.uint8)
    step = max(shape) // 48
    if shape[1] > 48:
        stripes[:, :, ::step] = 240
    else:
        stripes[:, ::step] = 240
    assert np.all(np.abs(network_input(stripes, plain()) - 240 / step) <= 1)


@pytest.mark.parametrize('shape', [(24, 24), (48, 24), (24, 48)])
def test_what_is_smaller_is_enlarged_without_steps(plain, shape):
    ramp = np.minimum.outer(10 * np.arange(shape[0]), 10 * np.arange(shape[1]))
    large = network_input(ramp[np.newaxis].astype(np.uint8), plain())[0, ..., 0]
    assert np.abs(np.diff(large, axis=0)).max() <= (10 if shape[0] == 48 else 6)
    assert np.abs(np.diff(large, axis=1)).max() <= (10 if shape[1] == 48 else 6)


@pytest.mark.parametrize('crops', [
    np.zeros((48, 48), np.uint8), np.zeros((1, 1, 48, 48, 1), np.uint8),
    np.zeros((1, 48, 48), np.float32), np.zeros((1, 48, 48, 2), np.uint8),
    np.zeros((1, 48, 48, 4), np.uint8), np.zeros((1, 0, 48), np.uint8),
    np.zeros((1, 48, 0, 3), np.uint8), np.zeros((1, 48, 48, 0), np.uint8)])
def test_crops_of_another_kind_are_refused(plain, crops):
    with pytest.raises(ImageError) as error:
        network_input(crops, plain())
    assert str(error.value) == (
        'crops must be (N, H, W) grey or (N, H, W, 3) BGR uint8, got '
        f'{crops.shape} {crops.dtype}')


def test_a_manifest_that_says_something_else_is_refused(model_folder):
    import json

    path = model_folder / 'manifest.json'
    content = json.loads(path.read_text())
    content['input']['standardize'] = 'yes'
    path.write_text(json.dumps(content))
    with pytest.raises(ModelError, match=r'input\.standardize must be true or false'):
        load_model(model_folder)
