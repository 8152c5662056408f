"""What is done to the node; each returns what was wrong with its answer, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
import shutil
import signal
import struct
import time
from typing import TYPE_CHECKING

from actors import FORMATS, SPACE
import cv2
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import numpy as np
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.node import Node
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header
from std_srvs.srv import SetBool, Trigger

from fer_msgs.msg import EmotionArray
from fer_msgs.srv import ClassifyImage
from fer_ros.core.model import load_model
from fer_ros.nodes.messages import image_message
from fer_ros.nodes.qos import IMAGE_OFFER_QOS

if TYPE_CHECKING:
    from run import Soak

__all__ = ['FAULTS', 'RESTARTS']

_MODELS = ('resnet_48', 'mobile_48')
_MANY = 20


def _camera(soak: Soak) -> str:
    return soak.draw.choice(sorted(soak.cameras))


def _camera_unplugged_and_back(soak: Soak) -> None:
    camera = soak.cameras[_camera(soak)]
    camera.kill()
    time.sleep(soak.draw.uniform(0.5, 3.0))
    camera.start(FORMATS[0])


def _camera_restarts_with_another_format(soak: Soak) -> None:
    camera = soak.cameras[_camera(soak)]
    camera.kill()
    camera.start(soak.draw.choice(FORMATS))


def _camera_freezes(soak: Soak) -> None:
    soak.cameras[_camera(soak)].freeze(soak.draw.uniform(0.5, 3.0))


def _stamps_jump(soak: Soak) -> None:
    camera = soak.cameras[_camera(soak)]
    camera.shift = soak.draw.choice((-3600.0, 3600.0, -2.0, 2.0, 0.0))


def _malformed_images(soak: Soak) -> None:
    """Publish lies beside the camera: sizes, encodings, lengths, and bytes that are no message."""
    publisher = soak.watch.node.create_publisher(
        Image, f'{_camera(soak)}/image_raw', IMAGE_OFFER_QOS)
    soak.watch.wait(publisher.get_subscription_count, 5.0)
    whole = image_message(np.full((48, 64, 3), 90, np.uint8), Header())
    for _ in range(_MANY):
        message = image_message(np.full((48, 64, 3), 90, np.uint8), Header())
        name, value = soak.draw.choice((
            ('width', 0), ('width', 2**31), ('height', 2**32 - 1), ('step', 3), ('encoding', ''),
            ('encoding', 'x' * 1000), ('data', b''), ('data', bytes(7)), ('is_bigendian', 7)))
        setattr(message, name, value)
        publisher.publish(message)
        data = bytearray(serialize_message(whole))
        for _ in range(8):
            data[soak.draw.randrange(4, 60)] = soak.draw.getrandbits(8)
        publisher.publish(bytes(data))
        time.sleep(0.05)
    soak.watch.node.destroy_publisher(publisher)


def _bombs(soak: Soak) -> str | None:
    """Ask for pictures that are torn, or claim to be huge."""
    whole = cv2.imencode('.jpg', np.full((64, 64, 3), 90, np.uint8))[1].tobytes()
    place = whole.index(b'\xff\xc0') + 5
    huge = whole[:place] + struct.pack('>HH', 8000, 8000) + whole[place + 4:]
    for data in (huge, whole[:len(whole) // 2], whole[:3], b'\x89PNG\r\n\x1a\n' + bytes(100)):
        answer = soak.watch.call(ClassifyImage, 'classify_image', ClassifyImage.Request(
            compressed_image=CompressedImage(format='jpeg', data=data)))
        if answer is None or answer.success or not answer.message:
            return f'a picture of {len(data)} bytes got the answer {answer}'
    return None


def _transitions(soak: Soak, *numbers: int) -> str | None:
    for number in numbers:
        request = ChangeState.Request()
        request.transition.id = number
        answer = soak.watch.call(ChangeState, 'change_state', request)
        # An answer that was lost is asked for again, and then the transition is none any more.
        if answer is None:
            return f'no answer to transition {number}'
    return None


def _deactivated_and_back(soak: Soak) -> str | None:
    return _transitions(
        soak, Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_ACTIVATE)


def _cleaned_up_and_back(soak: Soak) -> str | None:
    return _transitions(
        soak, Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP,
        Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)


def _set(soak: Soak, values: Mapping[str, str | float | bool]) -> list[str] | None:
    kinds = {bool: ('bool_value', ParameterType.PARAMETER_BOOL),
             float: ('double_value', ParameterType.PARAMETER_DOUBLE),
             str: ('string_value', ParameterType.PARAMETER_STRING)}
    messages = []
    for name, value in values.items():
        field, kind = kinds[type(value)]
        messages.append(ParameterMessage(
            name=name, value=ParameterValue(type=kind, **{field: value})))
    answer = soak.watch.call(
        SetParameters, 'set_parameters', SetParameters.Request(parameters=messages))
    return None if answer is None else [result.reason for result in answer.results]


def _storm_of_parameters(soak: Soak) -> str | None:
    for _ in range(_MANY):
        reasons = _set(soak, {
            'smoothing_time': soak.draw.uniform(0.0, 2.0),
            'unknown_threshold': soak.draw.uniform(0.0, 0.4),
            'label_margin': soak.draw.uniform(0.0, 0.2),
            'draw_charts': soak.draw.random() < 0.5,
            'track_max_gap': soak.draw.choice((1.0, -1.0, float('nan')))})
        if reasons is None or any(reasons[:4]):
            return f'parameters got the answer {reasons}'
    return None


def _model_exchanged(soak: Soak) -> str | None:
    reasons = _set(soak, {'model': soak.draw.choice(_MODELS)})
    return f'got the answer {reasons}' if reasons is None or any(reasons) else None


def _tampered_model(soak: Soak) -> str | None:
    folder = soak.folder / 'tampered'
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(load_model(_MODELS[0]).folder, folder)
    way = soak.draw.randrange(4)
    network, manifest = folder / 'model.tflite', folder / 'manifest.json'
    if way == 0:
        network.write_bytes(network.read_bytes()[:-1])
    elif way == 1:
        network.unlink()
    elif way == 2:
        manifest.write_text('[' * 10**5)
    else:
        manifest.write_text(json.dumps({**json.loads(manifest.read_text()), 'schema': 99}))
    reasons = _set(soak, {'model': str(folder)})
    return None if reasons and all(reasons) else f'got the answer {reasons}'


def _storm_of_requests(soak: Soak) -> str | None:
    for _ in range(_MANY):
        if soak.watch.call(Trigger, 'reset_tracks', Trigger.Request()) is None:
            return 'no answer'
    for state in (False, True):
        if soak.watch.call(SetBool, 'set_enabled', SetBool.Request(data=state)) is None:
            return 'no answer'
    return None


def _churn_of_listeners(soak: Soak) -> None:
    node, camera = soak.watch.node, _camera(soak)
    for index in range(2 * _MANY):
        kind, topic = ((EmotionArray, 'emotions'), (Image, 'image_annotated'))[index % 2]
        node.destroy_subscription(node.create_subscription(
            kind, f'emotion_node/{camera}/{topic}', lambda message: None, IMAGE_OFFER_QOS))


def _listener_freezes(soak: Soak) -> str | None:
    before, begin = sum(soak.watch.results.values()), time.monotonic()
    soak.listener.freeze(3.0)
    came = sum(soak.watch.results.values()) - before
    return None if came else f'no results in {time.monotonic() - begin:.1f} s'


def _namesake(soak: Soak) -> None:
    node = Node('emotion_node', namespace=SPACE, context=soak.watch.context)
    time.sleep(1.0)
    node.destroy_node()


def _ended(soak: Soak) -> None:
    soak.end_node(signal.SIGTERM)
    soak.start_node()


def _killed(soak: Soak) -> None:
    soak.end_node(signal.SIGKILL)
    soak.start_node()


FAULTS: Mapping[str, Callable[[Soak], str | None]] = {
    'camera unplugged and back': _camera_unplugged_and_back,
    'camera restarts with another format': _camera_restarts_with_another_format,
    'camera freezes': _camera_freezes,
    'stamps jump': _stamps_jump,
    'malformed images': _malformed_images,
    'torn and huge pictures': _bombs,
    'deactivated and back': _deactivated_and_back,
    'cleaned up and back': _cleaned_up_and_back,
    'storm of parameters': _storm_of_parameters,
    'model exchanged': _model_exchanged,
    'tampered model': _tampered_model,
    'storm of requests': _storm_of_requests,
    'churn of listeners': _churn_of_listeners,
    'listener freezes': _listener_freezes,
    'namesake': _namesake,
}
"""What a node must outlive, by name."""

RESTARTS: Mapping[str, Callable[[Soak], str | None]] = {
    'ended by SIGTERM': _ended, 'killed': _killed}
"""What ends the node's process, to be followed by the next."""
