"""The report of a soak: figures for people and programs, and a picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any, TYPE_CHECKING

from verdict import rounds

if TYPE_CHECKING:
    from run import Soak

__all__ = ['write_report']


def write_report(
    folder: Path, soak: Soak, problems: Sequence[str], about: dict[str, Any],
) -> None:
    """Write `report.json`, `report.md` and `soak.png`, and the node's log."""
    folder.mkdir(parents=True, exist_ok=True)
    content = _content(soak, problems, about)
    (folder / 'report.json').write_text(json.dumps(content, indent=2) + '\n')
    (folder / 'report.md').write_text(_text(content))
    (folder / 'node.log').write_bytes(soak.log.read_bytes())
    _plot(folder / 'soak.png', soak)


def _content(soak: Soak, problems: Sequence[str], about: dict[str, Any]) -> dict[str, Any]:
    counts = soak.watch.counts
    happened = Counter(name for _, name in soak.events)
    judged = rounds(soak.samples) if soak.samples else []
    return {
        **about, 'passed': not problems, 'problems': list(problems),
        'images': {
            'published': soak.published, 'results': sum(soak.watch.results.values()),
            **{name: counts[name] for name in ('received', 'processed', 'rejected', 'failed')},
            **{name: count for name, count in sorted(counts.items()) if ':' in name}},
        'faults': {
            name: {'times': count,
                   'recovery_s': round(max(soak.recoveries.get(name) or [float('nan')]), 2)}
            for name, count in sorted(happened.items())},
        'rounds': len(judged) + 1 if judged else min(1, len(happened)),
        'process': {
            name: {'second round': round(min(getattr(s, name) for s in judged[0]), 1),
                   'last round': round(min(getattr(s, name) for s in judged[-1]), 1),
                   'largest': round(max(getattr(s, name) for s in soak.samples), 1)}
            for name in ('memory', 'handles', 'threads')} if len(judged) > 1 else {},
        'events': [{'time': round(time, 1), 'fault': name} for time, name in soak.events],
        'samples': [dataclasses.asdict(sample) for sample in soak.samples]}


def _text(content: dict[str, Any]) -> str:
    lines = [
        f'# Soak: {"passed" if content["passed"] else "failed"}', '',
        f'`make soak MINUTES={content["minutes"]:g} SEED={content["seed"]}`, '
        f'{content["seconds"]:.0f} s, {content["rounds"]} rounds of faults', '']
    lines += [f'- {problem}' for problem in content['problems']]
    lines += ['', '| images | |', '|---|---|']
    lines += [f'| {name} | {count} |' for name, count in content['images'].items()]
    lines += ['', '| process of the node | second round | last round | largest |',
              '|---|---|---|---|']
    lines += [f'| {name}{" in MB" if name == "memory" else ""} | '
              f'{" | ".join(map(str, values.values()))} |'
              for name, values in content['process'].items()]
    if not content['process']:
        lines.append('| too short to be told | | | |')
    lines += ['', '| fault | times | results flow again after, at most |', '|---|---|---|']
    lines += [f'| {name} | {found["times"]} | {found["recovery_s"]} s |'
              for name, found in content['faults'].items()]
    return '\n'.join(lines) + '\n'


def _plot(path: Path, soak: Soak) -> None:
    import matplotlib as mpl

    mpl.use('Agg')
    from matplotlib import pyplot

    samples = soak.samples
    times = [sample.time for sample in samples]
    figure, axes = pyplot.subplots(3, 1, figsize=(10, 8), sharex=True, constrained_layout=True)
    middles = [(a + b) / 2 for a, b in itertools.pairwise(times)]
    for name in ('published', 'results'):
        rates = [(getattr(b, name) - getattr(a, name)) / (b.time - a.time)
                 for a, b in itertools.pairwise(samples)]
        axes[0].plot(middles, rates, label=name, linewidth=0.8)
    axes[0].set_ylabel('images/s, both cameras')
    axes[1].plot(times, [sample.memory for sample in samples], label='memory of its own')
    axes[1].set_ylabel('MB')
    for name in ('handles', 'threads'):
        axes[2].plot(times, [getattr(sample, name) for sample in samples], label=name)
    axes[2].set_ylabel('count')
    axes[2].set_xlabel('seconds')
    for axis in axes:
        axis.set_ylim(bottom=0)
        axis.legend(loc='lower right')
        for time, _ in soak.events:
            axis.axvline(time, color='0.85', linewidth=0.6, zorder=0)
    axes[0].set_title('emotion_node among faults (each grey line is one)')
    figure.savefig(path, dpi=80)
    pyplot.close(figure)
