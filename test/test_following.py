"""Who is who is told by the tracker, what each has shown by the filter; both may be one's own."""

import numpy as np
import pytest
from results_support import LABELS

from fer_ros.core.following import Followed, Follower
from fer_ros.core.labelling import Labeller
from fer_ros.core.smoothing import Smoother
from fer_ros.core.tracker import Tracker
from fer_ros.core.types import Face

MARKS = np.arange(10, dtype=np.float32).reshape(5, 2)
FACES = [Face((0.0, 0.0, 50.0, 50.0), 0.9, MARKS), Face((200.0, 0.0, 50.0, 50.0), 0.8)]
RAW = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]], np.float32)


def follower(tracker):
    return Follower(tracker, Smoother(), Labeller(LABELS, 0.5))


def test_an_emotion_has_what_was_found_of_its_face():
    following = follower(Tracker())
    one, other = following.emotions(following.join(FACES, 0.0), RAW, 0.0)
    assert (one.box, one.score) == (FACES[0].box, 0.9)
    np.testing.assert_array_equal(one.landmarks, MARKS)
    assert other.landmarks is None
    assert (one.track_id, other.track_id, one.track_age) == (1, 2, 0.0)
    assert (one.label, other.label) == ('neutral', 'anger')
    np.testing.assert_array_equal(other.raw_probabilities, RAW[1])


@pytest.mark.parametrize(('tracker', 'age', 'numbers'), [
    (None, 0.0, [0, 0]), (Tracker, 0.1, [3, 4])])
def test_reset_forgets_who_was_there_and_what_they_showed(tracker, age, numbers):
    following = follower(tracker and tracker())
    for stamp in (0.0, 0.1):
        found = following.emotions(following.join(FACES, stamp), RAW[::-1].copy(), stamp)
    assert [one.track_age for one in found] == [age, age]
    following.reset()
    found = following.emotions(following.join(FACES, 0.2), RAW, 0.2)
    assert [one.track_id for one in found] == numbers
    assert [one.label for one in found] == ['neutral', 'anger']
    np.testing.assert_allclose([one.probabilities for one in found], RAW, rtol=1e-5)


def test_a_track_that_ended_is_forgotten_by_the_filters_too():
    following = follower(Tracker(max_gap=0.5))
    following.emotions(following.join(FACES, 0.0), RAW, 0.0)
    following.emotions(following.join([], 1.0), RAW[:0], 1.0)
    assert following.smoother._states == following.labeller._states == {}


def test_a_tracker_that_forgets_a_face_is_an_error_and_not_a_face_less():
    class Forgetful(Tracker):
        def update(self, faces, stamp):
            return super().update(faces, stamp)[1:]

    with pytest.raises(ValueError, match='zip'):
        follower(Forgetful()).join(FACES, 0.0)


@pytest.mark.parametrize('raw', [RAW[:1], np.vstack([RAW, RAW])])
def test_each_face_needs_a_distribution(raw):
    with pytest.raises(ValueError, match='zip'):
        follower(None).emotions([Followed(face, None) for face in FACES], raw, 0.0)
