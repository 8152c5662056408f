"""What emotion_node reports on /diagnostics (REP 107): enough to explain any silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import os
from pathlib import Path
import threading

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from fer_ros.nodes.qos import Offer
from fer_ros.nodes.statistics import Report

__all__ = ['CameraState', 'describe_process', 'judge', 'make_status', 'values']


@dataclasses.dataclass(frozen=True)
class CameraState:
    """What the node and one of its cameras are at the moment of a report.

    Attributes:
        name: Lifecycle state: unconfigured, inactive, active or finalized.
        enabled: Whether images are processed while active.
        listening: Whether there is a subscription to images: not while nobody listens to results.
        image_topic: Name of the image topic.
        image_qos: Quality of service that is asked of the camera.
        offers: Publishers of the image topic.
        error: Why the last transition failed, or ''.
        clock_missing: Whether simulated time is to be used, and none has come.
        tracks: Number of faces that are followed.
        about: Facts that do not change from image to image, such as the model's version.
    """

    name: str
    enabled: bool = True
    listening: bool = True
    image_topic: str = ''
    image_qos: str = ''
    offers: Sequence[Offer] = ()
    error: str = ''
    clock_missing: bool = False
    tracks: int = 0
    about: Mapping[str, str] = dataclasses.field(default_factory=dict)


def judge(
    state: CameraState, report: Report, *, image_timeout: float, max_consecutive_failures: int,
) -> tuple[bytes, str]:
    """Return the level, and its reason.

    Args:
        state: What the node is.
        report: What it has done.
        image_timeout: Seconds without an image after which there is a warning.
        max_consecutive_failures: Failures in a row that make an error.
    """
    ok, warn, error = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
    if state.error:
        return error, state.error
    if state.clock_missing:
        return warn, ('use_sim_time is true, but nothing has come on /clock: is the simulator or '
                      'the bag player running, and does it publish the clock?')
    if state.name != 'active':
        return ok, state.name
    if not state.enabled:
        return ok, 'switched off by ~/set_enabled'
    if report.consecutive_failures >= max_consecutive_failures:
        return error, (
            f'{report.consecutive_failures} images in a row failed: {report.last_failure}')
    if not state.listening:
        return ok, 'idle: nobody listens to a result (lazy)'
    if report.silence > image_timeout:
        return warn, describe_silence(state, report.silence)
    if report.new['failed']:
        return warn, f'{report.new["failed"]} images failed, the last one: {report.last_failure}'
    if report.new['rejected']:
        return warn, (f'{report.new["rejected"]} malformed images, the last one: '
                      f'{report.last_rejection}')
    if report.new['stale'] and not report.new['processed']:
        return warn, ('all images are older than max_age: do the clocks of camera and node agree, '
                      'and is use_sim_time set for both or for neither?')
    deaf = [offer for offer in state.offers if offer.fault]
    if deaf:
        return warn, f'{report.frame_rate:.1f} images/s; not received: {_list(deaf)}'
    return ok, f'{report.frame_rate:.1f} images/s'


def describe_silence(state: CameraState, silence: float) -> str:
    """Return why no images come, as far as the graph tells."""
    start = f'no image for {silence:.0f} s on {state.image_topic}'
    if not state.offers:
        return (f'{start}: nobody publishes it; is the camera driver running, and is the topic '
                'remapped?')
    if all(offer.fault for offer in state.offers):
        return f'{start}: none of its publishers can be received: {_list(state.offers)}'
    return f'{start}, though it is published; is the camera delivering? {_list(state.offers)}'


def values(state: CameraState, report: Report) -> dict[str, str]:
    """Return everything known, as text by name."""
    found = {
        'state': state.name, 'enabled': str(state.enabled).lower(),
        'listening': str(state.listening).lower(), 'image_topic': state.image_topic,
        'image_qos': state.image_qos, 'image_publishers': _list(state.offers) or 'none',
        'newest_image_age_s':
            'none' if report.newest_age is None else f'{report.newest_age:.2f}',
        'input_rate_hz': f'{report.input_rate:.2f}', 'frame_rate_hz': f'{report.frame_rate:.2f}'}
    found |= {name: str(count) for name, count in report.counts.items()}
    found |= {f'dropped: {cause}': str(n) for cause, n in report.dropped.items()}
    for name, (median, high, largest) in report.times.items():
        found |= {f'{name}_p50_ms': f'{median:.2f}', f'{name}_p95_ms': f'{high:.2f}',
                  f'{name}_max_ms': f'{largest:.2f}'}
    if report.faces is not None:
        found['faces_per_image'] = f'{report.faces:.2f}'
    found['tracks'] = str(state.tracks)
    found['consecutive_failures'] = str(report.consecutive_failures)
    found['last_error'] = state.error or report.last_failure
    found['last_rejection'] = report.last_rejection
    found |= {f'rejected: {kind}': str(n) for kind, n in report.rejections.items()}
    return {**found, **state.about}


def describe_process() -> dict[str, str]:
    """Return what the process takes: memory in MB (Linux), and threads."""
    found = {'threads': str(threading.active_count())}
    try:
        pages = int(Path('/proc/self/statm').read_text().split()[1])
        found['memory_mb'] = f'{pages * os.sysconf("SC_PAGE_SIZE") / 2**20:.1f}'
    except (OSError, ValueError, IndexError):
        pass  # another system: not known
    return found


def make_status(name: str, camera: str, level: bytes, text: str, found: Mapping[str, str]) \
        -> DiagnosticStatus:
    """Return the message of a report by the node called `name` about one of its cameras."""
    return DiagnosticStatus(
        level=level, name=f'{name}: emotions{" of " if camera else ""}{camera}', message=text,
        hardware_id=name, values=[KeyValue(key=key, value=value) for key, value in found.items()])


def _list(offers: Sequence[Offer]) -> str:
    return '; '.join(map(str, offers))
