"""What an active emotion_node makes of images, over real DDS."""

from pathlib import Path
import re
import sys
import time

import cv2
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_support import EMOTIONS, GREY
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from ros_support import image_message, NodeProcess, wait_for
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image
from vision_msgs.msg import Detection2DArray

from fer_msgs.msg import EmotionArray
from fer_msgs.srv import ClassifyImage
from fer_ros import Pipeline
from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.image import to_bgr
from fer_ros.nodes.emotion_node import EmotionNode
from fer_ros.nodes.outputs import annotate
from fer_ros.nodes.recognizer import Recognizer


def test_a_face_is_found_where_it_is_under_the_header_of_its_image(running, astronaut):
    image = image_message(astronaut, (12, 345), 'head_camera')
    node = running()
    node.images.publish(image)
    result = node.emotions.wait(1)[0]

    assert result.header == image.header
    assert (result.image_width, result.image_height) == (512, 512)
    (face,) = result.emotions
    region = face.region
    assert region.x_offset < 224 < region.x_offset + region.width  # the nose
    assert region.y_offset < 117 < region.y_offset + region.height
    assert sum(face.probabilities) == pytest.approx(1.0, abs=1e-5)
    assert sum(face.raw_probabilities) == pytest.approx(1.0, abs=1e-5)
    assert face.track_id == 1


def test_the_node_says_what_the_pipeline_says(running, astronaut):
    expected = Pipeline.from_model(tracking=False).process(astronaut).faces[0]
    got = running(tracking=False).show(astronaut).emotions[0]
    assert (got.label, got.track_id) == (expected.label, 0)
    np.testing.assert_allclose(got.probabilities, expected.probabilities, atol=1e-6)
    assert got.confidence == pytest.approx(expected.confidence)


def test_an_image_without_a_face_gives_an_empty_array(running):
    result = running().show(GREY, (3, 4))
    assert result.emotions == []
    assert (result.image_width, result.image_height) == (320, 240)
    assert (result.header.stamp.sec, result.header.stamp.nanosec) == (3, 4)
    assert len(result.class_labels) >= 2


def test_in_a_namespace_everything_is_below_it(running, astronaut):
    assert len(running('robot').show(astronaut).emotions) == 1


def contract():
    """Yield topic, reliability and durability by the table in the README of the nodes."""
    text = (Path(annotate.__file__).parents[1] / 'nodes' / 'README.md').read_text()
    rows = re.findall(r'^\| (`~/[^|]*) \|[^|]*\| ([^|]*) \|[^|]*\|$', text, re.MULTILINE)
    for names, quality in rows:
        for name in re.findall(r'`~/([^`]*)`', names):
            yield (name, *quality.split(', ')[:2])


def test_topics_have_the_quality_of_service_of_the_contract(ros, running):
    running()
    (image,) = ros.probe.get_subscriptions_info_by_topic('/image_raw')
    assert image.qos_profile.reliability == QoSReliabilityPolicy.BEST_EFFORT
    topics = list(contract())
    assert {'emotions', 'detections', 'label_info', 'markers'} < {name for name, *_ in topics}
    for name, reliability, durability in topics:
        (info,) = ros.probe.get_publishers_info_by_topic(f'/emotion_node/{name}')
        assert info.qos_profile.reliability.name.lower() == reliability
        assert info.qos_profile.durability.name.lower() == durability.replace(' ', '_')


def test_a_best_effort_camera_is_heard(ros, running, astronaut):
    node = running()
    quality = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)
    camera = ros.publisher(Image, '/image_raw', quality)
    ros.connect(camera, image_message(GREY), node.emotions)
    camera.publish(image_message(astronaut))
    assert len(node.emotions.wait(1)[0].emotions) == 1


def test_annotated_images_are_drawn_only_while_somebody_looks(
        ros, running, astronaut, monkeypatch):
    drawn = []
    draw = annotate.draw
    monkeypatch.setattr(
        annotate, 'draw', lambda *arguments, **options: drawn.append(1) or draw(
            *arguments, **options))
    node = running()
    node.show(astronaut)
    assert drawn == []

    pictures = ros.subscribe(Image, '/emotion_node/image_annotated')
    ros.connect(node.images, image_message(GREY), pictures)
    image = image_message(astronaut, (5, 6), 'optical')
    node.images.publish(image)
    (picture,) = pictures.wait(1)
    assert picture.header == image.header
    pixels = to_bgr(picture)
    assert pixels.shape == astronaut.shape
    assert 0.005 < (pixels != astronaut).any(axis=2).mean() < 0.5

    ros.probe.destroy_subscription(pictures.subscription)
    (publisher,) = (
        p for p in node.node.publishers if p.topic_name == '/emotion_node/image_annotated')
    wait_for(lambda: not publisher.get_subscription_count(), 'the subscriber to be gone')
    drawn.clear()
    node.show(astronaut)
    assert drawn == []


def test_annotated_images_come_compressed_too(ros, running, astronaut):
    node = running()
    pictures = ros.subscribe(CompressedImage, '/emotion_node/image_annotated/compressed')
    ros.connect(node.images, image_message(GREY), pictures)
    node.images.publish(image_message(astronaut, (5, 6)))
    (picture,) = pictures.wait(1)
    assert picture.header.stamp.sec == 5
    assert compressed_to_bgr(picture).shape == astronaut.shape
    size = len(picture.data)
    node.node.set_parameters([Parameter('jpeg_quality', value=10)])
    node.images.publish(image_message(astronaut, (5, 7)))
    assert len(pictures.wait(2)[1].data) < size


def test_detections_say_the_same_as_emotions(ros, running, astronaut):
    node = running()
    detections = ros.subscribe(Detection2DArray, '/emotion_node/detections')
    ros.connect(node.images, image_message(GREY), detections)
    node.emotions.clear()
    emotion = node.show(astronaut, (8, 9)).emotions[0]
    (message,) = detections.wait(1)
    assert message.header.stamp.sec == 8
    (detection,) = message.detections
    assert detection.results[0].hypothesis.class_id == emotion.label
    assert detection.results[0].hypothesis.score == pytest.approx(emotion.confidence)
    assert detection.bbox.size_x == pytest.approx(emotion.region.width, abs=1)


@pytest.mark.parametrize(('parameter', 'topics'), [
    ('publish_pixels', {'/emotion_node/image_annotated',
                        '/emotion_node/image_annotated/compressed'}),
    ('publish_detections', {'/emotion_node/detections', '/emotion_node/label_info'}),
    ('publish_markers', {'/emotion_node/markers'}),
])
def test_topics_that_are_not_wanted_do_not_exist(running, parameter, topics):
    with_all = {p.topic_name for p in running().node.publishers}
    assert topics <= with_all
    without = {p.topic_name for p in running('other', **{parameter: False}).node.publishers}
    assert not {f'/other{topic}' for topic in topics} & without


@pytest.mark.parametrize(('package', 'output'), [
    ('vision_msgs', 'detections'), ('visualization_msgs', 'markers')])
def test_without_optional_messages_the_node_warns_and_works(
        astronaut, ros, tmp_path, package, output):
    # A folder that is found before the real package and cannot be imported.
    (tmp_path / package).mkdir()
    (tmp_path / package / '__init__.py').write_text('raise ImportError("none here")\n')
    code = (f'import sys; sys.path.insert(0, {str(tmp_path)!r});'
            'from fer_ros.nodes.emotion_node import main; sys.exit(main())')
    with NodeProcess('', command=(sys.executable, '-c', code)) as process:
        assert f'no ~/{output}' in process.wait_output(f'{package} is not installed')
        emotions = ros.subscribe(EmotionArray, EMOTIONS)
        images = ros.publisher(Image, '/image_raw')
        # Small enough for the default shared memory of this side, so that none is lost.
        ros.connect(images, image_message(astronaut[::2, ::2].copy()), emotions)
        assert process.stop() == 0


def test_compressed_images(ros, astronaut):
    ros.spin(EmotionNode(context=ros.context, parameter_overrides=[
        Parameter('image_transport', value='compressed')]))
    emotions = ros.subscribe(EmotionArray, EMOTIONS)
    images = ros.publisher(CompressedImage, '/image_raw/compressed')
    message = CompressedImage(
        format='jpeg', data=cv2.imencode('.jpg', astronaut)[1].tobytes())
    message.header.stamp.sec = 4
    ros.connect(images, message, emotions)
    images.publish(message)
    (result,) = emotions.wait(1)
    assert result.header == message.header
    assert len(result.emotions) == 1


def test_a_remapped_image_topic_is_remapped_in_compressed_form_too(ros):
    node = EmotionNode(
        context=ros.context, cli_args=['--ros-args', '-r', 'image_raw:=/front/image'],
        parameter_overrides=[
            Parameter('image_transport', value='compressed'), Parameter('lazy', value=False)])
    ros.spin(node)
    assert '/front/image/compressed' in {s.topic_name for s in node.subscriptions}


def test_parameters_take_effect_with_the_next_image(ros, running, astronaut):
    node = running()
    assert node.show(astronaut, (1, 0)).emotions[0].label != 'unknown'
    node.node.set_parameters([Parameter('unknown_threshold', value=1.0)])
    assert node.show(astronaut, (2, 0)).emotions[0].label == 'unknown'
    answer = ros.call(ClassifyImage, '/emotion_node/classify_image',
                      ClassifyImage.Request(image=image_message(astronaut)))
    assert answer.result.emotions[0].label == 'unknown'
    node.node.set_parameters([Parameter('unknown_threshold', value=-1.0)])
    assert node.show(astronaut, (3, 0)).emotions[0].label != 'unknown'

    two = np.hstack([astronaut[:256, 96:352], astronaut[:256, 96:352]])
    assert len(node.show(two, (4, 0)).emotions) == 2
    node.node.set_parameters([Parameter('max_faces', value=1)])
    assert len(node.show(two, (5, 0)).emotions) == 1


def test_the_start_of_tracks_follows_its_parameter(running, astronaut):
    node = running(track_start_score=1.0)
    assert node.show(np.full_like(astronaut, 90), (0, 900_000_000)).emotions == []
    assert node.show(astronaut, (1, 0)).emotions == []
    assert len(node.show(astronaut, (1, 100_000_000)).emotions) == 1
    node.node.set_parameters([
        Parameter('track_start_score', value=0.5), Parameter('track_max_gap', value=0.5)])
    face, = node.show(astronaut, (2, 0)).emotions
    assert face.track_id == 2


def test_smoothing_follows_its_parameter(running, astronaut):
    dark = (astronaut * 0.4).astype(np.uint8)
    node = running(smoothing_time=60.0)
    node.show(astronaut, (1, 0))
    slow = node.show(dark, (1, 100_000_000)).emotions[0]
    assert not np.array_equal(slow.probabilities, slow.raw_probabilities)
    node.node.set_parameters([Parameter('smoothing_time', value=0.0)])
    fast = node.show(dark, (1, 200_000_000)).emotions[0]
    np.testing.assert_array_equal(fast.probabilities, fast.raw_probabilities)


def test_images_without_a_stamp_are_followed_by_the_nodes_clock(running, astronaut):
    node = running()
    assert node.show(astronaut, (0, 0)).emotions[0].track_age.nanosec == 0
    time.sleep(0.05)
    second = node.show(astronaut, (0, 0))
    assert second.emotions[0].track_age.nanosec > 40_000_000
    assert second.header.stamp.sec == 0


def test_more_images_than_it_can_take_make_no_queue(running, astronaut):
    node = running()
    count = 40
    before = node.count('processed') + node.count('dropped')
    for index in range(count):
        node.images.publish(image_message(astronaut, (1000, index)))
        time.sleep(0.002)
    node.emotions.wait_that(
        lambda m: m.header.stamp.nanosec == count - 1, 'the newest image', timeout=5.0)
    order = [m.header.stamp.nanosec for m in node.emotions.messages]
    assert order == sorted(order)
    assert node.count('processed') + node.count('dropped') - before == count
    assert node.count('dropped') > 0


def test_whatever_fails_the_next_image_is_answered(running, astronaut, monkeypatch):
    node = running(max_consecutive_failures=3)

    def fail(*_):
        raise RuntimeError('out of luck')

    with monkeypatch.context() as patch:
        patch.setattr(Recognizer, 'follow', fail)
        for count in range(1, 4):
            node.images.publish(image_message(astronaut, (count, 0)))
            wait_for(lambda n=count: node.count('failed') == n, 'the failure')
        values = node.values(
            lambda v, s: s.level == DiagnosticStatus.ERROR
            and '3 images in a row failed: RuntimeError: out of luck' in s.message, 'an error')
    assert values['consecutive_failures'] == '3'
    assert len(node.show(astronaut, (4, 0)).emotions) == 1
    values = node.values(lambda v, s: s.level == DiagnosticStatus.OK, 'all well again')
    assert (values['failed'], values['consecutive_failures']) == ('3', '0')
    assert 'out of luck' in values['last_error']


def test_diagnostics_tell_what_runs_and_how_fast(running, astronaut):
    node = running()
    for second in range(1, 4):
        node.show(astronaut, (second, 0))
    model = Pipeline.from_model().model.manifest
    values = node.values(lambda v, s: 'detect_p50_ms' in v or node.images.publish(
        image_message(astronaut)))
    assert values['model'] == model.name
    assert values['model_version'] == model.version
    assert values['model_sha256'] == model.sha256
    assert values['detector'] == 'fer_face'
    assert values['image_topic'] == '/image_raw'
    assert values['image_publishers'] == '/probe (reliable, volatile)'
    assert values['image_converter'].startswith(('cv_bridge', 'fer_ros'))
    assert int(values['processed']) >= 4
    assert 0 < float(values['detect_p50_ms']) <= float(values['detect_p95_ms'])
    assert float(values['detect_p95_ms']) <= float(values['total_max_ms']) < 5000
    assert 10 < float(values['memory_mb']) < 5000


def test_silence_is_reported_and_logged_with_its_cause(ros, capfd):
    diagnostics = ros.subscribe(DiagnosticArray, '/diagnostics')
    ros.spin(EmotionNode(context=ros.context, parameter_overrides=[
        Parameter('image_timeout', value=0.2), Parameter('diagnostics_period', value=0.1),
        Parameter('lazy', value=False)]))
    status = diagnostics.wait_that(
        lambda m: m.status[0].level == DiagnosticStatus.WARN, 'a warning').status[0]
    assert 'on /image_raw: nobody publishes it' in status.message
    assert 'nobody publishes it' in capfd.readouterr().err


def test_simulated_time_rules_stamps_of_diagnostics(ros):
    diagnostics = ros.subscribe(DiagnosticArray, '/diagnostics')
    ros.spin(EmotionNode(context=ros.context, parameter_overrides=[
        Parameter('use_sim_time', value=True)]))
    clock = ros.publisher(Clock, '/clock', 1)
    now = 5000

    def stamps():
        """Return those after the clock has begun: reports come before, too."""
        return [m.header.stamp.sec for m in list(diagnostics.messages) if m.header.stamp.sec]

    end = time.monotonic() + 10
    while len(stamps()) < 3 and time.monotonic() < end:
        clock.publish(Clock(clock=image_message(GREY, (now, 0)).header.stamp))
        now += 1
        time.sleep(0.02)
    found = stamps()
    assert len(found) >= 3
    assert all(5000 <= stamp <= now for stamp in found)
    assert found == sorted(set(found))
