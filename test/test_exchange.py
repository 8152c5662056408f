"""Model and detector are exchanged between two images, or refused; services answer meanwhile."""

import itertools
import threading
import time

from emotion_support import CameraThread, EMOTIONS
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from ros_support import image_message, NodeProcess, wait_for
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool, Trigger
from test_models import MODELS

from fer_msgs.msg import EmotionArray
from fer_msgs.srv import ClassifyImage
from fer_ros.core.model import load_model
from fer_ros.nodes.emotion_node import EmotionNode
from fer_ros.nodes.executor import NodeExecutor
from fer_ros.nodes.recognizer import Recognizer

DEFAULT = load_model().manifest.name
OTHER = next(name for name in MODELS if name != DEFAULT)


class Stream(CameraThread):
    """A camera that does not stop, and the results with the times at which they came."""

    def __init__(self, ros, bgr, rate=30.0):
        self.results = []
        super().__init__(ros.probe.create_publisher(Image, '/image_raw', 1), bgr, rate)
        self._subscription = ros.probe.create_subscription(
            EmotionArray, EMOTIONS,
            lambda m: self.results.append((time.monotonic(), m)), 100)

    def __enter__(self):
        super().__enter__()
        wait_for(lambda: len(self.results) > 5, 'the stream')
        return self

    @property
    def models(self):
        """Names of the models that answered, in order, without repeats in a row."""
        names = [m.model_name for _, m in list(self.results)]
        return [name for i, name in enumerate(names) if i == 0 or name != names[i - 1]]

    def longest_gap(self, since=0.0):
        times = [t for t, _ in list(self.results) if t >= since]
        return max(b - a for a, b in itertools.pairwise(times))


def set_parameter(ros, **values):
    """Set parameters through the service, as `ros2 param set` does; return the results."""
    request = SetParameters.Request(parameters=[
        Parameter(name, value=value).to_parameter_msg() for name, value in values.items()])
    return ros.call(SetParameters, '/emotion_node/set_parameters', request).results


@pytest.fixture
def process():
    """Return a node as a process, with its own executor."""
    with NodeProcess('fer_ros.nodes.emotion_node') as process:
        process.wait_output('active')
        yield process
        assert process.stop() == 0


def test_a_model_is_exchanged_while_images_flow(ros, process, astronaut):
    small = astronaut[::2, ::2].copy()  # fits the default shared memory of this side
    with Stream(ros, small) as stream:
        usual = stream.longest_gap()
        begin = time.monotonic()
        (result,) = set_parameter(ros, model=OTHER)
        assert result.successful, result.reason
        end = time.monotonic()
        wait_for(lambda: stream.models[-1] == OTHER, 'the other model')
        count = len(stream.results)
        wait_for(lambda: len(stream.results) > count + 5, 'more results')
        assert stream.models == [DEFAULT, OTHER]
        came = sum(begin < t < end for t, _ in stream.results)
        # Results go on while the model is loaded, which takes several images' time.
        assert came > 0 or end - begin < 3 * usual
    assert f'exchanged: model {OTHER}' in process.output


def test_people_keep_their_numbers_when_the_model_is_exchanged(running, astronaut):
    node = running()
    node.show(astronaut, (1, 0))
    assert node.node.set_parameters([Parameter('model', value=OTHER)])[0].successful
    face = node.show(astronaut, (1, 500_000_000)).emotions[0]
    assert (face.track_id, face.track_age.nanosec) == (1, 500_000_000)


def test_a_model_that_cannot_be_had_is_refused_and_the_former_goes_on(
        ros, process, astronaut, model_folder):
    (model_folder / 'model.tflite').write_bytes(b'no network')
    with Stream(ros, astronaut[::2, ::2].copy()) as stream:
        for values, reason in (({'model': str(model_folder)}, 'sha256'),
                               ({'model': 'no_such_model'}, "no model 'no_such_model'"),
                               ({'detector.name': 'yunet'}, 'yunet needs a network file')):
            (result,) = set_parameter(ros, **values)
            assert not result.successful
            assert reason in result.reason
        count = len(stream.results)
        wait_for(lambda: len(stream.results) > count + 5, 'more results')
        assert stream.models == [DEFAULT]
    assert 'refused, the former goes on' in process.output


def test_detector_and_priors_can_be_exchanged_too(running, astronaut):
    node = running()
    before = node.show(astronaut, (1, 0)).emotions[0]
    former = node.node._recognizer
    for name, value in (('detector.min_face_size', 0.9), ('priors', 'balanced'),
                        ('num_threads', 2), ('tracking', False)):
        assert node.node.set_parameters([Parameter(name, value=value)])[0].successful
        assert node.node._recognizer is not former
        former = node.node._recognizer
        if name == 'detector.min_face_size':
            assert node.show(astronaut, (2, 0)).emotions == []
            assert node.node.set_parameters([Parameter(name, value=0.09)])[0].successful
            former = node.node._recognizer
    after = node.show(astronaut, (3, 0)).emotions[0]
    assert (before.track_id, after.track_id) == (1, 0)
    assert list(after.raw_probabilities) != list(before.raw_probabilities)


def test_what_is_refused_is_refused_before_anything_is_loaded(running, monkeypatch):
    node = running()
    loaded = []
    monkeypatch.setattr(Recognizer, '__init__', lambda *_: loaded.append(1))
    (result,) = node.node.set_parameters([Parameter('model', value=3)])
    assert not result.successful
    result = node.node.set_parameters_atomically([
        Parameter('model', value=OTHER), Parameter('image_transport', value='compressed')])
    assert not result.successful
    assert loaded == []


@pytest.mark.parametrize('rate', [60.0, 200.0])
def test_services_answer_while_images_flow(ros, process, astronaut, rate):
    small = astronaut[::2, ::2].copy()
    with Stream(ros, small, rate=rate) as stream:  # 200 is more than the model can take
        worst = 0.0
        for _ in range(10):
            for kind, name, request in (
                    (ClassifyImage, 'classify_image',
                     ClassifyImage.Request(image=image_message(small))),
                    (Trigger, 'reset_tracks', None),
                    (SetBool, 'set_enabled', SetBool.Request(data=True))):
                begin = time.monotonic()
                answer = ros.call(kind, f'/emotion_node/{name}', request)
                worst = max(worst, time.monotonic() - begin)
                assert answer.success, answer.message
        assert worst < 2.0
        assert stream.longest_gap() < 2.0


def test_transitions_while_images_flow(ros, process, astronaut):
    def change(transition):
        request = ChangeState.Request()
        request.transition.id = transition
        return ros.call(ChangeState, '/emotion_node/change_state', request).success

    with Stream(ros, astronaut[::2, ::2].copy(), rate=100.0) as stream:
        for _ in range(5):
            assert change(Transition.TRANSITION_DEACTIVATE)
            assert change(Transition.TRANSITION_CLEANUP)
            assert change(Transition.TRANSITION_CONFIGURE)
            assert change(Transition.TRANSITION_ACTIVATE)
            count = len(stream.results)
            wait_for(lambda n=count: len(stream.results) > n + 2, 'results')
        assert change(Transition.TRANSITION_ACTIVE_SHUTDOWN)
        time.sleep(0.3)
        count = len(stream.results)
        time.sleep(0.3)
        assert len(stream.results) == count
    assert 'ERROR' not in process.output
    assert 'Traceback' not in process.output


def test_tracks_can_be_reset(ros, running, astronaut):
    node = running()
    node.show(astronaut, (1, 0))
    assert node.show(astronaut, (1, 500_000_000)).emotions[0].track_age.nanosec > 0
    answer = ros.call(Trigger, '/emotion_node/reset_tracks')
    assert (answer.success, answer.message) == (True, 'all tracks are forgotten')
    assert node.show(astronaut, (1, 600_000_000)).emotions[0].track_age.nanosec == 0


def test_camera_and_node_can_share_a_process_and_an_executor(ros, astronaut):
    """Composition as far as Python goes: two nodes on one executor."""
    from rclpy.node import Node

    camera = Node('camera', context=ros.context)
    node = EmotionNode(context=ros.context)
    executor = NodeExecutor(num_threads=2, context=ros.context)
    for each in (camera, node):
        executor.add_node(each)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    images = camera.create_publisher(Image, '/image_raw', 1)
    camera.create_timer(0.05, lambda: images.publish(image_message(astronaut)))
    results = ros.subscribe(EmotionArray, EMOTIONS)
    assert all(len(m.emotions) == 1 for m in results.wait(3))
    executor.shutdown()
    thread.join(5)
    camera.destroy_node()
    node.destroy_node()
