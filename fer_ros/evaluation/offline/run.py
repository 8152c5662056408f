"""What a run is: its units of work, labels and settings, and how it is to be done."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
from pathlib import Path

from fer_ros.commands.options import check_folder
from fer_ros.evaluation.offline.labels.annotators import Agreement
from fer_ros.evaluation.offline.settings import Settings
from fer_ros.evaluation.offline.sources.base import Excluded, Unit
from fer_ros.evaluation.offline.truth import Truth

__all__ = ['Job', 'Run']


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
        parquet: Whether to write `predictions.parquet`.
        fresh: Whether to do again what is done already.
    """

    jobs: int = 1
    scheduler: str = ''
    faces: bool = True
    report: bool = True
    video: bool = False
    bag: bool = False
    parquet: bool = False
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
        check_folder(self.out)

    @property
    def records(self) -> Path:
        """Folder of the records."""
        return self.out / 'records'
