"""Network files run by the runtime of their suffix; what cannot be run is named."""

import sys
import threading

import numpy as np
import pytest
from runtime_support import threads_with

from fer_ros.bench.machine import resident_mb
from fer_ros.core.errors import ModelError
from fer_ros.core.face_model import load_face_model
from fer_ros.core.model import load_model
from fer_ros.core.runtime import load_runtime, Port, return_memory, SUFFIXES


def test_litert_tells_its_ports_and_runs_batches_of_any_size():
    runtime = load_runtime(load_model().data, 'model.tflite')
    assert runtime.inputs == (Port((48, 48, 1), 'float32'),)
    assert runtime.outputs == (Port((8,), 'float32'),)
    batch = np.random.default_rng(0).uniform(0, 255, (3, 48, 48, 1)).astype(np.float32)
    together = runtime.run(batch)
    assert together.shape == (3, 8)
    assert np.abs(runtime.run(batch[1:2]) - together[1:2]).max() < 1e-4


def test_an_output_is_not_overwritten_by_the_next_run():
    runtime = load_runtime(load_model().data, 'model.tflite')
    first = runtime.run(np.zeros((1, 48, 48, 1), np.float32))
    kept = first.copy()
    runtime.run(np.full((1, 48, 48, 1), 200, np.float32))
    assert np.array_equal(first, kept)


@pytest.mark.parametrize('file', ['model.pb', 'model', 'model.tflite.bak'])
def test_a_suffix_without_runtime_is_refused(file):
    with pytest.raises(ModelError, match=r'known are \.tflite, \.onnx'):
        load_runtime(b'', file)
    assert SUFFIXES == ('.tflite', '.onnx')


@pytest.mark.parametrize(('module', 'file', 'advice'), [
    ('ai_edge_litert.interpreter', 'model.tflite',
     'LiteRT is not installed; get it with: pip install ai-edge-litert'),
    ('onnxruntime', 'model.onnx',
     'model.onnx: ONNX Runtime is not installed; get it with: pip install onnxruntime, or export '
     'the model for LiteRT')])
def test_a_missing_runtime_is_told_with_how_to_get_it(monkeypatch, module, file, advice):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModelError) as error:
        load_runtime(b'', file)
    assert str(error.value) == advice


def test_a_port_is_written_as_people_read_it():
    assert str(Port((48, None, 1), 'float32')) == 'float32 (N, 48, ?, 1)'


def test_memory_that_is_no_longer_used_goes_back_to_the_system():
    def use():
        blocks = [bytes([1]) * 100_000 for _ in range(500)]
        kept.append(blocks.pop())  # what lies above the rest keeps it from going by itself

    kept = []
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    before = resident_mb()
    return_memory()
    assert resident_mb() < before - 30


@pytest.mark.parametrize('library', [AttributeError('malloc_trim'), OSError('no library')])
def test_another_library_of_c_keeps_its_memory_in_peace(monkeypatch, library):
    def refuse(name):
        raise library

    monkeypatch.setattr('ctypes.CDLL', refuse)
    return_memory()


def test_sides_that_are_not_fixed_are_told_as_such():
    runtime = load_runtime(load_face_model().data, 'model.tflite')
    assert runtime.inputs == (Port((None, None, 3), 'float32'),)
    for size in ((32, 64), (64, 32)):
        given = runtime.run(np.zeros((1, *size, 3), np.float32))
        assert given.shape == (1, 8 * 4 + 4 * 2 + 2 * 1, 15)


def test_litert_uses_as_many_threads_as_it_may():
    data = load_model().data
    assert threads_with(data, 'model.tflite') == 1
    assert threads_with(data, 'model.tflite', 3) == 3


@pytest.mark.parametrize('data', [b'', b'no flatbuffer'])
def test_bytes_that_litert_cannot_load_are_told_by_their_file(data):
    with pytest.raises(
            ModelError, match=r'^a/file\.tflite: not a network that LiteRT can load \(\W*\w'):
        load_runtime(data, 'a/file.tflite')
