"""Pictures that are bombs, torn, or crowded."""

import struct
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fer_ros.bench.machine import resident_mb
from fer_ros.core.annotate import draw
from fer_ros.core.classifier import Classifier
from fer_ros.core.compressed import compressed_to_bgr
from fer_ros.core.errors import ImageError, ModelError
from fer_ros.core.model import load_model
from fer_ros.core.pipeline import Pipeline
from fer_ros.core.tracker import Tracker
from fer_ros.core.types import Face, FaceEmotion, FrameResult


def picture(data):
    return SimpleNamespace(format='jpeg', data=data)


def jpeg(bgr, *options):
    return cv2.imencode('.jpg', bgr, list(options))[1].tobytes()


def claiming(data, width, height):
    """Return a JPEG whose header names another size."""
    place = next(data.index(marker) for marker in (b'\xff\xc0', b'\xff\xc2') if marker in data)
    return data[:place + 5] + struct.pack('>HH', height, width) + data[place + 9:]


@pytest.mark.parametrize('progressive', [0, 1])
def test_a_tiny_jpeg_that_claims_to_be_huge_is_refused_before_it_is_decoded(progressive):
    bomb = claiming(
        jpeg(np.full((64, 64, 3), 90, np.uint8), cv2.IMWRITE_JPEG_PROGRESSIVE, progressive),
        8000, 8000)
    assert len(bomb) < 1000
    before = resident_mb()
    with pytest.raises(ImageError, match='cannot hold the 8000x8000 pixels'):
        compressed_to_bgr(picture(bomb))
    assert resident_mb() - before < 20


def test_a_true_size_behind_a_false_one_is_found():
    """Two bytes of a marker that has no segment hide the true header from a careless reader."""
    bomb = claiming(jpeg(np.full((64, 64, 3), 90, np.uint8)), 8000, 8000)
    place = bomb.index(b'\xff\xc0')
    lie = b'\xff\xfe\0\x0f' + b'\xff\xc0\0\x11\x08' + struct.pack('>HH', 64, 64) + bytes(4)
    hidden = bomb[:place] + b'\xff\xd0' + bomb[place:place + 19] + lie + bomb[place + 19:]
    with pytest.raises(ImageError, match='8000x8000'):
        compressed_to_bgr(picture(hidden))


@pytest.mark.parametrize('chunk', [b'IDAT', b'tEXt'])
def test_a_png_whose_chunk_claims_gigabytes_is_refused(chunk):
    data = cv2.imencode('.png', np.zeros((16, 12, 3), np.uint8))[1].tobytes()
    place = data.index(b'IDAT') - 4
    if chunk != b'IDAT':
        data = data[:place] + struct.pack('>I', 4) + chunk + bytes(8) + data[place:]
    lie = data[:place] + struct.pack('>I', 0xFE000000) + data[place + 4:]
    before = resident_mb()
    with pytest.raises(ImageError, match='cut off'):
        compressed_to_bgr(picture(lie))
    assert resident_mb() - before < 20


@pytest.mark.parametrize(('width', 'height'), [(65535, 65535), (16384, 16384), (0, 10)])
def test_a_size_that_no_image_may_have_is_refused_whatever_the_file_holds(width, height):
    data = claiming(jpeg(np.zeros((64, 64, 3), np.uint8)), width, height)
    with pytest.raises(ImageError):
        compressed_to_bgr(picture(data + bytes(10**6) + b'\xff\xd9'))
    png = bytearray(cv2.imencode('.png', np.zeros((8, 8), np.uint8))[1].tobytes())
    png[16:24] = struct.pack('>II', width, height)
    with pytest.raises(ImageError):
        compressed_to_bgr(picture(bytes(png)))


@pytest.mark.parametrize('options', [
    (), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1), (cv2.IMWRITE_JPEG_OPTIMIZE, 1,
                                            cv2.IMWRITE_JPEG_QUALITY, 1)])
def test_the_emptiest_picture_that_an_encoder_makes_is_taken(options):
    assert compressed_to_bgr(picture(jpeg(np.zeros((1000, 1500, 3), np.uint8), *options))).shape \
        == (1000, 1500, 3)


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_a_picture_cut_off_anywhere_is_refused(astronaut, suffix):
    data = cv2.imencode(suffix, cv2.resize(astronaut, (40, 30)))[1].tobytes()
    for length in range(len(data)):
        with pytest.raises(ImageError):
            compressed_to_bgr(picture(data[:length]))


# A thousand faces


def crowd(count, jitter=0.0, seed=0):
    """Return faces side by side, as a detector would find them from frame to frame."""
    rng = np.random.default_rng(seed)
    columns = int(count ** 0.5) + 1
    return [
        Face((60.0 * (i % columns) + rng.uniform(-jitter, jitter),
              60.0 * (i // columns) + rng.uniform(-jitter, jitter), 40.0, 40.0), 0.9)
        for i in range(count)]


def test_a_thousand_people_are_followed_at_a_cost_that_grows_with_their_number():
    def seconds(count):
        tracker = Tracker()
        first = [track.track_id for track in tracker.update(crowd(count), 0.0)]
        begin = time.process_time()
        again = [t.track_id for t in tracker.update(crowd(count, jitter=2.0), 0.03)]
        assert again == first
        return time.process_time() - begin

    seconds(100)
    few, many = min(seconds(100) for _ in range(3)), seconds(1000)
    # A hundred times is the price of comparing all with all; one problem for all took 2,000 times.
    assert many < 200 * few
    assert many < 10


def test_the_memory_of_a_crowd_is_that_of_one_batch():
    classifier = Classifier(load_model('mobile_48'))
    crops = np.random.default_rng(0).integers(0, 256, (512, 48, 48), dtype=np.uint8)
    whole = classifier.predict(crops[:64])
    before = resident_mb()
    many = classifier.predict(crops)
    assert resident_mb() - before < 60  # the inputs themselves take 5 MB; one batch took 200
    np.testing.assert_allclose(many[:64], whole, atol=1e-5)
    assert many.shape == (512, whole.shape[1])


def test_a_thousand_faces_can_be_drawn():
    share = np.array([0.5, 0.5], np.float32)
    faces = tuple(FaceEmotion(face.box, 0.9, None, n, 0.0, 'neutral', 0.5, share, share)
                  for n, face in enumerate(crowd(1000), 1))
    image = np.zeros((1080, 1920, 3), np.uint8)
    drawn = draw(image, FrameResult(('neutral', 'anger'), faces, 1920, 1080))
    assert drawn.any()


# A network that gives nonsense


@pytest.mark.parametrize('nonsense', [float('nan'), float('inf')])
@pytest.mark.parametrize(('network', 'told'), [
    ('classifier', r'model\.tflite: the network gave NaN or infinite'),
    ('detector', 'NaN or infinite')])
def test_outputs_that_are_no_numbers_fail_one_frame_and_not_the_next(
        astronaut, monkeypatch, network, told, nonsense):
    pipeline = Pipeline.from_model('mobile_48')
    runtime = getattr(pipeline, network)._runtime
    with monkeypatch.context() as patch:
        run = runtime.run
        patch.setattr(runtime, 'run', lambda batch: run(batch) * np.float32(nonsense))
        with pytest.raises(ModelError, match=told):
            pipeline.process(astronaut, 1.0)
    (face,) = pipeline.process(astronaut, 1.1).faces
    assert np.isfinite(face.probabilities).all()
