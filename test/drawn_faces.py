"""Made-up pictures with faces, for the tests of the detector's training."""

import json

import cv2
import numpy as np


def draw_face(image, x, y, side):
    """Draw a schematic face and return its box and points."""
    centre = (round(x + side / 2), round(y + side / 2))
    cv2.ellipse(image, centre, (round(side * 0.4), round(side * 0.5)), 0, 0, 360,
                (140, 170, 210), -1)
    points = [(x + side * 0.35, y + side * 0.4), (x + side * 0.65, y + side * 0.4),
              (x + side * 0.5, y + side * 0.55), (x + side * 0.38, y + side * 0.75),
              (x + side * 0.62, y + side * 0.75)]
    for px, py in points[:2]:
        cv2.circle(image, (round(px), round(py)), max(1, round(side * 0.06)), (30, 30, 30), -1)
    cv2.line(image, *(tuple(map(round, p)) for p in points[3:]), (60, 60, 160),
             max(1, round(side * 0.05)))
    box = [x + side * 0.1, y, x + side * 0.9, y + side]
    return box, [list(map(float, p)) for p in points]


def write_faces(folder, count=24, side=96):
    """Write a data set in the folder format, every fourth picture of the split `val`."""
    (folder / 'images').mkdir(parents=True)
    (folder / 'backgrounds').mkdir()
    rng = np.random.default_rng(0)
    index, rooms = [], []
    for number in range(count):
        split = 'val' if number % 4 == 3 else 'train'
        image = rng.integers(0, 120, (side, side, 3), dtype=np.uint8)
        size = int(rng.integers(side // 3, side - 20))
        x, y = rng.integers(0, side - size, 2).tolist()
        box, points = draw_face(image, x, y, size)
        cv2.imwrite(str(folder / 'images' / f'{number}.png'), image)
        index.append({
            'file': f'{number}.png', 'source': 'made', 'width': side, 'height': side,
            'split': split, 'faces': [{'box': box, 'landmarks': points, 'score': 1.0}]})
    for number in range(8):
        split = 'val' if number % 2 else 'train'
        image = rng.integers(0, 200, (64, 64, 3), dtype=np.uint8)
        cv2.imwrite(str(folder / 'backgrounds' / f'{number}.png'), image)
        rooms.append({'file': f'{number}.png', 'source': 'made', 'split': split})
    (folder / 'faces.json').write_text(json.dumps(index))
    (folder / 'backgrounds.json').write_text(json.dumps(rooms))
    return folder
