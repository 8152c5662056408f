"""What a run sets up before its first step: optimizer, loss and devices."""

from __future__ import annotations

from collections.abc import Sequence
import os

import keras
import numpy as np

from fer_ros.core.errors import ConfigError
from fer_ros.data.datasets import Dataset
from fer_ros.training.balance import EmotionLoss
from fer_ros.training.config import TrainConfig
from fer_ros.training.labels import class_priors
from fer_ros.training.settings import RunConfig
from fer_ros.training.transfer import layer_rates, LayerwiseAdamW

__all__ = ['compile_network', 'EpochSeed', 'jit', 'make_optimizer', 'set_backend',
           'set_distribution']


def compile_network(model: keras.Model, config: TrainConfig, training: Dataset) -> None:
    """Give a network the optimizer, the schedule and the loss of the settings."""
    factors = layer_rates(model, config.lowest_rate) if config.lowest_rate < 1 else None
    optimizer = make_optimizer(
        config, max(1, len(training) // config.batch_size),
        None if factors is None else [factors[v.path] for v in model.trainable_variables])
    model.compile(
        optimizer, weighted_metrics=['accuracy'], jit_compile=jit(config),
        loss=EmotionLoss(class_priors(training), config.logit_adjustment, config.focal))


def make_optimizer(
    config: RunConfig, steps: int, factors: Sequence[float] | None = None,
) -> keras.optimizers.Optimizer:
    """Return the optimizer of the settings, with its schedule.

    Args:
        config: Settings.
        steps: Batches of an epoch.
        factors: For `adamw`: factor of the learning rate of each trained variable; None: 1.
    """
    warmup = round(config.warmup_epochs * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        config.learning_rate / 100 if warmup else config.learning_rate,
        max(1, steps * config.epochs - warmup),
        warmup_target=config.learning_rate if warmup else None, warmup_steps=warmup)
    shared = {
        'weight_decay': config.weight_decay, 'global_clipnorm': config.clip_norm or None}
    if config.optimizer == 'sgd':
        optimizer = keras.optimizers.SGD(
            rate, momentum=config.momentum, nesterov=config.momentum > 0, **shared)
    elif factors is not None:
        optimizer = LayerwiseAdamW(rate, factors=factors, **shared)
    else:
        optimizer = keras.optimizers.AdamW(rate, **shared)
    optimizer.exclude_from_weight_decay(var_names=['gamma', 'beta', 'bias'])
    return optimizer


class EpochSeed(keras.callbacks.Callback):  # type: ignore[misc]
    """Lets the chance within the network (dropout) depend on seed and epoch alone.

    Keras does not write the state of that chance into its files, and on torch draws from the
    source of chance of the whole process.

    Args:
        seed: Seed of the run.
    """

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._seed = seed

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Set all states of chance."""
        sources = [layer.seed_generator for layer in self.model.layers
                   if hasattr(layer, 'seed_generator')]
        states = np.random.SeedSequence((self._seed, epoch)).generate_state(2 * len(sources) + 1)
        keras.utils.set_random_seed(int(states[0]))
        for source, state in zip(sources, states[1:].reshape(-1, 2), strict=True):
            source.state.assign(state)


def set_backend(config: RunConfig) -> None:
    """Ask Keras' backend for equal results of equal runs, if the settings do."""
    if not config.deterministic:
        return
    if keras.backend.backend() == 'tensorflow':
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
    elif keras.backend.backend() == 'torch':
        import torch

        # Without it torch refuses to multiply matrices on CUDA when it must be deterministic.
        os.environ.setdefault('CUBLAS_WORKSPACE_CONFIG', ':4096:8')
        torch.use_deterministic_algorithms(True)


def set_distribution(config: RunConfig) -> None:
    """Spread the batches over all devices, if the settings ask for it.

    Raises:
        ConfigError: Keras cannot do that with its present backend.
    """
    if config.distribution == 'none':
        return
    # Keras' code for TensorFlow is a prototype that leaves all but one device idle.
    if keras.backend.backend() != 'jax':
        raise ConfigError(
            f'distribution: data_parallel does not work with the {keras.backend.backend()} '
            'backend of Keras; set KERAS_BACKEND=jax, or distribution: none')
    try:
        keras.distribution.set_distribution(keras.distribution.DataParallel())
    except (RuntimeError, ValueError, NotImplementedError, AttributeError) as error:
        raise ConfigError(
            f'distribution: data_parallel does not work here ({error}); set distribution: '
            'none') from error


def jit(config: RunConfig) -> bool:
    """Return whether Keras shall compile the step."""
    # torch.compile does not know Keras' functional models well: eager is faster there.
    return config.jit_compile and keras.backend.backend() != 'torch'
