"""The model card of a face detector: what to know before using it, from its manifest alone."""

from __future__ import annotations

import json
from pathlib import Path
import textwrap
from typing import Any

from fer_ros.core.manifest import MANIFEST
from fer_ros.evaluation.plots import pyplot, save_figure
from fer_ros.training.files import write_text

__all__ = ['write_face_card']


def write_face_card(folder: Path) -> None:
    """Write `README.md` and its picture of a detector's model folder.

    Args:
        folder: Model folder.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding='utf-8'))
    _curve_picture(manifest['metrics']['curve'], folder / 'precision_recall.png')
    write_text(folder / 'README.md', _text(manifest))


def _curve_picture(curve: dict[str, list[float]], path: Path) -> None:
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(4.5, 3.6))
    axes.plot(curve['recall'], curve['precision'])
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel='recall', ylabel='precision',
             title='Scenes of the validation split')
    axes.grid(alpha=0.3)
    save_figure(figure, path)


def _text(manifest: dict[str, Any]) -> str:
    metrics, training = manifest['metrics'], manifest['training']
    counts = metrics['data']
    rows = '\n'.join(f'| {name} | {value} |' for name, value in (
        (f'average precision, whole pictures ({counts["picture_faces"]} faces in '
         f'{counts["pictures"]})', f'{metrics["picture_ap"]:.3f}'),
        (f'average precision, composed scenes ({counts["scene_faces"]} faces in '
         f'{counts["scenes"]})', f'{metrics["scene_ap"]:.3f}'),
        ('recall in the scenes at a precision of 95 %', f'{100 * metrics["scene_recall"]:.1f} %'),
        ('median landmark error in the scenes, in distances of the eyes',
         '-' if metrics['point_error'] is None else f'{metrics["point_error"]:.3f}'),
        (f'scenes without a face ({counts["empty_scenes"]}) in which one is seen',
         '-' if metrics['false_share'] is None else f'{100 * metrics["false_share"]:.1f} %')))
    data = '\n'.join(
        f'- {record["role"]}: {record["n"]} pictures from {", ".join(record["files"])} '
        f'(sha256 `{record["sha256"][:16]}...`). {record["license"]}'
        for record in training['data'])
    software = training['software']
    backend = software['backend']
    return f"""# {manifest['name']} {manifest['version']}

{_wrapped(f"{manifest['description']}. {manifest['parameters']:,} parameters, "
          f"{metrics['bytes']:,} bytes; licence of the network: {manifest['license']}.")}

{_wrapped("Input: BGR pixels, 0 to 255, of any width and height that are multiples of "
          f"{manifest['input']['multiple_of']}. Output: 15 numbers a cell of three grids; "
          "`fer_ros/core/face_grid.py` reads them. Frames are reduced until the smallest face "
          f"wanted measures {manifest['input']['smallest_face']:g} pixels. A face counts from a "
          f"score of {manifest['thresholds']['score']} on: "
          f"{manifest['thresholds']['rule']}.")}

## Figures

{_wrapped("On the validation split, whose labels a larger detector made: a face that it missed "
          "counts against this one. Scenes are what the training sees, made of validation "
          "pictures: faces of 10 pixels and more, turned by up to 45 degrees, dark, blurred and "
          "partly hidden. Epoch and threshold were chosen on these same pictures.")}

| figure | value |
|---|---|
{rows}

![precision against recall](precision_recall.png)

{_wrapped("docs/detection.md compares it with other detectors, by size, angle and light:")}

    fer evaluate detector FACES --against haar --against yunet:FILE

## Where it fails

{_wrapped("Faces seen from the side or from above, turned by more than 45 degrees, or of fewer "
          "than about 12 pixels are missed more often than found. Nothing is known of how it "
          "differs between people by age, origin or sex: the pictures do not tell.")}

## Training

{_wrapped(f"Seed {training['seed']}, at most {training['epochs']} epochs; Keras "
          f"{software['keras']} on {backend} {software[backend]}:")}

    {training['command']}

{data}

`golden.json` records what the network gives for a made-up picture.
"""


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 98, break_long_words=False, break_on_hyphens=False)
