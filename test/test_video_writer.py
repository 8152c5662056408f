"""MP4 files that exist only when they are whole, by each encoder."""

import os
import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

from fer_ros.core import video_encoder
from fer_ros.core.errors import FerError
from fer_ros.core.sources import open_source
from fer_ros.core.video_writer import TimedVideoWriter, VideoWriter


@pytest.fixture(autouse=True, params=[video_encoder.H264, video_encoder.MPEG4])
def codec(request, monkeypatch):
    """Encode with PyAV, and as where it is not installed."""
    if request.param == video_encoder.MPEG4:
        monkeypatch.setitem(sys.modules, 'av', None)
    return request.param


def flat(level, width=64, height=48):
    return np.full((height, width, 3), level, np.uint8)


def levels(path):
    with open_source(path) as source:
        return [int(frame.bgr.mean().round()) for frame in source]


def names(folder):
    return [path.name for path in folder.iterdir()]


def test_frames_come_back(tmp_path):
    path = tmp_path / 'new' / 'folder' / 'out.mp4'
    with VideoWriter(path, 25, (64, 48)) as writer:
        for index, level in enumerate((0, 80, 160)):
            assert writer.count == index
            writer.write(flat(level))
        assert not path.exists()
    assert writer.count == 3
    assert levels(path) == pytest.approx([0, 80, 160], abs=5)
    assert names(path.parent) == ['out.mp4']
    with open_source(path) as source:
        assert (source.fps, source.size) == (25, (64, 48))


def test_the_codec_is_the_best_that_there_is(tmp_path, codec):
    with VideoWriter(tmp_path / 'out.mp4', 25, (64, 48)) as writer:
        writer.write(flat(0))
    assert writer.codec == codec
    number = int(cv2.VideoCapture(str(writer.path)).get(cv2.CAP_PROP_FOURCC))
    assert number.to_bytes(4, 'little') == {'H.264': b'h264'}.get(codec, b'FMP4')


@pytest.mark.parametrize('bgr', [(200, 40, 40), (40, 200, 40), (40, 40, 200)])
def test_colours_come_back_in_their_order(tmp_path, bgr):
    with VideoWriter(tmp_path / 'out.mp4', 25, (64, 48)) as writer:
        writer.write(np.full((48, 64, 3), bgr, np.uint8))
    with open_source(writer.path) as source:
        frame = next(iter(source)).bgr
    assert frame.mean(axis=(0, 1)) == pytest.approx(bgr, abs=12)


def test_detail_is_kept(tmp_path, astronaut):
    """Without being asked for more, the encoder of H.264 gives 34 dB."""
    grey = cv2.cvtColor(cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA),
                        cv2.COLOR_BGR2GRAY)
    with VideoWriter(tmp_path / 'out.mp4', 25, (256, 256)) as writer:
        for _ in range(3):
            writer.write(grey)
    with open_source(writer.path) as source:
        frame = next(iter(source)).bgr
    assert cv2.PSNR(frame, cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)) > (
        35 if writer.codec == video_encoder.H264 else 34)


def test_a_library_that_does_not_work_gives_way_to_the_next(tmp_path, monkeypatch, codec):
    monkeypatch.setattr(
        video_encoder, '_LIBRARIES', {'libx264': {'preset': 'none of these'}, 'mpeg4': {}})
    with VideoWriter(tmp_path / 'out.mp4', 25, (64, 48)) as writer:
        writer.write(flat(90))
    assert writer.codec == codec
    assert levels(writer.path) == pytest.approx([90], abs=5)


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, codec):
    code = f"""
import resource, signal, sys
import numpy as np
if {codec != video_encoder.H264}:
    sys.modules['av'] = None
from fer_ros.core.video_writer import VideoWriter
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
noise = np.random.default_rng(0)
with VideoWriter({str(tmp_path / 'out.mp4')!r}, 25, (320, 240)) as writer:
    for _ in range(100):
        writer.write(noise.integers(0, 255, (240, 320, 3), np.uint8))
"""
    # Coverage could not write its data to the full disk either.
    environment = {key: os.environ[key] for key in os.environ if not key.startswith('COVERAGE')}
    done = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, env=environment)
    assert 'FerError' in done.stderr.splitlines()[-1]
    assert 'out.mp4: ' in done.stderr.splitlines()[-1]
    assert re.search(
        r'cannot be written: |only \d+ of 100 frames could be written; is the disk full\?$',
        done.stderr.strip())
    assert names(tmp_path) == []


@pytest.mark.parametrize('size', [(2, 2), (65, 48), (64, 47), (33, 31)])
def test_odd_sizes_are_stored_one_pixel_larger(tmp_path, size):
    with VideoWriter(tmp_path / 'out.mp4', 25, size) as writer:
        writer.write(flat(90, *size))
    with open_source(writer.path) as source:
        frame = next(iter(source)).bgr
    assert source.size == (size[0] + size[0] % 2, size[1] + size[1] % 2)
    assert np.abs(frame.astype(int) - 90).max() <= 4


@pytest.mark.parametrize('size', [(65, 48), (64, 47), (65, 47)])
def test_pictures_of_odd_sizes_stay_where_they_are(tmp_path, size):
    picture = flat(20, *size)
    picture[24:], picture[:, 32:] = 220, 220
    with VideoWriter(tmp_path / 'out.mp4', 25, size) as writer:
        writer.write(picture)
    with open_source(writer.path) as source:
        frame = next(iter(source)).bgr[:size[1], :size[0]]
    assert np.array_equal(frame > 120, picture > 120)


@pytest.mark.parametrize('fps', [0.5, 14.9925, 29.97002997, 100.123, 240])
def test_frame_rates(tmp_path, fps):
    with VideoWriter(tmp_path / 'out.mp4', fps, (64, 48)) as writer:
        for _ in range(5):
            writer.write(flat(1))
    with open_source(writer.path) as source:
        assert source.fps == pytest.approx(fps, abs=0.01)


def test_grey_frames_are_taken(tmp_path):
    with VideoWriter(tmp_path / 'out.mp4', 25, (64, 48)) as writer:
        writer.write(flat(70)[..., 0])
    assert levels(writer.path) == pytest.approx([70], abs=5)


@pytest.mark.parametrize('frame', [
    flat(0, 64, 50), flat(0).astype(np.float32), np.zeros((48, 64, 4), np.uint8)])
def test_wrong_frames_are_refused(tmp_path, frame):
    with pytest.raises(ValueError, match=r'must be uint8 of shape \(48, 64, 3\)'), \
            VideoWriter(tmp_path / 'out.mp4', 25, (64, 48)) as writer:
        writer.write(frame)


def test_an_exception_leaves_nothing_and_an_older_file_alone(tmp_path):
    path = tmp_path / 'out.mp4'
    path.write_text('older')
    writer = VideoWriter(path, 25, (64, 48))
    writer.write(flat(0))
    with pytest.raises(ValueError, match='shape'), writer:
        writer.write(flat(0, 2, 2))
    assert names(tmp_path) == ['out.mp4']
    assert path.read_text() == 'older'


def test_no_frame_is_no_video(tmp_path):
    with pytest.raises(FerError, match='no frame came'):
        VideoWriter(tmp_path / 'out.mp4', 25, (64, 48)).close()
    assert names(tmp_path) == []


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(FerError, match=r'out\.mp4: cannot be written'):
        VideoWriter(tmp_path / 'file' / 'out.mp4', 25, (64, 48))


def test_a_folder_in_the_way_is_told_at_the_end_and_stays(tmp_path):
    (tmp_path / 'out.mp4').mkdir()
    writer = VideoWriter(tmp_path / 'out.mp4', 25, (64, 48))
    writer.write(flat(0))
    with pytest.raises(FerError, match=r'out\.mp4: cannot be written: Is a directory'):
        writer.close()
    assert names(tmp_path) == ['out.mp4']


def test_a_size_that_no_encoder_takes_leaves_nothing(tmp_path):
    with pytest.raises(FerError, match=(
            r'out\.mp4: this OpenCV cannot encode MP4 of 1048576x1048576 \(it needs FFmpeg; the '
            r'wheel opencv-python-headless has it\)')):
        VideoWriter(tmp_path / 'out.mp4', 25, (2**20, 2**20))
    assert names(tmp_path) == []


def test_after_the_end_nothing_is_written(tmp_path):
    writer = VideoWriter(tmp_path / 'out.mp4', 25, (64, 48))
    writer.write(flat(0))
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match=r'out\.mp4 is closed'):
        writer.write(flat(0))


def test_what_somebody_else_took_away_can_be_dropped(tmp_path):
    writer = VideoWriter(tmp_path / 'out.mp4', 25, (64, 48))
    (tmp_path / names(tmp_path)[0]).unlink()
    writer.discard()
    assert names(tmp_path) == []


@pytest.mark.parametrize(('arguments', 'message'), [
    (('out.avi', 25, (64, 48)), r'end in \.mp4'), (('out.mp4', 0, (64, 48)), 'fps'),
    (('out.mp4', float('nan'), (64, 48)), 'fps'), (('out.mp4', 25, (1, 48)), 'got 1x48'),
    (('out.mp4', 25, (64, 1)), 'size must be at least 2x2 pixels, got 64x1')])
def test_wrong_arguments(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        VideoWriter(tmp_path / arguments[0], *arguments[1:])


@pytest.mark.parametrize(('stamps', 'expected'), [
    ([0, 0.1, 0.2, 0.3], [0, 40, 80, 120]),  # at the rate of the file
    ([7, 7.3, 7.4], [0, 0, 0, 40, 80]),  # a pause stands still
    ([0, 0.01, 0.1], [40, 80]),  # faster than the file: the newest counts
    ([0, 0.1, 90, 90.3], [0, 40, 80, 80, 80, 120]),  # a long pause is left out
    ([0, 5], [0] * 50 + [40]), ([0, 5.1], [0, 40]),  # that is, one of more than 5 s
    ([5, 5.1, 0, 0.1], [0, 40, 80, 120]),  # a clock that jumps back
])
def test_timed_frames_stand_where_their_stamps_say(tmp_path, stamps, expected):
    writer = TimedVideoWriter(tmp_path / 'out.mp4', fps=10)
    for index, stamp in enumerate(stamps):
        writer.write(stamp, flat(40 * index))
    assert writer.close()
    assert not writer.close()
    assert levels(writer.path) == pytest.approx(expected, abs=5)


def test_timed_frames_of_another_size_are_fitted(tmp_path):
    writer = TimedVideoWriter(tmp_path / 'out.mp4', fps=10)
    writer.write(0, flat(50))
    writer.write(0.1, flat(50, 128, 96))
    writer.close()
    assert levels(writer.path) == pytest.approx([50, 50], abs=5)


def test_timed_runs_at_thirty_frames_a_second(tmp_path, codec):
    writer = TimedVideoWriter(tmp_path / 'out.mp4')
    assert (writer.codec, writer.count) == ('', 0)
    writer.write(3, flat(0))
    writer.write(3.1, flat(0))
    assert (writer.codec, writer.count) == (codec, 3)
    writer.close()
    with open_source(writer.path) as source:
        assert source.fps == 30


def test_timed_without_frames_makes_no_file(tmp_path):
    assert not TimedVideoWriter(tmp_path / 'out.mp4').close()
    assert names(tmp_path) == []


def test_timed_can_be_dropped(tmp_path):
    writer = TimedVideoWriter(tmp_path / 'out.mp4')
    writer.write(0, flat(0))
    writer.discard()
    writer.discard()
    assert not writer.close()
    assert names(tmp_path) == []
