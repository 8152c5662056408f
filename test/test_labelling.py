"""Labels stay put while the distribution wavers, and follow it when it has changed."""

import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.core.labelling import Labeller

LABELS = ('neutral', 'happiness', 'surprise')


def of(*probabilities):
    return np.array(probabilities, np.float32)


def labeller(threshold=0.5, **options):
    return Labeller(
        LABELS, threshold, **{'hysteresis': 0.0, 'margin': 0.0, 'min_dwell': 0.0, **options})


def said(chooser, distributions, step=0.1):
    return [chooser.update(1, d, step * i)[0] for i, d in enumerate(distributions)]


def test_without_hysteresis_the_label_is_the_most_probable_emotion():
    assert said(labeller(), [of(.6, .3, .1), of(.3, .6, .1), of(.4, .3, .3)]) \
        == ['neutral', 'happiness', 'unknown']


def test_the_margin_keeps_a_label_that_is_about_as_probable():
    wavering = [of(.51, .49, 0), of(.48, .52, 0), of(.52, .48, 0), of(.47, .53, 0)] * 10
    assert set(said(labeller(0.0, margin=0.1), wavering)) == {'neutral'}
    assert len(set(said(labeller(0.0), wavering))) == 2
    assert said(labeller(0.0, margin=0.1), [*wavering, of(.4, .6, 0)])[-1] == 'happiness'


def test_the_hysteresis_keeps_a_label_whose_confidence_is_about_the_threshold():
    chooser = labeller(hysteresis=0.1)
    assert said(chooser, [of(.45, .35, .2), of(.51, .3, .19), of(.45, .35, .2), of(.41, .4, .19),
                          of(.39, .31, .3), of(.45, .35, .2)]) \
        == ['unknown', 'neutral', 'neutral', 'neutral', 'unknown', 'unknown']


def test_an_emotion_stays_for_the_shortest_dwell():
    chooser = labeller(min_dwell=0.5)
    changing = [of(1, 0, 0), of(0, 1, 0)] * 10
    labels = said(chooser, changing)
    flips = [i for i in range(1, 20) if labels[i] != labels[i - 1]]
    assert min(np.diff([0, *flips])) >= 5


def test_a_lasting_change_is_told_at_once_when_the_dwell_is_over():
    chooser = labeller(min_dwell=0.3)
    labels = said(chooser, [of(1, 0, 0)] * 10 + [of(0, 1, 0)] * 5)
    assert labels == ['neutral'] * 10 + ['happiness'] * 5


def test_a_doubt_on_the_way_from_one_emotion_to_the_next_is_not_told():
    chooser = labeller(min_dwell=0.3)
    way = [of(.9, .1, 0)] * 10 + [of(.4, .3, .3), of(.3, .4, .3)] + [of(.1, .9, 0)] * 3
    assert 'unknown' not in said(chooser, way)


def test_a_doubt_that_lasts_is_told():
    chooser = labeller(min_dwell=0.3)
    labels = said(chooser, [of(.9, .1, 0)] * 10 + [of(.4, .3, .3)] * 5)
    assert labels == ['neutral'] * 12 + ['unknown'] * 3


def test_the_end_of_a_doubt_is_told_at_once():
    assert said(labeller(min_dwell=10.0), [of(.4, .3, .3), of(.9, .1, 0)]) \
        == ['unknown', 'neutral']


def test_the_confidence_is_that_of_the_label():
    chooser = labeller(0.0, margin=0.2)
    assert chooser.update(1, of(.6, .4, 0), 0.0) == ('neutral', pytest.approx(.6))
    assert chooser.update(1, of(.45, .55, 0), 0.1) == ('neutral', pytest.approx(.45))
    assert labeller(0.9).update(1, of(.3, .7, 0), 0.0) == ('unknown', pytest.approx(.7))


def test_a_distribution_that_stands_for_itself_is_judged_by_the_threshold_alone():
    chooser = labeller(hysteresis=0.3, margin=0.5, min_dwell=10.0)
    assert chooser.choose(of(.2, .7, .1)) == ('happiness', pytest.approx(.7))
    assert chooser.choose(of(.4, .2, .4)) == ('unknown', pytest.approx(.4))
    assert chooser.choose(of(.7, .2, .1)) == ('neutral', pytest.approx(.7))


def test_what_is_just_reached_counts():
    assert labeller(0.5).choose(of(.5, .25, .25))[0] == 'neutral'  # the threshold
    kept = labeller(0.5, hysteresis=0.125)
    assert said(kept, [of(.5, .25, .25), of(.375, .375, .25)]) == ['neutral'] * 2
    dwelling = labeller(min_dwell=0.5)
    assert said(dwelling, [of(1, 0, 0), of(0, 1, 0), of(0, 1, 0)], step=0.25) \
        == ['neutral', 'neutral', 'happiness']


def test_a_confidence_never_lies_above_1():
    assert labeller().choose(of(1.0000005, 0, 0)) == ('neutral', 1.0)


def test_at_threshold_zero_it_never_abstains():
    assert set(said(labeller(0.0), [of(.34, .33, .33), of(.33, .34, .33)])) \
        == {'neutral', 'happiness'}


def test_a_changed_threshold_counts_at_once():
    chooser = labeller(hysteresis=0.3, min_dwell=10.0)
    assert said(chooser, [of(.9, .1, 0)] * 3)[-1] == 'neutral'
    chooser.unknown_threshold = 0.95
    assert chooser.update(1, of(.9, .1, 0), 0.3)[0] == 'unknown'


def test_tracks_do_not_mix_and_are_forgotten():
    chooser = labeller(margin=0.5)
    chooser.update(1, of(1, 0, 0), 0.0)
    assert chooser.update(2, of(.4, .6, 0), 0.0)[0] == 'happiness'
    assert chooser.update(1, of(.4, .6, 0), 0.0)[0] == 'neutral'
    chooser.keep([2])
    assert chooser.update(1, of(.4, .6, 0), 0.0)[0] == 'happiness'


@pytest.mark.parametrize('step', [1 / 60, 1 / 10])
def test_what_is_said_does_not_depend_on_the_frame_rate(step):
    chooser = labeller(min_dwell=0.35)
    labels = {}
    for index in range(round(3 / step) + 1):
        stamp = index * step
        shown = of(0, 1, 0) if 1 <= stamp < 1.2 or stamp >= 2 else of(1, 0, 0)
        labels[round(stamp, 3)] = chooser.update(1, shown, stamp)[0]
    assert labels[0.9] == 'neutral'
    assert labels[1.1] == labels[1.3] == 'happiness'  # held, though it was over
    assert labels[1.5] == 'neutral'
    assert labels[2.1] == 'happiness'


@pytest.mark.parametrize(('options', 'name'), [
    ({'threshold': 1.1}, 'unknown_threshold'), ({'hysteresis': -0.1}, 'unknown_hysteresis'),
    ({'margin': 2.0}, 'label_margin'), ({'min_dwell': float('nan')}, 'label_min_dwell'),
    ({'min_dwell': 61.0}, 'label_min_dwell')])
def test_an_impossible_option_is_refused_by_its_name(options, name):
    with pytest.raises(ConfigError, match=name):
        labeller(**options)


def test_the_largest_values_of_all_options_are_taken():
    chooser = labeller(1.0, hysteresis=1.0, margin=1.0, min_dwell=60.0)
    assert (chooser.unknown_threshold, chooser.hysteresis, chooser.margin, chooser.min_dwell) \
        == (1.0, 1.0, 1.0, 60.0)
