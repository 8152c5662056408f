"""What the evidence means, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import itertools
import statistics

from fer_ros.core.errors import FerError
from fer_ros.core.model import load_model
from fer_ros.nodes.doctor.evidence import CameraEvidence, Evidence, Heard
from fer_ros.nodes.statistics import DROPS

__all__ = ['Finding', 'examine']

_FUTURE_SECONDS = 0.1  # stamps further ahead of the clock are wrong
_OLD_SECONDS = 1.0  # images older than this are of no use to a behaviour
_MANY = 0.2  # share of the images

_MORE_RESULTS = {
    'lost': 'images are lost on the way to the node: if they are larger than half a megabyte, '
            'give the camera driver the profile config/fastdds.xml, or a smaller size',
    'overload': 'for more results: a smaller model (mobile_48), a larger '
                'detector.min_face_size, a region of interest',
    'rate': 'for more results: a larger max_rate',
    'stale': 'for more results: a larger max_age; or see to the clocks of both machines',
    'order': 'let one publisher alone publish on the image topic',
}
"""What to do about the commonest cause of drops."""


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that was checked.

    Attributes:
        subject: What was checked: the graph, or a camera of a node.
        level: `ok`, `warn` or `fail`.
        text: What was found.
        advice: What to do, or ''.
    """

    subject: str
    level: str
    text: str
    advice: str = ''


def examine(evidence: Evidence) -> list[Finding]:
    """Return the findings, the graph's first."""
    return [*_graph(evidence), *(
        finding for camera in evidence.cameras for finding in _camera(camera, evidence))]


def _graph(evidence: Evidence) -> Iterator[Finding]:
    place = (f'{evidence.middleware}, domain {evidence.domain}, discovery: '
             f'{evidence.discovery}')
    if not evidence.nodes:
        yield Finding(
            'graph', 'fail', f'no node is to be seen ({place})',
            'start the node: ros2 launch fer_ros fer.launch.py; if it runs already, use its '
            'ROS_DOMAIN_ID, RMW_IMPLEMENTATION and discovery settings here')
        return
    yield Finding('graph', 'ok', f'{len(evidence.nodes)} nodes ({place})')
    if not evidence.cameras:
        yield Finding(
            'graph', 'fail', 'no emotion_node reports on /diagnostics; there are '
            f'{", ".join(sorted(set(evidence.nodes))[:10])}',
            'start it: ros2 launch fer_ros fer.launch.py')


def _camera(camera: CameraEvidence, evidence: Evidence) -> Iterator[Finding]:
    def find(level: str, text: str, advice: str = '') -> Finding:
        return Finding(camera.title, level, text, advice)

    yield _state(camera)
    yield from _publishers(camera, evidence)
    yield from _images(camera, evidence)
    yield from _clock(camera, evidence)
    yield from _results(camera, evidence)
    yield _model(camera)
    if camera.level:
        level = 'fail' if camera.level == 2 else 'warn'
        yield find(level, f'it says: {camera.message}')
    else:
        yield find('ok', f'it says: {camera.message}')


def _state(camera: CameraEvidence) -> Finding:
    state = camera.state or camera.values.get('state', '')
    if not camera.state:
        return Finding(
            camera.title, 'fail', 'it reports, but does not answer when asked for its state',
            'its executor is busy or stuck: end it and start it again')
    if state == 'active':
        if camera.values.get('enabled') == 'false':
            return Finding(
                camera.title, 'warn', 'it is active, but switched off',
                f'ros2 service call {camera.node}/set_enabled std_srvs/srv/SetBool '
                '"{data: true}"')
        return Finding(camera.title, 'ok', 'it is active')
    steps = {'unconfigured': 'configure, then activate', 'inactive': 'activate'}
    return Finding(
        camera.title, 'fail', f'it is {state}, so it processes nothing',
        f'ros2 lifecycle set {camera.node} {steps.get(state, "...: start it again")}')


def _publishers(camera: CameraEvidence, evidence: Evidence) -> Iterator[Finding]:
    topic = camera.values.get('image_topic', '')
    if not camera.offers:
        others = ', '.join(sorted(evidence.image_topics)[:5])
        yield Finding(
            camera.title, 'fail', f'nobody publishes {topic}',
            f'images come on {others}: remap with -r image_raw:=TOPIC, or image:=TOPIC for the '
            'launch file' if others else 'start the camera driver: no topic carries images')
    for offer in camera.offers:
        yield Finding(
            camera.title, 'fail' if offer.fault else 'ok',
            f'{topic} is published by {offer.node} ({offer.qos})'
            + (f', which cannot be received: {offer.fault}' if offer.fault else ''),
            _advice(offer.fault))


def _advice(fault: str) -> str:
    if 'publishes' in fault:
        return 'remap to the topic of the right type, or set image_transport'
    return fault.partition('; ')[2]


def _images(camera: CameraEvidence, evidence: Evidence) -> Iterator[Finding]:
    receivable = [offer for offer in camera.offers if not offer.fault]
    if not camera.images:
        if receivable:
            yield Finding(
                camera.title, 'fail',
                f'no image came in {evidence.seconds:g} s, though it is published',
                'is the camera covered by another process, or the bag paused? Between machines, '
                'large images need a fast network or compressed transport')
        return
    yield Finding(camera.title, 'ok', f'images come at {_rate(camera.images):.1f} Hz')
    yield from _stamps(camera, evidence)


def _stamps(camera: CameraEvidence, evidence: Evidence) -> Iterator[Finding]:
    images = camera.images
    unstamped = sum(not image.stamp for image in images)
    if unstamped:
        yield Finding(
            camera.title, 'warn', f'{unstamped} of {len(images)} images have no stamp',
            'mend the driver: results carry the same stamp, so nobody can relate them to time')
        return
    simulated = evidence.clock is not None
    age = statistics.median(
        (evidence.clock if simulated and evidence.clock is not None else image.time)
        - image.stamp for image in images)
    if age < -_FUTURE_SECONDS:
        yield Finding(
            camera.title, 'warn', f'images come from the future, by {-age:.2f} s',
            'synchronize the clocks of the machines (chrony), or set use_sim_time for all')
    elif age > _OLD_SECONDS and not simulated:
        yield Finding(
            camera.title, 'warn', f'images are {age:.1f} s old when they come',
            'synchronize the clocks (chrony); for a bag: ros2 bag play --clock, and use_sim_time')
    else:
        yield Finding(camera.title, 'ok', f'stamps are {1000 * age:.0f} ms old')
    backwards = sum(b.stamp < a.stamp for a, b in itertools.pairwise(images))
    if backwards:
        yield Finding(
            camera.title, 'warn', f'stamps went back {backwards} times',
            'more than one publisher on the topic, or a bag that loops')
    if not all(image.frame_id for image in images):
        yield Finding(
            camera.title, 'warn', 'images have no frame_id',
            "set the driver's frame_id, so that faces can be placed in space")


def _clock(camera: CameraEvidence, evidence: Evidence) -> Iterator[Finding]:
    if camera.message.startswith('use_sim_time'):
        return  # it says so itself
    if evidence.clock is not None and camera.images and camera.values.get('sim_time') == 'false':
        yield Finding(
            camera.title, 'warn', '/clock is published, but the node takes the real time',
            f'start it with use_sim_time:=true (now: ros2 param set {camera.node} use_sim_time '
            'true)')


def _results(camera: CameraEvidence, evidence: Evidence) -> Iterator[Finding]:
    if not camera.results:
        if camera.images and camera.state == 'active':
            yield Finding(
                camera.title, 'fail',
                f'no result came on {camera.results_topic} in {evidence.seconds:g} s',
                'see what it says below, and its log')
        return
    rate, came = _rate(camera.results), _rate(camera.images)
    text = f'results come at {rate:.1f} Hz'
    known = {image.stamp for image in camera.images}
    strange = sum(result.stamp not in known for result in camera.results)
    if camera.images and strange > _MANY * len(camera.results) + 2:
        yield Finding(
            camera.title, 'warn',
            f'{text}; {strange} of {len(camera.results)} have stamps of images that did not '
            'come here', 'images are lost on the way to here: the network is too slow for them')
    elif came and rate < (1 - _MANY) * came:
        counts = {cause: int(camera.values.get(f'dropped: {cause}', '0')) for cause in DROPS}
        causes = [f'{cause} ({DROPS[cause]})' for cause in DROPS if counts[cause]]
        yield Finding(
            camera.title, 'warn', f'{text}, images at {came:.1f} Hz; dropped: '
            f'{"; ".join(causes) or "for no cause that the node knows"}',
            _MORE_RESULTS[max(counts, key=lambda cause: counts[cause])] if causes else '')
    else:
        yield Finding(camera.title, 'ok', text)


def _model(camera: CameraEvidence) -> Finding:
    name, digest = camera.values.get('model', ''), camera.values.get('model_sha256', '')
    if not name:
        return Finding(camera.title, 'warn', 'it has no model yet', 'configure it')
    text = f'model {name} {camera.values.get("model_version", "")}, sha256 {digest[:16]}...'
    try:
        own = load_model(name).manifest.sha256
    except FerError:
        return Finding(camera.title, 'ok', f'{text} (not installed here)')
    if own != digest:
        return Finding(
            camera.title, 'warn', f'{text}, but the {name} installed here is {own[:16]}...',
            'install the same version on both machines, or give the folder of the model')
    return Finding(camera.title, 'ok', text)


def _rate(heard: Sequence[Heard]) -> float:
    """Return messages a second, 0 for less than two."""
    if len(heard) < 2 or heard[-1].time <= heard[0].time:
        return 0.0
    return (len(heard) - 1) / (heard[-1].time - heard[0].time)
