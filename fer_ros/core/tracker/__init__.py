"""Stable numbers for people: faces of one frame joined to those of the frames before."""

from fer_ros.core.tracker.boxes import overlap, shared
from fer_ros.core.tracker.tracker import MAX_GAP, START_SCORE, Track, Tracker

__all__ = ['MAX_GAP', 'START_SCORE', 'Track', 'Tracker', 'overlap', 'shared']
