"""The made-up pictures are the same everywhere, and a folder without record is refused."""

import hashlib

import pytest

from fer_ros.core.errors import ModelError
from fer_ros.evaluation.golden import golden_crops, read_golden


def test_the_pictures_are_the_same_on_every_machine():
    digest = hashlib.sha256(golden_crops(48).tobytes()).hexdigest()
    assert digest == 'c1a2d2a2bdc65565de4921f37bc5447418e41d25cf28506d2a146f065c330c62'


@pytest.mark.parametrize('text', [None, '{', '{}', '{"probabilities": "x"}'])
def test_a_folder_without_record_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / 'golden.json').write_text(text)
    with pytest.raises(ModelError, match='golden'):
        read_golden(tmp_path)
