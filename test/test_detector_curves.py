"""Average precision and recall of detections whose answer is known."""

import numpy as np
import pytest

from fer_ros.core.crop import FER_FRAMING, frame_of
from fer_ros.core.types import Face
from fer_ros.evaluation.detector import curves
from fer_ros.evaluation.detector.framing import faces_to_arrays, frames
from fer_ros.evaluation.detector.matching import match, overlaps

FACE, OTHER, UNSURE = [0, 0, 40, 50], [100, 0, 140, 50], [200, 200, 240, 250]
NOWHERE = [60, 60, 90, 90]


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def found(rows, scores):
    return boxes(*rows), np.array(scores, np.float32)


def wanted(*rows, ignored=()):
    return boxes(*rows, *ignored), np.array([False] * len(rows) + [True] * len(ignored), bool)


@pytest.mark.parametrize(('rows', 'scores', 'finder', 'hits', 'counts'), [
    ([], [], [-1, -1], [], []),
    ([FACE], [0.9], [0, -1], [True], [True]),
    ([NOWHERE], [0.9], [-1, -1], [False], [True]),
    ([UNSURE], [0.9], [-1, -1], [False], [False]),
    # A small find within an ignored face is no false alarm; one that reaches far beyond it is.
    ([[210, 210, 220, 220]], [0.9], [-1, -1], [False], [False]),
    ([[150, 150, 290, 300]], [0.9], [-1, -1], [False], [True]),
    # The second finding of a face is wrong, and it is the less sure of the two.
    ([[2, 2, 42, 52], FACE], [0.3, 0.9], [1, -1], [False, True], [True, True]),
], ids=['none', 'right', 'wrong', 'ignored', 'part', 'beyond', 'twice'])
def test_match(rows, scores, finder, hits, counts):
    matches = match(*found(rows, scores), *wanted(FACE, ignored=[UNSURE]))
    assert matches.finder.tolist() == finder
    assert matches.hits.tolist() == hits
    assert matches.counts.tolist() == counts


def test_two_faces_side_by_side_are_each_found_once():
    near = [10, 0, 50, 50]
    matches = match(*found([near, FACE], [0.9, 0.8]), *wanted(FACE, near))
    assert matches.finder.tolist() == [1, 0]


def test_overlaps_of_halves():
    union, share = overlaps(boxes([0, 0, 10, 10]), boxes([5, 0, 15, 10], [0, 0, 10, 5]))
    assert union[0] == pytest.approx([1 / 3, 1 / 2])
    assert share[0] == pytest.approx([1 / 2, 1 / 2])


def judged(*detections, faces=4):
    """Return (score, hit) pairs as judged, each in a picture of its own, with so many faces."""
    order = sorted(detections, key=lambda pair: -pair[0])
    return curves.Judged(
        np.array([s for s, _ in order], np.float64), np.array([h for _, h in order], bool),
        np.arange(len(order)), np.array([1] * faces + [0] * max(0, len(order) - faces)))


def test_the_figures_of_a_worked_example():
    # Precision 1, 1, 2/3, 3/4 at recall 1/4, 1/2, 1/2, 3/4.
    example = judged((0.9, True), (0.8, True), (0.7, False), (0.6, True))
    recall, precision, scores = curves.precision_recall(example)
    assert recall.tolist() == [0.25, 0.5, 0.5, 0.75]
    assert precision == pytest.approx([1, 1, 2 / 3, 3 / 4])
    assert scores.tolist() == [0.9, 0.8, 0.7, 0.6]
    assert curves.average_precision(example) == pytest.approx(0.25 + 0.25 + 0.25 * 3 / 4)
    assert curves.recall_at_precision(example, 0.95) == 0.5
    assert curves.threshold_at_precision(example, 0.95) == pytest.approx(0.8)
    assert curves.recall_at_precision(example, 0.7) == 0.75


def test_a_precision_that_is_never_reached_gives_no_recall():
    wrong = judged((0.9, False), (0.8, True))
    assert curves.recall_at_precision(wrong, 0.95) == 0.0
    assert curves.threshold_at_precision(wrong, 0.95) is None


def test_equal_scores_cannot_be_parted_by_a_threshold():
    for pairs in ([(0.5, True), (0.5, False)], [(0.5, False), (0.5, True)]):
        assert curves.average_precision(judged(*pairs, faces=1)) == 0.5


def test_nothing_found_is_zero_and_nothing_to_find_is_refused():
    assert curves.average_precision(judged()) == 0.0
    assert curves.recall_at_precision(judged()) == 0.0
    with pytest.raises(ValueError, match='no face to find'):
        curves.average_precision(judged((0.9, False), faces=0))


def test_pictures_are_judged_together_and_ignored_faces_count_neither_way():
    pooled = curves.judge(
        [found([FACE, UNSURE], [0.9, 0.95]), found([NOWHERE], [0.5]), found([], [])],
        [wanted(FACE, ignored=[UNSURE]), wanted(), wanted(OTHER)])
    assert pooled.scores == pytest.approx([0.9, 0.5])
    assert pooled.hits.tolist() == [True, False]
    assert pooled.pictures.tolist() == [0, 1]
    assert pooled.faces.tolist() == [1, 0, 1]
    assert curves.average_precision(pooled) == 0.5


def test_the_interval_holds_the_figure_and_shrinks_with_the_pictures():
    rng = np.random.default_rng(0)
    widths = []
    for count in (100, 1600):
        scores = np.sort(rng.uniform(size=count))[::-1]
        example = curves.Judged(scores, rng.uniform(size=count) < 0.97, np.arange(count),
                                np.ones(count, np.int64))
        areas, recalls = curves.intervals(example, 0.9, resamples=400)
        low, high = np.percentile(areas, (2.5, 97.5))
        assert low <= curves.average_precision(example) <= high
        assert recalls.std() > 0
        widths.append(high - low)
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.5)


def test_pictures_are_drawn_whole():
    # Ten faces of one picture are found, those of the other are not: recall is 0, 0.5 or 1.
    example = curves.Judged(
        np.full(10, 0.9), np.ones(10, bool), np.zeros(10, np.int64), np.array([10, 10]))
    _, recalls = curves.intervals(example, resamples=300)
    assert set(recalls.tolist()) == {0.0, 0.5, 1.0}
    # The same seed draws the same pictures, for a paired difference.
    np.testing.assert_array_equal(recalls, curves.intervals(example, resamples=300)[1])


@pytest.mark.parametrize('name', FER_FRAMING)
def test_frames_are_those_of_the_crop(name):
    box = (10.0, 20.0, 40.0, 50.0)
    rows, scores, landmarks = faces_to_arrays([Face(box, 0.5)])
    assert rows.tolist() == [[10, 20, 50, 70]]
    assert scores.tolist() == [0.5]
    assert np.isnan(landmarks).all()
    x, y, w, h = frame_of(box, FER_FRAMING[name])
    assert frames(rows, FER_FRAMING[name])[0] == pytest.approx([x, y, x + w, y + h])


def test_no_faces_are_empty_arrays():
    rows, scores, landmarks = faces_to_arrays([])
    assert (rows.shape, scores.shape, landmarks.shape) == ((0, 4), (0,), (0, 5, 2))
