"""With which model, detector and options a run is made: what its answers depend on."""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
from pathlib import Path
from typing import Any

from fer_ros import __version__
from fer_ros.core.errors import ConfigError, ModelError
from fer_ros.core.model import load_model
from fer_ros.core.pipeline import MAX_YAW, Pipeline
from fer_ros.core.runtime import quiet_runtime
from fer_ros.evaluation.offline.sources.base import Selection

__all__ = ['Settings']


@dataclasses.dataclass(frozen=True)
class Settings:
    """Options of `Pipeline.from_model` and of the selection of frames.

    Attributes:
        model: Name or folder, None for the default.
        sha256: Of the model's network, which every process checks.
        detector: Name of the detector.
        detector_model: Its network file or folder, or empty.
        detector_sha256: Of the detector's network, empty for one without.
        unknown_threshold: Confidence below which the label is `unknown`; None: the model's.
        priors: `natural` or `balanced`.
        align: As of `Pipeline`, like `max_yaw` (degrees) and `detect_every`.
        max_yaw: As of `Pipeline`.
        detect_every: As of `Pipeline`, of recordings.
        max_faces: Largest number of faces, 0 for all.
        threads: Threads of the classifier.
        smoothing: Time constant in seconds, of recordings.
        every: As of `Selection`.
        start: As of `Selection`.
        end: As of `Selection`; None for none.
    """

    model: str | None
    sha256: str
    detector: str
    detector_model: str = ''
    detector_sha256: str = ''
    unknown_threshold: float | None = None
    priors: str = 'natural'
    align: str = 'auto'
    max_yaw: float = MAX_YAW
    detect_every: int = 1
    max_faces: int = 0
    threads: int = 1
    smoothing: float = 0.3
    every: int = 1
    start: float = 0.0
    end: float | None = None

    @classmethod
    def from_options(cls, args: argparse.Namespace) -> Settings:
        """Return what the options of `add_pipeline_options` and of a recording say.

        Raises:
            ModelError: The model cannot be used.
            ConfigError: A value is out of range.
        """
        end = getattr(args, 'end', None)
        if end is not None and end <= args.start:
            raise ConfigError(f'--end {end:g} must come after --start {args.start:g}')
        settings = cls(
            args.model, load_model(args.model).manifest.sha256, args.detector,
            args.detector_model, unknown_threshold=args.unknown_threshold, priors=args.priors,
            align=args.align, max_yaw=args.max_yaw, max_faces=args.max_faces,
            detect_every=getattr(args, 'detect_every', 1), threads=args.threads,
            smoothing=getattr(args, 'smoothing', 0.0), every=getattr(args, 'every', 1),
            start=getattr(args, 'start', 0.0), end=end)
        pipeline = settings.pipeline(tracking=True)  # it fails now, not in a worker
        return dataclasses.replace(settings, detector_sha256=_network_of(
            pipeline.detector, args.detector_model))

    @property
    def selection(self) -> Selection:
        """Which frames of a recording are evaluated."""
        return Selection(self.every, self.start, float('inf') if self.end is None else self.end)

    def record(self) -> dict[str, Any]:
        """Return what the answers depend on, for JSON: not the folder, but what lies in it."""
        content = dataclasses.asdict(self)
        del content['model'], content['detector_model']
        return {'version': __version__, **content}

    def absolute(self) -> Settings:
        """Return settings whose files are found from every working directory."""
        model, detector = (
            str(Path(name).resolve()) if name and Path(name).exists() else name
            for name in (self.model, self.detector_model))
        return dataclasses.replace(self, model=model, detector_model=detector or '')

    def pipeline(self, *, tracking: bool) -> Pipeline:
        """Make the pipeline.

        Raises:
            ModelError: The model here is another one.
        """
        with quiet_runtime():
            pipeline = Pipeline.from_model(
                self.model, detector=self.detector, detector_model=self.detector_model,
                tracking=tracking, smoothing=self.smoothing, num_threads=self.threads,
                unknown_threshold=self.unknown_threshold, max_faces=self.max_faces,
                priors=self.priors, align=self.align, max_yaw=self.max_yaw,
                detect_every=self.detect_every if tracking else 1)
        if pipeline.model.manifest.sha256 != self.sha256:
            raise ModelError(
                f'model {pipeline.model.manifest.name} is another one here (sha256 '
                f'{pipeline.model.manifest.sha256[:12]}, not {self.sha256[:12]}); every machine '
                'needs the same')
        return pipeline


def _network_of(detector: object, file: str) -> str:
    """Return the sha256 of a detector's network, which its answers depend on."""
    model = getattr(detector, 'model', None)
    if model is not None:
        return str(model.manifest.sha256)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if Path(file).is_file() else ''
