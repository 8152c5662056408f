"""`fer video`: an annotated video, and a row a face as CSV or JSON lines."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
import contextlib
from pathlib import Path
import sys
import time

from fer_ros.commands.options import (
    add_pipeline_options,
    add_stream_options,
    count,
    make_pipeline,
    seconds,
)
from fer_ros.commands.progress import progress
from fer_ros.core.annotate import draw
from fer_ros.core.errors import ConfigError
from fer_ros.core.pipeline import Pipeline
from fer_ros.core.sources import FrameSource, open_source
from fer_ros.core.types import FrameResult
from fer_ros.core.video_encoder import MPEG4, MPEG4_NOTE
from fer_ros.core.video_writer import MAX_FPS, VideoWriter
from fer_ros.evaluation.records import CsvWriter, JsonLinesWriter, table, whole_file

__all__ = ['EPILOG', 'add_arguments', 'run']

EPILOG = """\
Faces are followed from frame to frame and their distributions smoothed over time, as on the
robot. All files take their names only when they are complete: an interrupted run leaves none. A
camera is recorded until Ctrl-C, which ends it in good order.

examples:
  fer video talk.mp4
  fer video talk.mp4 --out annotated.mp4 --csv emotions.csv --jsonl emotions.jsonl
  fer video frames/ --fps 10
  fer video 0 --duration 30
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `fer video`."""
    parser.add_argument(
        'source', metavar='SOURCE', help='video file, folder of frames, or camera (0, 1, ...)')
    parser.add_argument(
        '--out', metavar='FILE.mp4',
        help='annotated video (default: NAME_emotions.mp4 in the current folder)')
    parser.add_argument('--no-annotate', action='store_true', help='write no video')
    parser.add_argument('--csv', metavar='FILE', help='a row a face')
    parser.add_argument('--jsonl', metavar='FILE', help='a line of JSON a frame')
    parser.add_argument(
        '--max-frames', type=count, metavar='N', help='stop after N frames that were used')
    parser.add_argument(
        '--duration', type=seconds, default=0.0, metavar='SECONDS', help='stop after that long')
    parser.add_argument(
        '--fps', type=seconds, default=0.0, metavar='N',
        help="at most N frames a second; of a folder: N (default: the source's own)")
    add_stream_options(parser)
    parser.add_argument(
        '--crops', action='store_true', help='also draw the crops that are classified')
    add_pipeline_options(parser)


def run(args: argparse.Namespace) -> int:
    """Run `fer video`; returns the exit code."""
    pipeline = make_pipeline(
        args, tracking=True, smoothing=args.smoothing, detect_every=args.detect_every)
    with open_source(args.source, fps=args.fps, duration=args.duration) as source:
        out = None if args.no_annotate else Path(args.out or _default_name(args.source))
        if out is not None and out.suffix.lower() != '.mp4':
            raise ConfigError(f'--out must end in .mp4, got {out}')
        if out is not None and out.exists() and Path(args.source).exists() \
                and out.samefile(args.source):
            raise ConfigError(f'--out {out} would overwrite its own source')
        if out is not None and source.fps / args.every > MAX_FPS:
            raise ConfigError(
                f'{args.source} has {source.fps:.0f} frames a second, a video at most '
                f'{MAX_FPS:.0f}: give --every 2 (or more), or --no-annotate')
        summary = _process(pipeline, source, out, args)
    print(summary.text())
    for path in (out, args.csv, args.jsonl):
        if path:
            print(f'written: {path}')
    if summary.codec == MPEG4:
        print(MPEG4_NOTE, file=sys.stderr)
    return 0


def _default_name(source: str) -> str:
    name = Path(source).stem if Path(source).exists() else f'camera{source}'
    return f'{name}_emotions.mp4'


class _Summary:
    """What was seen, for the end of the run."""

    def __init__(self) -> None:
        self.frames = self.faces = self.empty = 0
        self.codec = ''
        self.tracks: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._begin = time.perf_counter()

    def add(self, result: FrameResult) -> None:
        self.frames += 1
        self.faces += len(result.faces)
        self.empty += not result.faces
        for face in result.faces:
            self.tracks[face.track_id][face.label] += 1

    def text(self) -> str:
        seconds = time.perf_counter() - self._begin
        lines = [
            f'{self.frames} frames in {seconds:.1f} s ({self.frames / seconds:.1f} frames/s), '
            f'{self.faces} faces, {self.empty} frames without face']
        rows = [['track', 'frames', 'mostly', 'then']]
        for track, counts in sorted(self.tracks.items()):
            total = sum(counts.values())
            shares = [f'{label} {100 * n / total:.0f} %' for label, n in counts.most_common(3)]
            rows.append([str(track), str(total), shares[0], ', '.join(shares[1:])])
        return '\n'.join([*lines, table(rows)] if len(rows) > 1 else lines)


def _process(
    pipeline: Pipeline, source: FrameSource, out: Path | None, args: argparse.Namespace,
) -> _Summary:
    summary = _Summary()
    with contextlib.ExitStack() as stack:
        writers: list[CsvWriter | JsonLinesWriter] = []
        if args.csv:
            writers.append(CsvWriter(stack.enter_context(whole_file(args.csv)), pipeline.labels))
        if args.jsonl:
            writers.append(JsonLinesWriter(stack.enter_context(whole_file(args.jsonl))))
        video = None if out is None else stack.enter_context(
            VideoWriter(out, source.fps / args.every, source.size))
        summary.codec = '' if video is None else video.codec
        step = stack.enter_context(progress(_frames(source, args), 'frame'))
        # A camera has no other end than Ctrl-C; a file that is interrupted is not complete.
        if source.live:
            stack.enter_context(contextlib.suppress(KeyboardInterrupt))
        for index, frame in enumerate(source):
            if index % args.every == 0:
                result = pipeline.process(frame.bgr, frame.stamp)
                summary.add(result)
                for writer in writers:
                    writer.write(index, frame.stamp, result)
                if video is not None:
                    video.write(draw(frame.bgr, result, crops=args.crops))
            step()
            if summary.frames == args.max_frames:
                break
    return summary


def _frames(source: FrameSource, args: argparse.Namespace) -> int | None:
    """Return how many frames will be read, None if nobody knows."""
    limit = None if args.max_frames is None else (args.max_frames - 1) * args.every + 1
    known = [n for n in (source.frame_count, limit) if n is not None]
    return min(known, default=None)
