"""What commands write into docs/ is current, and names what there is."""

from pathlib import Path
import re
import runpy

ROOT = Path(__file__).resolve().parents[1]


def test_the_picture_of_the_road_is_current_and_names_files_that_exist():
    drawing = runpy.run_path(str(ROOT / 'tools' / 'docs' / 'draw_road'))
    assert (ROOT / 'docs' / 'images' / 'frame_road.svg').read_text() == drawing['draw']()
    folders = [ROOT / 'fer_ros' / name for name in ('nodes', 'core', '')]
    named = [where for _, _, stops in drawing['ROADS'] for _, where in stops
             if where.endswith(('.py', '/'))]
    assert len(named) > 15
    for where in named:
        assert any((folder / where).exists() for folder in folders), where


def test_the_list_of_licences_has_every_locked_package_and_no_other():
    tool = runpy.run_path(str(ROOT / 'tools' / 'quality' / 'licences'))
    wanted = {}
    for name in tool['PURPOSES']:
        for package, versions in tool['locked'](tool['LOCKS'] / f'{name}.lock').items():
            wanted.setdefault(package, set()).update(versions)
    listed = {}
    for line in tool['PAGE'].read_text().splitlines():
        cells = re.findall(r'\| *([^|]*?) *(?=\|)', line)
        if len(cells) == 3 + len(tool['PURPOSES']) and cells[1][:1].isdigit():
            listed[cells[0]] = set(cells[1].split(', '))
            assert cells[2], f'{cells[0]} without a licence'
    assert listed == wanted, 'make licences'


def test_every_lock_is_among_those_whose_licences_are_listed():
    tool = runpy.run_path(str(ROOT / 'tools' / 'quality' / 'licences'))
    locks = {path.stem for path in (ROOT / 'tools' / 'requirements').glob('*.lock')}
    assert locks == set(tool['PURPOSES'])
