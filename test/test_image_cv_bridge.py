"""Where cv_bridge is installed, both ways of converting give the same pixels, bit for bit."""

import array

import numpy as np
import pytest

pytest.importorskip('sensor_msgs', reason='needs ROS messages')

from fer_ros.core.encodings import ENCODINGS
from fer_ros.core.errors import ConfigError, ImageError
from fer_ros.core.image import to_bgr
from fer_ros.nodes.bridge import create_converter, self_check

# cv_bridge knows no conversion from these to bgr8.
OWN = {'8UC1', '8UC3', '8UC4', '16UC1', 'uyvy', 'yuyv', 'nv12', 'nv21'}


def image(encoding, padding=0):
    from sensor_msgs.msg import Image

    layout = ENCODINGS[encoding]
    message = Image()
    message.width, message.height, message.encoding = 32, 24, encoding
    message.step = 32 * layout.channels * np.dtype(layout.dtype).itemsize + padding
    rows = 24 * layout.planes // 2
    data = np.random.default_rng(3).integers(0, 256, message.step * rows, dtype=np.uint8)
    message.data = array.array('B', data.tobytes())
    return message


@pytest.mark.parametrize('encoding', sorted(set(ENCODINGS) - OWN))
def test_both_are_equal_bit_for_bit(encoding):
    bridge = pytest.importorskip('cv_bridge').CvBridge()
    message = image(encoding)
    assert np.array_equal(bridge.imgmsg_to_cv2(message, 'bgr8'), to_bgr(message))


class Shearing:
    """A bridge that ignores the step, as cv_bridge does on NumPy 2."""

    def imgmsg_to_cv2(self, message, encoding):
        good = to_bgr(message)
        return good if message.step in (6, 12, 18) else np.roll(good, 1, axis=1)


class Failing:
    """A bridge that does not load big-endian data."""

    def imgmsg_to_cv2(self, message, encoding):
        if message.is_bigendian:
            raise AttributeError('newbyteorder')
        return to_bgr(message)


class Right:
    """A bridge without fault."""

    def imgmsg_to_cv2(self, message, encoding):
        return to_bgr(message)


@pytest.mark.parametrize(('bridge', 'words'), [
    (Shearing(), 'wrong pixels for a bgr8 image of width 6 with step 19'),
    (Failing(), 'big-endian'), (Right(), '')])
def test_the_self_check_names_what_is_wrong(bridge, words):
    fault = self_check(bridge)
    assert words in fault
    assert bool(fault) == bool(words)


def test_a_faulty_bridge_is_not_used_and_a_good_one_is(monkeypatch):
    import sys
    import types

    for bridge, name in ((Shearing, 'fer_ros'), (Right, 'cv_bridge')):
        monkeypatch.setitem(sys.modules, 'cv_bridge', types.SimpleNamespace(CvBridge=bridge))
        converter = create_converter('auto')
        assert converter.name == name
        for encoding in ENCODINGS:
            message = image(encoding, padding=4)
            assert np.array_equal(converter.to_bgr(message), to_bgr(message))
    assert create_converter('never').name == 'fer_ros'


def test_the_installed_bridge_is_used_only_if_it_passes():
    pytest.importorskip('cv_bridge')
    from cv_bridge import CvBridge

    converter = create_converter('auto')
    assert (converter.name == 'cv_bridge') == (self_check(CvBridge()) == '')
    assert np.array_equal(converter.to_bgr(image('bgr8', 7)), to_bgr(image('bgr8', 7)))


def test_a_demanded_bridge_that_is_missing_or_faulty_is_refused(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    with pytest.raises(ConfigError, match='cannot be loaded'):
        create_converter('always')
    with pytest.raises(ConfigError, match='use_cv_bridge must be'):
        create_converter('perhaps')


@pytest.mark.parametrize('mode', ['auto', 'never'])
def test_malformed_images_are_refused_before_any_bridge_sees_them(mode):
    message = image('bgr8')
    message.step = 1
    with pytest.raises(ImageError, match='step'):
        create_converter(mode).to_bgr(message)
