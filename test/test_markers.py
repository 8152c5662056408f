"""Faces in RViz: markers at their bearing, in the colour of their label."""

from emotion_support import Running
import numpy as np
import pytest
from results_support import a_face, a_result
from ros_support import wait_for
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header
import visualization_msgs.msg as rviz

from fer_ros.core.annotate import emotion_color
from fer_ros.core.errors import ConfigError
from fer_ros.core.position import FRAME_ERROR, Intrinsics
from fer_ros.core.types import UNKNOWN
from fer_ros.nodes.camera_info import info_topic, intrinsics
from fer_ros.nodes.markers import markers_message

HEADER = Header(frame_id='camera_optical')
CAMERA = Intrinsics(100, 80, 100.0, 100.0, 49.5, 39.5)
MARKERS = '/emotion_node/markers'


def an_info(width=512, height=512, focus=500.0, **changes):
    return CameraInfo(**{
        'width': width, 'height': height, 'distortion_model': 'plumb_bob', 'd': [0.0] * 5,
        'k': [focus, 0.0, width / 2 - 0.5, 0.0, focus, height / 2 - 0.5, 0.0, 0.0, 1.0],
        **changes})


def of(message, space):
    return [marker for marker in message.markers if marker.ns == space]


# Messages


def test_a_face_is_a_ball_a_text_and_a_line_at_its_bearing():
    message = markers_message(a_result(a_face((90.0, 30.0, 20.0, 20.0))), HEADER, CAMERA)
    assert message.markers[0].action == rviz.Marker.DELETEALL
    assert {marker.header.frame_id for marker in message.markers} == {'camera_optical'}
    (ball,), (text,), (line,) = (of(message, name) for name in ('face', 'label', 'distance'))
    place = ball.pose.position
    # Half an image to the right, at the height of the camera, in front of it.
    assert place.x / place.z == pytest.approx(0.5, abs=0.01)
    assert place.y == pytest.approx(0.0, abs=1e-6)
    assert place.z > 0
    blue, green, red = emotion_color('happiness')
    assert (255 * ball.color.r, 255 * ball.color.g, 255 * ball.color.b) == pytest.approx(
        (red, green, blue))
    assert text.text.startswith('#3 happiness 50%')
    assert text.pose.position.y < place.y
    near, far = (np.linalg.norm([end.x, end.y, end.z]) for end in line.points)
    middle = np.linalg.norm([place.x, place.y, place.z])
    assert (near, far) == pytest.approx(
        (middle * (1 - FRAME_ERROR), middle * (1 + FRAME_ERROR)))
    assert {marker.id for marker in message.markers[1:]} == {3}


@pytest.mark.parametrize(('rotation', 'up'), [
    (0, (0, -1)), (90, (-1, 0)), (180, (0, 1)), (270, (1, 0))])
def test_the_text_stands_above_the_head_of_a_camera_mounted_sideways(rotation, up):
    message = markers_message(
        a_result(a_face((40.0, 30.0, 20.0, 20.0))), HEADER, CAMERA, rotation)
    (text,), (ball,) = of(message, 'label'), of(message, 'face')
    shift = np.array([text.pose.position.x - ball.pose.position.x,
                      text.pose.position.y - ball.pose.position.y])
    np.testing.assert_allclose(shift / np.linalg.norm(shift), up, atol=1e-6)


def test_without_faces_former_markers_are_taken_away():
    (marker,) = markers_message(a_result(), HEADER, CAMERA).markers
    assert marker.action == rviz.Marker.DELETEALL


def test_faces_without_tracks_have_markers_of_their_own():
    message = markers_message(
        a_result(a_face(track_id=0), a_face(label=UNKNOWN, track_id=0)), HEADER, CAMERA)
    assert [marker.id for marker in of(message, 'face')] == [0, 1]
    assert of(message, 'label')[1].text.startswith('unknown\n')


# Calibration


def test_binning_and_region_of_interest_are_heeded():
    info = an_info(640, 480, binning_x=2, binning_y=2)
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 100, 80, 400, 300
    whole = intrinsics(an_info(640, 480), 640, 480, rectified=False)
    part = intrinsics(info, 200, 150, rectified=False)
    point = np.array([[300.0, 200.0]], np.float32)
    np.testing.assert_allclose(
        part.rays((point - (100, 80)) / 2), whole.rays(point), atol=1e-6)


def test_a_rectified_image_goes_by_p_and_knows_no_distortion():
    info = an_info(d=[0.5, 0.0, 0.0, 0.0, 0.0], p=[
        400.0, 0.0, 250.0, 0.0, 0.0, 410.0, 260.0, 0.0, 0.0, 0.0, 1.0, 0.0])
    found = intrinsics(info, 512, 512, rectified=True)
    assert (found.fx, found.fy, found.cx, found.cy, found.distortion) == (
        400.0, 410.0, 250.0, 260.0, ())
    assert intrinsics(info, 512, 512, rectified=False).distortion[0] == 0.5


def test_a_calibration_for_images_of_another_size_is_refused():
    with pytest.raises(ConfigError, match='for images of 512x512 pixels, they have 256x256'):
        intrinsics(an_info(), 256, 256, rectified=False)


def test_the_calibration_is_expected_beside_the_image():
    assert info_topic('/head/image_raw') == '/head/camera_info'
    assert info_topic('/image_raw') == '/camera_info'


# The node


def test_a_face_is_placed_where_the_camera_sees_it(ros, astronaut):
    node = Running(ros, '', {})
    assert not ros.probe.get_subscriptions_info_by_topic('/camera_info')
    markers = ros.subscribe(rviz.MarkerArray, MARKERS)
    infos = ros.publisher(CameraInfo, '/camera_info')
    found = wait_for(
        lambda: infos.publish(an_info()) or (node.show(astronaut, (2, 0), frame_id='optical')
        and next((m for m in list(markers.messages) if of(m, 'face')), None)), 'a marker')
    region = node.emotions.messages[-1].emotions[0].region
    (ball,) = of(found, 'face')
    assert ball.header.frame_id == 'optical'
    place = ball.pose.position
    assert place.x / place.z == pytest.approx(
        (region.x_offset + region.width / 2 - 256) / 500, abs=0.005)
    assert place.y / place.z == pytest.approx(
        (region.y_offset + region.height / 2 - 256) / 500, abs=0.005)
    assert 0.3 < place.z < 1.5  # an adult's face, 500 pixels of focal length, 100 wide
    node.show(np.full_like(astronaut, 90), (4, 0))
    markers.wait_that(
        lambda m: len(m.markers) == 1 and m.markers[0].header.stamp.sec == 4, 'none left')
    ros.probe.destroy_subscription(markers.subscription)
    wait_for(lambda: not ros.probe.get_subscriptions_info_by_topic('/camera_info'),
             'the calibration to be left alone')


def test_what_keeps_markers_from_being_is_told_once(ros, astronaut, capfd):
    node = Running(ros, '', {})
    ros.subscribe(rviz.MarkerArray, MARKERS).wait_match()
    infos = ros.publisher(CameraInfo, '/camera_info')
    told = []

    def log():
        told.append(capfd.readouterr().err)
        return ''.join(told)

    wait_for(lambda: node.show(astronaut) and 'nothing has come on /camera_info' in log(),
             'the reason')
    wait_for(lambda: infos.publish(an_info(focus=0.0)) or (node.show(astronaut)
             and 'the camera is not calibrated' in log()), 'the next reason')
    assert log().count('nothing has come') == 1
