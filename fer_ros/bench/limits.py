"""What the core can do at best: copy memory, multiply matrices; and what a network asks for.

    python -m fer_ros.bench.limits      # one line of JSON

The probes run in a process of their own, with one thread, so that no library's pool of threads
shares the core with them. Their time is that of the processor; the quickest run counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import contextlib
import json
import os
from pathlib import Path
import subprocess
import sys
import time
from typing import Any

import numpy as np

from fer_ros.core.errors import FerError, ModelError

__all__ = ['count_macs', 'measure_limits']

_COPY_BYTES = 64 * 2**20  # far beyond the caches
_SIDE = 768  # of the matrices: large enough for the peak, small enough for a second's work
_RUNS = 30
_ENVIRONMENT = {'OMP_NUM_THREADS': '1', 'OPENBLAS_NUM_THREADS': '1', 'MKL_NUM_THREADS': '1'}
# OpenBLAS takes processors that are newer than itself for old ones, and leaves AVX-512 unused.
_WIDE = {'OPENBLAS_CORETYPE': 'SkylakeX'}


def measure_limits() -> dict[str, float]:
    """Return `copy_gb_s`, 10^9 bytes copied a second, and `gflop_s`, 10^9 float32 operations.

    Both of one core, the one on which the calling thread is kept if it is kept on one.

    Raises:
        FerError: The probes could not be run.
    """
    found = [_in_child({})]
    if 'avx512f' in _flags():
        found.append(_in_child(_WIDE))
    return {name: max(one[name] for one in found) for name in found[0]}


def count_macs(data: bytes, shape: Sequence[int]) -> int:
    """Return the multiply-accumulates of a LiteRT network: its convolutions and dense layers.

    Only those of floating-point numbers: integers are multiplied at another rate than the probe's.

    Args:
        data: The network.
        shape: (N, H, W, C) of its input.

    Raises:
        ModelError: It is none that LiteRT can load.
    """
    # Without delegates, which would hide the layers.
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        network = Interpreter(
            model_content=data,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
        network.resize_tensor_input(network.get_input_details()[0]['index'], list(shape))
        network.allocate_tensors()
    except (ImportError, ValueError, RuntimeError) as error:
        raise ModelError(f'the operations of the network cannot be counted: {error}') from error
    tensors = network.get_tensor_details()
    shapes = {tensor['index']: tensor['shape'] for tensor in tensors}
    floats = {tensor['index'] for tensor in tensors if tensor['dtype'] == np.float32}
    total = 0
    for layer in network._get_ops_details():
        if layer['op_name'] in _PRODUCTS and layer['inputs'][0] in floats:
            kernel = shapes[layer['inputs'][1]]
            total += _PRODUCTS[layer['op_name']](kernel) * int(
                np.prod(shapes[layer['outputs'][0]]))
    return total


# Products an output number, by the shape of the kernel.
_PRODUCTS: dict[str, Callable[[Any], int]] = {
    'CONV_2D': lambda kernel: int(np.prod(kernel[1:])),
    'DEPTHWISE_CONV_2D': lambda kernel: int(np.prod(kernel[1:3])),
    'FULLY_CONNECTED': lambda kernel: int(np.prod(kernel[1:])),
}


def _in_child(environment: Mapping[str, str]) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, '-m', 'fer_ros.bench.limits'], capture_output=True, text=True,
        env={**os.environ, **_ENVIRONMENT, **environment})
    if done.returncode:
        raise FerError(f'the machine could not be probed: {done.stderr.strip()[-300:]}')
    result: dict[str, float] = json.loads(done.stdout)
    return result


def _flags() -> list[str]:
    with contextlib.suppress(OSError):
        for line in Path('/proc/cpuinfo').read_text().splitlines():
            if line.startswith('flags'):
                return line.split()
    return []


def _probe() -> dict[str, float]:
    source = np.ones(_COPY_BYTES, np.uint8)
    target = np.zeros_like(source)
    left = np.random.default_rng(0).normal(size=(_SIDE, _SIDE)).astype(np.float32)
    product = np.empty_like(left)
    copying = _quickest(lambda: np.copyto(target, source))
    multiplying = _quickest(lambda: np.matmul(left, left, out=product))
    return {'copy_gb_s': round(_COPY_BYTES / copying / 1e9, 2),
            'gflop_s': round(2 * _SIDE**3 / multiplying / 1e9, 1)}


def _quickest(work: Callable[[], object]) -> float:
    best = float('inf')
    for _ in range(_RUNS):
        begin = time.process_time()
        work()
        best = min(best, time.process_time() - begin)
    return best


if __name__ == '__main__':
    print(json.dumps(_probe()))
