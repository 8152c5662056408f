"""What `fer evaluate detector --out` writes: figures, plots, contact sheets, one HTML file."""

import contextlib
import json
import re

import cv2
from detector_support import contender, write_world
import pytest

from fer_ros.cli import main
from fer_ros.data.faces import read_backgrounds, read_faces
from fer_ros.evaluation.detector.comparison import compare
from fer_ros.evaluation.detector.plots import PICTURES
from fer_ros.evaluation.detector.study import write_study
from fer_ros.evaluation.detector.subsets import Material, SUBSETS


@contextlib.contextmanager
def silent(total, unit):
    yield lambda: None


@pytest.fixture(scope='module')
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp('world'))


@pytest.fixture(scope='module')
def study(world, tmp_path_factory):
    """Return a function that writes a report into a folder, and that folder."""
    material = Material(read_faces(world, 'val'), read_backgrounds(world, 'val'),
                        masked_sources=['masked'], scenes=4)
    comparison = compare(
        [contender('keen', least=8), contender('<blunt>', least=50, landmarks=False)], material,
        list(SUBSETS), repeats=2, progress=silent)
    comparison.result.update(
        command='fer evaluate detector', networks={}, data={'files': ['a & b'], 'sha256': '0'})
    folder = tmp_path_factory.mktemp('out') / 'report'

    def write(**options):
        write_study(folder, comparison, material, progress=silent, **options)
        return folder

    write()
    return write, folder


def test_the_report_holds_its_pictures_and_asks_nothing_of_the_network(study):
    _, folder = study
    assert {path.stem for path in folder.glob('*.png')} >= {
        *PICTURES, 'hits_keen', 'misses_blunt'}
    page = (folder / 'report.html').read_text()
    pictures = len(list(folder.glob('*.png')))
    assert page.count('src="data:image/png;base64,') == pictures
    assert not re.search(r'(src|href)="(?!data:)', page)
    assert '&lt;blunt&gt;' in page
    assert '<blunt>' not in page
    assert 'a &amp; b' in page
    assert not list(folder.glob('.*'))
    result = json.loads((folder / 'metrics.json').read_text())
    assert result['names'] == ['keen', '<blunt>']
    assert '| as they are | 12 |' in (folder / 'table.md').read_text()


def test_sheets_show_what_they_say(study):
    _, folder = study
    # This detector misses every small face: a row of twelve tiles at least.
    sheet = cv2.imread(str(folder / 'misses_blunt.png'))
    assert sheet.shape[1] > 12 * 90
    # One that errs nowhere has no sheet of false alarms.
    assert not (folder / 'false_keen.png').exists()


def test_a_report_without_faces_leaves_none_of_an_earlier_one(study):
    write, folder = study
    write(faces=False)
    assert {path.stem for path in folder.glob('*.png')} == set(PICTURES)
    assert 'class=faces' not in (folder / 'report.html').read_text()


def test_the_command_writes_a_report(world, tmp_path, capsys):
    threads = cv2.getNumThreads()
    try:
        assert main(['evaluate', 'detector', str(world), '--out', str(tmp_path / 'out'),
                     '--limit', '2', '--timed', '1']) == 0
    finally:
        cv2.setNumThreads(threads)
    assert 'report.html' in capsys.readouterr().err
    assert (tmp_path / 'out' / 'report.html').is_file()
    assert (tmp_path / 'out' / 'hits_fer_face.png').is_file() \
        or (tmp_path / 'out' / 'misses_fer_face.png').is_file()
