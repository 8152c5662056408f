"""Doing a run: units of work once each, then figures, pictures and a report of what was done."""

from __future__ import annotations

from pathlib import Path
import sys
from typing import Any

from fer_ros.commands.progress import progress
from fer_ros.core.model import load_model
from fer_ros.core.video_encoder import MPEG4, MPEG4_NOTE
from fer_ros.evaluation import plots
from fer_ros.evaluation.offline import schedule
from fer_ros.evaluation.offline.annotated import write_video
from fer_ros.evaluation.offline.records import fingerprint, is_done, record_path
from fer_ros.evaluation.offline.result_bag import write_result_bag
from fer_ros.evaluation.offline.results import write_results
from fer_ros.evaluation.offline.run import Job, Run
from fer_ros.evaluation.offline.sources.bag import BagUnit
from fer_ros.evaluation.offline.sources.stored import write_units

__all__ = ['execute']


def execute(run: Run, job: Job) -> dict[str, Any]:
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
    run.records.mkdir(parents=True, exist_ok=True)
    write_units(run.out / 'units.json', run.units, run.settings.selection)
    _forget_others(run, job.fresh)
    interrupted = False
    try:
        _work(run, job)
    except KeyboardInterrupt:
        interrupted = True
    metrics = write_results(run, job, partial=interrupted)
    if interrupted:
        raise KeyboardInterrupt
    if job.video:
        _write_videos(run)
    if job.bag:
        _write_bags(run)
    return metrics


def _forget_others(run: Run, fresh: bool) -> None:
    """Remove records of units that are not of this run."""
    wanted = {record_path(run.records, unit).name for unit in run.units}
    for path in run.records.iterdir():
        if fresh or path.name not in wanted:
            path.unlink()


def _work(run: Run, job: Job) -> None:
    content = run.settings.record()
    todo = [unit for unit in run.units if not is_done(
        record_path(run.records, unit), fingerprint(unit, content))]
    counts = [unit.count() for unit in todo]
    total = None if None in counts else sum(filter(None, counts))
    for unit in todo:
        # What is not done must not be taken for done, if this run is cut, too.
        record_path(run.records, unit).unlink(missing_ok=True)
    if not todo:
        return
    with progress(total, 'picture' if run.kind == 'images' else 'frame') as step:
        if job.scheduler:
            schedule.on_cluster(todo, run.settings, run.records, step, job.scheduler)
        elif job.jobs > 1 and len(todo) > 1:
            schedule.in_processes(todo, run.settings, run.records, step, job.jobs)
        else:
            schedule.one_by_one(todo, run.settings, run.records, step)


def _write_videos(run: Run) -> None:
    """Write `annotated/NAME.mp4` of every recording that is not there yet."""
    units = [unit for unit in run.units if not getattr(unit, 'recorded', False)]
    codecs = set()
    with progress(None, 'annotated frame') as step:
        for unit in units:
            path = run.out / 'annotated' / f'{unit.name.removesuffix(".mp4")}.mp4'
            if not _newer(path, record_path(run.records, unit)):
                codecs.add(write_video(unit, run.records, run.settings.selection, path, step))
    if MPEG4 in codecs:
        print(f'fer: {MPEG4_NOTE}', file=sys.stderr)


def _write_bags(run: Run) -> None:
    """Write `annotated/NAME/`, a bag with the results beside the original messages."""
    by_bag: dict[str, list[BagUnit]] = {}
    for unit in run.units:
        if isinstance(unit, BagUnit) and not unit.recorded:
            by_bag.setdefault(unit.recording, []).append(unit)
    manifest = load_model(run.settings.model).manifest
    with progress(None, 'message') as step:
        for name, units in by_bag.items():
            path = run.out / 'annotated' / f'{Path(name).stem}_emotions'
            if all(_newer(path / 'metadata.yaml', record_path(run.records, unit))
                   for unit in units):
                continue
            path.parent.mkdir(exist_ok=True)
            for topic in write_result_bag(
                    units, run.records, run.settings.selection, manifest, path, step):
                print(f'fer: {name}: {topic} is not taken over, its type is not defined',
                      file=sys.stderr)


def _newer(path: Path, source: Path) -> bool:
    return path.exists() and path.stat().st_mtime_ns > source.stat().st_mtime_ns
