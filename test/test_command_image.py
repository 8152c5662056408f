"""`fer image`: pictures, tables and JSON, also of a folder, of bad files and of no face."""

import json
from pathlib import Path
import struct

import cv2
import numpy as np
import pytest

from fer_ros.cli import main


def test_image_writes_an_annotated_picture_and_a_table(photo, tmp_path, capsys):
    assert main(['image', str(photo), '--out', str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert 'happiness' in output
    picture = cv2.imread(str(tmp_path / 'astronaut_emotions.png'))
    given = cv2.imread(str(photo))
    assert picture.shape == given.shape
    assert 0.005 < np.any(picture != given, axis=2).mean() < 0.5


def test_image_prints_json(photo, capsys):
    assert main(['image', str(photo), '--json', '-', '--no-annotate']) == 0
    content = json.loads(capsys.readouterr().out)
    face, = content['images'][0]['faces']
    assert sum(face['probabilities'].values()) == pytest.approx(1, abs=1e-3)
    assert list(face['probabilities']) == content['labels']
    assert 'annotated' not in content['images'][0]


def test_image_goes_on_after_a_bad_file_and_names_it(photo, tmp_path, capsys):
    bad = tmp_path / 'bad.jpg'
    bad.write_bytes(b'no picture')
    code = main(['image', str(bad), str(tmp_path / 'missing.png'), str(photo),
                 '--out', str(tmp_path)])
    assert code == 1
    captured = capsys.readouterr()
    assert 'bad.jpg' in captured.err
    assert 'missing.png' in captured.err
    assert 'Traceback' not in captured.err
    assert (tmp_path / 'astronaut_emotions.png').exists()


def test_image_without_face_says_so(tmp_path, capsys):
    cv2.imwrite(str(tmp_path / 'wall.png'), np.full((120, 160, 3), 90, np.uint8))
    assert main(['image', str(tmp_path / 'wall.png')]) == 0
    assert 'no face found' in capsys.readouterr().out


def test_image_takes_a_whole_image_as_a_face(tmp_path, capsys, astronaut):
    cv2.imwrite(str(tmp_path / 'crop.png'), astronaut[50:175, 160:285])
    assert main(['image', str(tmp_path), '--whole-image']) == 0
    assert 'happiness' in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ['crop.png']


def test_a_whole_image_of_which_the_model_is_not_sure_is_unknown(tmp_path, capsys, astronaut):
    cv2.imwrite(str(tmp_path / 'crop.png'), astronaut[50:175, 160:285])
    main(['image', str(tmp_path), '--whole-image', '--unknown-threshold', '1', '--json', '-'])
    face, = json.loads(capsys.readouterr().out)['images'][0]['faces']
    assert face['label'] == 'unknown'
    assert face['box'] == [0, 0, 125, 125]


def test_a_folder_done_twice_does_not_take_its_own_pictures(photo, tmp_path, capsys):
    (tmp_path / 'a.png').write_bytes(photo.read_bytes())
    (tmp_path / 'my_emotions.png').write_bytes(photo.read_bytes())  # of nothing: a picture
    for _ in range(2):
        assert main(['image', str(tmp_path), '--json', '-']) == 0
        images = json.loads(capsys.readouterr().out)['images']
        assert [Path(image['file']).name for image in images] == ['a.png', 'my_emotions.png']


def test_pictures_of_one_name_do_not_overwrite_each_other(photo, tmp_path, capsys):
    files = [tmp_path / name for name in ('1/a.png', '2/a.png', 'a.bmp')]
    for file in files:
        file.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(file), cv2.imread(str(photo)))
    out = tmp_path / 'out'
    assert main(['image', *map(str, files), str(files[0]), '--out', str(out)]) == 0
    assert len(list(out.iterdir())) == 3
    assert main(['image', str(files[0])]) == 0
    given = (tmp_path / '1' / 'a_emotions.png').read_bytes()
    assert main(['image', str(files[0]), str(tmp_path / '1' / 'a_emotions.png')]) == 0
    assert (tmp_path / '1' / 'a_emotions.png').read_bytes() == given, 'an input was overwritten'


def test_a_photo_taken_sideways_is_turned_upright(tmp_path, capsys, astronaut):
    """EXIF orientation 6: the top of the scene is at the right side of the stored picture."""
    tiff = struct.pack('<2sHIHHHIHHI', b'II', 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b'Exif\0\0' + tiff
    stored = cv2.rotate(astronaut[:400], cv2.ROTATE_90_COUNTERCLOCKWISE)
    data = cv2.imencode('.jpg', stored)[1].tobytes()
    (tmp_path / 'phone.jpg').write_bytes(
        data[:2] + b'\xff\xe1' + struct.pack('>H', len(exif) + 2) + exif + data[2:])
    assert main(['image', str(tmp_path), '--json', '-', '--no-annotate']) == 0
    image, = json.loads(capsys.readouterr().out)['images']
    assert (image['width'], image['height']) == (512, 400)
    assert [face['label'] for face in image['faces']] == ['happiness']


def test_an_empty_folder_is_an_error(tmp_path, capsys):
    assert main(['image', str(tmp_path)]) == 1
    assert 'holds no image' in capsys.readouterr().err
