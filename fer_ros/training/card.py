"""The model card: what a person should know before using a model, and its plots."""

from __future__ import annotations

import json
from pathlib import Path
import textwrap
from typing import Any

from fer_ros.core.model import MANIFEST
from fer_ros.evaluation.plots import (
    confusion_picture,
    reliability_picture,
    risk_coverage_picture,
)
from fer_ros.evaluation.report import emotion_row, figure_rows
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
        f'| {label} | {" | ".join(emotion_row(row))} | {row["n"]} |'
        for label, row in metrics['per_class'].items())
    data = '\n'.join(
        f'- {record["role"]}: {record["n"]} images from {", ".join(record["files"])} '
        f'(sha256 `{record["sha256"][:16]}...`). {record["license"]}'
        for record in training['data'])
    return f"""# {manifest['name']} {manifest['version']}

{_wrapped(f"{manifest['description']}. {manifest['parameters']:,} parameters; licence of the "
          f"network: {manifest['license']}.")}

{_wrapped(f"Input: {manifest['input']['width']}x{manifest['input']['height']} "
          f"{manifest['input']['color']} pixels, 0 to 255, in the framing of FER2013. Output: "
          f"{len(manifest['labels'])} logits: {', '.join(manifest['labels'])}. "
          f"{_calibration(manifest)}")}

{_priors(manifest)}## Figures

{_wrapped(f"On {metrics['n']} face crops of {', '.join(metrics['data']['files'])}, forced choice, "
          "with 95 % bootstrap intervals. What could be chosen (epoch, calibration, threshold) "
          "was chosen on these same images, so the figures are slightly optimistic; no test set "
          "was touched.")}

| figure | value | interval |
|---|---|---|
{figures}

| emotion | precision | recall | F1 | images |
|---|---|---|---|---|
{classes}

![confusion matrix](confusion.png)

{_trust(metrics)}

{_again(training)}

    fer evaluate model {manifest['name']} {metrics['data']['files'][0]}

## Where it fails

{_wrapped(_failures(manifest))}

## Training

{_origin(training)}

    {training['command']}

{data}

`golden.json` records what the network gives for eight made-up pictures;
`fer evaluate model` compares.
"""


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 98, break_long_words=False, break_on_hyphens=False)


def _calibration(manifest: dict[str, Any]) -> str:
    temperature = manifest['temperature']
    text = 'They are'
    if manifest['input'].get('mirror'):
        text = 'Their mean over a face and its mirror image is taken; it is'
    if 'scaling' not in manifest:
        return f'{text} divided by the temperature {temperature}.'
    text += ' scaled and shifted label by label'
    return f'{text}.' if temperature == 1 else f'{text}, then divided by {temperature}.'


def _priors(manifest: dict[str, Any]) -> str:
    if 'priors' not in manifest:
        return ''
    shares = ', '.join(
        f'{label} {100 * share:.1f} %'
        for label, share in zip(manifest['labels'], manifest['priors'], strict=True))
    return _wrapped(
        f'Its answers presuppose that the emotions are so frequent: {shares}. With '
        '`--priors balanced` the model takes all of them to be equally frequent, which finds more '
        'of the rare ones.') + '\n\n'


def _trust(metrics: dict[str, Any]) -> str:
    abstention = metrics['abstention']
    text = (f'At its threshold of {abstention["threshold"]} the model answers `unknown` on '
            f'{abstention["unknown"]} of these images')
    if abstention['accuracy_of_answers'] is not None:
        text += (f', and {100 * abstention["accuracy_of_answers"]:.2f} % of its other answers '
                 'are right')
    text += '.'
    if 'risk_coverage' not in metrics:
        return _wrapped(text)
    text += f' The area under the risk-coverage curve is {metrics["risk_coverage"]["aurc"]:.4f}.'
    return (f'{_wrapped(text)}\n\n![confidence against accuracy](reliability.png)'
            '\n![wrong answers if only the surest faces are answered](risk_coverage.png)')


def _again(training: dict[str, Any]) -> str:
    text = ('Make the figures again with the data at hand, and with `--out FOLDER` a report with '
            'more of them')
    sources = {role: {record['sha256'] for record in training['data'] if record['role'] == role}
               for role in ('training', 'validation')}
    if sources['training'] & sources['validation']:
        text += ('. These images are a part of the same files as those of the training; where '
                 'the files do not tell the parts, the command measures both, which flatters')
    return _wrapped(f'{text}:')


def _failures(manifest: dict[str, Any]) -> str:
    """Return what is known of the faces on which the model is wrong, and what is not."""
    rows = manifest['metrics']['per_class'].items()
    weak = [label for label, row in rows if row['n'] and row['recall'] < 0.5]
    unseen = [label for label, row in rows if not row['n']]
    text = f'It recalls fewer than half of: {", ".join(weak) or "no emotion"}. '
    if unseen:
        text += f'It was not measured on: {", ".join(unseen)}. '
    # The one collection of which this text knows what it shows.
    if 'FER2013' in json.dumps(manifest['training']['data']).upper():
        text += ('FER2013 are grey pictures of 48 pixels found on the web, most of them frontal '
                 'and posed or caught in a strong expression. ')
    return text + (
        'Faces unlike those of the training data, and such as are turned, covered, badly lit or '
        'merely mild, are harder. The figures do not tell people apart by age, origin or sex, so '
        'it is not known for whom it works worse. It recognises how a face looks, not what a '
        'person feels.')


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
    return _wrapped(f'{text}:')


def _name(model: str | dict[str, str]) -> str:
    # Earlier versions noted what was given on the command line.
    return model if isinstance(model, str) else f'{model["name"]} {model["version"]}'
