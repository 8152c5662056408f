"""Drawings stay inside the picture, leave the rest alone, and can be told apart by anybody."""

import itertools

import numpy as np
import pytest

from fer_ros.core.annotate import draw, EMOTION_COLORS, emotion_color
from fer_ros.core.errors import ImageError
from fer_ros.core.types import EMOTIONS, FaceEmotion, FrameResult

SIZES = [(160, 120), (320, 240), (640, 480), (1920, 1080), (3840, 2160)]


def face(box, label='happiness', labels=EMOTIONS, track_id=1):
    probabilities = np.full(len(labels), 0.3 / (len(labels) - 1), np.float32)
    probabilities[labels.index(label) if label in labels else 0] = 0.7
    return FaceEmotion(box, 0.9, None, track_id, 0.0, label, 0.7, probabilities, probabilities)


def result(size, *faces, labels=EMOTIONS):
    return FrameResult(labels, faces, *size)


def blank(size):
    return np.full((size[1], size[0], 3), 100, np.uint8)


def placed(size, where):
    side = min(size) / 4
    x = {'left': 0, 'centre': (size[0] - side) / 2, 'right': size[0] - side}[where[0]]
    y = {'top': 0, 'middle': (size[1] - side) / 2, 'bottom': size[1] - side}[where[1]]
    return x, y, side, side


PLACES = list(itertools.product(('left', 'centre', 'right'), ('top', 'middle', 'bottom')))


@pytest.mark.parametrize('size', SIZES, ids=str)
@pytest.mark.parametrize('where', PLACES, ids='-'.join)
def test_a_face_anywhere_gets_its_whole_tag_and_chart(size, where):
    """The same face drawn in a far larger picture of the same style shows nothing more."""
    picture = draw(blank(size), result(size, face(placed(size, where))))
    changed = np.any(picture != 100, axis=2)
    # Of the eight bars, each at least one pixel, the longest and its colour must be there.
    yellow = np.all(picture == EMOTION_COLORS['happiness'], axis=2)
    assert changed.sum() > 4 * min(size)
    if size != (160, 120):
        rows = np.flatnonzero(yellow.sum(axis=1) > 6)
        assert len(rows) > 4
    # Nothing that was written is cut: the outermost pixels hold a panel or the picture, no ink.
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert not np.any(np.all(edge > 240, axis=1))


@pytest.mark.parametrize('size', SIZES, ids=str)
def test_text_grows_with_the_picture(size):
    picture = draw(blank(size), result(size, face(placed(size, ('centre', 'middle')))))
    white = np.flatnonzero(np.all(picture > 230, axis=2).any(axis=1))
    assert len(white) >= 6 * max(1, min(size) // 480)


def test_the_picture_given_is_not_changed():
    given = blank((320, 240))
    draw(given, result((320, 240), face((100, 80, 60, 60))))
    assert np.all(given == 100)


def test_no_face_draws_nothing():
    assert np.all(draw(blank((320, 240)), result((320, 240))) == 100)


def test_most_of_the_picture_stays_as_it_was():
    size = (1920, 1080)
    picture = draw(blank(size), result(size, face((900, 400, 200, 200))))
    assert np.any(picture != 100, axis=2).mean() < 0.12


@pytest.mark.parametrize('box', [
    (-500, -500, 100, 100), (10_000, 0, 50, 50), (-50, -50, 100, 100), (-100, -100, 900, 900),
    (319, 239, 5, 5), (0.2, 0.2, 0.3, 0.3)])
def test_boxes_over_and_beyond_the_border_are_drawn_as_far_as_they_are_seen(box):
    picture = draw(blank((320, 240)), result((320, 240), face(box)))
    assert picture.shape == (240, 320, 3)


def test_thirty_faces_are_drawn_without_covering_one_another():
    size = (1280, 720)
    boxes = [(20 + 125 * (i % 10), 60 + 220 * (i // 10), 90, 90) for i in range(30)]
    picture = draw(blank(size), result(size, *(face(box) for box in boxes)))
    for x, y, w, h in boxes[1:]:
        inner = picture[y + 8:y + h - 8, x + 8:x + w - 8]
        assert np.mean(np.any(inner != 100, axis=2)) < 0.2


def test_a_picture_too_small_for_text_is_still_drawn():
    assert draw(blank((16, 12)), result((16, 12), face((2, 2, 8, 8)))).shape == (12, 16, 3)


def test_labels_of_other_models_are_drawn_with_a_colour_of_their_own():
    labels = ('m\u00fcde', 'wach')
    size = (320, 240)
    picture = draw(blank(size), result(
        size, face((100, 80, 60, 60), 'm\u00fcde', labels), labels=labels))
    assert np.any(picture != 100)
    assert emotion_color('m\u00fcde') == emotion_color('m\u00fcde') != emotion_color('wach')


def test_a_result_of_another_image_is_refused():
    with pytest.raises(ImageError, match=r'\(240, 320, 3\)'):
        draw(blank((640, 480)), result((320, 240)))


# Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for Simulation of Color
# Vision Deficiency", severity 1.0, on linear RGB.
VISION = {
    'normal': np.eye(3),
    'protanopia': np.array([
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998]]),
    'deuteranopia': np.array([
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881]]),
}


def lab(bgr, matrix):
    """Return CIE L*a*b* (D65) of a colour as seen through a matrix on linear RGB."""
    rgb = np.array(bgr[::-1]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(matrix @ linear, 0, 1)
    xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                    [0.0193339, 0.1191920, 0.9503041]]) @ seen / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize('vision', VISION)
def test_colours_differ_for_every_kind_of_eye(vision):
    for (one, a), (other, b) in itertools.combinations(EMOTION_COLORS.items(), 2):
        distance = np.linalg.norm(lab(a, VISION[vision]) - lab(b, VISION[vision]))
        # A difference of 2.3 is just noticeable (Mahy et al. 1994); these are bars far apart.
        assert distance > 10, f'{one} and {other}: {distance:.1f}'
