"""Which detections of a scene are right, and which labelled faces they find."""

from __future__ import annotations

from collections.abc import Sequence

from fer_ros.core.crop import CropConvention, FER_FRAMING, frame_of
from fer_ros.core.tracker import overlap
from fer_ros.core.types import Face
from fer_ros.evaluation.scenes import Truth

__all__ = ['match']

_OVERLAP = 0.5
_IGNORED_OVERLAP = 0.3
# The labels were made by YuNet, and its boxes are what they hold.
_TRUTH = FER_FRAMING['yunet']


def match(
    faces: Sequence[Face], truths: Sequence[Truth], convention: CropConvention,
) -> tuple[list[bool], list[bool | None]]:
    """Compare the detections of a scene with its labels.

    Args:
        faces: What the detector found.
        truths: What is there.
        convention: Brings the detector's boxes to the framing of FER2013.

    Returns:
        For each label whether it was found, and for each detection whether it is right: None
        where it lies on a face that does not count. The second finding of a face is wrong.
    """
    found = [False] * len(truths)
    right: list[bool | None] = [False] * len(faces)
    wanted = [frame_of(truth.box, _TRUTH) for truth in truths]
    for index in sorted(range(len(faces)), key=lambda i: -faces[i].score):
        frame = frame_of(faces[index].box, convention)
        overlaps = [overlap(frame, other) for other in wanted]
        candidates = [i for i, truth in enumerate(truths)
                      if truth.counts and not found[i] and overlaps[i] >= _OVERLAP]
        if candidates:
            found[max(candidates, key=lambda i: overlaps[i])] = True
            right[index] = True
        elif any(not truth.counts and overlaps[i] >= _IGNORED_OVERLAP
                 for i, truth in enumerate(truths)):
            right[index] = None
    return found, right
