"""`fer video`: whole files or none, rows that agree with the frames."""

import csv
import json
import signal
import subprocess
import sys
import time

import cv2
import pytest

from fer_ros.cli import main
from fer_ros.commands import progress
from fer_ros.core.sources import Frame


def test_video_writes_video_csv_and_json_lines(clip, tmp_path, capsys):
    code = main(['video', str(clip), '--out', str(tmp_path / 'o.mp4'), '--csv',
                 str(tmp_path / 'o.csv'), '--jsonl', str(tmp_path / 'o.jsonl')])
    assert code == 0
    assert '12 frames' in capsys.readouterr().out
    rows = list(csv.DictReader((tmp_path / 'o.csv').open()))
    assert len(rows) == 9
    assert {row['label'] for row in rows} == {'happiness'}
    assert {row['track_id'] for row in rows} == {'1'}
    lines = [json.loads(line) for line in (tmp_path / 'o.jsonl').read_text().splitlines()]
    assert [len(line['faces']) for line in lines] == [1] * 9 + [0] * 3
    assert lines[5]['time'] == pytest.approx(0.5, abs=0.01)
    video = cv2.VideoCapture(str(tmp_path / 'o.mp4'))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ['o.csv', 'o.jsonl', 'o.mp4']


def test_video_can_leave_out_frames_and_stop_early(clip, tmp_path):
    main(['video', str(clip), '--no-annotate', '--every', '2', '--max-frames', '3', '--jsonl',
          str(tmp_path / 'o.jsonl')])
    lines = [json.loads(line) for line in (tmp_path / 'o.jsonl').read_text().splitlines()]
    assert [line['frame'] for line in lines] == [0, 2, 4]


def test_an_interrupted_video_leaves_no_file(clip, tmp_path, monkeypatch, capsys):
    from fer_ros.core.pipeline import Pipeline

    process, calls = Pipeline.process, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return process(self, *arguments)

    monkeypatch.setattr(Pipeline, 'process', interrupted)
    code = main(['video', str(clip), '--out', str(tmp_path / 'o.mp4'), '--csv',
                 str(tmp_path / 'o.csv')])
    assert code == 130
    assert list(tmp_path.iterdir()) == []


def test_a_camera_interrupted_by_the_user_leaves_whole_files(
        tmp_path, monkeypatch, capsys, astronaut):
    from fer_ros.commands import video
    from fer_ros.core.sources import FrameSource
    from fer_ros.core.sources.base import SourceOptions

    class Camera(FrameSource):
        live = True

        def _pass(self):
            for index in range(4):
                yield Frame(astronaut, index / 10, 'camera')
            raise KeyboardInterrupt

        def _pass_count(self):
            return None

    monkeypatch.setattr(
        video, 'open_source', lambda *_, **__: Camera('0', 10, (512, 512), SourceOptions()))
    assert main(['video', '0', '--out', str(tmp_path / 'o.mp4'), '--csv',
                 str(tmp_path / 'o.csv')]) == 0
    assert '4 frames' in capsys.readouterr().out
    assert len((tmp_path / 'o.csv').read_text().splitlines()) == 5
    assert cv2.VideoCapture(str(tmp_path / 'o.mp4')).get(cv2.CAP_PROP_FRAME_COUNT) == 4


@pytest.mark.parametrize(('number', 'code'), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_video_ended_by_a_signal_leaves_the_older_file(photo, tmp_path, number, code):
    (tmp_path / 'o.csv').write_text('older')
    words = ['video', str(photo), '--fps', '200', '--duration', '600', '--out',
             str(tmp_path / 'o.mp4'), '--csv', str(tmp_path / 'o.csv')]
    # A shell's background jobs ignore SIGINT, and so would their children.
    process = subprocess.Popen(
        [sys.executable, '-c',
         'import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); '
         f'from fer_ros.cli import main; sys.exit(main({words!r}))'],
        stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while not list(tmp_path.glob('.o*.mp4')):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == code
    assert 'Traceback' not in errors
    assert [path.name for path in tmp_path.iterdir()] == ['o.csv']
    assert (tmp_path / 'o.csv').read_text() == 'older'


def test_progress_is_told_now_and_then_where_there_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setattr(progress, '_PERIOD', 0.0)
    with progress.progress(3, 'frame') as step:
        step()
        step()
    assert capsys.readouterr().err.splitlines() == ['frame 1 of 3', 'frame 2 of 3']


def test_a_video_is_not_written_over_its_source(clip, capsys):
    before = clip.read_bytes()
    assert main(['video', str(clip), '--out', str(clip)]) == 1
    assert 'overwrite' in capsys.readouterr().err
    assert clip.read_bytes() == before
