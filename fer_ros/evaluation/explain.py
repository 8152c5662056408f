"""What in a picture speaks for an answer: heat maps of the network and of its converted form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.classifier import Classifier
from fer_ros.core.errors import ModelError
from fer_ros.core.model import load_model
from fer_ros.core.preprocess import network_input
from fer_ros.core.types import Floats, Image

__all__ = ['class_activation', 'grad_cam', 'occlusion_sensitivity']

_BATCH = 64


def class_activation(maps: Floats, kernel: Floats, targets: NDArray[np.int64]) -> Floats:
    """Return Grad-CAM of networks that end with a mean over the picture and a dense layer.

    There the gradient of a logit by a feature map is the same everywhere, kernel / (h w), so
    that Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) is the class activation mapping of
    Zhou et al. 2016 with what speaks against the emotion cut off at 0. It needs no gradient, and
    so no particular backend.

    Args:
        maps: (N, h, w, C) last feature maps.
        kernel: (C, K) weights of the dense layer.
        targets: (N,) the emotions that are asked about.

    Returns:
        (N, h, w) float32 from 0; the sum of a map before cutting, plus the bias, is the logit.
    """
    weights = kernel[:, targets].T / (maps.shape[1] * maps.shape[2])
    summed = np.einsum('nhwc,nc->nhw', maps, weights)
    return np.asarray(np.maximum(summed, 0.0), np.float32)


def grad_cam(
    model: str | Path | None, images: Image, targets: NDArray[np.int64],
) -> Floats:
    """Return the Grad-CAM heat maps of a model folder with Keras weights.

    Args:
        model: Name or folder of the model.
        images: (N, H, W) or (N, H, W, 3) uint8 face crops.
        targets: (N,) the emotions that are asked about, as indices of the model's labels.

    Returns:
        (N, h, w) float32 in [0, 1], in the resolution of the last feature maps; each map is
        divided by its maximum.

    Raises:
        ModelError: The folder holds no weights, or the network ends in another way.
        ModuleNotFoundError: Keras is not installed.
    """
    import keras

    from fer_ros.training.weights import load_network

    network = load_network(model)
    names = {layer.name for layer in network.layers}
    if not {'features', 'logits'} <= names:
        raise ModelError(
            f'model {model}: heat maps need a network that ends with the layers features (the '
            f'mean over the picture) and logits')
    inner = keras.Model(network.input, network.get_layer('features').input)
    kernel = keras.ops.convert_to_numpy(network.get_layer('logits').kernel).astype(np.float32)
    batch = network_input(images, load_model(model).manifest)
    maps = np.concatenate([
        keras.ops.convert_to_numpy(inner(batch[start:start + _BATCH], training=False))
        for start in range(0, len(batch), _BATCH)]).astype(np.float32)
    return _scaled(class_activation(maps, kernel, targets))


def occlusion_sensitivity(
    classifier: Classifier, images: Image, targets: NDArray[np.int64], *, patch: float = 0.25,
    steps: int = 9,
) -> Floats:
    """Return how much the probability falls when a grey square hides a part of the picture.

    Source: Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks". It
    asks the converted network itself, so it works for every model folder.

    Args:
        classifier: The classifier.
        images: (N, H, W) or (N, H, W, 3) uint8 face crops.
        targets: (N,) the emotions that are asked about.
        patch: Side of the square as a share of the picture's.
        steps: Places of the square on each axis.

    Returns:
        (N, steps, steps) float32 from 0, the fall of the probability with the square's centre
        there; a rise counts as 0.
    """
    result = np.empty((len(images), steps, steps), np.float32)
    height, width = images.shape[1:3]
    # Centres in the middles of the cells, so that the map covers the picture evenly.
    centres = (np.arange(steps) + 0.5) / steps
    for index, (image, target) in enumerate(zip(images, targets, strict=True)):
        hidden = np.repeat(image[np.newaxis], steps * steps + 1, axis=0)
        grey = image.reshape(height * width, -1).mean(axis=0).round().astype(np.uint8)
        for place in range(steps * steps):
            y, x = centres[place // steps], centres[place % steps]
            top, left = round((y - patch / 2) * height), round((x - patch / 2) * width)
            part = hidden[place, max(0, top):top + round(patch * height),
                          max(0, left):left + round(patch * width)]
            part[:] = grey if image.ndim == 3 else grey[0]
        asked = classifier.predict(hidden)[:, target]
        result[index] = np.maximum(asked[-1] - asked[:-1], 0.0).reshape(steps, steps)
    return result


def _scaled(maps: Floats) -> Floats:
    peaks = maps.max(axis=(1, 2), keepdims=True)
    return np.asarray(
        np.divide(maps, peaks, out=np.zeros_like(maps), where=peaks > 0), np.float32)
