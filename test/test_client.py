"""`fer_ros.client`: who is there and what they steadily show, alone and over DDS."""

from types import SimpleNamespace

import pytest
from rclpy.node import Node
from ros_support import wait_for

from fer_msgs.msg import Emotion, EmotionArray
from fer_ros.client import EmotionClient
from fer_ros.client.people import People
from fer_ros.core.errors import ConfigError

TOPIC = '/emotion_node/emotions'


def emotion(track_id=1, label='happiness', confidence=0.9):
    return Emotion(track_id=track_id, label=label, confidence=confidence)


def result(stamp, *emotions):
    message = EmotionArray(emotions=list(emotions))
    message.header.stamp.sec = int(stamp)
    message.header.stamp.nanosec = round(stamp % 1 * 1e9)
    return message


def people(**options):
    return People(**{'hold': 0.5, 'enter_confidence': 0.6, 'keep_confidence': 0.4,
                     'gone_after': 1.0, **options})


def play(who, frames, step=0.1):
    """Return what happened: (kind, label) and when."""
    return [
        (round(index * step, 3), event.kind, event.person.label)
        for index, emotions in enumerate(frames)
        for event in who.update(index * step, emotions)]


def test_a_label_counts_when_it_has_lasted():
    events = play(people(), [[emotion()]] * 10)
    assert events == [(0.0, 'appear', 'unknown'), (0.5, 'change', 'happiness')]


def test_a_label_that_flickers_does_not_count():
    frames = [[emotion(label='happiness' if i % 3 else 'neutral')] for i in range(40)]
    assert [kind for _, kind, _ in play(people(), frames)] == ['appear']


def test_a_change_tells_from_when_to_when_the_former_label_was_shown():
    who = people()
    for index in range(10):
        who.update(10 + 0.1 * index, [emotion()])
    changes = [event for index in range(10) for event in
               who.update(11 + 0.1 * index, [emotion(label='anger')])]
    assert len(changes) == 1
    before, person = changes[0].before, changes[0].person
    assert (before.label, before.since) == ('happiness', 10.0)
    assert (person.label, person.since) == ('anger', 11.0)


@pytest.mark.parametrize(('confidences', 'shown'), [
    ((0.55,) * 10, 'unknown'),  # never sure enough to begin
    ((0.65,) * 10 + (0.45,) * 10, 'happiness'),  # sure enough to stay
    ((0.65,) * 10 + (0.35,) * 10, 'unknown')])
def test_the_confidence_has_a_hysteresis(confidences, shown):
    who = people()
    play(who, [[emotion(confidence=value)] for value in confidences])
    assert who.now[1].label == shown


def test_who_is_not_seen_has_left_and_people_do_not_mix():
    events = play(people(), [[emotion(1), emotion(2, 'anger')]] * 8 + [[emotion(2, 'anger')]] * 15)
    assert [event[1:] for event in events] == [
        ('appear', 'unknown'), ('appear', 'unknown'), ('change', 'happiness'),
        ('change', 'anger'), ('leave', 'happiness')]
    assert events[-1][0] == pytest.approx(1.8)  # 1.0 s after 0.7 s, and a frame


def test_a_miss_of_some_frames_is_no_farewell():
    frames = [[emotion()]] * 8 + [[]] * 5 + [[emotion()]] * 5
    assert [kind for _, kind, _ in play(people(), frames)] == ['appear', 'change']


def test_a_clock_that_goes_back_lets_all_leave():
    who = people()
    play(who, [[emotion()]] * 8)
    assert [event.kind for event in who.update(0.0, [emotion(7)])] == ['leave', 'appear']
    assert list(who.now) == [7]


def test_faces_without_a_track_are_passed_over():
    assert people().update(0.0, [emotion(0)]) == []


@pytest.mark.parametrize(('options', 'name'), [
    ({'hold': -1.0}, 'hold'), ({'gone_after': float('nan')}, 'gone_after'),
    ({'keep_confidence': 0.7}, 'keep_confidence'), ({'enter_confidence': 1.2}, 'confidence')])
def test_an_impossible_option_is_refused_by_its_name(options, name):
    with pytest.raises(ConfigError, match=name):
        people(**options)


@pytest.fixture
def listening(ros):
    """Return a client over DDS with a publisher, and what it told."""
    told = []
    node = Node('behaviour', context=ros.context)
    client = EmotionClient(
        node, on_appear=lambda person: told.append(('appear', person.track_id)),
        on_change=lambda person, before: told.append((before.label, person.label)),
        on_leave=lambda person: told.append(('leave', person.track_id)),
        on_silence=lambda: told.append('silence'), silence_after=0.5)
    ros.spin(node)
    return SimpleNamespace(
        client=client, told=told, node=node, results=ros.publisher(EmotionArray, TOPIC, 10))


def test_over_dds_it_tells_of_appearance_change_and_silence(listening):
    for index in range(8):
        listening.results.publish(result(100 + 0.1 * index, emotion(3), emotion(4, 'anger')))
    wait_for(lambda: ('unknown', 'anger') in listening.told, 'the change')
    assert listening.told == [
        ('appear', 3), ('appear', 4), ('unknown', 'happiness'), ('unknown', 'anger')]
    assert listening.client.largest.track_id == 3
    assert set(listening.client.people) == {3, 4}
    assert len(listening.client.latest.emotions) == 2
    wait_for(lambda: 'silence' in listening.told, 'the silence')
    assert listening.told[4:] == [('leave', 3), ('leave', 4), 'silence']
    assert listening.client.largest is None
    assert listening.client.latest is None
    # Results begin again, and silence is told again.
    listening.results.publish(result(200, emotion(5)))
    wait_for(lambda: listening.told.count('silence') == 2, 'the second silence')
    assert listening.told[7:] == [('appear', 5), ('leave', 5), 'silence']


def test_before_the_first_result_nothing_is_silent(ros):
    told = []
    node = Node('behaviour', context=ros.context)
    client = EmotionClient(node, on_silence=lambda: told.append(1), silence_after=0.1)
    ros.spin(node)
    with pytest.raises(AssertionError, match='waited'):
        wait_for(lambda: told, 'nothing', timeout=0.5)
    assert client.people == {}


def test_a_destroyed_client_hears_no_more(ros):
    node = Node('behaviour', context=ros.context)
    client = EmotionClient(node)
    assert ros.probe.count_subscribers(TOPIC) == 1 or wait_for(
        lambda: ros.probe.count_subscribers(TOPIC), 'the subscription')
    client.destroy()
    wait_for(lambda: not ros.probe.count_subscribers(TOPIC), 'the end of the subscription')


def test_silence_needs_a_time(ros):
    with pytest.raises(ConfigError, match='silence_after'):
        EmotionClient(Node('behaviour', context=ros.context), silence_after=0.0)
