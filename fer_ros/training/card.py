"""The model card: what a person should know before using a model, and its plots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fer_ros.core.model import MANIFEST
from fer_ros.evaluation.plots import (
    confusion_picture,
    reliability_picture,
    risk_coverage_picture,
)
from fer_ros.evaluation.report import figure_rows
from fer_ros.training.files import write_text

__all__ = ['write_card']


def write_card(folder: Path) -> None:
    """Write `README.md` and its pictures of a model folder, all from its manifest.

    A manifest of an earlier version, without the bins of the calibration, gets no such picture.

    Args:
        folder: Model folder.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding='utf-8'))
    metrics = manifest['metrics']
    confusion_picture(metrics, folder / 'confusion.png')
    if 'reliability' in metrics:
        reliability_picture(metrics, folder / 'reliability.png')
        risk_coverage_picture(metrics, folder / 'risk_coverage.png')
    write_text(folder / 'README.md', _text(manifest))


def _text(manifest: dict[str, Any]) -> str:
    metrics, training = manifest['metrics'], manifest['training']
    figures = '\n'.join(f'| {" | ".join(row)} |' for row in figure_rows(metrics))
    classes = '\n'.join(
        f'| {label} | {100 * row["precision"]:.1f} % | {100 * row["recall"]:.1f} % | '
        f'{100 * row["f1"]:.1f} % | {row["n"]} |'
        for label, row in metrics['per_class'].items())
    data = '\n'.join(
        f'- {record["role"]}: {record["n"]} images from {", ".join(record["files"])} '
        f'(sha256 `{record["sha256"][:16]}...`). {record["license"]}'
        for record in training['data'])
    weak = [label for label, row in metrics['per_class'].items() if row['recall'] < 0.5]
    return f"""# {manifest['name']} {manifest['version']}

{manifest['description']}. {manifest['parameters']:,} parameters; licence of the network:
{manifest['license']}.

Input: {manifest['input']['width']}x{manifest['input']['height']} {manifest['input']['color']}
pixels, 0 to 255, in the framing of FER2013. Output: {len(manifest['labels'])} logits:
{', '.join(manifest['labels'])}. {_calibration(manifest)}

## Figures

On {metrics['n']} face crops of {', '.join(metrics['data']['files'])}, forced choice, with 95 %
bootstrap intervals. What could be chosen (epoch, calibration, threshold) was chosen on these same
images, so the figures are slightly optimistic; no test set was touched.

| figure | value | interval |
|---|---|---|
{figures}

| emotion | precision | recall | F1 | images |
|---|---|---|---|---|
{classes}

![confusion matrix](confusion.png)

{_trust(metrics)}

Make the figures again with the data at hand, and with `--out FOLDER` a report with more of them:

    fer evaluate model {manifest['name']} {metrics['data']['files'][0]}

## Where it fails

It recalls fewer than half of: {', '.join(weak) or 'no emotion'}. The data are grey pictures of
48 pixels found on the web, most of them frontal and posed or caught in a strong expression;
faces that are turned, covered, badly lit or merely mild are harder. The data name neither age
nor origin nor sex of the people, so it is not known for whom it works worse. It recognises how a
face looks, not what a person feels.

## Training

{_origin(training)}

    {training['command']}

{data}

`golden.json` records what the network gives for eight made-up pictures;
`fer evaluate model` compares.
"""


def _calibration(manifest: dict[str, Any]) -> str:
    parts = ['']
    if 'scaling' in manifest:
        parts[0] = 'They are scaled and shifted one by one, then divided by the '
    parts.append(f'temperature {manifest["temperature"]}.')
    text = ''.join(parts)
    if 'priors' in manifest:
        shares = ', '.join(
            f'{label} {100 * share:.1f} %'
            for label, share in zip(manifest['labels'], manifest['priors'], strict=True))
        text += (
            f'\n\nIts answers presuppose that the emotions are so frequent: {shares}. With '
            '`--priors balanced`\nthe model takes all to be equally frequent, which finds more of '
            'the rare ones.')
    return text[0].upper() + text[1:]


def _trust(metrics: dict[str, Any]) -> str:
    abstention = metrics['abstention']
    text = (f'At its threshold of {abstention["threshold"]} the model answers `unknown` on\n'
            f'{abstention["unknown"]} of these images')
    if abstention['accuracy_of_answers'] is not None:
        text += (f', and {100 * abstention["accuracy_of_answers"]:.2f} % of\nits other answers '
                 'are right')
    text += '.'
    if 'risk_coverage' in metrics:
        text += (
            f' The area under the risk-coverage curve is {metrics["risk_coverage"]["aurc"]:.4f}.'
            '\n\n![confidence against accuracy](reliability.png)'
            '\n![wrong answers if only the surest faces are answered](risk_coverage.png)')
    return text


def _origin(training: dict[str, Any]) -> str:
    """Return how the network came to be, in one sentence."""
    if 'members' in training:
        members = '\n'.join(
            f'- {one["name"]} {one["version"]}, weight {one["weight"]:.3f}'
            for one in training['members'])
        return f'The mean of these models, by their {training["mean"]}:\n\n{members}'
    start = 'from random weights'
    if 'fine_tuned_from' in training:
        start = f'from the weights of {_name(training["fine_tuned_from"])}'
    text = f'Seed {training["seed"]}, at most {training["epochs"]} epochs, {start}'
    if 'teachers' in training:
        teachers = training['teachers']
        names = teachers if isinstance(teachers, str) else ', '.join(map(_name, teachers))
        text += f', taught by {names}'
    if 'software' in training:
        software = training['software']
        backend = software['backend']
        text += f'; Keras {software["keras"]} on {backend} {software[backend]}'
    return f'{text}:'


def _name(model: str | dict[str, str]) -> str:
    # Earlier versions noted what was given on the command line.
    return model if isinstance(model, str) else f'{model["name"]} {model["version"]}'
