"""A run: units of work done once each, then figures, pictures and a report of what was done."""

from __future__ import annotations

from collections.abc import Sequence
import csv
import dataclasses
import hashlib
import json
from pathlib import Path
import sys
from typing import Any

from fer_ros.commands.progress import progress
from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.model import load_model
from fer_ros.evaluation import plots
from fer_ros.evaluation.model import file_records
from fer_ros.evaluation.offline import schedule
from fer_ros.evaluation.offline.annotated import write_video
from fer_ros.evaluation.offline.figures import run_figures, SCHEMA
from fer_ros.evaluation.offline.labels.annotators import Agreement
from fer_ros.evaluation.offline.predictions import PredictionWriter
from fer_ros.evaluation.offline.records import (
    fingerprint,
    is_done,
    part_of,
    read_records,
    record_path,
)
from fer_ros.evaluation.offline.report import write_run_report
from fer_ros.evaluation.offline.result_bag import write_result_bag
from fer_ros.evaluation.offline.score import score, Scores
from fer_ros.evaluation.offline.sections import draw_sections
from fer_ros.evaluation.offline.settings import Settings
from fer_ros.evaluation.offline.sources.bag import BagUnit
from fer_ros.evaluation.offline.sources.base import Excluded, Unit
from fer_ros.evaluation.offline.sources.stored import write_units
from fer_ros.evaluation.offline.truth import Truth
from fer_ros.evaluation.records import whole_file
from fer_ros.training.files import write_text

__all__ = ['Job', 'Run']

_OUTPUTS = ('report.html', 'metrics.json', 'predictions.csv', 'exclusions.csv', 'confusion.png',
            'reliability.png', 'risk_coverage.png', 'answers.png', 'sizes.png', 'failures.png')


@dataclasses.dataclass(frozen=True)
class Job:
    """How a run is done; nothing of it changes what comes out.

    Attributes:
        jobs: Number of processes.
        scheduler: Address of a Dask scheduler, or empty.
        faces: Whether pictures of faces may be drawn.
        report: Whether to draw pictures and to write the report.
        video: Whether to write annotated videos.
        bag: Whether to write bags with the results.
        fresh: Whether to do again what is done already.
    """

    jobs: int = 1
    scheduler: str = ''
    faces: bool = True
    report: bool = True
    video: bool = False
    bag: bool = False
    fresh: bool = False


@dataclasses.dataclass
class Run:
    """What is evaluated, with what, and where the results go.

    Attributes:
        kind: `images`, `video` or `bag`.
        units: The work.
        settings: Of the pipeline.
        out: Folder of the results.
        command: The command, for the record.
        truths: Labels of each unit.
        excluded: What is left out before anything is read.
        warnings: What readers of the figures must know.
        data: Files of the recordings, for their names and hash; empty for pictures, which are
            hashed as they are read.
        labelled: Whether there are labels.
        agreement: Of several annotators.
    """

    kind: str
    units: Sequence[Unit]
    settings: Settings
    out: Path
    command: str
    truths: Sequence[Truth]
    excluded: Sequence[Excluded] = ()
    warnings: Sequence[str] = ()
    data: Sequence[Path] = ()
    labelled: bool = True
    agreement: Agreement | None = None

    def __post_init__(self) -> None:
        if self.out.exists() and not self.out.is_dir():
            raise ConfigError(f'--out {self.out} is a file, not a folder')

    @property
    def records(self) -> Path:
        """Folder of the records."""
        return self.out / 'records'

    def do(self, job: Job) -> dict[str, Any]:
        """Do what is not done yet, and write the results.

        After Ctrl-C the results of what was done are written, marked as partial.

        Returns:
            Content of `metrics.json`.

        Raises:
            KeyboardInterrupt: It was interrupted; the partial results are there.
            FerError: Something is wrong with model, labels or sources.
        """
        if job.report:
            plots.pyplot()  # without matplotlib it fails now
        self.records.mkdir(parents=True, exist_ok=True)
        write_units(self.out / 'units.json', self.units, self.settings.selection)
        self._forget_others(job.fresh)
        interrupted = False
        try:
            self._work(job)
        except KeyboardInterrupt:
            interrupted = True
        metrics = self._results(job, partial=interrupted)
        if interrupted:
            raise KeyboardInterrupt
        if job.video:
            self._videos()
        if job.bag:
            self._bags()
        return metrics

    def _videos(self) -> None:
        """Write `annotated/NAME.mp4` of every recording that is not there yet."""
        units = [unit for unit in self.units if not getattr(unit, 'recorded', False)]
        with progress(None, 'annotated frame') as step:
            for unit in units:
                path = self.out / 'annotated' / f'{unit.name.removesuffix(".mp4")}.mp4'
                if not _newer(path, record_path(self.records, unit)):
                    write_video(unit, self.records, self.settings.selection, path, step)

    def _bags(self) -> None:
        """Write `annotated/NAME/`, a bag with the results beside the original messages."""
        by_bag: dict[str, list[BagUnit]] = {}
        for unit in self.units:
            if isinstance(unit, BagUnit) and not unit.recorded:
                by_bag.setdefault(unit.recording, []).append(unit)
        manifest = load_model(self.settings.model).manifest
        with progress(None, 'message') as step:
            for name, units in by_bag.items():
                path = self.out / 'annotated' / f'{Path(name).stem}_emotions'
                if all(_newer(path / 'metadata.yaml', record_path(self.records, unit))
                       for unit in units):
                    continue
                path.parent.mkdir(exist_ok=True)
                for topic in write_result_bag(
                        units, self.records, self.settings.selection, manifest, path, step):
                    print(f'fer: {name}: {topic} is not taken over, its type is not defined',
                          file=sys.stderr)

    def _forget_others(self, fresh: bool) -> None:
        """Remove records of units that are not of this run."""
        wanted = {record_path(self.records, unit).name for unit in self.units}
        for path in self.records.iterdir():
            if fresh or path.name not in wanted:
                path.unlink()

    def _work(self, job: Job) -> None:
        content = self.settings.record()
        todo = [unit for unit in self.units if not is_done(
            record_path(self.records, unit), fingerprint(unit, content))]
        counts = [unit.count() for unit in todo]
        total = None if None in counts else sum(filter(None, counts))
        for unit in todo:
            # What is not done must not be taken for done, if this run is cut, too.
            record_path(self.records, unit).unlink(missing_ok=True)
        if not todo:
            return
        with progress(total, 'picture' if self.kind == 'images' else 'frame') as step:
            if job.scheduler:
                schedule.on_cluster(todo, self.settings, self.records, step, job.scheduler)
            elif job.jobs > 1 and len(todo) > 1:
                schedule.in_processes(todo, self.settings, self.records, step, job.jobs)
            else:
                schedule.one_by_one(todo, self.settings, self.records, step)

    def _results(self, job: Job, *, partial: bool) -> dict[str, Any]:
        for name in (*_OUTPUTS, *(path.name for path in self.out.glob('timeline_*.png'))):
            (self.out / name).unlink(missing_ok=True)
        labels = self._labels()
        with whole_file(self.out / 'predictions.csv') as file:
            scores = score(self.units, self.truths, self.records, labels,
                           PredictionWriter(file, labels))
        scores.excluded[:0] = self.excluded
        self._check_labels(scores, partial)
        with whole_file(self.out / 'exclusions.csv') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(['reason', 'where', 'detail', 'count'])
            writer.writerows(
                [item.reason, item.where, item.detail, item.count] for item in scores.excluded)
        metrics = self._metrics(scores, partial)
        write_text(self.out / 'metrics.json', json.dumps(metrics, indent=1) + '\n')
        if job.report:
            sections = draw_sections(
                self.out, scores, metrics, self.settings.selection, faces=job.faces)
            write_run_report(self.out / 'report.html', metrics, sections, scores.excluded)
        return metrics

    def _labels(self) -> tuple[str, ...]:
        """Return the labels of the records: of recorded results not those of the model."""
        for unit in self.units:
            path = record_path(self.records, unit)
            for file in (path, part_of(path)):
                if file.exists() and file.stat().st_size:
                    return next(item for item in read_records(file, torn=True)
                                if isinstance(item, tuple))
        return load_model(self.settings.model).manifest.labels

    def _check_labels(self, scores: Scores, partial: bool) -> None:
        """List the labels that no frame bears; if there are none but those, say why."""
        if not self.labelled or self.kind == 'images':
            return
        borne = set(scores.segment.tolist())
        lost = []
        for number, info in enumerate(scores.segments):
            if number in borne:
                continue
            times, _ = scores.tracks.frames(info.unit)
            span = f'{times[0]:.2f} to {times[-1]:.2f} s' if len(times) else 'nothing'
            lost.append(Excluded(
                'label without frames', self.units[info.unit].name,
                f'{info.emotion} from {info.start:g} to {info.end:g} s; evaluated frames: {span}'))
        if not len(scores) and lost and not partial:
            raise DataError(
                f'no label lies within the evaluated frames: {lost[0].where}, {lost[0].detail}; '
                'times are in seconds from the first image, or in Unix time')
        scores.excluded += lost

    def _metrics(self, scores: Scores, partial: bool) -> dict[str, Any]:
        if len(scores):
            metrics = run_figures(scores)
        elif self.labelled and not partial:
            raise DataError('no labelled picture or frame could be read: '
                            + '; '.join(f'{n} times {r}' for r, n in scores.reasons().items()))
        else:
            metrics = _without_labels(scores)
        manifest = load_model(self.settings.model).manifest
        done = sum(record_path(self.records, unit).exists() for unit in self.units)
        if 'abstention' in metrics:
            threshold = self.settings.unknown_threshold
            metrics['abstention']['threshold'] = \
                manifest.thresholds['unknown'] if threshold is None else threshold
        if self.agreement is not None and self.agreement.names:
            metrics['annotators'] = self.agreement.record()
        return {
            **metrics, 'kind': self.kind, 'partial': partial,
            'units': {'all': len(self.units), 'done': done},
            'warnings': list(self.warnings), 'command': self.command,
            'model': {'name': manifest.name, 'version': manifest.version,
                      'sha256': manifest.sha256},
            'settings': self.settings.record(), 'data': self._data(scores)}

    def _data(self, scores: Scores) -> dict[str, Any]:
        if self.data:
            return {**file_records(self.data), 'files': list(
                dict.fromkeys(unit.recording for unit in self.units))}
        digest = hashlib.sha256('\n'.join(scores.pictures).encode()).hexdigest()
        return {'files': [Path(self.units[0].recording).name], 'sha256': digest}


def _newer(path: Path, source: Path) -> bool:
    return path.exists() and path.stat().st_mtime_ns > source.stat().st_mtime_ns


def _without_labels(scores: Scores) -> dict[str, Any]:
    """Return what can be said about a run without labels."""
    return {
        'schema': SCHEMA, 'n': 0, 'no_face': 0, 'unknown': 0,
        'frames': {
            'evaluated': scores.frames, 'with_face': scores.with_face, 'labelled': 0,
            'unlabelled': scores.frames,
            'no_face_rate': round(1 - scores.with_face / max(1, scores.frames), 6)},
        'stability': scores.tracks.stability(), 'excluded': scores.reasons()}
