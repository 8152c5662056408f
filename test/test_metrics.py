"""Figures agree with what is worked out by hand."""

import numpy as np
import pytest

from fer_ros.evaluation.metrics import (
    classification_figures,
    classification_metrics,
    confusion_matrix,
    resampled_rows,
)

LABELS = ('a', 'b', 'c')


def certain(guesses):
    return np.eye(3, dtype=np.float32)[guesses]


def test_confusion_counts_rows_of_truth_and_a_column_of_silence():
    matrix = confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, -1]), 3)
    assert matrix.tolist() == [[1, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0]]


def test_macro_recall_leaves_out_emotions_that_do_not_occur():
    figures = classification_figures(np.array([0, 0, 1]), np.array([0, 1, 1]), 3)
    assert figures['macro_recall'] == pytest.approx(0.75)


def test_figures_of_a_small_table():
    metrics = classification_metrics(
        np.array([0, 0, 1, 2]), certain([0, 1, 1, 2]), LABELS, resamples=50)
    assert metrics['accuracy'] == 0.75
    assert metrics['macro_recall'] == pytest.approx(2.5 / 3, abs=1e-6)
    assert metrics['per_class']['b'] == {
        'precision': 0.5, 'recall': 1.0, 'f1': pytest.approx(2 / 3, abs=1e-6), 'n': 1}
    low, high = metrics['accuracy_ci']
    assert 0.0 <= low <= 0.75 <= high <= 1.0


def test_missed_faces_and_abstentions_count_as_wrong():
    probabilities = certain([0, 0, 0, 0])
    probabilities[1] = np.nan
    probabilities[2] = (0.4, 0.3, 0.3)
    metrics = classification_metrics(
        np.zeros(4, np.int64), probabilities, LABELS, unknown_threshold=0.5, resamples=20)
    assert (metrics['no_face'], metrics['unknown'], metrics['accuracy']) == (1, 1, 0.5)
    assert metrics['confusion']['matrix'][0] == [2, 0, 0, 2]


def test_intervals_are_the_same_for_the_same_seed():
    arguments = np.array([0, 1, 2, 0]), certain([0, 1, 0, 0]), LABELS
    first = classification_metrics(*arguments, resamples=100, seed=3)
    assert first == classification_metrics(*arguments, resamples=100, seed=3)


def test_where_people_are_known_whole_people_are_drawn():
    people = np.array(['p', '', 'p', 'q', ''])
    for rows in resampled_rows(5, people, 50, 0):
        counts = np.bincount(rows, minlength=5)
        assert counts[0] == counts[2]
        assert counts[0] + counts[1] + counts[3] + counts[4] == 4


def test_people_do_not_change_the_figures_but_the_intervals():
    targets, people = np.zeros(40, np.int64), np.repeat(np.array(['p', 'q']), 20)
    probabilities = certain([0] * 20 + [1] * 20)
    alone = classification_metrics(targets, probabilities, LABELS, resamples=200)
    together = classification_metrics(
        targets, probabilities, LABELS, resamples=200, subjects=people)
    assert alone['accuracy'] == together['accuracy'] == 0.5
    assert together['accuracy_ci'] == [0.0, 1.0]
    assert alone['accuracy_ci'][0] > 0.2
