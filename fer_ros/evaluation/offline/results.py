"""What a run leaves: figures, predictions, exclusions, pictures and the report, of its records."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
from pathlib import Path
from typing import Any

from fer_ros.core.errors import DataError
from fer_ros.core.model import load_model
from fer_ros.evaluation.offline.figures import run_figures, SCHEMA
from fer_ros.evaluation.offline.parquet import ParquetTable
from fer_ros.evaluation.offline.predictions import COLUMNS, PredictionWriter
from fer_ros.evaluation.offline.records import part_of, read_records, record_path
from fer_ros.evaluation.offline.report import write_run_report
from fer_ros.evaluation.offline.run import Job, Run
from fer_ros.evaluation.offline.score import score, Scores
from fer_ros.evaluation.offline.sections import draw_sections
from fer_ros.evaluation.offline.sources.base import Excluded
from fer_ros.evaluation.provenance import file_records
from fer_ros.evaluation.records import whole_file
from fer_ros.training.files import write_text

__all__ = ['write_results']

_OUTPUTS = ('report.html', 'metrics.json', 'predictions.csv', 'predictions.parquet',
            'exclusions.csv', 'confusion.png', 'reliability.png', 'risk_coverage.png',
            'answers.png', 'sizes.png', 'failures.png')


def write_results(run: Run, job: Job, *, partial: bool) -> dict[str, Any]:
    """Write what the records of a run say.

    Args:
        run: What was evaluated.
        job: Which results are wanted.
        partial: Whether it was interrupted.

    Returns:
        Content of `metrics.json`.

    Raises:
        DataError: There is nothing to tell, or the records are damaged.
    """
    for name in (*_OUTPUTS, *(path.name for path in run.out.glob('timeline_*.png'))):
        (run.out / name).unlink(missing_ok=True)
    labels = _labels(run)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(whole_file(run.out / 'predictions.csv'))
        parquet = stack.enter_context(ParquetTable(
            run.out / 'predictions.parquet', (*COLUMNS, *labels))) if job.parquet else None
        scores = score(run.units, run.truths, run.records, labels,
                       PredictionWriter(file, labels, parquet))
    scores.excluded[:0] = run.excluded
    _check_labels(run, scores, partial)
    with whole_file(run.out / 'exclusions.csv') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(['reason', 'where', 'detail', 'count'])
        writer.writerows(
            [item.reason, item.where, item.detail, item.count] for item in scores.excluded)
    metrics = _metrics(run, scores, partial)
    write_text(run.out / 'metrics.json', json.dumps(metrics, indent=1) + '\n')
    if job.report:
        sections = draw_sections(
            run.out, scores, metrics, run.settings.selection, faces=job.faces)
        write_run_report(run.out / 'report.html', metrics, sections, scores.excluded)
    return metrics


def _labels(run: Run) -> tuple[str, ...]:
    """Return the labels of the records: of recorded results not those of the model."""
    for unit in run.units:
        path = record_path(run.records, unit)
        for file in (path, part_of(path)):
            if file.exists() and file.stat().st_size:
                return next(item for item in read_records(file, torn=True)
                            if isinstance(item, tuple))
    return load_model(run.settings.model).manifest.labels


def _check_labels(run: Run, scores: Scores, partial: bool) -> None:
    """List the labels that no frame bears; if there are none but those, say why."""
    if not run.labelled or run.kind == 'images':
        return
    borne = set(scores.segment.tolist())
    lost = []
    for number, info in enumerate(scores.segments):
        if number in borne:
            continue
        times, _ = scores.tracks.frames(info.unit)
        span = f'{times[0]:.2f} to {times[-1]:.2f} s' if len(times) else 'nothing'
        lost.append(Excluded(
            'label without frames', run.units[info.unit].name,
            f'{info.emotion} from {info.start:g} to {info.end:g} s; evaluated frames: {span}'))
    if not len(scores) and lost and not partial:
        raise DataError(
            f'no label lies within the evaluated frames: {lost[0].where}, {lost[0].detail}; '
            'times are in seconds from the first image, or in Unix time')
    scores.excluded += lost


def _metrics(run: Run, scores: Scores, partial: bool) -> dict[str, Any]:
    if len(scores):
        metrics = run_figures(scores)
    elif run.labelled and not partial:
        raise DataError('no labelled picture or frame could be read: '
                        + '; '.join(f'{n} times {r}' for r, n in scores.reasons().items()))
    else:
        metrics = _without_labels(scores)
    manifest = load_model(run.settings.model).manifest
    done = sum(record_path(run.records, unit).exists() for unit in run.units)
    if 'abstention' in metrics:
        threshold = run.settings.unknown_threshold
        metrics['abstention']['threshold'] = \
            manifest.thresholds['unknown'] if threshold is None else threshold
    if run.agreement is not None and run.agreement.names:
        metrics['annotators'] = run.agreement.record()
    return {
        **metrics, 'kind': run.kind, 'partial': partial,
        'units': {'all': len(run.units), 'done': done},
        'warnings': list(run.warnings), 'command': run.command,
        'model': {'name': manifest.name, 'version': manifest.version,
                  'sha256': manifest.sha256},
        'settings': run.settings.record(), 'data': _data(run, scores)}


def _data(run: Run, scores: Scores) -> dict[str, Any]:
    if run.data:
        return {**file_records(run.data), 'files': list(
            dict.fromkeys(unit.recording for unit in run.units))}
    digest = hashlib.sha256('\n'.join(scores.pictures).encode()).hexdigest()
    return {'files': [Path(run.units[0].recording).name], 'sha256': digest}


def _without_labels(scores: Scores) -> dict[str, Any]:
    """Return what can be said about a run without labels."""
    return {
        'schema': SCHEMA, 'n': 0, 'no_face': 0, 'unknown': 0,
        'frames': {
            'evaluated': scores.frames, 'with_face': scores.with_face, 'labelled': 0,
            'unlabelled': scores.frames,
            'no_face_rate': round(1 - scores.with_face / max(1, scores.frames), 6)},
        'stability': scores.tracks.stability(), 'excluded': scores.reasons()}
