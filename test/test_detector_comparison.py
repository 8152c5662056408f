"""Detectors side by side on a made-up world, and the command that does it."""

import argparse
import contextlib
import json

import cv2
from detector_support import Blobs, contender, write_world
import numpy as np
import pytest

from fer_ros.core.detector import HaarDetector
from fer_ros.core.errors import ConfigError, DataError
from fer_ros.data.faces import read_backgrounds, read_faces
from fer_ros.evaluation.detector import command
from fer_ros.evaluation.detector.comparison import compare
from fer_ros.evaluation.detector.contenders import Contender, contenders
from fer_ros.evaluation.detector.subsets import INPUT, Material, PARTS, SUBSETS
from fer_ros.evaluation.detector.table import markdown

FACES = [name for name, subset in SUBSETS.items() if subset.faces]


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp('world'))


@contextlib.contextmanager
def silent(total, unit):
    yield lambda: None


def material(folder, **options):
    return Material(read_faces(folder, 'val'), read_backgrounds(folder, 'val'),
                    masked_sources=['masked'], **options)


@pytest.fixture(scope='module')
def comparison(world):
    keen, blunt = contender('keen', least=8), contender('blunt', least=50)
    return compare([keen, blunt], material(world, scenes=6), list(SUBSETS), repeats=2,
                   progress=silent)


def test_every_kind_of_pictures_is_there(comparison):
    result = comparison.result
    assert set(result['subsets']) == {*FACES, *PARTS}
    assert set(result['empty']) == set(SUBSETS) - set(FACES)
    # A third wears masks already, and gets none drawn.
    assert result['subsets']['masks']['pictures'] == 4
    assert result['subsets']['drawn_masks']['pictures'] == 8
    assert result['subsets']['whole']['faces'] == 12
    assert result['empty']['empty']['pictures'] == 10


def test_a_detector_that_sees_everything_finds_everything(comparison):
    for name in ('whole', 'roll_30', 'roll_45', 'upright_large', 'frames'):
        row = comparison.result['subsets'][name]['detectors']['keen']
        assert (row['recall'], row['ap']) == (1.0, 1.0), name
    assert comparison.result['empty']['empty']['detectors']['keen']['per_100'] == 0


def test_one_that_sees_large_faces_only_finds_those(comparison):
    result = comparison.result
    assert result['subsets']['small']['detectors']['blunt']['recall'] == 0.0
    assert result['subsets']['upright_large']['detectors']['blunt']['recall'] >= 0.8
    assert result['subsets']['whole']['differences']['blunt']['recall'] > 0
    sizes = result['sizes']['detectors']
    for row in sizes.values():
        assert sum(row['faces']) == sum(
            result['subsets'][name]['faces'] for name in ('whole', 'small', 'tiny'))
    known = [share for share in sizes['blunt']['recall'] if share is not None]
    assert known[0] == 0.0
    assert known[-1] == 1.0


def test_landmarks_are_measured_against_labels_and_people(comparison):
    upright = comparison.result['subsets']['upright_large']['landmarks']
    assert upright['keen']['median'] < 0.05
    # This one's points do not turn with the face.
    turned = comparison.result['subsets']['roll_45_large']['landmarks']
    assert turned['keen']['median'] > 4 * upright['keen']['median']
    people = comparison.result['people']
    assert people['teacher']['median'] == pytest.approx(0, abs=1e-3)
    assert people['keen']['n'] == 12


def test_all_detectors_see_the_same_pictures_at_the_same_size(world):
    made = []

    def make(**_):
        made.append(Blobs())
        return made[-1]

    compare([Contender('one', make), Contender('two', make)], material(world), ['small'],
            repeats=0, progress=silent)
    assert [one.seen for one in made] == [[(INPUT, INPUT, 3)] * 12] * 2


def test_pictures_are_the_same_every_time_and_differ_by_the_seed(world):
    for name, subset in SUBSETS.items():
        # The first of each room is the whole, with any seed.
        place = 3 if name == 'empty' else 1
        first, again, other = (
            subset.make(material(world, seed=seed), place) for seed in (0, 0, 1))
        np.testing.assert_array_equal(first.image, again.image, name)
        np.testing.assert_array_equal(first.labels.boxes, again.labels.boxes, name)
        assert name == 'empty_frames' or not np.array_equal(first.image, other.image), name


def test_a_limit_takes_a_part_of_every_kind(world):
    few = material(world, limit=3)
    assert max(subset.count(few) for subset in SUBSETS.values()) == 3


def test_faces_below_the_smallest_of_a_reduced_frame_need_not_be_found(world):
    wanted = [material(world, min_face_size=size) for size in (0.1, 0.5)]
    counts = [sum(int((~SUBSETS['frames'].make(one, place).labels.ignored).sum())
                  for place in range(12)) for one in wanted]
    assert counts == [12, 0]


def test_the_tables_hold_every_detector_and_kind(comparison):
    text = markdown(comparison.result)
    for subset in comparison.result['subsets'].values():
        assert f'| {subset["title"]} | {subset["faces"]} |' in text
    assert 'keen less blunt' in text
    assert '| 320x240 | blunt |' in text
    assert "people's points" in text
    json.dumps(comparison.result, allow_nan=False)


def test_contenders_are_read_from_their_names():
    [haar, row] = contenders(['haar'], ['min_windows=3,min_face_size=0.2'])
    assert (haar.name, row.name) == ('haar', 'haar min_windows=3,min_face_size=0.2')
    assert isinstance(row.detector(keen=True, close=True), HaarDetector)


def test_data_without_landmarks_and_rooms_lack_only_what_needs_them(tmp_path):
    folder = write_world(tmp_path / 'world', 4, people=False)
    entries = json.loads((folder / 'faces.json').read_text())
    for entry in entries:
        del entry['faces'][0]['landmarks']
    (folder / 'faces.json').write_text(json.dumps(entries))
    (folder / 'backgrounds.json').unlink()
    result = compare(
        [contender('one')], material(folder, scenes=2), list(SUBSETS), repeats=0,
        progress=silent).result
    assert result['people'] == result['empty'] == {}
    assert set(result['subsets']) == {*FACES, *PARTS} - {'drawn_masks', 'upright_large'}
    assert all(subset['landmarks'] == {} for subset in result['subsets'].values())
    assert 'Landmarks' not in markdown(result)


def test_far_faces_only_leave_the_scenes_out(tmp_path):
    folder = write_world(tmp_path / 'world', 2)
    entries = json.loads((folder / 'faces.json').read_text())
    for entry in entries:
        entry['faces'][0]['box'] = [50, 50, 62, 65]
        del entry['faces'][0]['landmarks']
    (folder / 'faces.json').write_text(json.dumps(entries))
    result = compare([contender('one')], material(folder), ['whole', 'small', 'tiny', 'scenes'],
                     repeats=1, progress=silent).result
    assert set(result['subsets']) == {'whole', 'tiny'}
    assert result['scenes'] is None
    assert set(result['speed']) == {'320x240', '320x320', '640x480'}


def test_two_networks_of_one_detector_are_told_apart_by_their_files(tmp_path, monkeypatch):
    for name in ('small.onnx', 'large.onnx'):
        (tmp_path / name).write_bytes(b'')
    monkeypatch.setattr('fer_ros.evaluation.detector.contenders.create_detector',
                        lambda name, **options: Blobs())
    both = contenders([f'yunet:{tmp_path / "small.onnx"}', f'yunet:{tmp_path / "large.onnx"}'])
    assert [one.name for one in both] == ['yunet small', 'yunet large']


@pytest.mark.parametrize(('names', 'rows', 'told'), [
    (['mtcnn'], [], "no detector 'mtcnn'"), (['haar', 'haar'], [], 'given twice'),
    (['yunet:'], [], 'no file behind the colon'), (['yunet'], [], 'needs a network file'),
    ([], ['colour=1'], 'write NAME=VALUE'), ([], ['min_face_size'], 'write NAME=VALUE'),
    ([], ['min_windows=many'], 'write NAME=VALUE')])
def test_a_wrong_detector_is_refused_with_the_names(names, rows, told):
    with pytest.raises(ConfigError, match=told):
        contenders(names, rows)


def arguments(argv):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(part) for part in argv])


@pytest.fixture
def threads():
    before = cv2.getNumThreads()
    yield
    cv2.setNumThreads(before)


def test_the_command_prints_tables(world, capsys, threads):
    assert command.run(arguments(
        [world, '--haar', 'cascade=alt,equalize=1', '--against', 'haar', '--subset', 'scenes',
         '--subset', 'empty_scenes', '--frames', '2', '--timed', '0'])) == 0
    out = capsys.readouterr().out
    assert '2 faces in 2 scenes of 640x480, 1 scenes without a face' in out
    assert '| pictures | faces | haar | haar cascade=alt,equalize=1 |' in out


def test_the_command_prints_json_with_the_data_it_is_of(world, capsys, threads):
    assert command.run(arguments(
        ['--data', world, '--json', '--limit', '2', '--timed', '0', '--subset', 'whole'])) == 0
    result = json.loads(capsys.readouterr().out)
    assert result['names'] == ['fer_face']
    assert result['subsets']['whole']['pictures'] == 2
    assert result['data']['files'] == [
        'backgrounds.json', 'faces.json', 'images.zip', 'backgrounds']
    assert result['speed'] == {}


def test_another_index_goes_with_the_same_pictures(world, tmp_path, capsys, threads):
    entries = json.loads((world / 'faces.json').read_text())[:3]
    (tmp_path / 'clean.json').write_text(json.dumps(entries))
    assert command.run(arguments(
        [world, '--index', tmp_path / 'clean.json', '--json', '--timed', '0', '--subset',
         'whole', '--subset', 'empty'])) == 0
    result = json.loads(capsys.readouterr().out)
    assert result['subsets']['whole']['pictures'] == 3
    assert result['empty']['empty']['pictures'] == 10


@pytest.mark.parametrize(('options', 'told'), [
    ([], 'no data'), (['WORLD', '--data', 'x'], 'given twice'),
    (['WORLD', '--limit', '-1'], '--limit must not be negative'),
    (['WORLD', '--scenes', '0'], '--scenes must be at least 1'),
    (['WORLD', '--face-sizes', '80', '40'], '--face-sizes must be MIN <= MAX'),
    (['WORLD', '--out', 'WORLD/faces.json'], 'is a file'),
    (['nowhere'], 'nowhere'), (['WORLD', '--split', 'none'], 'none'),
    (['WORLD', '--backgrounds', 'WORLD/backgrounds'], 'there is no .*backgrounds.json'),
    (['WORLD', '--skip-source', 'masked', '--skip-source', 'bare'], 'every picture'),
    (['WORLD', '--subset', 'masks'], 'no picture of any of these kinds: masks')])
def test_bad_input_is_refused_by_its_name(world, options, told, threads):
    argv = [option.replace('WORLD', str(world)) for option in options]
    with pytest.raises((ConfigError, DataError), match=told):
        command.run(arguments(argv))


def test_unreadable_pictures_are_named_and_left_out_when_asked(tmp_path, capsys, threads):
    folder = write_world(tmp_path / 'world', 3)
    entries = json.loads((folder / 'faces.json').read_text())
    entries.append(dict(entries[0], file='gone.png'))
    (folder / 'faces.json').write_text(json.dumps(entries))
    argv = [folder, '--subset', 'whole', '--timed', '0', '--json']
    with pytest.raises(DataError, match=r'gone\.png'):
        command.run(arguments(argv))
    assert command.run(arguments([*argv, '--skip-bad'])) == 0
    assert json.loads(capsys.readouterr().out)['subsets']['whole']['pictures'] == 3
