"""Drawings are laid out as people read them: margins, frames, dots, bars beside their names."""

import dataclasses
from itertools import pairwise
from types import SimpleNamespace

from annotate_support import blank, face, GREY, result, with_landmarks
import cv2
import numpy as np
import pytest

from fer_ros.core import annotate
from fer_ros.core.annotate import draw, emotion_color, EMOTION_COLORS
from fer_ros.core.crop import cut
from fer_ros.core.types import CropFrame, EMOTIONS

SIZES = [(640, 480), (1920, 1080)]
TRACK = annotate._TRACK


@pytest.fixture
def drawn(monkeypatch):
    """Return what is drawn, in its order: panels, tags, and the texts and areas on them."""
    seen = SimpleNamespace(panels=[], tags=[], texts=[], areas=[])
    panel, tag, text, fill = (
        annotate._draw_panel, annotate._draw_tag, annotate._draw_text, annotate._fill)

    def draw_panel(picture, place):
        seen.panels.append(place)
        panel(picture, place)

    def draw_tag(*arguments):
        seen.tags.append(tag(*arguments))
        return seen.tags[-1]

    def draw_text(picture, style, words, left, baseline, color):
        seen.texts.append(SimpleNamespace(
            words=words, left=left, right=left + style.text_width(words), baseline=baseline,
            top=baseline - style.text, bottom=baseline + style.base, color=color))
        text(picture, style, words, left, baseline, color)

    def draw_area(picture, place, color):
        seen.areas.append((place, color))
        fill(picture, place, color)

    for name, watched in (('_draw_panel', draw_panel), ('_draw_tag', draw_tag),
                          ('_draw_text', draw_text), ('_fill', draw_area)):
        monkeypatch.setattr(annotate, name, watched)
    return seen


def tracks_and_bars(drawn):
    """Return the grounds of the bars, and the bars, of the last chart."""
    last = drawn.areas[-2 * len(EMOTIONS):]
    assert [color for _, color in last[::2]] == [TRACK] * len(EMOTIONS)
    assert [color for _, color in last[1::2]] == [EMOTION_COLORS[label] for label in EMOTIONS]
    return [place for place, _ in last[::2]], [place for place, _ in last[1::2]]


@pytest.mark.parametrize(('size', 'line', 'stroke', 'font'), [
    ((160, 120), 1, 1, 0.34), ((640, 480), 2, 1, 0.46), ((480, 640), 2, 1, 0.46),
    ((1280, 960), 4, 1, 0.92), ((3840, 2160), 9, 3, 2.07)])
def test_lines_and_letters_grow_with_the_shorter_side(size, line, stroke, font):
    style = annotate._Style(size)
    assert (style.line, style.thick, style.font) == (line, stroke, pytest.approx(font))


@pytest.mark.parametrize('size', SIZES, ids=str)
def test_the_text_of_a_tag_has_equal_margins_and_the_ink_that_shows(size, drawn):
    for label in ('happiness', 'anger', 'unknown'):
        draw(blank(size), result(size, face((100, 100, 100, 100), label)), charts=False)
        tag, text = drawn.tags[-1], drawn.texts[-1]
        assert text.left - tag.left == tag.right - text.right > 0
        assert abs((text.top - tag.top) - (tag.bottom - text.bottom)) <= 1
        assert text.top >= tag.top
        assert text.color == annotate._ink(emotion_color(label))
    assert {text.color for text in drawn.texts} == {(255, 255, 255), (0, 0, 0)}


@pytest.mark.parametrize('boxes', [
    [(100, 200, 150, 150), (100, 60, 150, 137)],  # one above the other
    [(100, 200, 150, 150), (400, 60, 150, 150), (100, 60, 150, 137)],
    [(100, 200, 60, 60), (165, 200, 60, 60)],  # side by side, the tags longer than the boxes
    [(100, 200, 60, 60), (300, 20, 60, 60), (165, 200, 60, 60)]])
def test_tags_cover_neither_other_faces_nor_one_another(boxes, drawn):
    size = (640, 480)
    draw(blank(size), result(size, *(face(box) for box in boxes)), charts=False)
    assert [text.words for text in drawn.texts] == ['#1 happiness 70%'] * len(boxes)
    for index, tag in enumerate(drawn.tags):
        others = [annotate.Rect(*box) for place, box in enumerate(boxes) if place != index]
        others += drawn.tags[:index]
        assert not any(tag.shared(other) for other in others)


def test_a_face_as_high_as_the_picture_has_its_whole_tag_on_itself(drawn):
    size = (640, 480)
    draw(blank(size), result(
        size, face((20, 0, 150, 480)), face((300, 0, 150, 480))), charts=False)
    assert [text.words for text in drawn.texts] == ['#1 happiness 70%'] * 2


@pytest.mark.parametrize('size', SIZES, ids=str)
@pytest.mark.parametrize('crop', [None, CropFrame(150, 150, 90)])
def test_names_and_bars_fill_their_panel_but_for_equal_margins(size, crop, drawn):
    found = dataclasses.replace(face((100, 100, 100, 100), 'fear', confidence=0.6), crop=crop)
    draw(blank(size), result(size, found), crops=crop is not None)
    [panel], names = drawn.panels, drawn.texts[-len(EMOTIONS):]
    tracks, bars = tracks_and_bars(drawn)
    assert [name.words for name in names] == list(EMOTIONS)
    margin = names[0].left - panel.left
    assert {name.left for name in names} == {panel.left + margin}
    assert {track.left for track in tracks} == {max(name.right for name in names) + margin}
    assert {panel.right - track.right for track in tracks} == {margin}
    assert panel.bottom - names[-1].bottom == margin
    side = round(0.2 * min(size)) + margin if crop else 0
    assert names[0].top - panel.top == side + margin
    row = names[1].baseline - names[0].baseline
    assert 3 * row <= tracks[0].width <= 4 * row
    for label, name, track, bar in zip(EMOTIONS, names, tracks, bars, strict=True):
        assert name.color == ((255, 255, 255) if label == 'fear' else (205, 205, 205))
        share = 0.6 if label == 'fear' else 0.4 / 7
        assert bar[:2] == track[:2]
        assert bar.height == track.height
        assert bar.width == pytest.approx(share * track.width, abs=0.51)
        # As high as small letters, and on their line.
        assert 0.6 * (name.baseline - name.top) < track.height < name.baseline - name.top
        assert name.top < track.top
        assert 0 < track.bottom - name.baseline <= 2


def test_a_panel_lets_a_fifth_of_the_picture_through(drawn):
    size = (640, 480)
    picture = draw(blank(size), result(size, face((100, 100, 100, 100))))
    [panel] = drawn.panels
    assert picture[panel.top, panel.left].tolist() == [0.2 * GREY] * 3
    assert picture[panel.bottom - 1, panel.right - 1].tolist() == [0.2 * GREY] * 3
    # And the name of the likeliest emotion is white.
    [name] = [text for text in drawn.texts if text.words == 'happiness']
    written = picture[name.top:name.baseline, name.left:name.right]
    assert (written.min(axis=2) > 240).any()


@pytest.mark.parametrize('labels', [EMOTIONS, ('up', 'down')])
def test_the_crop_is_in_the_middle_of_the_panel_and_within_its_margins(
        astronaut, labels, drawn):
    size = (512, 512)
    crop = CropFrame(225, 115, 120)
    found = dataclasses.replace(face((178, 62, 92, 106), labels[0], labels), crop=crop)
    picture = draw(astronaut, result(size, found, labels=labels), crops=True)
    [panel], margin = drawn.panels, drawn.texts[-1].left - drawn.panels[0].left
    side = min(round(0.2 * 512), panel.width - 2 * margin)
    left, top = panel.left + (panel.width - side) // 2, panel.top + margin
    shown = picture[top:top + side, left:left + side]
    assert np.array_equal(shown, cut(astronaut, crop, (side, side), grey=False))
    assert panel.width - 2 * margin >= side
    assert drawn.texts[-len(labels)].top - (top + side) == margin


def test_small_charts_have_upright_bars_in_equal_columns(drawn):
    size = (1280, 720)
    boxes = [(20 + 125 * (i % 10), 60 + 220 * (i // 10), 90, 90) for i in range(30)]
    draw(blank(size), result(size, *(face(box, 'anger', confidence=0.5) for box in boxes)))
    panel, style = drawn.panels[-1], annotate._Style(size)
    tracks, bars = tracks_and_bars(drawn)
    margin = tracks[0].left - panel.left
    assert margin == panel.right - tracks[-1].right == style.pad // 2
    assert {(track.top, track.bottom) for track in tracks} == {
        (panel.top + margin, panel.bottom - margin)}
    assert {one.left - other.right for other, one in pairwise(tracks)} == {1}
    assert {track.width for track in tracks} == {round(0.55 * style.row)}
    assert tracks[0].height == 2 * style.row
    for label, track, bar in zip(EMOTIONS, tracks, bars, strict=True):
        share = 0.5 if label == 'anger' else 0.5 / 7
        assert (bar.left, bar.right, bar.bottom) == (track.left, track.right, track.bottom)
        assert bar.height == pytest.approx(share * track.height, abs=0.51)


@pytest.mark.parametrize(('size', 'rim', 'line'), [
    ((320, 240), 1, 1), ((640, 480), 1, 2), ((1920, 1080), 2, 4)])
@pytest.mark.parametrize('box', [(100, 90, 120, 130), (100, 90, 20, 20)])
def test_a_box_is_a_line_with_dark_rims_along_its_border(size, rim, line, box):
    picture = draw(blank(size), result(size, face(box, 'unknown')), charts=False)
    color = EMOTION_COLORS['unknown'][0]
    profile = [GREY] * 3 + [0] * rim + [color] * line + [0] * rim
    if box[2] > 2 * len(profile):
        profile += [GREY] * 3
    left, top, width, height = box
    right, bottom = left + width, top + height
    middle = left + width // 2, top + height // 2
    start, end = -3, len(profile) - 3
    grey = picture[..., 0]
    for side in (grey[middle[1], left + start:left + end],
                 grey[middle[1], right - end:right - start][::-1],
                 grey[bottom - end:bottom - start, middle[0]][::-1]):
        assert side.tolist() == profile
    # Above the box lies its tag.
    assert grey[top:top + end, middle[0]].tolist() == profile[3:]


@pytest.mark.parametrize('box', [
    (100, 90, 8, 40), (100, 90, 40, 8), (100, 90, 8, 8), (100, 90, 3, 3)])
def test_a_box_too_small_for_its_lines_has_thin_ones_and_its_middle_stays(box):
    """Dark rims and line are four pixels wide here, on both sides."""
    size = (640, 480)
    picture = draw(blank(size), result(size, face(box, 'anger')), charts=False)
    left, top, width, height = box
    inside = picture[top:top + height, left:left + width]
    assert np.all(inside[height // 2, width // 2] == GREY)
    assert (inside == EMOTION_COLORS['anger']).all(axis=2).any()
    assert np.all(picture[top + height:] == GREY)
    assert np.all(picture[top:top + height, left + width:] == GREY)
    assert np.all(picture[top:top + height, :left] == GREY)


@pytest.mark.parametrize(('size', 'box', 'radius'), [
    ((1920, 1080), (300, 300, 200, 400), 4), ((1920, 1080), (300, 300, 400, 200), 4),
    ((1920, 1080), (300, 300, 600, 600), 5), ((1920, 1080), (300, 300, 30, 30), 1),
    ((640, 480), (100, 100, 300, 300), 3)])
def test_a_landmark_is_a_dot_that_suits_face_and_picture_with_a_dark_rim(size, box, radius):
    """A fiftieth of the face's shorter side, and a pixel more than a line at most."""
    at = (box[0] + min(40, box[2] // 2), box[1] + min(40, box[3] // 2))
    found = with_landmarks(face(box, 'happiness'), [at] * 5)
    grey = draw(blank(size), result(size, found), charts=False)[..., 2]
    color = EMOTION_COLORS['happiness'][2]
    across = grey[at[1], at[0]:at[0] + radius + 4].astype(int)
    assert across[:radius].tolist() == [color] * radius
    assert across[radius] > GREY
    assert across[radius + 1] < GREY
    assert across[radius + 3] == GREY
    if box[2] > 30:
        for other in (grey[at[1]:at[1] + radius + 4, at[0]],
                      grey[at[1], at[0] - radius - 3:at[0] + 1][::-1]):
            assert np.abs(across - other).max() <= 2


@pytest.mark.parametrize(('point', 'drawn_at'), [
    ((0, 200), (0, 200)), ((200, 0), (200, 0)), ((639.9, 200), (639, 200)),
    ((200, 479.9), (200, 479)), ((500, 200), (500, 200)), ((-0.1, 200), None),
    ((200, -0.1), None), ((640, 200), None), ((200, 480), None)])
def test_landmarks_are_drawn_up_to_the_border_of_the_picture(point, drawn_at):
    size = (640, 480)
    plain = face((300, 300, 100, 100))
    without = draw(blank(size), result(size, plain), charts=False)
    picture = draw(blank(size), result(size, with_landmarks(plain, [point] * 5)), charts=False)
    changed = np.argwhere(np.any(picture != without, axis=2))
    assert (len(changed) > 0) == (drawn_at is not None)
    if drawn_at:
        assert tuple(picture[drawn_at[1], drawn_at[0]]) == EMOTION_COLORS['happiness']
        assert np.abs(changed - drawn_at[::-1]).max() <= 4


def test_printable_letters_stay_in_labels(drawn):
    labels = ('Ab 1~!', 'other')
    draw(blank((640, 480)), result((640, 480), face((100, 80, 60, 60), labels[0], labels),
                                   labels=labels), charts=False)
    assert drawn.texts[0].words == '#1 Ab 1~! 70%'


def test_the_colour_of_an_unknown_label_is_bright_and_always_the_same():
    assert emotion_color('tired') == (86, 163, 230)
    hues = set()
    for label in ('tired', 'awake', 'bored', 'proud'):
        hsv = cv2.cvtColor(np.array([[emotion_color(label)]], np.uint8), cv2.COLOR_BGR2HSV)[0, 0]
        assert hsv[1:] == pytest.approx([160, 230], abs=2)
        hues.add(int(hsv[0]))
    assert len(hues) == 4
