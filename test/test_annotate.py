"""Drawings are whole and readable, and leave the rest alone."""

import dataclasses
import itertools

from annotate_support import blank, face, GREY, result, with_landmarks
import cv2
import numpy as np
import pytest

from fer_ros.core import annotate
from fer_ros.core.annotate import draw, emotion_color, EMOTION_COLORS
from fer_ros.core.crop import cut
from fer_ros.core.errors import ImageError
from fer_ros.core.types import CropFrame, EMOTIONS, UNKNOWN

SIZES = [(160, 120), (320, 240), (240, 320), (640, 480), (1920, 1080), (3840, 2160)]
PLACES = list(itertools.product((0, 0.5, 1), (0, 0.5, 1)))


def square(size, where, share):
    side = min(size) * share
    return (size[0] - side) * where[0], (size[1] - side) * where[1], side, side


@pytest.fixture
def written(monkeypatch):
    """Return a list of what is written while pictures are drawn.

    It holds each text, the pixels that it changed, and those that it changes on a board where
    nothing can cut it.
    """
    texts = []
    write = annotate._draw_text

    def watched(picture, style, text, left, baseline, color):
        reach = 2 * style.row
        width = style.text_width(text) + reach
        rows = slice(max(0, baseline - reach), baseline + reach)
        columns = slice(max(0, left - reach), left + width)
        before = picture[rows, columns].copy()
        board = np.full((2 * reach, reach + width, 3), picture[baseline - 1, left], np.uint8)
        ground = board.copy()
        write(picture, style, text, left, baseline, color)
        write(board, style, text, reach, reach, color)
        ink = np.count_nonzero(np.any(picture[rows, columns] != before, axis=2))
        texts.append((text, ink, np.count_nonzero(np.any(board != ground, axis=2))))

    monkeypatch.setattr(annotate, '_draw_text', watched)
    return texts


@pytest.mark.parametrize('size', SIZES, ids=str)
def test_text_is_whole_wherever_the_face_is(size, written):
    """Every text leaves as much ink as on a board where nothing can cut it."""
    for where, share in itertools.product(PLACES, (0.2, 0.95)):
        draw(blank(size), result(size, face(square(size, where, share), 'sadness')))
        assert written[0][0] == '#1 sadness 70%'
    if min(size) >= 240:
        assert [text for text, *_ in written].count('contempt') == 2 * len(PLACES)
    assert [text for text, ink, whole in written if not ink == whole > 20] == []


@pytest.mark.parametrize('size', SIZES, ids=str)
@pytest.mark.parametrize('where', PLACES, ids=str)
def test_a_face_anywhere_gets_its_bars(size, where):
    picture = draw(blank(size), result(size, face(square(size, where, 0.2), 'fear')))
    changed = picture[..., 0] != GREY
    picture = picture[changed.any(axis=1)][:, changed.any(axis=0)]
    bars = {label: np.all(picture == emotion_color(label), axis=2).sum() for label in EMOTIONS}
    assert all(bars.values())
    assert bars['fear'] > 5 * max(bars[label] for label in EMOTIONS if label != 'fear')


@pytest.mark.parametrize('size', SIZES, ids=str)
def test_letters_are_readable_and_grow_with_the_picture(size):
    style = annotate._Style(size)
    assert style.text >= max(7, min(size) / 60)
    assert style.text_width('#1 happiness 100%') + 2 * style.pad <= 0.75 * size[0]


@pytest.mark.parametrize('ground', [0, 255])
@pytest.mark.parametrize('label', EMOTION_COLORS)
def test_a_box_shows_on_every_ground(ground, label):
    given = np.full((240, 320, 3), ground, np.uint8)
    side = draw(given, result((320, 240), face((100, 100, 60, 60), label)))[130, 100:106]
    assert np.ptp(side.astype(int), axis=0).max() > 90


def test_the_picture_given_is_not_changed():
    given = blank((320, 240))
    given.flags.writeable = False
    assert draw(given, result((320, 240), face((100, 80, 60, 60)))) is not given


def test_no_face_draws_nothing():
    given = blank((320, 240))
    picture = draw(given, result((320, 240)))
    assert np.array_equal(picture, given)
    assert picture is not given


def test_pixels_away_from_the_face_stay_as_they_were():
    size = (1920, 1080)
    given = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    changed = np.any(draw(given, result(size, face((900, 400, 200, 200)))) != given, axis=2)
    changed[350:720, 900:1440] = False  # the place of tag, box and chart
    assert not changed.any()


def test_the_face_itself_stays_visible():
    size = (640, 480)
    picture = draw(blank(size), result(size, face((200, 100, 150, 150))))
    assert np.all(picture[105:245, 205:345] == GREY)


@pytest.mark.parametrize('box', [
    (-500, -500, 100, 100), (10_000, 0, 50, 50), (-50, -50, 100, 100), (-100, -100, 900, 900),
    (319, 239, 5, 5), (0.2, 0.2, 0.3, 0.3), (0, 0, 320, 240), (10, 10, 3, 3), (5, 5, 300, 2)])
def test_boxes_over_and_beyond_the_border_are_drawn_as_far_as_they_are_seen(box):
    picture = draw(blank((320, 240)), result((320, 240), face(box)))
    x, y, w, h = box
    seen = min(320, round(x + w)) - max(0, round(x)) > 1 \
        and min(240, round(y + h)) - max(0, round(y)) > 1
    assert np.any(picture != GREY) == seen


@pytest.mark.parametrize('size', [(1, 1), (2, 2), (16, 12), (40, 30), (4000, 20)], ids=str)
def test_a_picture_too_small_for_text_is_still_drawn(size, written):
    picture = draw(blank(size), result(size, face((0, 0, *size))))
    assert picture.shape == (size[1], size[0], 3)
    assert all(ink == whole for _, ink, whole in written)


def test_many_faces_are_drawn_without_covering_one_another(written):
    size = (1280, 720)
    boxes = [(20 + 125 * (i % 10), 60 + 220 * (i // 10), 90, 90) for i in range(30)]
    picture = draw(blank(size), result(size, *(
        face(box, track_id=i + 1) for i, box in enumerate(boxes))))
    for x, y, w, h in boxes:
        assert np.all(picture[y + 6:y + h - 6, x + 6:x + w - 6] == GREY)
    assert all(ink == whole for _, ink, whole in written)
    # Each has a small chart.
    assert np.all(picture == EMOTION_COLORS['contempt'], axis=2).sum() >= 30


def test_landmarks_are_dots_in_the_colour_of_the_emotion():
    points = [[130, 130], [170, 130], [150, 150], [135, 170], [165, 170]]
    found = with_landmarks(face((100, 100, 100, 100), 'anger'), points)
    picture = draw(blank((640, 480)), result((640, 480), found))
    for x, y in points:
        assert tuple(picture[y, x]) == EMOTION_COLORS['anger']
    assert np.all(picture[105:125, 105:195] == GREY)


@pytest.mark.parametrize('points', [
    np.full((5, 2), 1e6), np.full((5, 2), -3.0), np.full((5, 2), np.nan),
    np.full((5, 2), np.inf)])
def test_landmarks_out_of_sight_are_left_out(points):
    plain = face((100, 100, 100, 100))
    size = (640, 480)
    assert np.array_equal(
        draw(blank(size), result(size, with_landmarks(plain, points))),
        draw(blank(size), result(size, plain)))


def test_the_crop_is_shown_upright_above_the_chart(astronaut):
    size = (512, 512)
    crop = CropFrame(225, 115, 120, 30)
    found = dataclasses.replace(face((178, 62, 92, 106)), crop=crop)
    plain = draw(astronaut, result(size, found))
    shown = draw(astronaut, result(size, found), crops=True)
    side = round(0.2 * 512)
    wanted = cut(astronaut, crop, (side, side), grey=False)
    match = cv2.matchTemplate(shown, wanted, cv2.TM_SQDIFF)
    assert match.min() < 1e-3 * cv2.matchTemplate(plain, wanted, cv2.TM_SQDIFF).min() + 1


@pytest.mark.parametrize('size', SIZES, ids=str)
@pytest.mark.parametrize('known', [False, True])
def test_a_crop_at_any_place_is_drawn_or_left_out(size, known):
    for where, share in itertools.product(PLACES, (0.1, 0.95)):
        box = square(size, where, share)
        crop = CropFrame(box[0], box[1], box[2], 40) if known else None
        found = dataclasses.replace(face(box), crop=crop)
        picture = draw(blank(size), result(size, found), crops=True)
        assert picture.shape == (size[1], size[0], 3)


def test_two_faces_with_room_have_names_at_their_bars(written):
    size = (640, 480)
    draw(blank(size), result(size, face((40, 100, 120, 120)), face((350, 100, 120, 120))))
    assert [text for text, *_ in written].count('contempt') == 2


def test_the_confidence_of_an_abstention_is_not_given(written):
    draw(blank((640, 480)), result((640, 480), face((40, 100, 120, 120), UNKNOWN)))
    assert written[0][0] == '#1 unknown'


def test_a_face_without_track_has_no_number(written):
    draw(blank((640, 480)), result((640, 480), face((40, 100, 120, 120), track_id=0)))
    assert written[0][0] == 'happiness 70%'


@pytest.mark.parametrize(('label', 'text'), [
    ('m\u00fcde', 'mude 70%'), ('\u559c\u60a6', '?? 70%'), ('a\nb', 'a?b 70%'),
    ('x' * 200, 'xxx')])
def test_labels_of_other_models_are_written_in_ascii(label, text, written):
    labels = (label, 'wach')
    size = (640, 480)
    draw(blank(size), result(
        size, face((100, 80, 60, 60), label, labels, track_id=0), labels=labels))
    assert written[0][0] == text
    assert all(ink == whole for _, ink, whole in written)


def test_more_labels_than_the_picture_has_room_for_leave_the_chart_out(written):
    labels = tuple(f'emotion {i}' for i in range(300))
    draw(blank((320, 240)), result(
        (320, 240), face((100, 80, 60, 60), labels[0], labels), labels=labels))
    assert len(written) == 1


@pytest.mark.parametrize(('picture', 'got'), [
    (blank((640, 480)), '(480, 640, 3) uint8'), (blank((240, 320)), '(320, 240, 3) uint8'),
    (blank((320, 240))[..., 0], '(240, 320) uint8'),
    (blank((320, 240)).astype(np.float32), '(240, 320, 3) float32')])
def test_a_result_of_another_image_is_refused(picture, got):
    with pytest.raises(ImageError) as error:
        draw(picture, result((320, 240)))
    assert str(error.value) == (
        f'the result belongs to a (240, 320, 3) uint8 image, got {got}')


def test_landmarks_are_drawn_unless_they_are_not_wanted_and_crops_only_if_they_are():
    size = (640, 480)
    plain = face((100, 100, 100, 100))
    found = dataclasses.replace(
        with_landmarks(plain, [(130, 130)] * 5), crop=CropFrame(150, 150, 90))
    without = draw(blank(size), result(size, plain))
    assert np.array_equal(draw(blank(size), result(size, found), landmarks=False), without)
    pointed = draw(blank(size), result(size, found))
    assert np.array_equal(pointed, draw(blank(size), result(size, found), landmarks=True))
    changed = np.argwhere(np.any(pointed != without, axis=2))
    assert 0 < np.abs(changed - 130).max() < 10
