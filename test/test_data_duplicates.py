"""Hashes and duplicates: all near pairs are found, other faces are not taken for them."""

import cv2
from data_support import pattern
import numpy as np
import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.data.duplicates import find_duplicates, rows_to_remove
from fer_ros.data.hashes import hamming, hashes_of, near_pairs

PICTURES = np.stack([pattern(seed) for seed in range(60)])


def saved_again(image, quality=60):
    return cv2.imdecode(
        cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def brighter(image):
    return np.clip(0.8 * image + 30, 0, 255).astype(np.uint8)


def smaller(image):
    return cv2.resize(cv2.resize(image, (30, 30), interpolation=cv2.INTER_AREA), (48, 48))


@pytest.mark.parametrize('limit', [0, 3, 8, 16])
def test_all_near_hashes_are_found_and_no_others(limit):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 1 << 63, 300, dtype=np.uint64)
    for row in range(150, 300):
        flips = rng.choice(64, rng.integers(0, 20), replace=False)
        codes[row] = codes[row - 150] ^ np.bitwise_or.reduce(
            np.uint64(1) << flips.astype(np.uint64), initial=np.uint64(0))
    distance = hamming(codes[:, np.newaxis], codes[np.newaxis])
    expected = np.argwhere(np.triu(distance <= limit, 1))
    assert np.array_equal(near_pairs(codes, limit), expected)
    assert len(expected) > 3


def test_hamming_counts_bits():
    one, other = np.array([0, 1, 2**64 - 1], np.uint64), np.array([0, 2, 0], np.uint64)
    assert hamming(one, other).tolist() == [0, 2, 64]


def test_a_hash_does_not_see_brightness():
    assert np.array_equal(hashes_of(PICTURES), hashes_of(PICTURES // 2 + 40)) or hamming(
        hashes_of(PICTURES), hashes_of(PICTURES // 2 + 40)).max() <= 4


def test_the_limit_of_the_hash_is_checked():
    with pytest.raises(ConfigError, match=r'0\.\.16'):
        near_pairs(np.zeros(2, np.uint64), 17)


@pytest.mark.parametrize(('change', 'exact'), [
    (np.copy, True), (saved_again, False), (brighter, False), (smaller, False)])
def test_a_copy_is_found_and_nothing_else(change, exact):
    found = find_duplicates(np.concatenate([PICTURES, [change(PICTURES[7])]]))
    assert found.pairs.tolist() == [[7, 60]]
    assert found.exact.tolist() == [exact]
    assert not found.mirrored.any()


def test_a_mirrored_copy_is_found_where_it_is_looked_for():
    images = np.concatenate([PICTURES, [PICTURES[7][:, ::-1]]])
    assert len(find_duplicates(images)) == 0
    found = find_duplicates(images, mirror=True)
    assert found.pairs.tolist() == [[7, 60]]
    assert found.mirrored.all()
    assert found.exact.all()


def test_colours_and_other_sizes_are_compared_too():
    images = np.stack([cv2.resize(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), (64, 64))
                       for image in (*PICTURES[:5], PICTURES[2])])
    assert find_duplicates(images).pairs.tolist() == [[2, 5]]


def test_pictures_alike_to_the_hash_alone_are_no_duplicates():
    face = pattern(1)
    other = face.astype(int) + np.random.default_rng(0).integers(-90, 91, face.shape)
    images = np.stack([face, np.clip(other, 0, 255).astype(np.uint8)])
    assert len(near_pairs(hashes_of(images), 8)) == 1
    assert len(find_duplicates(images)) == 0


@pytest.mark.parametrize(('splits', 'removed'), [
    (('train', 'train'), []), (('train', 'validation'), [0]), (('test', 'train'), [1]),
    (('test', 'validation'), [1])])
def test_the_training_side_of_a_pair_goes(splits, removed):
    found = find_duplicates(PICTURES[[3, 3]])
    assert rows_to_remove(found, np.array(splits)).tolist() == removed
