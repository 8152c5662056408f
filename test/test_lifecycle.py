"""The states of emotion_node: what each offers, and what happens when a transition fails."""

import functools
import gc
from pathlib import Path
import signal
import weakref

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from emotion_support import started
from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
import pytest
from rclpy.parameter import Parameter
from ros_support import image_message, NodeProcess
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool
import yaml

from fer_msgs.msg import EmotionArray
from fer_msgs.srv import ClassifyImage
from fer_ros.nodes import camera
from fer_ros.nodes.camera import Camera

CONFIG = Path(__file__).resolve().parents[1] / 'config'
OUTPUTS = {'/emotion_node/emotions', '/emotion_node/detections', '/emotion_node/markers',
           '/emotion_node/image_annotated', '/emotion_node/image_annotated/compressed'}
SERVICES = {'/emotion_node/set_enabled', '/emotion_node/classify_image',
            '/emotion_node/reset_tracks'}


@pytest.fixture
def node(ros):
    """Return a function that starts a node which waits for its transitions."""
    return functools.partial(started, ros, autostart=False, lazy=False)


@pytest.fixture
def change(ros):
    """Return a function that asks for a transition and returns whether it succeeded."""
    def ask(transition):
        request = ChangeState.Request()
        request.transition.id = transition
        return ros.call(ChangeState, '/emotion_node/change_state', request).success
    return ask


@pytest.fixture
def state(ros):
    return lambda: ros.call(GetState, '/emotion_node/get_state').current_state.label


def published(node):
    return {publisher.topic_name for publisher in node.publishers} & OUTPUTS


def served(node):
    return {service.service_name for service in node.services} & SERVICES


def listens(node):
    return '/image_raw' in {subscription.topic_name for subscription in node.subscriptions}


def test_each_state_offers_what_belongs_to_it(node, change, state):
    emotion = node()
    assert (state(), published(emotion), served(emotion)) == ('unconfigured', set(), set())

    assert change(Transition.TRANSITION_CONFIGURE)
    assert (state(), published(emotion), served(emotion)) == ('inactive', OUTPUTS, SERVICES)
    assert not listens(emotion)

    assert change(Transition.TRANSITION_ACTIVATE)
    assert (state(), listens(emotion)) == ('active', True)

    assert change(Transition.TRANSITION_DEACTIVATE)
    assert (state(), listens(emotion)) == ('inactive', False)
    assert published(emotion) == OUTPUTS

    assert change(Transition.TRANSITION_CLEANUP)
    assert (state(), published(emotion), served(emotion)) == ('unconfigured', set(), set())


@pytest.mark.parametrize(('path', 'shutdown'), [
    ([], Transition.TRANSITION_UNCONFIGURED_SHUTDOWN),
    ([Transition.TRANSITION_CONFIGURE], Transition.TRANSITION_INACTIVE_SHUTDOWN),
    ([Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE],
     Transition.TRANSITION_ACTIVE_SHUTDOWN),
], ids=['unconfigured', 'inactive', 'active'])
def test_shutdown_works_from_every_state_and_gives_all_back(node, change, state, path, shutdown):
    emotion = node()
    for transition in path:
        assert change(transition)
    assert change(shutdown)
    assert state() == 'finalized'
    assert not listens(emotion)
    assert (published(emotion), served(emotion)) == (set(), set())


def test_autostart_makes_it_active(node, state):
    node(autostart=True)
    assert state() == 'active'


def test_a_wrong_transition_is_refused_and_the_node_lives(node, change, state):
    node()
    assert not change(Transition.TRANSITION_ACTIVATE)
    assert not change(77)
    assert state() == 'unconfigured'
    assert change(Transition.TRANSITION_CONFIGURE)


@pytest.mark.parametrize('commands', [
    ('startup', 'pause', 'resume', 'reset', 'startup', 'shutdown'), ('startup', 'reset'),
], ids=' '.join)
def test_a_lifecycle_manager_finds_the_states_that_it_expects(ros, node, commands):
    """As Nav2's does it: transitions by their number alone, the state asked for after each."""
    node()
    steps = {
        'startup': ('CONFIGURE', 'ACTIVATE'), 'pause': ('DEACTIVATE',), 'resume': ('ACTIVATE',),
        'reset': ('DEACTIVATE', 'CLEANUP'),
        'shutdown': ('DEACTIVATE', 'CLEANUP', 'UNCONFIGURED_SHUTDOWN')}
    leads_to = {
        'CONFIGURE': State.PRIMARY_STATE_INACTIVE, 'ACTIVATE': State.PRIMARY_STATE_ACTIVE,
        'DEACTIVATE': State.PRIMARY_STATE_INACTIVE, 'CLEANUP': State.PRIMARY_STATE_UNCONFIGURED,
        'UNCONFIGURED_SHUTDOWN': State.PRIMARY_STATE_FINALIZED}
    for step in (step for command in commands for step in steps[command]):
        request = ChangeState.Request()
        request.transition.id = getattr(Transition, f'TRANSITION_{step}')
        assert ros.call(ChangeState, '/emotion_node/change_state', request).success
        found = ros.call(GetState, '/emotion_node/get_state').current_state.id
        assert found == leads_to[step], step


def test_the_example_for_a_lifecycle_manager_names_the_node(node):
    (values,) = yaml.safe_load(
        (CONFIG / 'nav2_lifecycle_manager.yaml').read_text()).values()
    assert values['ros__parameters'] == {
        'autostart': True, 'node_names': [node().get_name()], 'bond_timeout': 0.0}


def test_cleanup_frees_the_model(node, change):
    emotion = node()
    assert change(Transition.TRANSITION_CONFIGURE)
    held = weakref.ref(emotion._recognizer)
    assert change(Transition.TRANSITION_CLEANUP)
    gc.collect()
    assert held() is None


def test_many_rounds_leave_nothing_behind(node):
    emotion = node()
    before = len(list(emotion.publishers)), len(list(emotion.services)), len(
        list(emotion.subscriptions))
    for _ in range(5):
        emotion.trigger_configure()
        emotion.trigger_activate()
        emotion.trigger_deactivate()
        emotion.trigger_cleanup()
    after = len(list(emotion.publishers)), len(list(emotion.services)), len(
        list(emotion.subscriptions))
    assert after == before


def test_an_inactive_node_answers_its_services_with_the_reason(ros, node, change):
    node()
    assert change(Transition.TRANSITION_CONFIGURE)
    enabled = ros.call(SetBool, '/emotion_node/set_enabled', SetBool.Request(data=True))
    classified = ros.call(ClassifyImage, '/emotion_node/classify_image')
    for answer in (enabled, classified):
        assert not answer.success
        assert 'is inactive: activate it first' in answer.message


def test_only_an_active_node_publishes(ros, node, change, astronaut):
    node()
    assert change(Transition.TRANSITION_CONFIGURE)
    assert change(Transition.TRANSITION_ACTIVATE)
    images = ros.publisher(Image, '/image_raw')
    emotions = ros.connect(images, image_message(astronaut), ros.subscribe(
        EmotionArray, '/emotion_node/emotions'))
    assert change(Transition.TRANSITION_DEACTIVATE)
    images.publish(image_message(astronaut, (6, 0)))
    assert change(Transition.TRANSITION_ACTIVATE)
    # What was published meanwhile is not made up for.
    ros.connect(images, image_message(astronaut, (7, 0)), emotions)
    images.publish(image_message(astronaut, (8, 0)))
    assert emotions.wait(1)[0].header.stamp.sec == 8


def test_tracks_begin_anew_after_a_pause(ros, node, astronaut):
    emotion = node(autostart=True)
    images = ros.publisher(Image, '/image_raw')
    emotions = ros.connect(images, image_message(astronaut, (9, 0)), ros.subscribe(
        EmotionArray, '/emotion_node/emotions'))
    images.publish(image_message(astronaut, (9, 500_000_000)))
    assert emotions.wait(1)[0].emotions[0].track_age.nanosec == 500_000_000
    emotion.trigger_deactivate()
    emotion.trigger_activate()
    ros.connect(images, image_message(astronaut, (10, 0)), emotions)
    images.publish(image_message(astronaut, (10, 0)))
    again = emotions.wait(1)[0].emotions[0]
    assert (again.track_id, again.track_age.nanosec) == (2, 0)  # no number is given twice


def flip_a_byte(folder):
    path = folder / 'model.tflite'
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def remove_the_network(folder):
    (folder / 'model.tflite').unlink()


def break_the_manifest(folder):
    (folder / 'manifest.json').write_text('{')


@pytest.mark.parametrize(('damage', 'reason'), [
    (flip_a_byte, 'sha256 is'),
    (remove_the_network, 'cannot be read'),
    (break_the_manifest, 'not valid JSON'),
], ids=lambda value: getattr(value, '__name__', ''))
def test_a_damaged_model_is_refused_with_the_reason_until_it_is_mended(
        ros, node, change, state, model_folder, damage, reason, capfd):
    whole = {path: path.read_bytes() for path in model_folder.iterdir() if path.is_file()}
    damage(model_folder)
    diagnostics = ros.subscribe(DiagnosticArray, '/diagnostics')
    emotion = node(model=str(model_folder))

    assert not change(Transition.TRANSITION_CONFIGURE)
    assert (state(), published(emotion), served(emotion)) == ('unconfigured', set(), set())
    assert any('[ERROR]' in line and reason in line and str(model_folder) in line
               for line in capfd.readouterr().err.splitlines())
    status = diagnostics.wait_that(
        lambda m: m.status[0].level == DiagnosticStatus.ERROR, 'an error').status[0]
    assert reason in status.message

    for path, content in whole.items():
        path.write_bytes(content)
    assert change(Transition.TRANSITION_CONFIGURE)
    diagnostics.clear()
    assert diagnostics.wait(2)[-1].status[0].level == DiagnosticStatus.OK


@pytest.mark.parametrize(('values', 'reason'), [
    ({'model': 'no_such_model'}, "no model 'no_such_model'"),
    ({'detector.name': 'yunet'}, 'yunet'),
    ({'detector.name': 'yunet', 'detector.model_path': '/nonexistent.onnx'},
     '/nonexistent.onnx'),
])
def test_what_cannot_be_made_is_named_and_the_parameter_can_be_mended(
        node, change, values, reason):
    emotion = node(**values)
    assert not change(Transition.TRANSITION_CONFIGURE)
    assert reason in emotion._error
    for name in values:
        emotion.set_parameters([Parameter(name, value='haar' if '.name' in name else '')])
    assert change(Transition.TRANSITION_CONFIGURE)


def test_autostart_with_a_damaged_model_waits_unconfigured(node, change, state, model_folder):
    flip_a_byte(model_folder)
    node(autostart=True, model=str(model_folder))
    assert state() == 'unconfigured'


def test_an_unexpected_fault_in_configure_leaves_nothing_half_made(
        node, change, state, monkeypatch):
    def fail(*_):
        raise RuntimeError('out of luck')

    emotion = node()
    with monkeypatch.context() as patch:
        patch.setattr(camera, 'Outputs', fail)
        assert not change(Transition.TRANSITION_CONFIGURE)
    assert 'out of luck' in emotion._error
    assert (state(), published(emotion), served(emotion)) == ('unconfigured', set(), set())
    assert change(Transition.TRANSITION_CONFIGURE)


def test_a_fault_in_another_transition_goes_through_error_to_unconfigured(
        node, change, state, monkeypatch):
    def fail(*_):
        raise RuntimeError('out of luck')

    emotion = node()
    assert change(Transition.TRANSITION_CONFIGURE)
    with monkeypatch.context() as patch:
        patch.setattr(Camera, 'start', fail)
        assert not change(Transition.TRANSITION_ACTIVATE)
    assert state() == 'unconfigured'
    assert 'out of luck' in emotion._error
    assert (published(emotion), served(emotion)) == (set(), set())
    assert change(Transition.TRANSITION_CONFIGURE)
    assert change(Transition.TRANSITION_ACTIVATE)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_process_ends_quietly_when_asked(ros, number, astronaut):
    with NodeProcess('fer_ros.nodes.emotion_node') as process:
        emotions = ros.subscribe(EmotionArray, '/emotion_node/emotions')
        images = ros.publisher(Image, '/image_raw')
        # Small enough for the default shared memory of this side, so that none is lost.
        image = image_message(astronaut[::2, ::2].copy())
        ros.connect(images, image, emotions)
        images.publish(image)
        assert process.time_to_end(number) < 1.0
        assert process.wait_end() == 0, process.output
        assert 'Traceback' not in process.output


def test_a_process_with_a_damaged_model_says_so_and_lives(ros, model_folder, state):
    flip_a_byte(model_folder)
    arguments = ('--ros-args', '-p', f'model:={model_folder}')
    with NodeProcess('fer_ros.nodes.emotion_node', *arguments) as process:
        assert 'sha256 is' in process.wait_output('cannot configure')
        assert 'ros2 lifecycle set /emotion_node configure' in process.wait_output('waits')
        assert state() == 'unconfigured'
        assert process.stop(signal.SIGTERM) == 0


def test_diagnostics_tell_the_state_in_every_state(ros, node, change, state):
    diagnostics = ros.subscribe(DiagnosticArray, '/diagnostics')
    node()
    for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE,
                       Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP):
        assert change(transition)
        diagnostics.clear()
        values = {pair.key: pair.value for pair in diagnostics.wait(2)[-1].status[0].values}
        assert values['state'] == state()
