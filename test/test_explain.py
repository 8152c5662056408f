"""Heat maps point to what was planted."""

import numpy as np
import pytest

from fer_ros.evaluation.explain import class_activation, occlusion_sensitivity


def test_class_activation_by_hand():
    maps = np.zeros((2, 2, 2, 2), np.float32)
    maps[:, 0, 1, 0] = 4.0
    maps[:, 1, 0, 1] = 8.0
    kernel = np.array([[1.0, -1.0], [-2.0, 0.5]], np.float32)
    heat = class_activation(maps, kernel, np.array([0, 1]))
    assert heat[0].tolist() == [[0.0, 1.0], [0.0, 0.0]]
    assert heat[1].tolist() == [[0.0, 0.0], [1.0, 0.0]]


class Spot:
    """Says `1` with the more certainty the brighter one corner of the picture is."""

    def predict(self, crops):
        bright = crops.reshape(len(crops), 48, 48, -1)[:, :12, 36:].mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - bright, bright], axis=1).astype(np.float32)


@pytest.mark.parametrize('shape', [(2, 48, 48), (2, 48, 48, 3)])
def test_occlusion_finds_the_spot(shape):
    images = np.zeros(shape, np.uint8)
    images[:, :12, 36:] = 255
    heat = occlusion_sensitivity(Spot(), images, np.array([1, 0]))
    assert np.unravel_index(heat[0].argmax(), heat[0].shape) == (1, 7)
    assert heat[0][5:, :5].max() == 0.0
    assert heat[1].max() == 0.0
