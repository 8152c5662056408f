"""What a network costs: multiplications by its layers, milliseconds by the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import math
import time

import keras
from keras import layers
import numpy as np

__all__ = ['count_macs', 'interleaved_ms']


def count_macs(model: keras.Model) -> int:
    """Return the multiply-accumulates of one picture; the FLOPs are twice as many.

    Counted are the layers with kernels; normalization, which runtimes fold into them,
    activations, sums and means are not. For a kernel of kh x kw and an output of h x w pixels:

        convolution              h w kh kw (input channels / groups) (output channels)
        depthwise convolution    h w kh kw (output channels)
        dense                    (inputs) (outputs), for each position

    Args:
        model: A network whose output shapes are known but for the batch.
    """
    total = 0
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            total += count_macs(layer)
        elif isinstance(layer, layers.DepthwiseConv2D):
            total += math.prod(layer.output.shape[1:]) * math.prod(layer.kernel_size)
        elif isinstance(layer, (layers.Conv2D, layers.Dense)):
            # One output number takes as many products as its kernel holds weights.
            total += math.prod(layer.output.shape[1:]) * math.prod(layer.kernel.shape[:-1])
    return total


def interleaved_ms(
    calls: Sequence[Callable[[], object]], *, rounds: int = 200, warmup: int = 20,
) -> list[float]:
    """Return the median milliseconds of each call.

    They take turns, so that whatever else the machine does slows all of them alike, and their
    ratio means something even where the times do not.

    Args:
        calls: What is measured.
        rounds: Measurements of each.
        warmup: Rounds before them that do not count.
    """
    times = np.empty((rounds, len(calls)))
    for turn in range(-warmup, rounds):
        for index, call in enumerate(calls):
            start = time.perf_counter()
            call()
            if turn >= 0:
                times[turn, index] = time.perf_counter() - start
    return [float(value) for value in np.median(times, axis=0) * 1e3]
