"""Several annotators: majority, what they are even on, and Krippendorff's alpha."""

import json

import pytest
from recording_support import frames, write_bag, write_timeline

from fer_ros.cli import main
from fer_ros.core.errors import DataError
from fer_ros.evaluation.offline.labels.annotators import (
    Agreement,
    krippendorff_alpha,
    merge_annotators,
)
from fer_ros.evaluation.offline.labels.segments import Segment


def segment(annotator, start, end, emotion):
    return Segment(start, end, emotion, f'{annotator} {start}', annotator=annotator)


def test_alpha_of_the_published_example():
    """Krippendorff 2011, section C: four observers, twelve units, missing values; 0.743."""
    assert krippendorff_alpha([
        ['1', '1', '1'], ['2', '2', '3', '2'], ['3', '3', '3', '3'], ['3', '3', '3', '3'],
        ['2', '2', '2', '2'], ['1', '2', '3', '4'], ['4', '4', '4', '4'], ['1', '1', '2', '1'],
        ['2', '2', '2', '2'], ['5', '5', '5'], ['1', '1'], ['3']]) \
        == pytest.approx(0.743, abs=5e-4)


@pytest.mark.parametrize(('units', 'alpha'), [
    ([('a', 'a'), ('b', 'b')], 1.0),
    ([('a', 'a'), ('a', 'a')], None),
    ([('a',), ('b',)], None),
    ([('a', 'b'), ('b', 'a')], -0.5),
])
def test_alpha_of_small_tables(units, alpha):
    assert krippendorff_alpha(units) == alpha


def test_the_majority_of_three_and_no_label_where_all_differ():
    agreement = Agreement()
    merged = merge_annotators([
        segment('x', 0, 4, 'anger'), segment('y', 0, 2, 'anger'), segment('y', 2, 4, 'fear'),
        segment('z', 0, 3, 'fear'), segment('z', 3, 4, 'disgust')], agreement)
    assert [(s.start, s.end, s.emotion) for s in merged] == [(0, 2, 'anger'), (2, 3, 'fear')]
    record = agreement.record()
    assert record['names'] == ['x', 'y', 'z']
    assert (record['moments'], record['disputed']) == (40, 10)


def test_one_annotator_must_not_contradict_himself():
    with pytest.raises(DataError, match='overlaps'):
        merge_annotators([segment('x', 0, 4, 'anger'), segment('x', 2, 5, 'fear')], Agreement())


def test_in_a_run(tmp_path):
    write_bag(tmp_path / 'bag', frames(every=6))
    labels = write_timeline(tmp_path / 'labels.csv', [
        (0, 3, 'happiness', 'x'), (0, 2, 'happiness', 'y'), (2, 3, 'neutral', 'y')],
        'start,end,emotion,annotator')
    assert main(['evaluate', 'bag', str(tmp_path / 'bag'), '--labels', str(labels),
                 '--no-report', '--out', str(tmp_path / 'out')]) == 0
    metrics = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
    assert metrics['annotators'] == {
        'names': ['x', 'y'], 'alpha': pytest.approx(-0.18, abs=0.03), 'moments': 30,
        'disputed': 10}
    assert metrics['n'] == 5
    assert metrics['accuracy'] == 1.0
