"""Results that are made up, for tests of what becomes of them."""

import numpy as np

from fer_ros.core.types import FaceEmotion, FrameResult

__all__ = ['LABELS', 'a_face', 'a_result']

LABELS = ('neutral', 'happiness', 'anger')


def a_face(box=(10.0, 20.0, 30.0, 40.0), label='happiness', **changes):
    smoothed = np.array([0.25, 0.5, 0.25], np.float32)
    fields = {
        'box': box, 'score': 0.75, 'landmarks': None, 'track_id': 3, 'track_age': 1.5,
        'label': label, 'confidence': 0.5, 'probabilities': smoothed,
        'raw_probabilities': smoothed[::-1].copy(), **changes}
    return FaceEmotion(**fields)


def a_result(*faces, labels=LABELS, **changes):
    fields = {
        'labels': labels, 'faces': faces, 'width': 100, 'height': 80, 'stamp': 12.5,
        'timings': {'total': 0.0125}, **changes}
    return FrameResult(**fields)
