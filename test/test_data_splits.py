"""Splits: shares are kept, people stay together, chance repeats."""

import numpy as np
import pytest

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.data.splits import divide

TARGETS = np.repeat([0, 1, 2], [100, 50, 10])
UNKNOWN = np.full(160, '')
PEOPLE = np.array([f'p{index % 20}' for index in range(160)])
SHARES = (0.6, 0.2, 0.2)


def test_unknown_people_are_divided_by_emotion():
    splits = divide(TARGETS, UNKNOWN, SHARES, 0)
    for split, share in zip(('train', 'validation', 'test'), SHARES, strict=True):
        counts = np.bincount(TARGETS[splits == split], minlength=3)
        assert counts.tolist() == [100 * share, 50 * share, 10 * share]


def test_no_person_is_in_two_splits_and_emotions_stay_near_their_shares():
    splits = divide(TARGETS, PEOPLE, SHARES, 0)
    for person in set(PEOPLE):
        assert len(set(splits[person == PEOPLE])) == 1
    for target in range(2):
        shares = [(splits[target == TARGETS] == split).mean()
                  for split in ('train', 'validation', 'test')]
        assert np.allclose(shares, SHARES, atol=0.1)


def test_rows_without_a_person_fill_up_what_people_leave():
    subjects = PEOPLE.copy()
    subjects[::2] = ''
    splits = divide(TARGETS, subjects, SHARES, 0)
    assert (splits == 'train').mean() == pytest.approx(0.6, abs=0.1)


@pytest.mark.parametrize('subjects', [UNKNOWN, PEOPLE])
def test_the_seed_decides(subjects):
    one = divide(TARGETS, subjects, SHARES, 1)
    assert np.array_equal(one, divide(TARGETS, subjects, SHARES, 1))
    assert not np.array_equal(one, divide(TARGETS, subjects, SHARES, 2))


def test_a_share_of_zero_gets_nothing():
    assert set(divide(TARGETS, PEOPLE, (0.8, 0.2, 0), 0)) == {'train', 'validation'}


@pytest.mark.parametrize('shares', [(0.5, 0.5), (0.5, 0.4, 0.3), (0, 0.5, 0.5), (1.2, -0.2, 0)])
def test_wrong_shares_are_refused(shares):
    with pytest.raises(ConfigError, match='sum to 1'):
        divide(TARGETS, UNKNOWN, shares, 0)


def test_too_few_people_are_refused():
    with pytest.raises(DataError, match='2 people leave none for'):
        divide(TARGETS, np.array([f'p{i % 2}' for i in range(160)]), SHARES, 0)
