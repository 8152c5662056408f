"""`fer evaluate video`: time stamps, several files, and the tools' exports of labels."""

import json

import cv2
import numpy as np
import pytest
from recording_support import TIMELINE, write_timeline

from fer_ros.cli import main
from fer_ros.core.demo_clip import DEMO_FPS, demo_frames
from fer_ros.core.errors import DataError
from fer_ros.core.sources import VideoSource
from fer_ros.core.sources.base import SourceOptions
from fer_ros.core.types import EMOTIONS
from fer_ros.evaluation.offline.labels.files import read_timelines
from fer_ros.evaluation.offline.labels.words import Words
from fer_ros.evaluation.offline.sources.base import Selection
from fer_ros.evaluation.offline.sources.video import video_units

WORDS = Words(EMOTIONS)


def evaluate(out, *words):
    return main(['evaluate', 'video', *map(str, words), '--out', str(out), '--no-report'])


def figures(out):
    return json.loads((out / 'metrics.json').read_text())


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    """Write every third frame of the demo clip, as an MP4 of its pace."""
    path = tmp_path_factory.mktemp('video') / 'talk.mp4'
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'mp4v'), DEMO_FPS / 3, (320, 240))
    for index, frame in enumerate(demo_frames(size=(320, 240))):
        if index % 3 == 0:
            writer.write(frame)
    writer.release()
    return path


def test_a_video_against_a_timeline(video, tmp_path):
    labels = write_timeline(tmp_path / 'labels.csv')
    assert evaluate(tmp_path / 'out', video, '--labels', labels) == 0
    metrics = figures(tmp_path / 'out')
    stamps = [frame.stamp for frame in VideoSource(video, SourceOptions())]
    assert metrics['frames']['evaluated'] == len(stamps)
    assert metrics['n'] == sum(any(a <= t + 1e-6 < b for a, b, _ in TIMELINE) for t in stamps)
    assert metrics['kind'] == 'video'
    assert metrics['per_class']['happiness']['recall'] > 0.9


def test_stamps_of_a_variable_frame_rate_are_used(tmp_path, monkeypatch):
    """Frames at 0, 0.1, 0.2, 1.2, 2.2 s: the file's own times, not a number over a rate."""
    times = [0.0, 0.1, 0.2, 1.2, 2.2]

    class Capture:
        def __init__(self, *_):
            self.place = -1

        def isOpened(self):  # noqa: N802
            return True

        def read(self):
            self.place += 1
            return self.place < len(times), np.full((48, 64, 3), 90, np.uint8)

        def get(self, what):
            if what == cv2.CAP_PROP_POS_MSEC:
                return 1000 * times[min(self.place, len(times) - 1)]
            return {cv2.CAP_PROP_FPS: 10.0, cv2.CAP_PROP_FRAME_COUNT: 5}.get(what, 0.0)

        def release(self):
            pass

    monkeypatch.setattr(cv2, 'VideoCapture', Capture)
    (tmp_path / 'x.mp4').write_bytes(b'')
    unit, = video_units([str(tmp_path / 'x.mp4')])
    assert [frame.time for frame in unit.frames(Selection())] == pytest.approx(times)
    assert [frame.index for frame in unit.frames(Selection(start=0.2, end=2.0))] == [2, 3]


def test_patterns_and_a_folder_of_labels(video, tmp_path):
    for name in ('a', 'b'):
        (tmp_path / f'{name}.mp4').write_bytes(video.read_bytes())
        write_timeline(tmp_path / f'{name}.csv', TIMELINE if name == 'a' else TIMELINE[:1])
    assert evaluate(tmp_path / 'out', f'{tmp_path}/*.mp4', '--labels', tmp_path) == 0
    metrics = figures(tmp_path / 'out')
    assert metrics['data']['files'] == ['a.mp4', 'b.mp4']
    assert metrics['segments']['n'] == 5
    rows = [('a.mp4', *row) for row in TIMELINE] + [('b', *row) for row in TIMELINE[:1]]
    labels = write_timeline(tmp_path / 'both.csv', rows, 'file,start,end,emotion')
    assert evaluate(tmp_path / 'again', f'{tmp_path}/*.mp4', '--labels', labels) == 0
    assert figures(tmp_path / 'again')['confusion'] == metrics['confusion']


@pytest.mark.parametrize(('words', 'said'), [
    (('{dir}/nothing.mp4',), 'no such video'),
    (('{dir}/a.mp4', '{dir}/b.mp4', '--labels', '{dir}/one.csv'), 'add a column `file`'),
    (('{dir}/a.mp4', '--labels', '{dir}/empty'), 'no labels of a.mp4'),
])
def test_what_cannot_be_done_is_said(words, said, video, tmp_path, capsys):
    for name in ('a', 'b'):
        (tmp_path / f'{name}.mp4').write_bytes(video.read_bytes())
    write_timeline(tmp_path / 'one.csv')
    (tmp_path / 'empty').mkdir()
    assert evaluate(tmp_path / 'out', *(w.format(dir=tmp_path) for w in words)) == 1
    assert said in capsys.readouterr().err


def test_a_file_that_is_no_video_is_left_out_of_several(video, tmp_path):
    (tmp_path / 'a.mp4').write_bytes(video.read_bytes())
    (tmp_path / 'b.mp4').write_bytes(b'not a video')
    rows = [('a.mp4', *row) for row in TIMELINE] + [('b.mp4', *TIMELINE[0])]
    labels = write_timeline(tmp_path / 'labels.csv', rows, 'file,start,end,emotion')
    assert evaluate(tmp_path / 'out', tmp_path / 'a.mp4', tmp_path / 'b.mp4',
                    '--labels', labels) == 0
    assert figures(tmp_path / 'out')['excluded'] == {
        'label without frames': 1, 'unreadable video': 1}


def segments(path):
    found = read_timelines(path, ['talk.mp4'], WORDS)['talk.mp4']
    return [(s.start, s.end, s.emotion, s.person) for s in found]


def test_elan_with_titles(tmp_path):
    path = tmp_path / 'talk.txt'
    path.write_text(
        'Tier\tBegin Time - hh:mm:ss.ms\tBegin Time - ss.msec\tEnd Time - hh:mm:ss.ms\t'
        'End Time - ss.msec\tAnnotation\n'
        'anna\t00:00:00.000\t0.000\t00:00:01.500\t1.500\thappy\n'
        'ben\t00:00:00.500\t0.500\t00:00:02.000\t2.000\tanger\n')
    assert segments(path) == [(0.0, 1.5, 'happiness', 'anna'), (0.5, 2.0, 'anger', 'ben')]


def test_elan_without_titles(tmp_path):
    path = tmp_path / 'talk.txt'
    path.write_text('default\t\t00:00:00.000\t0.000\t00:00:01.500\t1.500\t00:00:01.500\t1.500\t'
                    'happy\ndefault\t\t00:00:02.000\t2.000\t00:00:03.000\t3.000\t'
                    '00:00:01.000\t1.000\tsad\n')
    assert segments(path) == [(0.0, 1.5, 'happiness', ''), (2.0, 3.0, 'sadness', '')]


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-16'])
def test_praat(encoding, tmp_path):
    path = tmp_path / 'talk.TextGrid'
    path.write_text("""File type = "ooTextFile"
Object class = "TextGrid"

xmin = 0
xmax = 3
tiers? <exists>
size = 1
item []:
    item [1]:
        class = "IntervalTier"
        name = "emotion"
        xmin = 0
        xmax = 3
        intervals: size = 3
        intervals [1]:
            xmin = 0
            xmax = 1.25
            text = "happy"
        intervals [2]:
            xmin = 1.25
            xmax = 2
            text = ""
        intervals [3]:
            xmin = 2
            xmax = 3
            text = "fear"
""", encoding=encoding)
    assert segments(path) == [(0.0, 1.25, 'happiness', ''), (2.0, 3.0, 'fear', '')]


def test_what_is_no_export_is_named(tmp_path):
    path = tmp_path / 'talk.txt'
    path.write_text('hello\tworld\n')
    with pytest.raises(DataError, match=r'talk\.txt: expected a tab-delimited export of ELAN'):
        segments(path)
