#!/usr/bin/env python3
"""Feeds a decoder with bytes that coverage leads, until it raises what it should not.

    make fuzz TARGET=image SECONDS=60        # image, compressed, manifest, labels

The corpus is made here, of small good and bad inputs, and grows in `.build/fuzz_TARGET`; what
breaks a decoder is left there as `crash-...`. `--corpus-only` runs the corpus without atheris.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
import json
from pathlib import Path
import struct
import sys
import tempfile
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import cv2  # noqa: E402
import numpy as np  # noqa: E402


def main() -> int:
    """Fuzz; return 0 if nothing broke."""
    parser = argparse.ArgumentParser(prog='fuzz', description=__doc__.splitlines()[0])
    parser.add_argument('--target', choices=sorted(TARGETS), default='compressed')
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--corpus-only', action='store_true')
    args = parser.parse_args()
    make, corpus = TARGETS[args.target]
    if args.corpus_only:
        for data in corpus():
            make()(data)
        return 0
    try:
        import atheris
    except ImportError:
        print('fuzz: error: atheris is not installed; run it as make fuzz', file=sys.stderr)
        return 1
    folder = ROOT / '.build' / f'fuzz_{args.target}'
    folder.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=['fer_ros']):
        feed = make()
    for number, data in enumerate(corpus()):
        (folder / f'seed_{number}').write_bytes(data)
    atheris.Setup(
        [sys.argv[0], str(folder), f'-max_total_time={args.seconds}', '-max_len=65536',
         f'-artifact_prefix={folder}/', '-rss_limit_mb=2048', '-timeout=20'], feed)
    atheris.Fuzz()
    return 0


# Each makes a function that takes bytes and raises only what is a bug; imports are within, so
# that atheris sees them.


def _image() -> Callable[[bytes], None]:
    from fer_ros.core.encodings import ENCODINGS
    from fer_ros.core.errors import ImageError
    from fer_ros.core.image import to_bgr

    names = [*sorted(ENCODINGS), 'nonsense']

    def feed(data: bytes) -> None:
        if len(data) < _HEAD.size:
            return
        width, height, step, name, big = _HEAD.unpack_from(data)
        message = SimpleNamespace(
            width=width, height=height, step=step, encoding=names[name % len(names)],
            is_bigendian=big, data=data[_HEAD.size:])
        try:
            bgr = to_bgr(message)
        except ImageError:
            return
        assert bgr.shape == (height, width, 3)

    return feed


_HEAD = struct.Struct('<HHHBB')


def _image_corpus() -> Iterator[bytes]:
    from fer_ros.core.encodings import ENCODINGS

    for number, (_, known) in enumerate(sorted(ENCODINGS.items())):
        step = 4 * known.channels * np.dtype(known.dtype).itemsize
        yield _HEAD.pack(4, 4, step, number, 0) + bytes(step * 4 * known.planes // 2)
    yield _HEAD.pack(65535, 65535, 65535, 0, 1)


def _compressed() -> Callable[[bytes], None]:
    from fer_ros.core.compressed import compressed_to_bgr
    from fer_ros.core.errors import ImageError

    forms = ('jpeg', 'rgb8; jpeg compressed rgb8', '16UC1; png compressed',
             '16UC1; compressedDepth')

    def feed(data: bytes) -> None:
        if not data:
            return
        message = SimpleNamespace(format=forms[data[0] % len(forms)], data=data[1:])
        try:
            bgr = compressed_to_bgr(message)
        except ImageError:
            return
        assert bgr.ndim == 3

    return feed


def _compressed_corpus() -> Iterator[bytes]:
    colour = (np.arange(16 * 12 * 3) % 251).astype(np.uint8).reshape(12, 16, 3)
    for pixels in (colour, colour[..., 0], colour.astype(np.uint16) * 200,
                   np.dstack([colour, colour[..., :1]])):
        for suffix, options in (('.jpg', ()), ('.jpg', (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)),
                                ('.png', ())):
            if suffix == '.png' or (pixels.dtype == np.uint8 and pixels.shape[-1] != 4):
                data = cv2.imencode(suffix, pixels, list(options))[1].tobytes()
                yield b'\0' + data
                yield b'\1' + data[:len(data) // 2]


def _manifest() -> Callable[[bytes], None]:
    from fer_ros.core.errors import ModelError
    from fer_ros.core.model import load_model

    folder = Path(tempfile.mkdtemp(prefix='fer_fuzz_'))

    def feed(data: bytes) -> None:
        (folder / 'manifest.json').write_bytes(data)
        try:
            load_model(folder)
        except ModelError:
            return
        raise AssertionError('a folder without a network was taken')

    return feed


def _manifest_corpus() -> Iterator[bytes]:
    from fer_ros.core.model import load_model

    content = json.loads((load_model().folder / 'manifest.json').read_text())
    for name in ('training', 'metrics'):
        content[name] = {}
    whole = json.dumps(content)
    yield whole.encode()
    yield whole[:len(whole) // 2].encode()
    for text in ('[' * 10_000, '{}', '[]', '{"schema": 1}', '1e999', '"\\ud800"'):
        yield text.encode()


def _labels() -> Callable[[bytes], None]:
    from fer_ros.core.errors import FerError
    from fer_ros.core.types import EMOTIONS
    from fer_ros.evaluation.offline.labels.files import LABEL_SUFFIXES, read_timelines
    from fer_ros.evaluation.offline.labels.words import Words
    from fer_ros.evaluation.offline.sources.layouts import read_pictures

    folder = Path(tempfile.mkdtemp(prefix='fer_fuzz_'))
    words = Words(EMOTIONS)

    def feed(data: bytes) -> None:
        if not data:
            return
        kind = data[0] % (len(LABEL_SUFFIXES) + 1)
        path = folder / f'talk{(*LABEL_SUFFIXES, ".csv")[kind]}'
        path.write_bytes(data[1:])
        try:
            if kind < len(LABEL_SUFFIXES):
                read_timelines(path, ['talk.mp4'], words)
            else:
                read_pictures(path, 'auto', words)
        except FerError:
            return

    return feed


def _labels_corpus() -> Iterator[bytes]:
    for number, text in (
            (0, 'start,end,emotion,track\n0,1.5,happy,1\n2,3,neutral,1\n'),
            (1, 'emotion\t\t0.500\t1.500\t1.000\thappy\n'),
            (1, 'Tier\tBegin Time - ss.msec\tEnd Time - ss.msec\tAnnotation\na\t0.1\t0.2\tsad\n'),
            (3, 'File type = "ooTextFile"\nitem [1]:\n name = "emotion"\n intervals [1]:\n'
                'xmin = 0\nxmax = 1\ntext = "happy"\n'),
            (4, 'file,emotion,subject\na.png,happy,s1\n../b.png,sad,s2\n'),
            (4, 'emotion,pixels,Usage\n3,0 1 2 3,Training\n'),
            (4, 'subDirectory_filePath,expression,face_x\na.png,1,3\n'),
            (4, 'test_0001.jpg 3\n')):
        yield bytes([number]) + text.encode()


TARGETS: dict[str, tuple[Callable[[], Callable[[bytes], None]], Callable[[], Iterator[bytes]]]] = {
    'image': (_image, _image_corpus), 'compressed': (_compressed, _compressed_corpus),
    'manifest': (_manifest, _manifest_corpus), 'labels': (_labels, _labels_corpus),
}
"""By name: what is fed, and with what it begins."""


if __name__ == '__main__':
    sys.exit(main())
