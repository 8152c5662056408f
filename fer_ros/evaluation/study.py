"""All that `fer evaluate model --out` makes: figures, pictures, heat maps and the report."""

from __future__ import annotations

from collections.abc import Callable
import json
from pathlib import Path
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_ros.core.classifier import Classifier
from fer_ros.core.errors import FerError
from fer_ros.core.model import Model
from fer_ros.core.types import Floats
from fer_ros.data.datasets import Dataset
from fer_ros.evaluation import plots
from fer_ros.evaluation.curves import class_curves
from fer_ros.evaluation.examples import heat_sheet, most_certain, most_wrong, saliency_rows, sheet
from fer_ros.evaluation.explain import grad_cam, occlusion_sensitivity
from fer_ros.evaluation.report import Section, write_report
from fer_ros.evaluation.robustness import DISTURBANCES, robustness
from fer_ros.training.files import write_text

__all__ = ['speed', 'Study']

_OUTPUTS = (
    'report.html', 'metrics.json', 'confusion.png', 'reliability.png', 'risk_coverage.png',
    'class_curves.png', 'robustness.png', 'most_wrong.png', 'most_certain.png', 'saliency.png')
_TIMED = 300
_WRONG = 50
_CERTAIN = 10


def speed(classifier: Classifier, data: Dataset, count: int = _TIMED) -> dict[str, Any]:
    """Return how long one face takes, one at a time, in milliseconds.

    Every face takes equally long: what is slower, was interrupted. So there are no slowest
    examples, but the 95th percentile.

    Args:
        classifier: The classifier, with one thread.
        data: Face crops.
        count: Faces that are timed.
    """
    times = []
    for place in range(count):
        image = data.images[place % len(data)][np.newaxis]
        start = time.perf_counter()
        classifier.predict(image)
        times.append(1000 * (time.perf_counter() - start))
    return {'faces': count, 'threads': 1, 'median_ms': round(float(np.median(times)), 3),
            'p95_ms': round(float(np.percentile(times, 95)), 3)}


class Study:
    """A model, the data, and what it says about them.

    Args:
        model: The model.
        classifier: Its classifier, with one thread.
        data: Labelled face crops.
        targets: (N,) true emotions, as indices of the model's labels.
        probabilities: (N, K) what the model says.
        seed: Of all that is drawn at random.
    """

    def __init__(
        self, model: Model, classifier: Classifier, data: Dataset, targets: NDArray[np.int64],
        probabilities: Floats, *, seed: int = 0,
    ) -> None:
        self._model, self._classifier, self._data = model, classifier, data
        self._targets, self._probabilities, self._seed = targets, probabilities, seed
        self._labels = model.manifest.labels
        self._guesses = probabilities.argmax(axis=1)

    def write(
        self, folder: Path, metrics: dict[str, Any], *, robustness_images: int = 1000,
        faces: bool = True,
    ) -> None:
        """Write `metrics.json`, the pictures and `report.html`.

        Every file is either whole or not there; `metrics.json` comes before the pictures and the
        report last. Those of an earlier report in the folder go first: its faces must not stay
        beside a report without faces, nor its figures beside those of another model.

        Args:
            folder: Where to; made if need be.
            metrics: Content of `metrics.json`; `speed`, `class_curves`, `robustness` and
                `saliency` are added.
            robustness_images: Number of images that are disturbed, 0 for none.
            faces: Whether to draw pictures that show faces.
        """
        # Without matplotlib it fails now, not after minutes.
        plots.pyplot()
        folder.mkdir(parents=True, exist_ok=True)
        metrics['speed'] = speed(self._classifier, self._data)
        metrics['class_curves'] = class_curves(self._targets, self._probabilities, self._labels)
        if robustness_images:
            metrics['robustness'] = self._robustness(robustness_images)
        heat = self._heat_maps() if faces else None
        metrics['saliency'] = None if heat is None else heat[0]
        for name in _OUTPUTS:
            (folder / name).unlink(missing_ok=True)
        write_text(folder / 'metrics.json', json.dumps(metrics, indent=1) + '\n')
        sections = [*self._figures(folder, metrics)]
        if heat is not None:
            sections += self._faces(folder, heat)
        write_report(folder / 'report.html', metrics, sections)

    def _robustness(self, count: int) -> dict[str, Any]:
        from fer_ros.commands.progress import progress

        rng = np.random.default_rng(self._seed)
        rows = np.sort(rng.permutation(len(self._data))[:count])
        total = 1 + sum(len(kind.strengths) for kind in DISTURBANCES.values())
        with progress(total, 'disturbance') as step:
            return robustness(
                self._classifier, self._data.images[rows], self._targets[rows],
                len(self._labels), seed=self._seed, step=step)

    def _heat_maps(self) -> tuple[dict[str, Any], list[tuple[str, int, int]], dict[str, Floats]]:
        """Return what was done, (caption, data row, emotion) of each example, and the maps."""
        from fer_ros.core.runtime import quiet_runtime

        examples = [
            (kind, row, emotion) for emotion in range(len(self._labels))
            for kind, row in saliency_rows(
                self._targets, self._probabilities, emotion, self._seed)]
        rows = np.array([row for _, row, _ in examples], np.int64)
        asked = self._guesses[rows]
        images = self._data.images[rows]
        maps = {'occlusion': occlusion_sensitivity(self._classifier, images, asked)}
        record: dict[str, Any] = {'methods': ['occlusion sensitivity']}
        try:
            # Keras' backend tells on stderr of the machine that it finds.
            with quiet_runtime():
                maps = {'Grad-CAM': grad_cam(self._model.folder, images, asked), **maps}
            record['methods'].insert(0, 'Grad-CAM')
        except (FerError, ModuleNotFoundError) as error:
            record['no_grad_cam'] = str(error)
        return record, examples, maps

    def _figures(self, folder: Path, metrics: dict[str, Any]) -> list[Section]:
        sections = []
        todo: list[tuple[str, str, str, Callable[[Path], None]]] = [
            ('confusion', 'Confusion',
             'Rows are the labels, columns the answers; each row adds up to 100 %. On the '
             'diagonal stand the right answers, that is the recall.',
             lambda path: plots.confusion_picture(metrics, path)),
            ('reliability', 'Calibration',
             'Bars at the dashed line: the confidence says how often the answer is right; bars '
             'below it: the model is too sure of itself. Dots stand at the mean confidence of '
             'each bar. Pale bars are of fewer than ten images. Below, how often each confidence '
             'occurs.',
             lambda path: plots.reliability_picture(metrics, path)),
            ('risk_coverage', 'Abstention',
             'The share of wrong answers if only the surest faces are answered. The dot is the '
             "model's threshold for `unknown`.",
             lambda path: plots.risk_coverage_picture(metrics, path)),
            ('class_curves', 'Each emotion against the others',
             'Left, ROC: how many faces of the emotion are found at the price of how many false '
             'alarms; up and left is better. Right, precision and recall: how many of the finds '
             'are right as more are found; up and right is better.',
             lambda path: plots.class_curves_picture(metrics['class_curves'], path))]
        if 'robustness' in metrics:
            todo.append((
                'robustness', 'Robustness',
                f'{metrics["robustness"]["n"]} of the images, made worse in seven ways. A model '
                'that knows when it sees badly loses confidence where it loses accuracy.',
                lambda path: plots.robustness_picture(metrics['robustness'], path)))
        for name, title, text, draw in todo:
            draw(folder / f'{name}.png')
            sections.append(Section(title, text, folder / f'{name}.png'))
        return sections

    def _faces(self, folder: Path, heat: tuple[Any, Any, dict[str, Floats]]) -> list[Section]:
        wrong = most_wrong(self._targets, self._probabilities, _WRONG)
        sections = []
        if len(wrong):
            sheet(folder / 'most_wrong.png', list(self._data.images[wrong]),
                  [self._caption(row) for row in wrong], [False] * len(wrong))
            sections.append(Section(
                'Most wrong', 'The surest wrong answers: label, answer, confidence. Some of them '
                'are errors of the label.', folder / 'most_wrong.png', faces=True))
        pictures, captions, right = [], [], []
        for emotion in range(len(self._labels)):
            rows = most_certain(self._probabilities, emotion, _CERTAIN).tolist()
            for row in [*rows, *[None] * (_CERTAIN - len(rows))]:
                known = row is not None
                pictures.append(self._data.images[row] if known else np.empty(0, np.uint8))
                captions.append(self._caption(row) if known else '')
                # A row without pictures would look like a fault of the sheet.
                if not rows and len(pictures) % _CERTAIN == 1:
                    captions[-1] = 'never\nanswered'
                right.append(bool(known and self._guesses[row] == self._targets[row]))
        sheet(folder / 'most_certain.png', pictures, captions, right, self._labels, _CERTAIN)
        sections.append(Section(
            'Most certain', 'For each answer, the faces that get it with most confidence, and the '
            'confidence. Where the label is another: label, answer, confidence, in red.',
            folder / 'most_certain.png', faces=True))
        record, examples, maps = heat
        emotions = [emotion for _, _, emotion in examples]
        # Emotions without an example take no row.
        places = [sorted(set(emotions)).index(emotion) for emotion in emotions]
        heat_sheet(
            folder / 'saliency.png', [self._data.images[row] for _, row, _ in examples],
            [f'{kind}\n{self._caption(row)}' for kind, row, _ in examples], maps, places)
        text = (
            'What speaks for the answer that was given: the surest right answer for each label, '
            'another right one, the surest error. Occlusion sensitivity: where hiding a quarter '
            'of the width and height costs most probability. ')
        text += (
            'Grad-CAM: where the last feature maps speak for the answer, in their coarse '
            'resolution.' if 'no_grad_cam' not in record
            else f'No Grad-CAM: {record["no_grad_cam"]}.')
        sections.append(Section(
            'What the network looks at', text, folder / 'saliency.png', faces=True))
        return sections

    def _caption(self, row: int) -> str:
        label, guess = self._labels[self._targets[row]], self._labels[self._guesses[row]]
        sure = f'{100 * self._probabilities[row].max():.1f} %'
        return f'{label}\n{sure}' if label == guess else f'{label}:\n{guess} {sure}'
