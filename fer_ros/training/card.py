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
    abstention = metrics['abstention']
    weak = [label for label, row in metrics['per_class'].items() if row['recall'] < 0.5]
    return f"""# {manifest['name']} {manifest['version']}

{manifest['description']}. {manifest['parameters']:,} parameters; licence of the network:
{manifest['license']}.

Input: {manifest['input']['width']}x{manifest['input']['height']} {manifest['input']['color']}
pixels, 0 to 255, in the framing of FER2013. Output: {len(manifest['labels'])} logits:
{', '.join(manifest['labels'])}. Temperature {manifest['temperature']}.

## Figures

On {metrics['n']} face crops of {', '.join(metrics['data']['files'])}, forced choice, with 95 %
bootstrap intervals. The epoch, the temperature and the threshold were chosen on these same
images, so the figures are slightly optimistic; no test set was touched.

| figure | value | interval |
|---|---|---|
{figures}

| emotion | precision | recall | F1 | images |
|---|---|---|---|---|
{classes}

![confusion matrix](confusion.png)

At its threshold of {abstention['threshold']} the model answers `unknown` on
{abstention['unknown']} of these images, and {100 * abstention['accuracy_of_answers']:.2f} % of
its other answers are right.

Make the figures again with the data at hand:

    fer evaluate model --model {manifest['name']} --data {metrics['data']['files'][0]}

## Where it fails

It recalls fewer than half of: {', '.join(weak) or 'no emotion'}. The data are grey pictures of
48 pixels found on the web, most of them frontal and posed or caught in a strong expression;
faces that are turned, covered, badly lit or merely mild are harder. The data name neither age
nor origin nor sex of the people, so it is not known for whom it works worse. It recognises how a
face looks, not what a person feels.

## Training

Seed {training['seed']}, at most {training['epochs']} epochs, from random weights:

    {training['command']}

{data}

`golden.json` records what the network gives for eight made-up pictures;
`fer evaluate model` compares.
"""
