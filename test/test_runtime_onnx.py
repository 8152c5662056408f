"""ONNX Runtime is fed and asked like LiteRT. The networks are written here, as onnx.proto says."""

import math
from pathlib import Path
import time

import numpy as np
import pytest
from runtime_support import threads_with

from fer_ros.core.errors import ModelError
from fer_ros.core.runtime import load_runtime, Port

pytest.importorskip('onnxruntime')

KINDS = {'float32': 1, 'int64': 7, 'float64': 11}
"""Numbers of element types in onnx.proto."""


def field(number, value):
    """Return a field of a message: a number, or what has a length."""
    if isinstance(value, int):
        return bytes([number << 3]) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return bytes([number << 3 | 2]) + varint(len(data)) + data


def varint(value):
    low, high = value & 127, value >> 7
    return bytes([low | 128]) + varint(high) if high else bytes([low])


def value_info(name, sides, dtype):
    dims = b''.join(
        field(1, field(1, side) if isinstance(side, int) else field(2, side)) for side in sides)
    tensor = field(1, KINDS[dtype]) + field(2, dims)
    return field(1, name) + field(2, field(1, tensor))


def node(kind, given, made):
    return b''.join(field(1, name) for name in given) + field(2, made) + field(4, kind)


def onnx(sides=('N', 2, 3, 1), dtype='float32', inputs=('image',), weights=b''):
    """Return a network that gives its first input, flattened, and minus that."""
    graph = field(1, node('Flatten', inputs[:1], 'flat'))
    graph += field(1, node('Neg', ['flat'], 'minus'))
    if len(inputs) > 1:
        graph += field(1, node('Add', inputs, 'sum'))
    graph += field(2, 'graph') + weights
    for name in inputs:
        graph += field(11, value_info(name, sides, dtype))
    flat = math.prod(side for side in sides[1:] if isinstance(side, int))
    for name in ('flat', 'minus'):
        graph += field(12, value_info(name, (sides[0], flat), dtype))
    return field(1, 8) + field(7, graph) + field(8, field(1, '') + field(2, 13))


def test_it_tells_its_ports_and_runs_batches_of_any_size():
    runtime = load_runtime(onnx(), 'model.onnx')
    assert runtime.inputs == (Port((2, 3, 1), 'float32'),)
    assert runtime.outputs == (Port((6,), 'float32'), Port((6,), 'float32'))
    for count in (1, 3):
        batch = np.random.default_rng(0).normal(size=(count, 2, 3, 1)).astype(np.float32)
        given = runtime.run(batch)
        assert given.dtype == np.float32
        assert np.array_equal(given, batch.reshape(count, 6))


@pytest.mark.parametrize('dtype', KINDS)
def test_element_types_have_the_names_of_numpy(dtype):
    runtime = load_runtime(onnx(dtype=dtype), 'model.onnx')
    assert {port.dtype for port in (*runtime.inputs, *runtime.outputs)} == {dtype}


def test_sides_that_are_not_fixed_are_told_as_such():
    runtime = load_runtime(onnx(sides=('N', 'H', 6, 1)), 'model.onnx')
    assert runtime.inputs == (Port((None, 6, 1), 'float32'),)


def test_a_network_for_batches_of_one_size_is_refused_with_the_way_out():
    with pytest.raises(ModelError) as error:
        load_runtime(onnx(sides=(4, 2, 3, 1)), 'a/model.onnx')
    assert str(error.value) == (
        'a/model.onnx: the network takes batches of 4 only; export it with a batch of free size')


@pytest.mark.parametrize('batch', ['N', 4])
def test_a_network_of_two_inputs_is_told_as_such(batch):
    """Whoever asked for it knows what he wanted: the size of a batch is his least trouble."""
    runtime = load_runtime(onnx(sides=(batch, 2, 3, 1), inputs=('one', 'other')), 'model.onnx')
    assert runtime.inputs == (Port((2, 3, 1), 'float32'),) * 2


@pytest.mark.parametrize('data', [b'', b'no protobuf', onnx()[:-40]])
def test_bytes_that_it_cannot_load_are_told_by_their_file(data):
    with pytest.raises(
            ModelError, match=r'^a/model\.onnx: not a network that ONNX Runtime can load \(\W*\w'):
        load_runtime(data, 'a/model.onnx')


def test_it_uses_as_many_threads_as_it_may():
    assert threads_with(onnx(), 'model.onnx') == 1
    assert threads_with(onnx(), 'model.onnx', 3) == 3


def test_its_threads_leave_the_processor_to_others_between_two_runs():
    runtime = load_runtime(onnx(sides=('N', 2000, 300, 1)), 'model.onnx', 3)
    for _ in range(3):
        runtime.run(np.zeros((4, 2000, 300, 1), np.float32))
    begin = time.process_time()
    time.sleep(0.1)
    assert time.process_time() - begin < 0.03


def test_weights_in_a_second_file_are_looked_for_nowhere(tmp_path, monkeypatch):
    """The manifest's sha256 would not vouch for them."""
    monkeypatch.chdir(tmp_path)
    values = np.ones(6, np.float32).tobytes()
    Path('weights.bin').write_bytes(values)
    outside = field(13, field(1, 'location') + field(2, 'weights.bin')) + field(14, 1)

    def network(place):
        weights = field(1, 6) + field(2, KINDS['float32']) + field(8, 'w') + place
        return onnx(weights=field(5, weights) + field(1, node('Add', ['flat', 'w'], 'moved')))

    load_runtime(network(field(9, values)), 'model.onnx')
    with pytest.raises(ModelError, match=r'can load \(.*/dev/null/weights\.bin'):
        load_runtime(network(outside), 'model.onnx')
