"""A made-up world for the comparison of detectors: faces are white ellipses, and easy to find."""

import json
import zipfile

import cv2
import numpy as np

from fer_ros.core.types import Face
from fer_ros.evaluation.detector.contenders import Contender

SIDE = 200


class Blobs:
    """Finds what is bright and round; the larger it is, the surer it is."""

    box_convention = 'yunet'

    def __init__(self, least=12, landmarks=True, level=160):
        self.least, self.landmarks, self.level = least, landmarks, level
        self.seen = []

    def detect(self, bgr):
        self.seen.append(bgr.shape)
        mask = (bgr.min(axis=2) > self.level).astype(np.uint8)
        faces = []
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
        for x, y, w, h, area in stats[1:].tolist():
            # An ellipse fills pi / 4 of its box, a bright picture's border all of it.
            if max(w, h) >= self.least and 0.6 < area / (w * h) < 0.9:
                points = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]])
                points = (points * (w, h) + (x, y)).astype(np.float32)
                faces.append(Face((x, y, w, h), w / (w + 20), points if self.landmarks else None))
        return faces


def contender(name, **options):
    """Return a contender whose detector takes no notice of sizes and thresholds."""
    return Contender(name, lambda **_: Blobs(**options))


def write_world(folder, count=12, *, people=True):
    """Write a data set of made-up faces of 40 to 90 pixels and two rooms without."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    entries = []
    with zipfile.ZipFile(folder / 'images.zip', 'w') as archive:
        for index in range(count):
            image = rng.integers(0, 60, (SIDE, SIDE, 3)).astype(np.uint8)
            h = 40 + 50 * index // count
            w = round(0.8 * h)
            x, y = (int(rng.integers(20, SIDE - 20 - side)) for side in (w, h))
            cv2.ellipse(image, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360,
                        (230, 230, 230), -1)
            archive.writestr(f'{index}.png', cv2.imencode('.png', image)[1].tobytes())
            points = [[x + across * w, y + down * h] for across, down in (
                (0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))]
            face = {'box': [x, y, x + w + 1, y + h + 1], 'landmarks': points, 'score': 0.9}
            entry = {'file': f'{index}.png', 'source': 'masked/x' if index % 3 == 0 else 'bare/x',
                     'width': SIDE, 'height': SIDE, 'split': 'val', 'faces': [face]}
            entries.append(entry | ({'human_landmarks': points} if people else {}))
    (folder / 'faces.json').write_text(json.dumps(entries))
    (folder / 'backgrounds').mkdir()
    for name in ('a', 'b'):
        room = rng.integers(0, 60, (90, 120, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / 'backgrounds' / f'{name}.png'), room)
    (folder / 'backgrounds.json').write_text(json.dumps(
        [{'file': f'{name}.png', 'source': 'room', 'split': 'val'} for name in ('a', 'b')]))
    return folder
