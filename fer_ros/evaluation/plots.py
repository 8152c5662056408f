"""Pictures of figures, drawn with matplotlib."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from fer_ros.core.errors import ConfigError

__all__ = ['confusion_picture', 'history_picture', 'save_figure']


def _pyplot() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise ConfigError(
            'plots need matplotlib, which belongs to the training side; get it with: make '
            'train-env, or pip install matplotlib') from error
    matplotlib.use('Agg')
    from matplotlib import pyplot

    return pyplot


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure under another name and rename it, so that no torn file is left."""
    partial = path.with_name(f'.{path.name}')
    figure.savefig(partial, dpi=120, format='png', bbox_inches='tight')
    os.replace(partial, path)
    _pyplot().close(figure)


def confusion_picture(metrics: dict[str, Any], path: Path) -> None:
    """Draw the confusion matrix of `metrics.json`: rows of true emotions, in per cent."""
    plt = _pyplot()
    labels = metrics['confusion']['labels']
    matrix = np.array(metrics['confusion']['matrix'], float)
    rows = labels[:len(matrix)]
    if not matrix[:, -1].any():
        matrix, labels = matrix[:, :-1], labels[:-1]
    share = 100 * matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    figure, axes = plt.subplots(figsize=(6.4, 5.6))
    axes.imshow(share, cmap='Blues', vmin=0, vmax=100)
    for (row, column), value in np.ndenumerate(share):
        axes.text(column, row, f'{value:.0f}', ha='center', va='center',
                  color='white' if value > 55 else 'black')
    counts = matrix.sum(axis=1).astype(int)
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha='right')
    axes.set_yticks(range(len(rows)), [f'{r} ({n})' for r, n in zip(rows, counts, strict=True)])
    axes.set_xlabel('answer of the model')
    axes.set_ylabel('label')
    axes.set_title(
        f'{metrics["model"]["name"]}: % of each label\n'
        f'accuracy {100 * metrics["accuracy"]:.1f} %, '
        f'macro recall {100 * metrics["macro_recall"]:.1f} %')
    save_figure(figure, path)


def history_picture(history: dict[str, list[float]], path: Path) -> None:
    """Draw loss and accuracy over the epochs of a training run."""
    plt = _pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.4))
    epochs = [epoch + 1 for epoch in history['epoch']]
    for axes, names in ((left, ('loss', 'val_loss')),
                        (right, ('accuracy', 'val_accuracy', 'val_macro_recall'))):
        for name in names:
            axes.plot(epochs, history[name], label=name)
        axes.set_xlabel('epoch')
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(figure, path)
