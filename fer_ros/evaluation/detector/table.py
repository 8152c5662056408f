"""The figures of a comparison as tables, in Markdown and for the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
from typing import Any

__all__ = ['markdown', 'Table', 'tables']

_TEACHER = 'the labels themselves'


@dataclasses.dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        title: Its title.
        text: What it tells, in a sentence or two.
        head: The titles of its columns.
        rows: Its rows.
    """

    title: str
    text: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def markdown(result: dict[str, Any]) -> str:
    """Return all tables of a comparison as Markdown."""
    parts = []
    for table in tables(result):
        lines = [f'### {table.title}', '', table.text, '', f'| {" | ".join(table.head)} |',
                 '|---' * len(table.head) + '|',
                 *(f'| {" | ".join(row)} |' for row in table.rows)]
        parts.append('\n'.join(lines))
    if 'haar_score' in result:
        parts.append('haar score = 1 / (1 + exp(-(a ln n + b))) with a = {a}, b = {b}'.format(
            **result['haar_score']))
    return '\n\n'.join(parts) + '\n'


def tables(result: dict[str, Any]) -> Iterator[Table]:
    """Yield the tables of the content of `metrics.json`; those without rows are left out."""
    names = result['names']
    for table in (_recall(result, names), _precision(result, names), _landmarks(result, names),
                  _people(result), _alarms(result, names), *_scenes(result),
                  _speed(result, names)):
        if table.rows:
            yield table


def _recall(result: dict[str, Any], names: Sequence[str]) -> Table:
    subject, others = names[0], names[1:]
    rows = []
    for subset in result['subsets'].values():
        cells = [subset['title'], str(subset['faces'])]
        for name in names:
            row = subset['detectors'][name]
            cells.append(f'{_percent(row["recall"])} ({_range(row["recall_ci"])})')
        for name in others:
            row = subset['differences'][name]
            low, high = row['recall_ci']
            cells.append(f'{100 * row["recall"]:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})')
        rows.append(cells)
    return Table(
        f'Recall at {100 * result["precision"]:.0f} % precision',
        'Share of the faces that are found (intersection over union 0.5), in %, with its 95 % '
        'interval; 0 where no score is so precise.',
        ('pictures', 'faces', *names, *(f'{subject} less {name}' for name in others)), rows)


def _precision(result: dict[str, Any], names: Sequence[str]) -> Table:
    rows = [
        [subset['title'], *(
            f'{subset["detectors"][name]["ap"]:.3f} '
            f'({_range(subset["detectors"][name]["ap_ci"], 1, 3)})' for name in names)]
        for subset in result['subsets'].values()]
    return Table('Average precision', 'Area below the curve of precision and recall.',
                 ('pictures', *names), rows)


def _landmarks(result: dict[str, Any], names: Sequence[str]) -> Table:
    able = [name for name in names
            if any(name in subset['landmarks'] for subset in result['subsets'].values())]
    rows = []
    for subset in result['subsets'].values():
        cells = [_error(subset['landmarks'].get(name)) for name in able]
        if any(cell != '-' for cell in cells):
            common = [subset['landmarks'].get(name, {}).get('common', {}) for name in able]
            cells += ['-' if part.get('median') is None else f'{100 * part["median"]:.1f}'
                      for part in common]
            rows.append([subset['title'], *cells])
    return Table(
        'Landmarks against the labels',
        'Mean distance of the five points in % of the distance between the eyes: median and '
        'interval, 90th percentile, number of faces found at 95 % precision; then the median '
        'on the faces that all of them find.',
        ('pictures', *able, *(f'{name}, same faces' for name in able)), rows)


def _people(result: dict[str, Any]) -> Table:
    rows = [[_TEACHER if name == 'teacher' else name, _error(row)]
            for name, row in result['people'].items()]
    return Table(
        "Landmarks against people's points",
        'As above, on pictures in which people placed the points; the labels (of the teacher) '
        'define eyes and nose a little differently.', ('points of', 'error'), rows)


def _alarms(result: dict[str, Any], names: Sequence[str]) -> Table:
    rows = []
    for subset in result['empty'].values():
        cells = [subset['title'], str(subset['pictures'])]
        for name in names:
            row = subset['detectors'][name]
            low, high = row['per_100_ci']
            cells.append(f'{row["per_100"]:.1f} ({low:.1f} to {high:.1f})')
        rows.append(cells)
    return Table('False alarms in 100 pictures without a face',
                 "With every detector's default threshold.", ('pictures', 'number', *names), rows)


def _scenes(result: dict[str, Any]) -> Iterator[Table]:
    scenes = result.get('scenes')
    if not scenes:
        return
    bands = list(next(iter(scenes['detectors'].values()))['recall_by_size'])
    rows, scores = [], []
    for name, row in scenes['detectors'].items():
        shares = [row['recall'], *row['recall_by_size'].values(), row['precision']]
        rows.append([name, *('-' if share is None else _percent(share) for share in shares),
                     f'{row["false_per_frame"]:.3f}', f'{row["false_per_empty_frame"]:.3f}',
                     f'{row["ms_median"]:.1f}'])
        scores += [[name, part['scores'], f'{part["mean_score"]:.2f}',
                    f'{100 * part["right"]:.0f} % of {part["n"]}']
                   for part in row['calibration'].get('bins', ())]
    yield Table(
        "Camera frames, every detector's own threshold",
        f'{scenes["faces"]} faces in {scenes["frames"]} scenes of 640x480, '
        f'{scenes["empty_frames"]} scenes without a face; in %, by the longer side of the face; '
        'processor time in ms.',
        ('detector', 'recall', *bands, 'precision', 'false a frame',
         'false a frame without faces', 'ms a frame'), rows)
    yield Table('Scores', 'Whether a score is the share of right detections among its like.',
                ('detector', 'score', 'mean', 'right'), scores)


def _speed(result: dict[str, Any], names: Sequence[str]) -> Table:
    rows = []
    for size, row in result['speed'].items():
        for name in names:
            part = row[name]
            stages = part['stages'] or {}
            rows.append([
                size, name, *(f'{stages[stage]:.2f}' if stage in stages else '-'
                              for stage in result['stages']),
                f'{part["ms_median"]:.2f}', f'{part["ms_p10"]:.2f} to {part["ms_p90"]:.2f}',
                f'{part["ratio"]:.2f}'])
    return Table(
        'Time', 'Milliseconds of processor time on one core, frames looked at as they are: '
        'medians, the range from the 10th to the 90th percentile, and the ratio to '
        f'{names[0]}, frame by frame.',
        ('frame', 'detector', *result['stages'], 'whole', 'range', 'ratio'), rows)


def _percent(share: float) -> str:
    return f'{100 * share:.1f}'


def _range(ends: Sequence[float], factor: float = 100, digits: int = 1) -> str:
    low, high = (factor * end for end in ends)
    return f'{low:.{digits}f}-{high:.{digits}f}'


def _error(row: dict[str, Any] | None) -> str:
    if row is None:
        return '-'
    return (f'{100 * row["median"]:.1f} ({_range(row["median_ci"])}), '
            f'{100 * row["p90"]:.1f}, {row["n"]}')
