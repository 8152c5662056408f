"""Cameras, videos, folders and stills as frames."""

import itertools
import logging
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest

from fer_ros.core.errors import FerError, SourceError
from fer_ros.core.sources import (
    CameraSource,
    fit,
    FolderSource,
    is_camera,
    natural_key,
    open_source,
    read_image,
    StillSource,
    VideoSource,
    write_image,
)
from fer_ros.core.sources.base import SourceOptions
from fer_ros.core.video_writer import VideoWriter

FPS = 20.0
COUNT = 30


def flat(level, width=64, height=48):
    return np.full((height, width, 3), level, np.uint8)


@pytest.fixture
def video(tmp_path):
    """Return a video of 30 frames whose grey level is 8 times their number."""
    with VideoWriter(tmp_path / 'clip.mp4', FPS, (64, 48)) as writer:
        for index in range(COUNT):
            writer.write(flat(8 * index))
    return writer.path


@pytest.fixture
def folder(tmp_path):
    """Return a folder of pictures 2, 10 and 1, and files that are none of the frames."""
    place = tmp_path / 'frames'
    for number in (2, 10, 1):
        write_image(place / f'frame{number}.png', flat(number))
    (place / 'notes.txt').write_text('no picture')
    write_image(place / '.hidden.png', flat(0))
    return place


@pytest.fixture
def warnings(caplog):
    """Return caplog, also where a plugin (launch's) has cut the loggers off from the root."""
    loggers = [logging.getLogger(f'fer_ros.core.sources.{name}') for name in ('images', 'video')]
    for logger in loggers:
        logger.propagate = False
        logger.addHandler(caplog.handler)
    yield caplog
    for logger in loggers:
        logger.removeHandler(caplog.handler)
        logger.propagate = True


def levels(source):
    return [int(frame.bgr.mean().round()) for frame in source]


def test_video_yields_every_frame_with_its_stamp(video):
    with open_source(video) as source:
        frames = list(source)
        assert isinstance(source, VideoSource)
        assert (source.fps, source.size, source.frame_count) == (FPS, (64, 48), COUNT)
    assert [frame.stamp for frame in frames] == pytest.approx(np.arange(COUNT) / FPS)
    assert [frame.name for frame in frames[:2]] == ['clip.mp4#0', 'clip.mp4#1']
    # The encoder costs a few grey levels, not the 8 from frame to frame.
    assert np.abs(np.array(levels(frames)) - 8 * np.arange(COUNT)).max() <= 4


def test_video_can_be_read_again(video):
    with open_source(video) as source:
        assert levels(source) == levels(source)


def test_video_is_thinned_and_keeps_its_speed(video):
    with open_source(video, fps=8) as source:
        stamps = [frame.stamp for frame in source]
        assert source.frame_count == len(stamps) == 12
    assert stamps[-1] == pytest.approx((COUNT - 1) / FPS, abs=1 / 8)


def test_video_is_not_sped_up(video):
    with open_source(video, fps=60) as source:
        assert source.fps == FPS
        assert len(list(source)) == COUNT


def test_loop_continues_the_stamps(video):
    with open_source(video, loop=True) as source:
        stamps = [frame.stamp for frame in itertools.islice(source, 2 * COUNT + 5)]
        assert source.frame_count is None
    assert np.diff(stamps) == pytest.approx(np.full(2 * COUNT + 4, 1 / FPS))


@pytest.mark.parametrize(('loop', 'expected'), [(False, COUNT), (True, 40)])
def test_duration_ends_a_source(video, loop, expected):
    with open_source(video, loop=loop, duration=2.0) as source:
        assert len(list(source)) == expected == source.frame_count


@pytest.mark.parametrize(
    ('size', 'expected'),
    [((0, 0), (64, 48)), ((32, 0), (32, 24)), ((0, 96), (128, 96)), ((50, 50), (50, 50))])
def test_size(video, size, expected):
    with open_source(video, size=size) as source:
        frame = next(iter(source))
        assert source.size == expected
        assert frame.bgr.shape == (expected[1], expected[0], 3)


def test_fit_keeps_the_shape_of_the_picture_and_centres_it_on_black():
    fitted = fit(flat(200, 40, 20), (20, 20))
    assert fitted.shape == (20, 20, 3)
    assert (fitted[5:15] == 200).all()
    assert not fitted[:5].any()
    assert not fitted[15:].any()


def test_folder_in_natural_order(folder):
    with open_source(folder, fps=5) as source:
        assert isinstance(source, FolderSource)
        assert [frame.name for frame in source] == ['frame1.png', 'frame2.png', 'frame10.png']
        assert levels(source) == [1, 2, 10]
        assert [frame.stamp for frame in source] == pytest.approx([0, 0.2, 0.4])
        assert source.frame_count == 3


def test_folder_brings_other_sizes_to_that_of_the_first(folder):
    write_image(folder / 'frame3.png', flat(3, 100, 20))
    with open_source(folder) as source:
        assert {frame.bgr.shape for frame in source} == {(48, 64, 3)}


def test_folder_leaves_out_damaged_pictures_and_names_them(folder, warnings):
    (folder / 'frame0.png').write_bytes(b'not a picture')
    (folder / 'frame5.png').write_bytes((folder / 'frame2.png').read_bytes()[:40])
    with open_source(folder, loop=True) as source:
        assert levels(itertools.islice(source, 6)) == [1, 2, 10, 1, 2, 10]
        assert source.skipped == ['frame0.png', 'frame5.png']
    for name in source.skipped:  # told once, not once a round
        assert warnings.text.count(name) == 1


def test_still_begins_with_the_whole_picture_and_moves_smoothly(tmp_path, astronaut):
    path = tmp_path / 'portrait.png'
    small = cv2.resize(astronaut, (128, 128), interpolation=cv2.INTER_AREA)
    write_image(path, small)
    with open_source(path) as source:
        frames = [frame.bgr.astype(float) for frame in source]
        assert isinstance(source, StillSource)
        assert source.frame_count == len(frames) == 150
        assert source.size == (128, 128)
        repeated = [frame.bgr for frame in source]
    assert np.abs(frames[0] - small).max() <= 1
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(frames)]
    assert max(steps) < 2 * np.percentile(steps, 75)  # no jump
    assert max(np.abs(frame - frames[0]).mean() for frame in frames) > 20
    assert np.abs(frames[-1] - frames[0]).mean() < 5  # the path is closed
    assert all((a == b).all() for a, b in zip(frames, repeated, strict=True))


def test_still_of_a_giant_picture_is_reduced(tmp_path):
    path = tmp_path / 'giant.png'
    write_image(path, np.zeros((200, 5000, 3), np.uint8))
    with open_source(path, duration=0.2) as source:
        assert source.size == (1280, 51)
        assert len(list(source)) == 3


def test_picture_without_suffix_is_known_by_its_content(tmp_path):
    write_image(tmp_path / 'picture.png', flat(9))
    (tmp_path / 'picture.png').rename(tmp_path / 'picture')
    assert isinstance(open_source(tmp_path / 'picture'), StillSource)


def test_sixteen_bit_and_grey_pictures_become_bgr(tmp_path):
    path = tmp_path / 'deep.png'
    cv2.imwrite(str(path), np.full((4, 5), 0x80FF, np.uint16))
    assert (read_image(path) == flat(0x80, 5, 4)).all()


def cut(path, share):
    path.write_bytes(path.read_bytes()[:int(path.stat().st_size * share)])
    return path


@pytest.mark.parametrize(('make', 'message'), [
    (lambda d: d / 'absent.mp4', 'no such file or folder'),
    (lambda d: f'{d}/a\0.mp4', 'embedded null byte'),
    (lambda d: d / 'notes.txt', 'not a video'),
    (lambda d: d / 'empty.mp4', 'not a video'),
    (lambda d: cut(d / 'clip.mp4', 0.5), 'cut off'),
    (lambda d: d / 'empty.png', 'not an image'),
    (lambda d: d / 'bare', 'no images in this folder'),
    (lambda d: d / 'broken', 'none of its 2 image files can be read, such as a1.png'),
    (lambda d: d / 'clip.mp4' / 'x', 'Not a directory'),
    (lambda d: d / 'pipe', 'neither a camera, a file nor a folder'),
    (lambda d: '/dev/video987', 'no such device; cameras here:'),
    (lambda d: '987', 'camera /dev/video987: no such device'),
    (lambda d: '/dev/null', 'not a video device'),
    (lambda d: '', 'no source given'),
])
def test_what_cannot_be_opened_is_told(tmp_path, video, make, message):
    (tmp_path / 'notes.txt').write_text('hello')
    (tmp_path / 'empty.mp4').touch()
    (tmp_path / 'empty.png').touch()
    (tmp_path / 'bare').mkdir()
    (tmp_path / 'broken').mkdir()
    for name in ('a10.png', 'a1.png'):
        (tmp_path / 'broken' / name).write_bytes(b'x')
    os.mkfifo(tmp_path / 'pipe')
    spec = make(tmp_path)
    with pytest.raises(SourceError, match=message) as caught:
        open_source(spec)
    assert str(spec) in str(caught.value)


def test_nothing_is_written_to_the_terminal_when_opening_fails(video):
    code = (
        'import contextlib, sys\n'
        'from fer_ros.core.errors import SourceError\n'
        'from fer_ros.core.sources import open_source\n'
        'with contextlib.suppress(SourceError):\n'
        '    open_source(sys.argv[1])\n'
        '    sys.exit(3)\n')
    # A process of its own: FFmpeg's log level holds from its first use in a process.
    done = subprocess.run(
        [sys.executable, '-c', code, str(cut(video, 0.5))], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


def test_files_and_cameras_without_permission(video, tmp_path, monkeypatch):
    monkeypatch.setattr(os, 'access', lambda *_: False)  # root may do anything
    with pytest.raises(SourceError, match=r'clip\.mp4: no permission'):
        open_source(video)
    with pytest.raises(SourceError, match='usermod -aG video'):
        CameraSource.open(tmp_path, SourceOptions())


def test_video_that_breaks_off_is_told(tmp_path, warnings):
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), FPS, (64, 48))
    for index in range(COUNT):
        writer.write(flat(8 * index))
    writer.release()
    with open_source(cut(path, 0.5)) as source:
        count = len(list(source))
    assert 0 < count < COUNT
    assert f'clip.avi: ends after {count} of {COUNT} frames' in warnings.text


@pytest.mark.parametrize('options', [
    {'fps': -1}, {'fps': float('nan')}, {'duration': -1}, {'size': (-1, 0)}])
def test_wrong_options(video, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        open_source(video, **options)


def test_camera_stamps_by_the_clock_and_tells_when_it_is_gone(video):
    capture = cv2.VideoCapture(str(video))  # frames until it is unplugged
    with CameraSource('camera test', capture, SourceOptions(size=(32, 24))) as source:
        stamps = []
        assert source.live
        assert source.frame_count is None
        frames = iter(source)
        for frame in itertools.islice(frames, COUNT):
            stamps.append(frame.stamp)
            assert frame.bgr.shape == (24, 32, 3)
        with pytest.raises(SourceError, match='camera test: delivers no frames'):
            next(frames)
    assert len(stamps) == COUNT
    assert stamps[0] == 0
    assert min(np.diff(stamps)) > 0
    assert not capture.isOpened()


@pytest.mark.parametrize(('spec', 'expected'), [
    ('0', True), ('12', True), ('/dev/video2', True), ('/dev/v4l/by-id/usb-cam', True),
    ('clip.mp4', False), ('1234', False), ('-1', False), ('/dev/null', False), ('٣', False)])
def test_is_camera(spec, expected):
    assert is_camera(spec) is expected


def test_natural_key_sorts_numbers_by_value():
    names = ['b1', 'a10.png', 'A2.png', 'a2b3', 'a', '10', '9']
    assert sorted(names, key=natural_key) == ['9', '10', 'a', 'A2.png', 'a2b3', 'a10.png', 'b1']


def test_write_image_replaces_only_when_it_is_whole(tmp_path):
    path = tmp_path / 'deep' / 'down' / 'out.png'
    write_image(path, flat(5))
    assert (read_image(path) == 5).all()
    with pytest.raises(FerError, match=r'out\.xyz: cannot be encoded'):
        write_image(tmp_path / 'out.xyz', flat(5))
    with pytest.raises(FerError, match='cannot be written'):
        write_image(path / 'inside.png', flat(5))
    assert [p.name for p in path.parent.iterdir()] == ['out.png']
