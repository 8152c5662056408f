"""The summary picture: every mark lies where its time and its value are."""

from itertools import pairwise
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fer_ros.core import summary
from fer_ros.core.annotate import emotion_color
from fer_ros.core.summary import draw_summary
from fer_ros.core.timeline import Thumbnails, Timeline
from fer_ros.core.types import FaceEmotion, FrameResult

LABELS = ('neutral', 'happiness', 'surprise')
SHARES = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.05, 0.15, 0.8]], np.float32)
"""Distributions in which each of the labels is the most probable one."""


def timeline_of(*seen, latency=0.01, labels=LABELS, shares=SHARES):
    """Return the record of frames, each a stamp and the number of the label that was seen."""
    timeline = Timeline()
    for stamp, index in seen:
        faces = () if index is None else (FaceEmotion(
            box=(0.0, 0.0, 20.0, 20.0), score=1.0, landmarks=None, track_id=1, track_age=0.0,
            label=labels[index], confidence=float(shares[index][index]),
            probabilities=shares[index], raw_probabilities=shares[index]),)
        timeline.add(
            FrameResult(labels=labels, faces=faces, width=64, height=48, stamp=stamp),
            latency[len(timeline.samples)] if isinstance(latency, list) else latency)
    return timeline


@pytest.fixture
def marks(monkeypatch):
    """Return what is drawn, in logical pixels: texts, rectangles, lines and pictures."""
    marks = SimpleNamespace(texts=[], rectangles=[], lines=[], pictures=[])
    canvas = summary._Canvas
    write, fill, stroke, show = canvas.text, canvas.rectangle, canvas.line, canvas.picture

    def text(self, at, text, size, color, *, align=0.0, **options):
        marks.texts.append(SimpleNamespace(at=at, text=text, size=size, color=color, align=align))
        write(self, at, text, size, color, align=align, **options)

    def rectangle(self, rect, color):
        marks.rectangles.append((rect, color))
        fill(self, rect, color)

    def line(self, points, color, *arguments):
        marks.lines.append((points, color))
        stroke(self, points, color, *arguments)

    def picture(self, rect, image):
        marks.pictures.append((rect, image))
        show(self, rect, image)

    for watched in (text, rectangle, line, picture):
        monkeypatch.setattr(canvas, watched.__name__, watched)
    return marks


def place_of(marks, text):
    [place] = [one.at for one in marks.texts if one.text == text]
    return place


def axes(marks):
    """Return functions from seconds to x and from a share to y, as the grid tells them."""
    low, high = (
        points for points, color in marks.lines[:5:4] if color == summary._GRID)
    (left, bottom), (right, _) = low
    top = high[0][1]
    names = [one for one in marks.texts if one.align == 1.0][:5]
    assert [one.text for one in names] == ['0%', '25%', '50%', '75%', '100%']
    for name, (points, _) in zip(names, marks.lines, strict=False):
        assert 0 < left - name.at[0] < 10
        assert name.at[1] - points[0][1] == 5  # half the height of its digits
    ticks = [one for one in marks.texts if one.text.endswith(' s') and one.align == 0.5]
    first, last = ticks[0], ticks[-1]
    assert (first.text, first.at[0]) == ('0 s', left)
    assert last.at[0] <= right + 1e-6
    # Each has a small line that hangs down from the axis.
    for tick in ticks:
        assert ([(tick.at[0], bottom), (tick.at[0], bottom + 6)], summary._FAINT) in marks.lines
    speed = (last.at[0] - left) / float(last.text.removesuffix(' s'))
    return (lambda seconds: left + seconds * speed,
            lambda share: bottom + share * (top - bottom))


def curves(marks, label):
    return [points for points, color in marks.lines if color == emotion_color(label)]


def test_curves_tell_every_probability_at_its_time(marks):
    seen = [(10.0, 0), (10.4, 1), (10.8, 2), (11.2, 1)]
    draw_summary(timeline_of(*seen), Thumbnails(), 'Title')
    assert [one.text for one in marks.texts[:2]] == ['Title', '']
    x, y = axes(marks)
    for index, label in enumerate(LABELS):
        [points] = curves(marks, label)
        assert np.array(points) == pytest.approx(np.array([
            (x(stamp - 10.0), y(SHARES[number][index])) for stamp, number in seen]), abs=1e-3)


def test_a_curve_is_broken_where_nobody_was_seen_for_half_a_second(marks):
    """A frame without a face in between breaks nothing."""
    draw_summary(timeline_of(
        (0.0, 0), (0.25, None), (0.5, 0), (1.01, 1), (1.5, None), (1.75, 2)), Thumbnails(), '')
    pieces = curves(marks, 'neutral')
    assert [len(points) for points in pieces] == [2, 2, 2]
    # A single moment still shows.
    for (one, first), (other, second) in pieces[1:]:
        assert (other - one, second - first) == (1, 0)


def test_the_most_probable_emotion_comes_first_in_the_legend_and_is_drawn_last(marks):
    draw_summary(timeline_of((0.0, 2), (0.1, 2), (0.2, 1)), Thumbnails(), 'Title')
    # However short the record is, it takes the whole width.
    assert curves(marks, 'neutral')[0][-1][0] == marks.lines[0][0][1][0]
    order = [color for _, color in marks.lines if color in map(emotion_color, LABELS)]
    assert order == [emotion_color(label) for label in ('neutral', 'happiness', 'surprise')]
    legend = [one for one in marks.texts if one.text in LABELS and one.align == 0.0]
    legend.sort(key=lambda one: one.at[1])
    assert [one.text for one in legend] == ['surprise', 'happiness', 'neutral']


@pytest.mark.parametrize('count', [2, 8, 20])
def test_each_label_has_its_line_of_the_legend_beside_the_curves(marks, count):
    labels = tuple(f'emotion {index}' for index in range(count))
    shares = np.full((count, count), 1 / count, np.float32)
    draw_summary(timeline_of((0.0, 0), (1.0, 0), labels=labels, shares=shares), Thumbnails(), '')
    places = [next(one.at for one in marks.texts if one.text == label) for label in labels]
    assert len({left for left, _ in places}) == 1
    rows = [y for _, y in places]
    assert rows == sorted(rows)
    assert np.diff(rows) == pytest.approx(rows[1] - rows[0])
    assert 318 <= rows[0] < rows[-1] <= 560
    for label, (left, y) in zip(labels, places, strict=True):
        [patch] = [rect for rect, color in marks.rectangles
                   if color == emotion_color(label) and rect[0] > 1050
                   and rect[1] < y < rect[3] + 2]
        assert (patch[2] - patch[0], patch[3] - patch[1]) == (14, 12)
        assert left - patch[2] == 10


def test_the_strip_tells_the_label_of_every_moment(marks):
    """Half a second long at most, and pale where nobody was seen."""
    draw_summary(timeline_of((5.0, 0), (5.25, 1), (5.5, None), (5.75, 2), (8.0, 2)),
                 Thumbnails(), 'Title')
    x, y = axes(marks)
    ground, *parts = marks.rectangles[:4]
    assert ground[1] == summary._EMPTY
    assert (ground[0][0], ground[0][2]) == pytest.approx((x(0), x(3)))
    assert y(0) < ground[0][1] < ground[0][3]
    told = [(part[0][0], part[0][2], part[1]) for part in parts]
    for (left, right, color), (begin, end, label) in zip(told, [
            (0, 0.25, 'neutral'), (0.25, 0.5, 'happiness'), (0.75, 1.25, 'surprise')],
            strict=True):
        assert (left, right) == pytest.approx((x(begin), x(end)))
        assert color == emotion_color(label)
    assert {part[0][1::2] for part in parts} == {ground[0][1::2]}


def test_shares_are_bars_with_their_labels_and_percentages(marks):
    draw_summary(timeline_of(*enumerate([0, 0, 0, 0, 0, 1, 1, 1, None, None])), Thumbnails(), '')
    assert place_of(marks, 'a face in 80% of the frames')
    lengths, rows = [], []
    for label, percent in (('neutral', '62%'), ('happiness', '38%')):
        [name] = [one for one in marks.texts if one.text == label and one.align == 1.0]
        [bar] = [rect for rect, color in marks.rectangles
                 if color == emotion_color(label) and rect[1] > 600]
        left, top, right, bottom = bar
        assert name.at[0] < left
        assert top < name.at[1] < bottom
        assert place_of(marks, percent)[0] > right
        lengths.append(right - left)
        rows.append(top)
    assert lengths[0] / lengths[1] == pytest.approx(5 / 3)
    assert rows[1] > bottom - (bottom - top) - 1 > rows[0]
    assert 'surprise' not in [one.text for one in marks.texts if one.align == 1.0]


def test_the_six_most_frequent_labels_have_bars_the_rarest_too(marks):
    labels = tuple(f'emotion {index}' for index in range(8))
    shares = np.full((8, 8), 1 / 8, np.float32)
    seen = [0] * 990 + [1, 2, 3, 4, 5, 6, 7]
    draw_summary(timeline_of(*((i / 100, s) for i, s in enumerate(seen)), labels=labels,
                             shares=shares), Thumbnails(), '')
    named = [one.text for one in marks.texts if one.text in labels and one.align == 1.0]
    assert named == list(labels[:6])
    bars = [rect for rect, color in marks.rectangles
            if color in map(emotion_color, labels) and rect[1] > 600]
    assert len(bars) == 6
    assert all(right - left >= 2 for left, _, right, _ in bars)
    assert all(one[3] <= following[1] for one, following in pairwise(bars))
    assert bars[-1][3] <= 850


def test_a_share_of_everything_leaves_room_for_its_percentage(marks):
    draw_summary(timeline_of((0.0, 1)), Thumbnails(), 'Title')
    heading = place_of(marks, 'Share of the time')
    [told] = [one for one in marks.texts if one.text == 'a face in 100% of the frames']
    assert (told.at[1], told.align) == (heading[1], 1.0)
    [bar] = [rect for rect, color in marks.rectangles
             if color == emotion_color('happiness') and rect[1] > 600]
    [name] = [one for one in marks.texts if one.text == 'happiness' and one.align == 1.0]
    [percent] = [one for one in marks.texts if one.text == '100%' and one.size == 0.42]
    assert heading[0] < name.at[0] < bar[0] < bar[2] < percent.at[0] < told.at[0] - 50
    assert name.color == summary._INK
    # Letters of ten pixels stand in the middle of the bar.
    assert bar[1] + 3 <= name.at[1] - 10 < name.at[1] == percent.at[1] == bar[3] - 4


def latency_axes(marks):
    """Return functions from milliseconds to x and from a share of the peak to y."""
    ticks = [one for one in marks.texts if one.text.endswith(' ms') and one.align == 0.5]
    numbers = [float(one.text.removesuffix(' ms')) for one in ticks]
    assert numbers[0] == 0
    speed = (ticks[-1].at[0] - ticks[0].at[0]) / numbers[-1]
    assert [one.at[0] - ticks[0].at[0] for one in ticks] == pytest.approx(
        [speed * number for number in numbers])
    return lambda milliseconds: ticks[0].at[0] + milliseconds * speed


def test_latencies_are_counted_where_they_lie(marks):
    seconds = [0.010] * 6 + [0.020] * 3 + [0.030] * 8 + [0.040] * 2 + [5.0]
    draw_summary(timeline_of(*((i / 10, 0) for i in range(20)), latency=seconds),
                 Thumbnails(), 'Title')
    high = float(np.percentile(np.array(seconds, np.float32) * 1000, 95))
    [told] = [one for one in marks.texts
              if one.text == f'median 30.0   p95 {high:.1f}   max 5000.0 ms']
    [axis] = [points for points, color in marks.lines
              if color == summary._FAINT and points[0][1] == points[1][1]]
    assert (told.align, told.at) == (
        1.0, (axis[1][0], place_of(marks, 'Latency, image to result')[1]))
    x = latency_axes(marks)
    bars = [rect for rect, color in marks.rectangles if color == summary._HISTOGRAM]
    assert len(bars) == 40
    bottom = bars[0][3]
    width = (bars[1][0] - bars[0][0])
    heights = {}
    for left, top, right, below in bars:
        assert below == bottom
        assert right - left == pytest.approx(width - 1, abs=1e-3)
        if bottom - top > 0:
            heights[round((left + right) / 2)] = bottom - top
    peak = max(heights.values())
    assert sorted(height / peak for height in heights.values()) == pytest.approx(
        sorted(count / max(counts) for counts in [bins(seconds, high)] for count in counts))
    # All of the axis has bars, and the highest stay below the names of the lines.
    assert (bars[0][0] - 1, bars[-1][2]) == pytest.approx((axis[0][0], axis[1][0]), abs=1e-2)
    # What lies beyond the picture is counted at its end.
    last = bars[-1]
    assert bottom - last[1] == pytest.approx(peak / max(bins(seconds, high)))
    for name, value in (('median', 30.0), ('p95', high)):
        at = place_of(marks, name)
        [line] = [points for points, color in marks.lines
                  if color == summary._INK and points[0][0] == pytest.approx(x(value))]
        assert line[0][0] == line[1][0] < at[0]
        assert line[1][1] == bottom
        assert line[0][0] < axis[1][0]
        assert 0.85 < peak / (bottom - line[0][1]) < 0.9


@pytest.mark.parametrize(('seconds', 'counts'), [
    ([1e-4] * 4, [4]), ([-5.0, -1e-3, 1e-5, 9e-4], [3, 1])])
def test_latencies_of_no_time_and_less_are_counted_on_an_axis_of_a_millisecond(
        marks, seconds, counts):
    """Clocks of two machines may disagree."""
    draw_summary(timeline_of(*((i / 10, 0) for i in range(4)), latency=seconds), Thumbnails(), '')
    bars = [bottom - top for (_, top, _, bottom), color in marks.rectangles
            if color == summary._HISTOGRAM and bottom > top]
    assert [bar / bars[0] for bar in bars] == pytest.approx([n / counts[0] for n in counts])
    assert place_of(marks, '1 ms')


def bins(seconds, high):
    """Return the numbers of values of those of forty equal bins that hold any."""
    values = np.clip(np.array(seconds) * 1000, 0, 1.6 * high)
    counts = np.bincount(np.minimum((values / (1.6 * high) * 40).astype(int), 39))
    return [int(count) for count in counts if count]


def test_pictures_stand_side_by_side_with_their_times(marks):
    thumbnails = Thumbnails()
    for index in range(6):
        thumbnails.add(3.0 + index, np.full((48, 64, 3), 20 * index, np.uint8))
    picture = draw_summary(timeline_of((2.0, 0), (9.0, 0)), thumbnails, 'Title')
    assert [image[0, 0, 0] for _, image in marks.pictures] == [20 * index for index in range(6)]
    rects = [rect for rect, _ in marks.pictures]
    for one, following in pairwise(rects):
        assert one[2] < following[0]
        assert one[1::2] == following[1::2]
    assert 0 < rects[0][0] <= 1280 - rects[-1][2]
    for index, (left, top, right, bottom) in enumerate(rects):
        assert (right - left) / (bottom - top) == pytest.approx(4 / 3)
        [time] = [one for one in marks.texts if one.text == f'{1 + index}.0 s']
        assert (time.at[0], time.align) == ((left + right) / 2, 0.5)
        assert 15 < time.at[1] - bottom < 20
        x = time.at[0]
        middle = picture[round((top + bottom) / 2), round(x)]
        assert middle.tolist() == [20 * index] * 3


HEADINGS = ('Emotions over time', 'Share of the time', 'Latency, image to result')


def test_the_parts_of_the_picture_share_their_edges_and_margins(marks):
    thumbnails = Thumbnails()
    for index in range(9):
        thumbnails.add(float(index), np.zeros((48, 64, 3), np.uint8))
    draw_summary(timeline_of(*((index / 2, 0) for index in range(18))), thumbnails, 'Title', 'sub')
    at = {one.text: one.at for one in marks.texts}
    left = at['Title'][0]
    assert {at[text][0] for text in ('sub', HEADINGS[0], HEADINGS[2])} == {left}
    assert len(marks.pictures) == 6
    assert marks.pictures[0][0][0] == left
    assert at['a face in 100% of the frames'][0] == 1280 - left
    assert at['Share of the time'][1] == at['Latency, image to result'][1]
    grid = [points for points, color in marks.lines if color == summary._GRID]
    [latency] = [points for points, color in marks.lines
                 if color == summary._FAINT and points[0][1] == points[1][1]]
    assert {points[0][0] for points in (*grid, latency)} == {2 * left}
    assert latency[0][1] == 850 - left
    # From above: titles, pictures, curves with strip and times, shares and latencies.
    rows = [at['Title'][1], at['sub'][1], marks.pictures[0][0][1], marks.pictures[0][0][3],
            at['Emotions over time'][1], grid[-1][0][1], grid[0][0][1], marks.rectangles[0][0][1],
            marks.rectangles[0][0][3], at['0 s'][1], at['Share of the time'][1], latency[0][1],
            at['0 ms'][1]]
    assert rows == sorted(rows)
    assert all(following - row < 250 for row, following in pairwise(rows))


def test_what_is_more_important_is_written_larger_and_brighter(marks):
    thumbnails = Thumbnails()
    thumbnails.add(0.0, np.zeros((48, 64, 3), np.uint8))
    draw_summary(timeline_of((0.0, 0), (0.4, 1)), thumbnails, 'Title', 'sub')
    sizes = {one.text: one.size for one in marks.texts}
    bright = {one.text for one in marks.texts if one.color == summary._INK}
    assert sizes['Title'] > sizes['Emotions over time'] > sizes['sub'] > 0.5
    assert {sizes[heading] for heading in HEADINGS} == {0.6}
    assert {'Title', *HEADINGS, *LABELS} <= bright
    assert {one.color for one in marks.texts if one.text not in bright} == {summary._FAINT}
    rest = sizes.keys() - {'Title', 'sub', *HEADINGS}
    assert {'0%', '0 s', '0.0 s', '0 ms', 'sub'} <= sizes.keys() - bright
    assert all(0.39 < sizes[text] < 0.5 for text in rest)


@pytest.mark.parametrize(('duration', 'ticks'), [
    (1e-3, [0, 2e-4, 4e-4, 6e-4, 8e-4, 1e-3]), (0.5, [0, 0.1, 0.2, 0.3, 0.4, 0.5]),
    (0.99, [0.1 * i for i in range(10)]), (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
    (3.1, [0, 0.5, 1, 1.5, 2, 2.5, 3]), (10, [0, 2, 4, 6, 8, 10]), (47, range(0, 47, 5)),
    (60, range(0, 61, 10)), (99.9, range(0, 100, 10)), (1e6, range(0, 10**6 + 1, 200_000))])
def test_ticks_are_round_and_ten_at_most(duration, ticks):
    assert summary._ticks(duration) == pytest.approx(list(ticks))


@pytest.mark.parametrize('align', [0.0, 0.5, 1.0])
def test_text_stands_where_it_is_put(align):
    canvas = summary._Canvas()
    canvas.text((600, 400), 'HHHHHHHHHH', 1.0, (255, 255, 255), align=align, thickness=2)
    ink = np.argwhere(np.any(canvas.finish() > 120, axis=2))
    (top, left), (bottom, right) = ink.min(axis=0), ink.max(axis=0)
    # Letters have a margin of some pixels.
    assert left + align * (right - left) == pytest.approx(600, abs=5)
    assert bottom == pytest.approx(400, abs=2)
    assert 15 < bottom - top < 30


def test_areas_lines_and_pictures_are_drawn_in_logical_pixels():
    canvas = summary._Canvas()
    canvas.rectangle((10, 20, 30.5, 40), (1, 2, 3))
    canvas.rectangle((-5, -5, 3, 3), (7, 8, 9))
    canvas.rectangle((50, 60, 50, 70), (1, 2, 3))
    canvas.line([(100, 100.25), (200, 100.25)], (200, 100, 0), 2.0)
    canvas.picture((300, 300, 340, 330), np.full((60, 40, 3), 77, np.uint8))
    picture = canvas.finish()
    assert (picture.shape, picture.dtype) == ((850, 1280, 3), np.uint8)
    assert np.all(picture[20:40, 10:30] == (1, 2, 3))
    assert np.all(picture[:3, :3] == (7, 8, 9))
    blue, green, _ = picture[98:103, 150].max(axis=0).tolist()
    assert (blue, green) == pytest.approx((200, 100), abs=10)
    assert np.any(picture[100, 101:199] != summary._PAPER, axis=1).all()
    # A tall picture stands in the middle of its place, on black.
    assert np.all(picture[300:330, 310:330] == 77)
    assert np.all(picture[300:330, 300:309] == 0)
    touched = np.any(picture != summary._PAPER, axis=2)
    for rows, columns in (((0, 3), (0, 3)), ((20, 40), (10, 31)), ((98, 103), (98, 203)),
                          ((300, 330), (300, 340))):
        touched[slice(*rows), slice(*columns)] = False
    assert not touched.any()


def test_letters_beyond_ascii_are_marked(monkeypatch):
    seen = []
    monkeypatch.setattr(cv2, 'putText', lambda image, text, *rest: seen.append(text))
    draw_summary(Timeline(), Thumbnails(), 'm\u00fcde', 'caf\u00e9')
    assert seen[:2] == ['m?de', 'caf?']


def test_without_frames_there_are_titles_and_an_empty_grid(marks):
    draw_summary(Timeline(), Thumbnails(), 'Title', 'below it')
    texts = [one.text for one in marks.texts]
    assert texts[:2] == ['Title', 'below it']
    assert place_of(marks, 'Title')[1] < place_of(marks, 'below it')[1]
    assert {'Emotions over time', 'Share of the time', 'Latency, image to result',
            'a face in 0% of the frames'} <= set(texts)
    assert [rect for rect, color in marks.rectangles if color != summary._EMPTY] == []
    assert marks.pictures == []


def test_summary_shows_the_curves_in_the_colours_of_the_emotions():
    timeline = timeline_of(*((index / 10, 1 if index < 25 else 2) for index in range(50)))
    picture = draw_summary(timeline, Thumbnails(), 'Title')
    curves = picture[325:560, 82:1050]
    for label, half in (('happiness', curves[:60, :480]), ('surprise', curves[:60, 490:])):
        assert (half == emotion_color(label)).all(axis=-1).any(), label


@pytest.mark.parametrize('stamps', [[], [1.0], [1.0, 1.0], [0.0, 1e-6], [0.0, 1e6]])
@pytest.mark.parametrize('index', [None, 0])
def test_summary_of_little_or_strange_data(stamps, index):
    # Clocks of two machines may disagree.
    timeline = timeline_of(*((stamp, index) for stamp in stamps), latency=-0.001)
    picture = draw_summary(timeline, Thumbnails(), 'Title', 'subtitle')
    assert picture.shape == (850, 1280, 3)
