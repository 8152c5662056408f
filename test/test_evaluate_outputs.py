"""What people look at: the report in a browser, annotated videos, bags with results, plots."""

import json

from browser_support import (
    check_appearance,
    check_print,
    check_stands_alone,
    needs_browser,
    pixels_like,
)
import cv2
import numpy as np
import pytest
from recording_support import frames, IMAGES, TIMELINE, write_bag, write_timeline

from fer_ros.cli import main
from fer_ros.core.sources import VideoSource
from fer_ros.core.sources.base import SourceOptions
from fer_ros.evaluation.offline.sources.messages import deserialize, pixels_of, result_of
from fer_ros.evaluation.offline.sources.storage import BagFiles

YELLOW = (66, 228, 240)  # of happiness, in BGR


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    """Evaluate a bag with everything that can be written."""
    folder = tmp_path_factory.mktemp('run')
    write_bag(folder / 'bag', frames(every=3), labels=[(0.0, 'happiness')])
    labels = write_timeline(folder / 'labels.csv')
    assert main(['evaluate', 'bag', str(folder / 'bag'), '--labels', str(labels), '--video',
                 '--bag', '--parquet', '--out', str(folder / 'out')]) == 0
    return folder


def test_the_report_is_one_file_that_loads_nothing(run):
    page = run / 'out' / 'report.html'
    assert check_stands_alone(page) >= 6
    text = page.read_text()
    for words in ('What was left out', 'chance', 'majority', '95 % interval', 'viewport',
                  'prefers-color-scheme: dark', '@media print', IMAGES):
        assert words in text


@needs_browser
def test_the_report_in_a_real_browser(run, tmp_path):
    page = check_appearance(run / 'out' / 'report.html', tmp_path)
    assert pixels_like(page, YELLOW) > 2000  # the timeline


@needs_browser
def test_the_report_can_be_printed(run, tmp_path):
    check_print(run / 'out' / 'report.html', tmp_path)


def test_the_annotated_video_has_the_pace_of_the_recording(run):
    path, = (run / 'out' / 'annotated').glob('*.mp4')
    images = frames(every=3)
    codec = int(cv2.VideoCapture(str(path)).get(cv2.CAP_PROP_FOURCC)).to_bytes(4, 'little')
    assert codec == b'h264'  # which browsers play
    shown = list(VideoSource(path, SourceOptions()))
    assert len(shown) == len(images)
    assert shown[-1].stamp == pytest.approx(images[-1][0], abs=0.05)
    # A box is drawn about the face, where the recording has none.
    assert np.abs(shown[0].bgr.astype(int) - images[0][1]).max() > 100


def test_the_new_bag_holds_the_old_messages_and_the_results(run):
    old, new = BagFiles(run / 'bag'), BagFiles(run / 'out' / 'annotated' / 'bag_emotions')
    assert [file.name for file in new.files] == ['bag_emotions.mcap']
    channels = new.channels()
    assert {name: channel.kind for name, channel in channels.items()} == {
        IMAGES: 'sensor_msgs/msg/Image', '/labels': 'std_msgs/msg/String',
        '/camera/fer/emotions': 'fer_msgs/msg/EmotionArray',
        '/camera/fer/detections': 'vision_msgs/msg/Detection2DArray',
        '/camera/fer/image_annotated/compressed': 'sensor_msgs/msg/CompressedImage'}
    assert all(channel.definition for channel in channels.values())
    images = list(old.messages(frozenset({IMAGES})))
    copied = list(new.messages(frozenset({IMAGES})))
    assert [(m.logged, m.data) for m in images] == [(m.logged, m.data) for m in copied]
    results = [deserialize(m) for m in new.messages(frozenset({'/camera/fer/emotions'}))]
    records = [json.loads(line) for line in next(
        (run / 'out' / 'records').glob('*.jsonl')).read_text().splitlines()[1:]]
    assert len(results) == len(images) == len(records)
    for message, record in zip(results, records, strict=True):
        result = result_of(message)
        assert result.stamp == pytest.approx(record['s'])
        assert [face.label for face in result.faces] == [face[3] for face in record['faces']]
    picture = deserialize(next(iter(
        new.messages(frozenset({'/camera/fer/image_annotated/compressed'})))))
    assert pixels_of(picture, 'sensor_msgs/msg/CompressedImage').shape == (240, 320, 3)
    found = deserialize(next(iter(new.messages(frozenset({'/camera/fer/detections'})))))
    assert found.detections[0].results[0].hypothesis.class_id == 'happiness'


def test_the_new_bag_is_scored_like_the_run_that_made_it(run, tmp_path):
    labels = write_timeline(tmp_path / 'labels.csv', TIMELINE)
    assert main(['evaluate', 'bag', str(run / 'out' / 'annotated' / 'bag_emotions'),
                 '--topic', IMAGES, '--from-topic', '/camera/fer/emotions', '--no-report',
                 '--labels', str(labels), '--out', str(tmp_path / 'out')]) == 0
    mine, theirs = (json.loads((folder / 'metrics.json').read_text())
                    for folder in (tmp_path / 'out', run / 'out'))
    assert mine['confusion'] == theirs['confusion']
    assert mine['accuracy'] == theirs['accuracy']


def test_recorded_results_may_be_the_labels(run, tmp_path):
    """An EmotionArray stream labels its tracks: what the run said agrees with itself."""
    assert main(['evaluate', 'bag', str(run / 'out' / 'annotated' / 'bag_emotions'),
                 '--topic', IMAGES, '--label-topic', '/camera/fer/emotions', '--no-report',
                 '--out', str(tmp_path / 'out')]) == 0
    metrics = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
    assert metrics['n'] > 20
    assert (metrics['accuracy'], metrics['no_face']) == (1.0, 0)


def test_a_plot_of_predictions(run, tmp_path, clip, capsys):
    out = tmp_path / 'timeline.png'
    assert main(['plot', 'timeline', str(run / 'out' / 'predictions.csv'),
                 '--out', str(out)]) == 0
    picture = cv2.imread(str(out))
    assert pixels_like(picture, YELLOW) > 2000
    assert main(['plot', 'timeline', str(run / 'out' / 'predictions.parquet'),
                 '--out', str(tmp_path / 'same.png')]) == 0
    assert np.abs(cv2.imread(str(tmp_path / 'same.png')).astype(int) - picture).mean() < 0.1
    assert main(['video', str(clip), '--no-annotate', '--csv', str(tmp_path / 'v.csv')]) == 0
    assert main(['plot', 'timeline', str(tmp_path / 'v.csv')]) == 0
    assert out.exists()
    (tmp_path / 'x.csv').write_text('a,b\n')
    assert main(['plot', 'timeline', str(tmp_path / 'x.csv')]) == 1
    assert 'no predictions in it' in capsys.readouterr().err
