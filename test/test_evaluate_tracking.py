"""The scenes of `fer evaluate tracking` are what they say, and its figures count what they say."""

import argparse
import functools
import json
import operator

import numpy as np
import pytest

from fer_ros.core.crop import CropConvention, FER_FRAMING, frame_of
from fer_ros.core.errors import ConfigError
from fer_ros.core.following import Follower
from fer_ros.core.labelling import Labeller
from fer_ros.core.smoothing import Smoother
from fer_ros.core.tracker import overlap, Tracker
from fer_ros.core.types import EMOTIONS, FaceEmotion
from fer_ros.evaluation.tracking import command
from fer_ros.evaluation.tracking.baseline import MeanFilter, OverlapTracker
from fer_ros.evaluation.tracking.identity import IdentityScore
from fer_ros.evaluation.tracking.people import Faces
from fer_ros.evaluation.tracking.scene import Scene, Seen
from fer_ros.evaluation.tracking.simulated import SimulatedDetector
from fer_ros.evaluation.tracking.steadiness import LabelScore
from fer_ros.evaluation.tracking.study import follow, Observation, score, WAYS

AS_IS = CropConvention(margin=1.0)
LABELS = ('neutral', 'happiness', 'surprise')
HALF = np.array([0.5, 0.5], np.float32)


def seen(number, x, visible=1.0, label=0, since=0.0):
    return Seen(number, (x, 0.0, 100.0, 100.0), label, since, visible, 0.0)


def face(track_id, x, label='neutral'):
    return FaceEmotion((x, 0.0, 100.0, 100.0), 0.9, None, track_id, 0.0, label, 0.5, HALF, HALF)


@pytest.fixture(scope='module')
def faces():
    """Return faces of three labels: noise, brighter from label to label."""
    rng = np.random.default_rng(0)
    targets = np.repeat(np.arange(3), 10)
    images = (rng.uniform(0, 60, (30, 48, 48)) + 80 * targets[:, None, None]).astype(np.uint8)
    return Faces(images, targets, LABELS)


def count(frames, convention=AS_IS):
    identity = IdentityScore(convention)
    for people, found in frames:
        identity.add(people, found)
    return identity.figures(len(frames) / 10)


def test_people_who_exchange_their_numbers_are_two_switches():
    before = ([seen(1, 0), seen(2, 300)], [face(7, 0), face(8, 300)])
    after = ([seen(1, 0), seen(2, 300)], [face(8, 0), face(7, 300)])
    figures = count([before] * 6 + [after] * 4)
    assert (figures.switches, figures.misses, figures.false_alarms) == (2, 0, 0)
    assert figures.mota == pytest.approx(1 - 2 / 20)
    assert figures.idf1 == pytest.approx(12 / 20)
    assert figures.ids == 2


def test_misses_false_alarms_and_fragments():
    figures = count([
        ([seen(1, 0)], [face(1, 0)]), ([seen(1, 0)], []), ([seen(1, 0)], [face(1, 10)]),
        ([seen(1, 0)], [face(1, 0), face(2, 500)])])
    assert (figures.misses, figures.false_alarms, figures.fragments, figures.switches) \
        == (1, 1, 1, 0)
    assert figures.mota == pytest.approx(1 - 2 / 4)
    assert figures.idf1 == pytest.approx(2 * 3 / (4 + 4))


def test_who_is_hidden_is_neither_missed_nor_a_false_alarm():
    figures = count([([seen(1, 0, visible=0.3)], [face(1, 0)]), ([seen(1, 0, visible=0.3)], [])])
    assert (figures.faces, figures.misses, figures.false_alarms, figures.tracked) == (0, 0, 0, 0)


def test_figures_of_scenes_add_up():
    one = count([([seen(1, 0)], [face(1, 0)])] * 3)
    both = one + count([([seen(1, 0)], [])])
    assert (both.faces, both.misses, both.id_hits) == (4, 1, 3)


def test_flips_delays_and_shares_of_labels():
    labels = LabelScore(LABELS, rate=10)
    shown = ['neutral'] * 10 + ['neutral', 'unknown', 'neutral', 'happiness', 'happiness']
    for index, label in enumerate(shown):
        since, truth = (0.0, 0) if index < 10 else (1.0, 1)
        labels.add(seen(1, 0, label=truth, since=since), face(1, 0, label), index / 10)
    figures = labels.figures()
    assert (figures.flips, figures.true_changes) == (3, 1)
    assert figures.delays == (pytest.approx(0.3),)
    assert figures.right == 12
    assert figures.unknown == 1
    assert figures.minutes == pytest.approx(1.5 / 60)


def test_a_change_that_is_never_told_counts_as_such():
    labels = LabelScore(LABELS, rate=10)
    for index in range(30):
        labels.add(seen(1, 0, label=index // 10, since=float(index // 10)),
                   face(1, 0, 'surprise' if index >= 20 else 'neutral'), index / 10)
    figures = labels.figures()
    assert figures.told == 0.5
    assert figures.delay == 0.0


def test_a_scene_is_the_same_at_every_frame_rate(faces):
    slow = list(Scene(faces, duration=2.0, seed=5).frames(5))
    fast = list(Scene(faces, duration=2.0, seed=5).frames(10))
    for one, other in zip(slow, fast[::2], strict=True):
        assert one.people == other.people
        np.testing.assert_array_equal(one.image, other.image)
    other_seed = next(Scene(faces, duration=2.0, seed=6).frames(5))
    assert other_seed.people != slow[0].people


def test_faces_lie_where_the_truth_says_and_hide_each_other(faces):
    scene = Scene(faces, people=4, posts=0, duration=20.0, seed=1)
    shares = []
    for frame in scene.frames(2):
        assert frame.image.shape == (480, 640, 3)
        nearest = frame.people[-1]
        sizes = [one.box[2] for one in frame.people]
        assert sizes == sorted(sizes)
        inside = min(nearest.box[0], 640 - nearest.box[0] - nearest.box[2]) >= 0
        assert nearest.visible == pytest.approx(1.0, abs=0.06) or not inside
        shares += [one.visible for one in frame.people]
        for one in frame.people:
            covered = sum(overlap(one.box, other.box) for other in frame.people
                          if other.box[2] > one.box[2])
            if covered == 0 and 0 <= one.box[0] <= 640 - one.box[2]:
                assert one.visible == pytest.approx(1.0, abs=0.06)
    assert min(shares) < 0.3


def test_the_picture_shows_the_label_that_is_told(faces):
    scene = Scene(faces, people=1, posts=0, duration=10.0, seed=2)
    (person,) = scene.people
    compared = 0
    for frame in scene.frames(4):
        one = frame.people[0]
        around = [person.expression(max(0.0, frame.stamp + t)).begin for t in (-0.15, 0.15)]
        if set(around) != {one.since} or one.visible < 0.95:
            continue  # from one expression to the next, or cut by the border
        x, y, side = (round(value) for value in one.box[:3])
        mean = frame.image[y + 5:y + side - 5, x + 5:x + side - 5].mean()
        assert mean == pytest.approx(30 + 80 * one.label, abs=12)
        compared += 1
    assert compared > 20


def test_the_simulated_detector_errs_as_it_says(faces):
    found = visible = hidden = wrong = 0
    detector = SimulatedDetector(0)
    for frame in Scene(faces, duration=20.0, seed=3).frames(30):
        frames = [frame_of(one.box, FER_FRAMING['haar']) for one in detector.detect(frame)]
        for one in frame.people:
            hit = any(overlap(one.box, other) > 0.5 for other in frames)
            visible += one.visible > 0.95 and one.blur < 0.02
            found += hit and one.visible > 0.95 and one.blur < 0.02
            hidden += one.visible < 0.2
        wrong += sum(all(overlap(one.box, other) == 0 for one in frame.people)
                     for other in frames)
    assert 0.9 < found / visible < 0.99
    assert hidden > 50
    assert 20 < wrong < 200


def made_up(faces, seed, rate=30):
    """Return observations whose answers waver about the truth as those of a model do."""
    rng = np.random.default_rng(seed)
    detector, observations = SimulatedDetector(seed), []
    for frame in Scene(faces, duration=15.0, seed=seed).frames(rate):
        found = detector.detect(frame)
        logits = rng.normal(0, 1.2, (len(found), 3))
        for row, one in enumerate(found):
            box = frame_of(one.box, FER_FRAMING['haar'])
            nearest = max(frame.people, key=lambda person: overlap(person.box, box))
            logits[row, nearest.label] += 2.0
        powers = np.exp(logits)
        raw = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
        observations.append(Observation(frame.stamp, frame.people, tuple(found), raw))
    return observations


def compare(scenes, make, rate=30):
    figures = [score(scene, follow(scene, make()), labels=LABELS, rate=rate, convention='haar')
               for scene in scenes]
    return (functools.reduce(operator.add, (identity for identity, _ in figures)),
            functools.reduce(operator.add, (labels for _, labels in figures)))


@pytest.fixture(scope='module')
def scenes(faces):
    return [made_up(faces, seed) for seed in range(4)]


def plain(**options):
    return Labeller(
        LABELS, 0.5, **{'hysteresis': 0.0, 'margin': 0.0, 'min_dwell': 0.0, **options})


def test_the_tracker_keeps_numbers_better_than_overlap_does(scenes):
    seldom = [scene[::3] for scene in scenes]  # ten frames a second
    ours, _ = compare(seldom, lambda: Follower(Tracker(), Smoother(0.0), plain()), 10)
    theirs, _ = compare(seldom, lambda: Follower(OverlapTracker(), Smoother(0.0), plain()), 10)
    assert ours.switches < 0.9 * theirs.switches
    assert ours.ids < 0.7 * theirs.ids
    assert ours.idf1 > theirs.idf1
    assert ours.mota > theirs.mota
    assert ours.misses < 1.05 * theirs.misses


def test_smoothing_and_steady_labels_flicker_less_and_are_right_more_often(scenes):
    _, raw = compare(scenes, lambda: Follower(Tracker(), Smoother(0.0), plain()))
    _, mean = compare(scenes, lambda: Follower(Tracker(), MeanFilter(0.3), plain()))
    _, ours = compare(scenes, lambda: Follower(Tracker(), Smoother(), Labeller(LABELS, 0.5)))
    assert raw.flips_per_minute > 10 * raw.true_changes_per_minute
    assert ours.flips_per_minute < 0.1 * raw.flips_per_minute
    assert ours.flips_per_minute < 0.7 * mean.flips_per_minute
    assert ours.right / ours.faces > raw.right / raw.faces + 0.05
    assert ours.right / ours.faces > mean.right / mean.faces
    assert ours.told == 1.0
    assert ours.delay < 0.4


def arguments(*argv):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(argv)


@pytest.fixture
def data(tmp_path, faces):
    """Return labelled faces as an npz with the votes of FER+."""
    votes = np.zeros((30, 10), np.uint8)
    votes[np.arange(30), faces.targets] = 10
    path = tmp_path / 'faces.npz'
    np.savez(path, images=faces.images, ferplus_votes=votes)
    return str(path)


@pytest.mark.parametrize('detector', ['simulated', 'haar'])
def test_the_command_compares_the_ways(data, capsys, detector):
    assert command.run(arguments(
        '--data', data, '--scenes', '2', '--duration', '1', '--rate', '5', '--json',
        '--detector', detector)) == 0
    result = json.loads(capsys.readouterr().out)
    assert list(result['ways']) == list(WAYS)
    assert result['tracker_ms']['faces'] == 20
    assert {row['faces'] for row in result['ways'].values()} \
        == {next(iter(result['ways'].values()))['faces']}


def test_the_command_prints_a_table(data, capsys):
    assert command.run(arguments(
        '--data', data, '--scenes', '1', '--duration', '2', '--rate', '10')) == 0
    out = capsys.readouterr().out
    for name in WAYS:
        assert f'| {name} |' in out
    assert 'tracker, 20 faces:' in out


def test_other_settings_are_one_more_row(data, capsys):
    assert command.run(arguments(
        '--data', data, '--scenes', '1', '--duration', '2', '--rate', '10',
        '--way', 'smoothing=2,track_max_gap=0.5')) == 0
    assert '| smoothing=2,track_max_gap=0.5 |' in capsys.readouterr().out


@pytest.mark.parametrize(('way', 'told'), [
    ('tau=1', 'a NAME of smoothing'), ('smoothing=much', 'no number'),
    ('smoothing=-1', 'time constant'), ('label_margin=2', 'label_margin')])
def test_impossible_settings_are_refused_before_anything_is_done(data, way, told):
    with pytest.raises(ConfigError, match=told):
        command.run(arguments('--data', data, '--way', way))


@pytest.mark.parametrize(('option', 'value'), [
    ('rate', '0'), ('scenes', '0'), ('people', '-1'), ('duration', '0.1'), ('seed', '-1')])
def test_impossible_options_are_refused_by_their_name(data, option, value):
    with pytest.raises(ConfigError, match=f'--{option} must lie'):
        command.run(arguments('--data', data, f'--{option}', value))


def test_all_emotions_have_a_colour_in_the_picture():
    from fer_ros.evaluation.plots import EMOTION_COLORS

    assert len(set(EMOTION_COLORS)) == len(EMOTIONS)
