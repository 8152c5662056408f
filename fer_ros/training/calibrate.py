"""Calibration: probabilities that agree with accuracy, and a threshold for a stated risk."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.classifier import softmax
from fer_ros.core.types import Floats

__all__ = ['Calibration', 'fit_calibration', 'fit_priors', 'fit_temperature',
           'fit_vector_scaling', 'threshold_for_risk', 'threshold_for_share']

Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]

_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_FOLDS = 5


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How logits become calibrated probabilities: softmax((logits * factors + summands) / T).

    Attributes:
        temperature: T, > 0.
        scaling: (2, K) factors and summands, or None for factors 1 and summands 0.
    """

    temperature: float
    scaling: Doubles | None = None

    def apply(self, logits: Floats) -> Floats:
        """Return (N, K) float32 probabilities of (N, K) logits."""
        if self.scaling is not None:
            logits = (logits * self.scaling[0] + self.scaling[1]).astype(np.float64)
        return softmax(logits, self.temperature)


def fit_calibration(logits: Floats, targets: Ints, seed: int = 0) -> Calibration:
    """Return vector scaling where it is better than a temperature on images it has not seen.

    Both are fitted on four fifths of the validation data and compared by their likelihood on the
    last fifth, five times over; the better one is then fitted on all.

    Args:
        logits: (N, K) outputs of the network on validation data.
        targets: (N,) true emotions.
        seed: Seed of the folds.
    """
    fold = np.random.default_rng(seed).permutation(len(targets)) % _FOLDS
    losses = np.zeros(2)
    for held in range(_FOLDS):
        rest, part = fold != held, fold == held
        if not part.any() or not rest.any():
            continue
        fitted = (Calibration(fit_temperature(logits[rest], targets[rest])),
                  Calibration(1.0, fit_vector_scaling(logits[rest], targets[rest])))
        losses += [part.sum() * _loss(one.apply(logits[part]), targets[part]) for one in fitted]
    if losses[1] < losses[0]:
        return Calibration(1.0, fit_vector_scaling(logits, targets).round(5))
    return Calibration(round(fit_temperature(logits, targets), 4))


def fit_temperature(
    logits: Floats, targets: Ints, low: float = 0.05, high: float = 20.0,
) -> float:
    """Return the temperature with the smallest negative log-likelihood.

    Guo et al. 2017, "On Calibration of Modern Neural Networks". The likelihood has one minimum
    in log temperature, which golden-section search finds.

    Args:
        logits: (N, K) outputs of the network on validation data.
        targets: (N,) true emotions.
        low: Smallest temperature considered.
        high: Largest temperature considered.
    """
    def loss(log_temperature: float) -> float:
        return _loss(softmax(logits, float(np.exp(log_temperature))), targets)

    a, b = np.log(low), np.log(high)
    while b - a > 1e-4:
        left, right = b - _GOLDEN * (b - a), a + _GOLDEN * (b - a)
        if loss(left) < loss(right):
            b = right
        else:
            a = left
    return float(np.exp((a + b) / 2))


def fit_vector_scaling(
    logits: Floats, targets: Ints, penalty: float = 1e-3, steps: int = 50,
) -> Doubles:
    """Return the (2, K) factors and summands with the smallest negative log-likelihood.

    Vector scaling, Guo et al. 2017, section 4.2. The likelihood is convex in both, so damped
    Newton steps find the minimum.

    Args:
        logits: (N, K) outputs of the network on validation data.
        targets: (N,) true emotions.
        penalty: Weight of the squared distance from no scaling, for emotions that hardly occur.
        steps: Newton steps at most.
    """
    z = logits.astype(np.float64)
    n, k = z.shape
    wanted = np.eye(k)[targets]
    start = np.concatenate([np.ones(k), np.zeros(k)])

    def loss(values: Doubles) -> float:
        p = softmax(z * values[:k] + values[k:]).astype(np.float64)
        return _loss(p, targets) + penalty * float(((values - start) ** 2).sum())

    values, last = start.copy(), loss(start)
    for _ in range(steps):
        p = softmax(z * values[:k] + values[k:]).astype(np.float64)
        error = (p - wanted) / n
        slope = np.concatenate([(error * z).sum(0), error.sum(0)]) + 2 * penalty * (values - start)
        # The features of output k are z_k and 1; the Hessian is that of a softmax regression.
        blocks = [np.concatenate([p * z, p], 1), np.concatenate([z, np.ones_like(z)], 1)]
        curve = -(blocks[0].T @ blocks[0]) / n
        for i in range(2):
            for j in range(2):
                own = (p * (z if i == 0 else 1.0) * (z if j == 0 else 1.0)).sum(0) / n
                curve[i * k:(i + 1) * k, j * k:(j + 1) * k][np.diag_indices(k)] += own
        step = np.linalg.solve(curve + 2 * penalty * np.eye(2 * k), slope)
        size = 1.0
        while size > 1e-6 and loss(values - size * step) > last:
            size /= 2
        values = values - size * step
        previous, last = last, loss(values)
        if previous - last < 1e-10:
            break
    return values.reshape(2, k)


def fit_priors(probabilities: Floats, targets: Ints, steps: int = 50) -> Doubles:
    """Return the shares of the emotions that the probabilities presuppose.

    By Bayes' rule, dividing by them takes all emotions for equally frequent. Counting the
    training images would not do: balanced sampling, weights and adjusted logits change what a
    network presupposes, and vector scaling changes it again towards the validation data. So it
    is measured: if the shares v of the validation data were presupposed, factors v / priors on
    the probabilities would make them most likely. The factors are fitted, in logarithms, by
    Newton's method on a convex problem, with a penalty that counts like one image an emotion
    and holds priors that few images tell of near v.

    Args:
        probabilities: (N, K) calibrated probabilities of validation data.
        targets: (N,) true emotions.
        steps: Newton steps at most.

    Returns:
        (K,) shares, each 1e-6 or more, that sum to 1.
    """
    k = probabilities.shape[1]
    counts = np.bincount(targets, minlength=k)
    logp = np.log(np.maximum(probabilities.astype(np.float64), 1e-12))
    shifts = np.zeros(k)
    for _ in range(steps):
        p = softmax(logp + shifts).astype(np.float64)
        sums = p.sum(axis=0)
        step = np.linalg.solve(np.diag(sums + 1) - p.T @ p, sums - counts + shifts)
        # Far from the minimum a whole step may overshoot.
        shifts -= step / max(1.0, float(np.abs(step).max()))
        if np.abs(step).max() < 1e-8:
            break
    priors = (counts + 1) * np.exp(-shifts)
    shares: Doubles = np.maximum(priors / priors.sum(), 1e-6)
    return shares


def threshold_for_share(confidences: Floats, share: float) -> float:
    """Return the confidence below which `share` of the answers lie, in [0, 1]."""
    return round(float(np.quantile(confidences, share)), 3)


def threshold_for_risk(
    confidences: Floats, correct: NDArray[np.bool_], risk: float,
) -> float:
    """Return the smallest threshold at which at most `risk` of the answers are wrong.

    The point of the risk-coverage curve (Geifman and El-Yaniv 2017) that answers most.

    Args:
        confidences: (N,) in [0, 1].
        correct: (N,) whether the answers are right.
        risk: Share of wrong answers allowed, in (0, 1).

    Returns:
        A threshold in [0, 1]; 1 if no threshold has so small a risk.
    """
    order = np.argsort(-confidences, kind='stable')
    wrong = np.cumsum(~correct[order]) / np.arange(1, len(order) + 1)
    sorted_confidences = confidences[order]
    # Faces of equal confidence are answered or not together.
    last_of_equals = np.append(sorted_confidences[1:] < sorted_confidences[:-1], True)
    allowed = np.flatnonzero((wrong <= risk) & last_of_equals)
    if len(allowed) == 0:
        return 1.0
    # Rounded down, so that the face at the threshold is still answered.
    return float(np.floor(sorted_confidences[allowed[-1]] * 1e6) / 1e6)


def _loss(probabilities: Floats | Doubles, targets: Ints) -> float:
    chosen = probabilities[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())
