"""Pictures as a robot may see them: turned, darkened, blurred, masked; labels go with them.

A turned face's box is that about the turned ellipse which its box held when upright: heads are
round, and the box about the turned corners would be larger by two fifths at 45 degrees. The frames
that are compared (see `framing`) are squares about the middle of it, so what they hold hardly
depends on the angle or on how a detector draws its boxes.
"""

from __future__ import annotations

import cv2
import numpy as np

from fer_ros.core.types import Floats, Image
from fer_ros.data.faces import FaceLabels
from fer_ros.evaluation.detector.scenes import GREY, Scene, sides
from fer_ros.training.detector.placing import move_labels, paste, placement, visible_share
from fer_ros.training.detector.softening import blur

__all__ = ['blurred', 'darkened', 'fitted', 'LEAST_FACE', 'masked', 'rolls']

Rng = np.random.Generator

LEAST_FACE = 10.0
"""Longer side in pixels below which nobody is asked to find a face; as in WIDER FACE."""

# Share of a face's box that must be in the picture, or it need not be found.
_VISIBLE = 0.7
_GAINS = (0.06, 0.25)
_READ_NOISE = 2.0  # grey levels
_BLUR = (0.02, 0.06)  # standard deviation in longer sides of the largest face
# Outline of a mask in the face's own axes: across in eye distances from the middle line, down in
# distances from the eyes to the mouth, from the eyes on.
_MASK = ((-1.0, 0.45), (-0.45, 0.4), (0.0, 0.22), (0.45, 0.4), (1.0, 0.45), (0.9, 1.15),
         (0.45, 1.6), (0.0, 1.7), (-0.45, 1.6), (-0.9, 1.15))
_CLOTH = ((235, 235, 235), (215, 190, 150), (40, 40, 40), (160, 120, 90), (120, 60, 150))


def fitted(
    image: Image, labels: FaceLabels, size: tuple[int, int], *, roll: float = 0.0,
    people: Floats | None = None,
) -> Scene:
    """Return a picture in the middle of a frame, reduced to fit and turned.

    What the frame's corners cut off is ignored, and so are faces below `LEAST_FACE`; pictures
    are never enlarged.

    Args:
        image: (H, W, 3) uint8 BGR.
        labels: Its faces.
        size: Width and height of the frame.
        roll: Angle in degrees, clockwise.
        people: (M, 5, 2) landmarks placed by people, or None.
    """
    height, width = image.shape[:2]
    scale = min(1.0, size[0] / width, size[1] / height)
    matrix = placement((width / 2, height / 2), (size[0] / 2, size[1] / 2), scale, roll)
    frame = np.full((size[1], size[0], 3), GREY, np.uint8)
    paste(frame, image, matrix)
    moved = move_labels(labels, matrix)
    ignored = moved.ignored | (visible_share(moved.boxes, *size) < _VISIBLE) \
        | (sides(moved.boxes) < LEAST_FACE)
    if people is not None:
        people = (people @ matrix[:2, :2].T + matrix[:2, 2]).astype(np.float32)
    return Scene(frame, FaceLabels(moved.boxes, moved.landmarks, ignored), people)


def rolls(landmarks: Floats) -> Floats:
    """Return the (N,) angle of the line through the eyes in degrees, clockwise; NaN if unknown."""
    eyes = landmarks[:, 1] - landmarks[:, 0]
    return np.asarray(np.degrees(np.arctan2(eyes[:, 1], eyes[:, 0])), np.float32)


def darkened(scene: Scene, rng: Rng) -> Scene:
    """Return a scene in the dark: 6 to 25 % of the light, and a camera's noise."""
    gain = np.exp(rng.uniform(*np.log(_GAINS)))
    light = scene.image * gain
    # Shot noise grows with the root of the light; a level stands for some electrons.
    noise = rng.standard_normal(light.shape) * np.sqrt(_READ_NOISE ** 2 + 0.1 * light)
    dark = (light + noise).round().clip(0, 255).astype(np.uint8)
    return Scene(dark, scene.labels, scene.people)


def blurred(scene: Scene, rng: Rng) -> Scene:
    """Return a scene out of focus, or smeared by motion, by 2 to 6 % of its largest face."""
    side = float(sides(scene.labels.boxes[~scene.labels.ignored]).max(initial=0.0))
    sigma = max(0.5, rng.uniform(*_BLUR) * side)
    return Scene(blur(scene.image, sigma, rng), scene.labels, scene.people)


def masked(scene: Scene, rng: Rng) -> Scene:
    """Return a scene whose faces wear masks of cloth over nose and mouth.

    Faces whose landmarks are not known are ignored, for they stay bare.
    """
    image, labels = scene.image.copy(), scene.labels
    bare = ~labels.known.all(axis=1)
    for points in labels.landmarks[~bare & ~labels.ignored]:
        eyes, mouth = points[:2].mean(axis=0), points[3:].mean(axis=0)
        across, down = points[1] - points[0], mouth - eyes
        outline = eyes + np.array(_MASK) @ np.stack([across, down])
        colour = np.array(_CLOTH[int(rng.integers(len(_CLOTH)))], float)
        colour = (colour * rng.uniform(0.5, 1.0)).round().tolist()
        # 4 bits of fractions: far faces are a few pixels wide.
        corners = np.round(outline * 16).astype(np.int32)
        cv2.fillPoly(image, [corners], colour, cv2.LINE_AA, 4)
        folds = [float(level) * 0.85 for level in colour]
        for depth in (0.75, 1.0, 1.25):
            ends = eyes + np.array([[-0.75, depth], [0.75, depth]]) @ np.stack([across, down])
            (x0, y0), (x1, y1) = np.round(ends * 16).astype(int).tolist()
            cv2.line(image, (x0, y0), (x1, y1), folds, 1, cv2.LINE_AA, 4)
    return Scene(image, FaceLabels(labels.boxes, labels.landmarks, labels.ignored | bare),
                 scene.people)
