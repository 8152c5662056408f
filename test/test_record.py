"""`fer record` in a real pseudo-terminal: consent, keys, files, and that they can be evaluated."""

import csv
import json
import os
import pty
import subprocess
import sys
import time

import pytest
from ros_support import NodeProcess

from fer_ros.cli import main
from fer_ros.core.demo_clip import demo_frames
from fer_ros.core.errors import SourceError
from fer_ros.core.video_writer import VideoWriter
from fer_ros.nodes import image_topic


@pytest.fixture(scope='module')
def video(tmp_path_factory):
    """Write four seconds of a face."""
    path = tmp_path_factory.mktemp('video') / 'face.mp4'
    with VideoWriter(path, 15, (320, 240)) as writer:
        for number, frame in enumerate(demo_frames(size=(320, 240))):
            if number < 60:
                writer.write(frame)
    return path


class Terminal:
    """A command in a terminal of its own."""

    def __init__(self, *words):
        self.master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'fer_ros', *map(str, words)], stdin=slave, stdout=slave,
            stderr=slave, start_new_session=True)
        os.close(slave)
        self.text = ''

    def expect(self, text, timeout=60, after=0):
        end = time.monotonic() + timeout
        while text not in self.text[after:]:
            assert time.monotonic() < end, self.text
            try:
                self.text += os.read(self.master, 4096).decode(errors='replace')
            except OSError:  # the other side is closed
                assert text in self.text, self.text

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        while True:
            try:
                data = os.read(self.master, 4096)
            except OSError:
                break
            if not data:
                break
            self.text += data.decode(errors='replace')
        os.close(self.master)
        return self.process.wait(60)


def test_a_session_is_recorded_labelled_and_evaluated(video, tmp_path):
    terminal = Terminal('record', video, '--subject', 'p01', '--out', tmp_path / 'sessions')
    terminal.expect('Type yes:')
    assert 'have the recording deleted' in terminal.text
    assert not (tmp_path / 'sessions').exists()
    terminal.type('yes\n')
    terminal.expect('2 happiness')
    terminal.type('2')
    terminal.expect('s   happiness')
    terminal.type('5')
    terminal.expect('s   anger')
    terminal.type('0')
    assert terminal.end() == 0, terminal.text
    folder = tmp_path / 'sessions'
    assert sorted(p.name for p in folder.iterdir()) == ['p01_01.csv', 'p01_01.json', 'p01_01.mp4']
    rows = list(csv.DictReader((folder / 'p01_01.csv').open()))
    assert [row['emotion'] for row in rows] == ['happiness', 'anger']
    assert {row['person'] for row in rows} == {'p01'}
    assert float(rows[0]['end']) == pytest.approx(float(rows[1]['start']))
    about = json.loads((folder / 'p01_01.json').read_text())
    assert about['subject'] == 'p01'
    assert about['consent']['agreed']
    assert 'pseudonym' in about['consent']['text']
    assert main(['evaluate', 'video', f'{folder}/*.mp4', '--labels', str(folder), '--no-report',
                 '--out', str(tmp_path / 'out')]) == 0
    metrics = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
    assert metrics['n'] > 0
    assert list(metrics['subjects']['each']) == ['p01']


def test_without_consent_nothing_is_recorded(video, tmp_path):
    (tmp_path / 'ours.txt').write_text('Our own text.')
    terminal = Terminal('record', video, '--subject', 'p01', '--out', tmp_path / 'sessions',
                        '--consent', tmp_path / 'ours.txt')
    terminal.expect('Type yes:')
    assert 'Our own text.' in terminal.text
    terminal.type('no\n')
    assert terminal.end() == 1
    assert 'nothing is recorded' in terminal.text
    assert not (tmp_path / 'sessions').exists()


def test_q_ends_and_a_second_session_gets_the_next_number(video, tmp_path):
    for number in (1, 2):
        terminal = Terminal('record', video, '--subject', 'p01', '--out', tmp_path)
        terminal.expect('Type yes:')
        terminal.type('yes\n')
        terminal.expect('no label')
        terminal.type('q')
        assert terminal.end() == 0, terminal.text
        assert (tmp_path / f'p01_0{number}.mp4').is_file()


def test_a_topic_is_recorded(video, tmp_path):
    """A camera node as a process of its own, over DDS, labelled and evaluated."""
    with NodeProcess('fer_ros.nodes.video_node', '--ros-args', '-p', f'source:={video}',
                     '-r', 'image_raw:=/recorded/image_raw'):
        terminal = Terminal('record', '--topic', '/recorded/image_raw', '--subject', 'p02',
                            '--out', tmp_path / 'sessions')
        terminal.expect('Type yes:')
        terminal.type('yes\n')
        terminal.expect('no label')
        terminal.type('2')
        terminal.expect('s   happiness')
        start = len(terminal.text)
        terminal.expect('s   happiness', after=start + 2000)
        terminal.type('q')
        assert terminal.end() == 0, terminal.text
    folder = tmp_path / 'sessions'
    about = json.loads((folder / 'p02_01.json').read_text())
    assert about['source'] == '/recorded/image_raw'
    assert about['frames'] > 10
    assert about['seconds'] > 1
    assert main(['evaluate', 'video', str(folder / 'p02_01.mp4'), '--no-report', '--labels',
                 str(folder), '--out', str(tmp_path / 'out')]) == 0
    metrics = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
    assert metrics['frames']['evaluated'] > 10
    assert metrics['per_class']['happiness']['n'] == metrics['n'] > 0


def test_a_topic_without_images_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(image_topic, '_SILENCE', 1.0)
    with image_topic.ImageTopic('/nothing') as source, pytest.raises(
            SourceError, match='/nothing: no image in 1 s; topics with images: none'):
        next(iter(source))


@pytest.mark.parametrize(('words', 'said'), [
    (('--subject', 'p01'), 'give a camera as SOURCE, or --topic'),
    (('0', '--subject', 'p01'), 'needs a terminal'),
])
def test_what_cannot_be_recorded_is_said(words, said, tmp_path, capsys):
    assert main(['record', *words, '--out', str(tmp_path)]) == 1
    assert said in capsys.readouterr().err
