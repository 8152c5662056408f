"""What the network's numbers mean: cells, decoding, thinning out."""

import numpy as np
import pytest

from fer_ros.core.face_grid import decode, fit_into, grid, OUTPUTS, pad, unite


def test_cells_lie_row_by_row_the_finest_first():
    cells = grid(64, 96)
    assert cells.shape == (8 * 12 + 4 * 6 + 2 * 3, 3)
    assert cells[0].tolist() == [4, 4, 8]
    assert cells[12].tolist() == [4, 12, 8]
    assert cells[96].tolist() == [8, 8, 16]
    assert cells[-1].tolist() == [80, 48, 32]
    assert not cells.flags.writeable


@pytest.mark.parametrize('size', [(0, 32), (32, 48), (31, 32), (-32, 32)])
def test_only_multiples_of_the_largest_stride_have_cells(size):
    with pytest.raises(ValueError, match='multiples of 32'):
        grid(*size)


def test_a_cell_says_where_its_face_is():
    cells = grid(64, 64)
    outputs = np.full((len(cells), OUTPUTS), -9.0, np.float32)
    row = 64 + 5  # stride 16, second row, second column: centre (24, 24)
    assert cells[row].tolist() == [24, 24, 16]
    outputs[row] = [2.0, 0.5, -0.25, np.log(2), np.log(3), *range(10)]
    boxes, scores, landmarks = decode(outputs, cells, 0.5)
    # Centre (32, 20), size 32 x 48.
    assert boxes == pytest.approx(np.array([[16, -4, 32, 48]]))
    assert scores == pytest.approx([1 / (1 + np.exp(-2))])
    assert landmarks[0, 0].tolist() == [24, 40]
    assert landmarks[0, 4].tolist() == [24 + 8 * 16, 24 + 9 * 16]


def test_scores_below_the_threshold_are_not_read_and_nonsense_does_not_overflow():
    cells = grid(32, 32)
    outputs = np.zeros((len(cells), OUTPUTS), np.float32)
    outputs[:, 3:5] = 1e6
    assert len(decode(outputs, cells, 0.51)[0]) == 0
    boxes, _, _ = decode(outputs, cells, 0.5)
    assert len(boxes) == len(cells)
    assert boxes[:, 3] == pytest.approx(np.exp(8) * cells[:, 2])
    assert len(decode(outputs, cells, 0.5, most=3)[0]) == 3


def test_a_thousand_cells_are_read_the_surest_first_then_in_their_order_and_no_size_is_zero():
    cells = grid(512, 256)
    outputs = np.zeros((len(cells), OUTPUTS), np.float32)
    outputs[::2, 0] = 1.0
    outputs[:, 3:5] = -1e6
    boxes, _, landmarks = decode(outputs, cells, 0.5)
    expected = np.concatenate([cells[::2], cells[1::2]])[:1000]
    assert landmarks[:, 0] == pytest.approx(expected[:, :2])
    assert boxes[:, 2] == pytest.approx(np.exp(-8) * expected[:, 2])


def seen(*boxes, scores):
    """Return boxes and scores, and landmarks that are ten times the number of their box."""
    landmarks = np.ones((len(boxes), 5, 2), np.float32)
    landmarks *= 10 * np.arange(len(boxes))[:, np.newaxis, np.newaxis]
    return (np.array(boxes, np.float32).reshape(-1, 4), np.array(scores, np.float32), landmarks)


def test_of_boxes_on_one_face_the_score_of_the_surest_remains():
    some = seen((0, 0, 10, 10), (1, 0, 10, 10), (40, 40, 10, 10), scores=(0.6, 0.9, 0.7))
    assert unite(*some, 0.4)[1] == pytest.approx([0.9, 0.7])
    assert unite(*some, 0.95)[1] == pytest.approx([0.9, 0.7, 0.6])
    assert [len(part) for part in unite(*seen(scores=()), 0.4)] == [0, 0, 0]


def test_cells_that_agree_say_together_where_a_face_is():
    some = seen((0, 0, 10, 10), (1, 0, 10, 10), (40, 40, 10, 10), scores=(0.3, 0.9, 0.7))
    boxes, _, landmarks = unite(*some, 0.4)
    assert boxes == pytest.approx(np.array([[0.75, 0, 10, 10], [40, 40, 10, 10]]))
    assert landmarks[:, 2, 1] == pytest.approx([7.5, 20.0])
    assert [part.dtype for part in unite(*some, 0.4)] == [np.float32] * 3


def test_a_box_that_overlaps_without_agreeing_goes_and_says_nothing():
    # Their intersection is 50 of 150.
    boxes, scores, landmarks = unite(
        *seen((0, 0, 10, 10), (5, 0, 10, 10), scores=(0.9, 0.8)), 0.3)
    assert boxes.tolist() == [[0, 0, 10, 10]]
    assert scores == pytest.approx([0.9])
    assert not landmarks.any()


def test_tall_boxes_agree_by_their_own_width():
    # 7.5 of 12.5 columns are shared: 0.6.
    boxes, _, landmarks = unite(*seen(
        (0, 0, 10, 30), (2.5, 0, 10, 30), (-2.5, 0, 10, 30), scores=(0.9, 0.8, 0.7)), 0.5)
    assert boxes.tolist() == [[0, 0, 10, 30]]
    assert not landmarks.any()


def test_faces_of_a_pixel_do_not_agree_from_afar():
    some = seen((0, 0, 1, 1), (5, 0, 1, 1), (0, 7, 1, 1), scores=(0.9, 0.8, 0.7))
    assert unite(*some, 0.4)[0].tolist() == some[0].tolist()


def test_a_box_too_far_away_for_float32_stays_a_number():
    boxes, _, _ = unite(*seen((1e12, 1e12, 0.01, 0.01), scores=(0.9,)), 0.4)
    assert boxes == pytest.approx(np.array([[1e12, 1e12, 0.01, 0.01]]))


@pytest.mark.parametrize('size', [(1, 1), (32, 64), (33, 31), (480, 640)])
def test_padding_adds_black_below_and_on_the_right(size):
    image = np.full((*size, 3), 200, np.uint8)
    padded = pad(image)
    assert padded.shape[0] % 32 == padded.shape[1] % 32 == 0
    assert padded.shape[0] - size[0] < 32
    assert (padded[:size[0], :size[1]] == 200).all()
    assert padded.sum() == image.sum()


def test_pictures_are_reduced_into_a_canvas_but_never_enlarged():
    canvas, scale = fit_into(np.full((100, 400, 3), 9, np.uint8), 200, 200)
    assert scale == 0.5
    assert (canvas[:50] == 9).all()
    assert not canvas[50:].any()
    canvas, scale = fit_into(np.full((10, 10, 3), 9, np.uint8), 64, 32)
    assert scale == 1.0
    assert canvas.shape == (32, 64, 3)


def test_the_score_alone_decides_and_the_surest_are_read_first():
    cells = grid(32, 32)
    outputs = np.full((len(cells), OUTPUTS), 9.0, np.float32)  # all but the scores look sure
    outputs[:, 0] = -9.0
    outputs[3, 0], outputs[7, 0], outputs[11, 0] = 1.0, 3.0, 2.0
    outputs[[3, 7, 11], 5:] = np.arange(30).reshape(3, 10)
    _, scores, landmarks = decode(outputs, cells, 0.5, most=2)
    assert scores == pytest.approx([1 / (1 + np.exp(-3)), 1 / (1 + np.exp(-2))])
    # Each face has its own points.
    for row, found in zip((7, 11), landmarks, strict=True):
        assert found == pytest.approx(
            cells[row, :2] + outputs[row, 5:].reshape(5, 2) * cells[row, 2])


def test_what_is_decoded_is_float32():
    cells = grid(32, 32)
    outputs = np.zeros((len(cells), OUTPUTS), np.float32)
    assert [part.dtype for part in decode(outputs, cells, 0.5)] == [np.float32] * 3


def test_a_single_box_remains():
    boxes, scores, landmarks = unite(*seen((0, 0, 10, 10), scores=(0.6,)), 0.4)
    assert boxes.tolist() == [[0, 0, 10, 10]]
    assert scores == pytest.approx([0.6])
    assert landmarks.shape == (1, 5, 2)


@pytest.mark.parametrize('size', [(32, 31), (31, 32)])
def test_padding_of_one_side(size):
    padded = pad(np.full((*size, 3), 7, np.uint8))
    assert padded.shape == (32, 32, 3)
    assert padded.dtype == np.uint8


def test_a_tall_picture_is_reduced_by_its_height_and_averages_what_it_leaves_out():
    rows = np.zeros((800, 200, 3), np.uint8)
    rows[::4] = 200  # stripes that vanish into their mean
    canvas, scale = fit_into(rows, 200, 200)
    assert scale == 0.25
    assert canvas.shape == (200, 200, 3)
    assert canvas.dtype == np.uint8
    assert (canvas[:, :50] == 50).all()
    assert not canvas[:, 50:].any()


def test_a_line_of_pixels_does_not_vanish():
    canvas, scale = fit_into(np.full((1000, 1, 3), 9, np.uint8), 64, 100)
    assert scale == pytest.approx(0.1)
    assert (canvas[:, 0] == 9).all()
    assert not canvas[:, 1:].any()
    canvas, _ = fit_into(np.full((1, 1000, 3), 9, np.uint8), 100, 64)
    assert (canvas[0] == 9).all()
    assert not canvas[1:].any()
