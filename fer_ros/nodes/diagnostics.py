"""What emotion_node counts, and how it reports that on /diagnostics (REP 107).

All times are given from outside, in seconds of the node's clock, so that simulated time holds.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import re

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

__all__ = ['MAX_KINDS', 'NodeState', 'Statistics', 'make_status']

MAX_KINDS = 64
"""Number of kinds of malformed images told apart; more would let a sender fill the memory."""

_OTHER = 'other reasons'
_WARN_PERIOD = 5.0  # seconds between two warnings of the same kind
_MAX_TEXT = 500  # characters: a malformed image may hold a text of any length


@dataclasses.dataclass(frozen=True)
class NodeState:
    """What the node is at the moment of a report.

    Attributes:
        name: Lifecycle state: unconfigured, inactive, active or finalized.
        enabled: Whether images are processed while active.
        image_topic: Name of the image topic.
        publishers: Number of publishers known on it.
        error: Why the last transition failed, or ''.
        about: Facts that do not change from image to image, such as the model's version.
    """

    name: str
    enabled: bool = True
    image_topic: str = ''
    publishers: int = 0
    error: str = ''
    about: Mapping[str, str] = dataclasses.field(default_factory=dict)


class _Span:
    """Mean and largest of the values since the last report."""

    def __init__(self) -> None:
        self.count = 0
        self.total = 0.0
        self.largest = 0.0

    def add(self, value: float) -> None:
        self.largest = value if self.count == 0 else max(self.largest, value)
        self.count += 1
        self.total += value


class Statistics:
    """Counts images from activation on; the times are those since the last report.

    Attributes:
        received: Images that reached the node.
        processed: Images whose result was published.
        dropped: Images that were replaced by a newer one, or lost, before the node took them.
        rejected: Malformed images.
        failed: Images on which something else went wrong.
        consecutive_failures: How many of the latest images failed one after the other.
        last_rejection: Why the latest malformed image was refused.
        last_failure: What went wrong on the latest failed image.
        rejections: Number of malformed images by kind of fault.
    """

    def __init__(self, now: float) -> None:
        self.received = 0
        self.processed = 0
        self.dropped = 0
        self.rejected = 0
        self.failed = 0
        self.consecutive_failures = 0
        self.last_rejection = ''
        self.last_failure = ''
        self.rejections: dict[str, int] = {}
        self.started = now
        self.last_image: float | None = None
        self._last_sequence: int | None = None
        self._warned: dict[str, tuple[float, int]] = {}
        self._begin_window(now)

    def _begin_window(self, now: float) -> None:
        self._window_begin = now
        self._window_counts = (self.processed, self.rejected, self.failed)
        self._spans: dict[str, _Span] = {}

    def receive(self, now: float, sequence: int | None) -> None:
        """Count an image that has come.

        Args:
            now: Time.
            sequence: Its number by its one publisher; None if unknown.
        """
        self.received += 1
        self.last_image = now
        last, self._last_sequence = self._last_sequence, sequence
        if sequence is not None and last is not None and sequence > last + 1:
            self.dropped += sequence - last - 1

    def process(self, milliseconds: Mapping[str, float]) -> None:
        """Count an image whose result was published, with the times spent on it."""
        self.processed += 1
        self.consecutive_failures = 0
        for name, value in milliseconds.items():
            self._spans.setdefault(name, _Span()).add(value)

    def reject(self, reason: str, now: float) -> str:
        """Count a malformed image.

        Returns:
            The warning that is due: at once for a fault of a new kind, then for each kind every
            five seconds with the number of images since; '' if none is due.
        """
        self.rejected += 1
        reason = self.last_rejection = _shorten(reason)
        kind = _kind(reason)
        if kind not in self.rejections and len(self.rejections) >= MAX_KINDS:
            kind = _OTHER
        count = self.rejections[kind] = self.rejections.get(kind, 0) + 1
        return self._warning(kind, reason, count, now)

    def fail(self, reason: str, now: float) -> str:
        """Count an image on which something went wrong; return the text that is due, or ''."""
        self.failed += 1
        self.consecutive_failures += 1
        reason = self.last_failure = _shorten(reason)
        return self._warning('failed', reason, self.failed, now)

    def _warning(self, kind: str, reason: str, count: int, now: float) -> str:
        last, warned = self._warned.get(kind, (now - 2 * _WARN_PERIOD, count - 1))
        if 0.0 <= now - last < _WARN_PERIOD:  # a clock that jumped back does not silence it
            return ''
        self._warned[kind] = now, count
        more = count - warned
        return reason if more == 1 else f'{reason} ({more} like this since the last warning)'

    def report(self, state: NodeState, now: float, *, image_timeout: float,
               max_consecutive_failures: int) -> tuple[bytes, str, dict[str, str]]:
        """Return level, message and values since the last report, and begin a new span.

        Args:
            state: What the node is at the moment.
            now: Time.
            image_timeout: Seconds without an image after which results are stale.
            max_consecutive_failures: Failures in a row that make an error.
        """
        processed, rejected, failed = (
            new - old for new, old in zip(
                (self.processed, self.rejected, self.failed), self._window_counts, strict=True))
        elapsed = now - self._window_begin
        rate = processed / elapsed if elapsed > 0 else 0.0
        values = self._values(state, rate)
        self._begin_window(now)
        if state.error:
            level, text = DiagnosticStatus.ERROR, state.error
        elif state.name != 'active':
            level, text = DiagnosticStatus.OK, state.name
        elif not state.enabled:
            level, text = DiagnosticStatus.OK, 'switched off by ~/set_enabled'
        elif self.consecutive_failures >= max_consecutive_failures:
            level = DiagnosticStatus.ERROR
            text = f'{self.consecutive_failures} images in a row failed: {self.last_failure}'
        elif self.silence(now) > image_timeout:
            level, text = DiagnosticStatus.STALE, _describe_silence(state, self.silence(now))
        elif failed:
            level = DiagnosticStatus.WARN
            text = f'{failed} images failed, the last one: {self.last_failure}'
        elif rejected:
            level = DiagnosticStatus.WARN
            text = f'{rejected} malformed images, the last one: {self.last_rejection}'
        else:
            level, text = DiagnosticStatus.OK, f'{rate:.1f} images/s'
        return level, text, values

    def silence(self, now: float) -> float:
        """Seconds since the last image, or since activation if none has come."""
        return now - (self.started if self.last_image is None else self.last_image)

    def _values(self, state: NodeState, rate: float) -> dict[str, str]:
        values = {
            'state': state.name, 'enabled': str(state.enabled).lower(),
            'image_topic': state.image_topic, 'image_publishers': str(state.publishers),
            'received': str(self.received), 'processed': str(self.processed),
            'dropped': str(self.dropped), 'rejected': str(self.rejected),
            'failed': str(self.failed),
            'consecutive_failures': str(self.consecutive_failures),
            'frame_rate_hz': f'{rate:.2f}'}
        for name, span in self._spans.items():
            values[f'{name}_ms'] = f'{span.total / span.count:.2f}'
            values[f'{name}_max_ms'] = f'{span.largest:.2f}'
        values['last_error'] = state.error or self.last_failure
        values['last_rejection'] = self.last_rejection
        values |= {f'rejected: {kind}': str(n) for kind, n in self.rejections.items()}
        return {**values, **state.about}


def make_status(name: str, level: bytes, text: str, values: Mapping[str, str]) \
        -> DiagnosticStatus:
    """Return the message of a report by the node called `name`."""
    return DiagnosticStatus(
        level=level, name=f'{name}: emotions', message=text, hardware_id=name,
        values=[KeyValue(key=key, value=value) for key, value in values.items()])


def _kind(reason: str) -> str:
    """Return the reason without what differs between faults of the same kind."""
    reason = re.sub(r"'[^']*'", "'...'", reason.split(';')[0])
    return re.sub(r'\b\d+(x\d+)?\b', '#', reason)


def _shorten(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else f'{text[:_MAX_TEXT]} [...]'


def _describe_silence(state: NodeState, silence: float) -> str:
    if not state.publishers:
        return (f'no image for {silence:.0f} s: nobody publishes {state.image_topic}; is the '
                f'camera driver running, and is the topic remapped?')
    return (f'no image for {silence:.0f} s on {state.image_topic}, though {state.publishers} '
            f'publish it; do both sides use the same type, and is the camera delivering?')
