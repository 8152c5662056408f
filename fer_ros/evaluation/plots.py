"""Pictures of figures, drawn with matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from fer_ros.core.errors import ConfigError
from fer_ros.evaluation.compare import p_text
from fer_ros.training.files import replacing

__all__ = [
    'EMOTION_COLORS', 'class_curves_picture', 'comparison_picture', 'confusion_picture',
    'history_picture', 'pyplot', 'reliability_picture', 'risk_coverage_picture',
    'robustness_picture', 'save_figure',
]

EMOTION_COLORS = (
    '#000000', '#E69F00', '#56B4E9', '#009E73', '#D55E00', '#0072B2', '#CC79A7', '#7F7F7F')
"""Told apart by the colour-blind too: Okabe and Ito 2008, but grey for their pale yellow."""


def pyplot() -> Any:
    """Return matplotlib's pyplot, drawing without a screen.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise ConfigError(
            'plots need matplotlib; get it with: pip install matplotlib (`make` brings it '
            'along)') from error
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    return plt


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure under another name and rename it, so that no torn file is left."""
    with replacing(path) as partial:
        figure.savefig(partial, dpi=120, format='png', bbox_inches='tight')
    pyplot().close(figure)


def confusion_picture(metrics: dict[str, Any], path: Path) -> None:
    """Draw the confusion matrix of `metrics.json`: rows of true emotions, in per cent."""
    plt = pyplot()
    labels = metrics['confusion']['labels']
    matrix = np.array(metrics['confusion']['matrix'], float)
    rows = labels[:len(matrix)]
    if not matrix[:, -1].any():
        matrix, labels = matrix[:, :-1], labels[:-1]
    share = 100 * matrix / np.maximum(1, matrix.sum(axis=1, keepdims=True))
    figure, axes = plt.subplots(figsize=(6.4, 5.6))
    axes.imshow(share, cmap='Blues', vmin=0, vmax=100)
    for (row, column), value in np.ndenumerate(share):
        if not matrix[row].any():
            continue  # an emotion that the data do not show
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
    """Draw the losses and the other figures over the epochs of a training run."""
    plt = pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.0, 3.4))
    epochs = [epoch + 1 for epoch in history['epoch']]
    for name, values in history.items():
        if name != 'epoch':
            axes = left if name.endswith('loss') else right
            axes.plot(epochs, values, label=name)
    for axes in (left, right):
        axes.set_xlabel('epoch')
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(figure, path)


def reliability_picture(metrics: dict[str, Any], path: Path) -> None:
    """Draw confidence against accuracy, and how often each confidence occurs."""
    plt = pyplot()
    bins = metrics['reliability']
    width = 1 / len(bins['n'])
    middles = width * (np.arange(len(bins['n'])) + 0.5)
    figure, (upper, lower) = plt.subplots(
        2, 1, figsize=(4.4, 5.0), sharex=True, height_ratios=(3, 1))
    accuracy = [np.nan if value is None else value for value in bins['accuracy']]
    confidence = [np.nan if value is None else value for value in bins['confidence']]
    # A bin of a few images says little: it is drawn pale.
    for middle, height, n in zip(middles, accuracy, bins['n'], strict=True):
        upper.bar(middle, height, width=0.9 * width, color='#0072B2', alpha=0.7 if n > 9 else 0.2)
    upper.plot([0, 1], [0, 1], color='0.4', linestyle='--', linewidth=1)
    upper.plot(confidence, accuracy, 'o', color='#D55E00', markersize=4)
    upper.set_ylabel('share of right answers')
    upper.set_title(f'{metrics["model"]["name"]}: calibration error '
                    f'{100 * metrics["ece"]:.2f} %', fontsize=10)
    lower.bar(middles, np.array(bins['n']) / max(1, sum(bins['n'])), width=0.9 * width,
              color='0.6')
    lower.set_ylabel('share')
    lower.set_xlabel('confidence')
    lower.set_xlim(0, 1)
    save_figure(figure, path)


def risk_coverage_picture(metrics: dict[str, Any], path: Path) -> None:
    """Draw the share of wrong answers if only the surest are given."""
    plt = pyplot()
    curve, abstention = metrics['risk_coverage'], metrics['abstention']
    figure, axes = plt.subplots(figsize=(4.8, 3.6))
    axes.plot(100 * np.array(curve['coverage']), 100 * np.array(curve['risk']), color='#0072B2')
    if abstention['accuracy_of_answers'] is not None:
        axes.plot(100 * (1 - abstention['unknown'] / metrics['n']),
                  100 * (1 - abstention['accuracy_of_answers']), 'o', color='#D55E00',
                  label=f'threshold {abstention["threshold"]:g}')
        axes.legend()
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)
    axes.set_xlabel('faces that are answered, the surest first (%)')
    axes.set_ylabel('wrong answers (%)')
    axes.set_title(f'{metrics["model"]["name"]}: area {curve["aurc"]:.4f}', fontsize=10)
    axes.grid(alpha=0.3)
    save_figure(figure, path)


def class_curves_picture(curves: dict[str, dict[str, Any]], path: Path) -> None:
    """Draw the ROC and the precision-recall curve of each emotion.

    Args:
        curves: What `curves.class_curves` returns.
        path: Where to.
    """
    plt = pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(10.0, 4.4))
    for place, (label, row) in enumerate(curves.items()):
        if row['auc'] is None:
            continue
        style = {'color': EMOTION_COLORS[place % len(EMOTION_COLORS)],
                 'linestyle': ('-', '--', '-.')[place % 3]}
        left.plot(*row['roc'], **style, label=f'{label} {row["auc"]:.3f}')
        right.plot(*row['pr'], **style, label=f'{label} {row["ap"]:.3f}')
    left.plot([0, 1], [0, 1], color='0.6', linestyle=':', linewidth=1)
    for axes, names in ((left, ('false positive rate', 'true positive rate', 'ROC, area')),
                        (right, ('recall', 'precision', 'average precision'))):
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])
        axes.set_title(f'{names[2]} in the legend', fontsize=10)
        axes.set_xlim(-0.01, 1.01)
        axes.set_ylim(-0.01, 1.02)
        axes.grid(alpha=0.3)
    left.legend(fontsize=8, loc='lower right')
    right.legend(fontsize=8, loc='center left', bbox_to_anchor=(1.01, 0.5))
    save_figure(figure, path)


def robustness_picture(robustness: dict[str, Any], path: Path) -> None:
    """Draw a curve a disturbance: accuracy, macro recall and mean confidence."""
    plt = pyplot()
    curves = robustness['curves']
    figure, grid = plt.subplots(2, 4, figsize=(12.0, 5.6), sharey=True)
    for axes, (name, curve) in zip(grid.flat, curves.items(), strict=False):
        places = range(len(curve['strengths']))
        for key, color in (('accuracy', '#0072B2'), ('macro_recall', '#009E73'),
                           ('confidence', '#D55E00')):
            axes.plot(places, 100 * np.array(curve[key]), marker='o', color=color, markersize=4,
                      linestyle='--' if key == 'confidence' else '-',
                      label=key.replace('_', ' '))
        axes.set_xticks(places, [f'{strength:g}' for strength in curve['strengths']])
        axes.set_title(name, fontsize=10)
        axes.set_xlabel(curve['unit'], fontsize=8)
        axes.set_ylim(0, 100)
        axes.grid(alpha=0.3)
    for axes in grid[:, 0]:
        axes.set_ylabel('%')
    handles, names = grid.flat[0].get_legend_handles_labels()
    for axes in list(grid.flat)[len(curves):]:
        axes.axis('off')
        axes.legend(handles, names, loc='center')
    figure.tight_layout()
    save_figure(figure, path)


def comparison_picture(comparison: dict[str, Any], path: Path) -> None:
    """Draw the differences of two models with their intervals."""
    plt = pyplot()
    rows = {'accuracy': comparison['accuracy'], 'macro recall': comparison['macro_recall'],
            **{f'{label} ({row["n"]})': row for label, row in comparison['per_class'].items()}}
    figure, axes = plt.subplots(figsize=(6.4, 0.9 + 0.36 * len(rows)))
    for place, row in enumerate(rows.values()):
        low, high = (100 * value for value in row['difference_ci'])
        color = '#0072B2' if low > 0 else '#D55E00' if high < 0 else '0.45'
        axes.plot([low, high], [place, place], color=color, linewidth=2)
        axes.plot(100 * row['difference'], place, 'o', color=color)
    axes.axvline(0, color='0.3', linewidth=1)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.grid(alpha=0.3, axis='x')
    first, second = (model['name'] for model in comparison['models'])
    axes.set_xlabel(f'recall of {second} less that of {first}, in points (95 % interval)')
    axes.set_title(f'{second} against {first}: accuracy '
                   f'{100 * comparison["accuracy"]["difference"]:+.2f} points, '
                   f'{p_text(comparison["mcnemar"]["p"])}',
                   fontsize=10)
    save_figure(figure, path)
