"""Two hundred malformed images of every kind, as fields that a message can carry."""

from __future__ import annotations

import itertools

import numpy as np

__all__ = ['malformed_images']

_GOOD = {
    'bgr8': 3, 'rgb8': 3, 'bgra8': 4, 'rgba8': 4, 'mono8': 1, 'mono16': 2, '8UC1': 1, '8UC3': 3,
    '8UC4': 4, '16UC1': 2, 'bayer_rggb8': 1, 'bayer_bggr8': 1, 'bayer_gbrg8': 1,
    'bayer_grbg8': 1, 'yuv422': 2, 'yuv422_yuy2': 2, 'uyvy': 2, 'yuyv': 2}
_NAMES = (
    '', 'BGR8', 'bgr', 'rgb', 'mono', 'jpeg', 'h264', '8UC', '32FC1', '64FC1', '16SC1', '8SC3',
    'bayer_rggb', 'yuv', 'nv24', 'yuv444', 'bgr8 ', 'unknown', 'x' * 200, '\u00e9ncoding')
_WIDTH, _HEIGHT = 32, 24


def malformed_images() -> list[tuple[str, dict[str, object]]]:
    """Return (what is wrong, fields of sensor_msgs/Image) of 200 images."""
    cases = [(name, fields) for name, fields in itertools.chain(
        _wrong_sizes(), _wrong_encodings(), _wrong_steps(), _wrong_lengths(), _wrong_flags(),
        _odd_sides())]
    cases += _random_cases(200 - len(cases))
    return cases[:200]


def _image(encoding='bgr8', **changes):
    width = changes.get('width', _WIDTH)
    step = min(2**32 - 1, width * _GOOD.get(encoding, 3))
    fields = {
        'width': width, 'height': _HEIGHT, 'encoding': encoding, 'is_bigendian': 0,
        'step': step, 'data': b''}
    fields.update(changes)
    if 'data' not in changes:
        fields['data'] = bytes(min(100_000, fields['step'] * fields['height']))
    return fields


def _wrong_sizes():
    absurd = (0, 16385, 2**20, 2**31, 2**32 - 1)
    for value in absurd:
        yield f'width {value}', _image(width=value)
        yield f'height {value}', _image(height=value)
        yield f'{value}x{value}', _image(width=value, height=value)


def _wrong_encodings():
    for name in _NAMES:
        yield f'encoding {name[:20]!r}', _image(encoding=name)


def _wrong_steps():
    for encoding, size in _GOOD.items():
        least = _WIDTH * size
        for step in (0, 1, least - 1):
            yield f'{encoding} with step {step}', _image(encoding, step=step)


def _wrong_lengths():
    for encoding, size in _GOOD.items():
        whole = _WIDTH * size * _HEIGHT
        for length in (0, 1, whole - 1, whole + 1):
            yield f'{encoding} with {length} bytes', _image(encoding, data=bytes(length))
    yield 'step that needs terabytes', _image(step=2**32 - 1, height=16384)


def _wrong_flags():
    for flag in (2, 255):
        yield f'is_bigendian {flag}', _image(is_bigendian=flag)


def _odd_sides():
    for encoding in ('nv12', 'nv21', 'bayer_rggb8'):
        yield f'{encoding} of odd height', _image(encoding, height=23, step=32)
        yield f'{encoding} of odd width', _image(encoding, width=31, step=31)
    for encoding in ('nv12', 'nv21'):
        yield f'{encoding} without colour plane', _image(
            encoding, step=32, data=bytes(32 * _HEIGHT))
    yield 'yuyv of odd width', _image('yuyv', width=31)


def _random_cases(count):
    rng = np.random.default_rng(0)
    for index in range(count):
        encoding = list(_GOOD)[int(rng.integers(len(_GOOD)))]
        whole = _WIDTH * _GOOD[encoding] * _HEIGHT
        length = int(rng.integers(0, whole))
        yield f'random {index}: {encoding} with {length} bytes', _image(
            encoding, data=rng.bytes(length))
