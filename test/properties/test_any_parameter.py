"""Any values of parameters are taken within their limits, or refused with a reason."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

pytest.importorskip('rclpy', reason='needs ROS')

import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.validate_topic_name import validate_topic_name

from fer_ros.core.errors import ConfigError
from fer_ros.nodes.parameter_handler import ParameterHandler
from fer_ros.nodes.parameters import camera_names, specs, When

TABLE = [spec for spec in specs() if spec.when is not When.START]
WORDS = st.text(st.characters(exclude_categories=('Cs',), exclude_characters='\0'), max_size=20)
VALUES = st.one_of(
    st.booleans(), st.integers(-2**63, 2**63 - 1), st.floats(), WORDS,
    st.lists(WORDS, min_size=1, max_size=3), st.sampled_from(
        [choice for spec in TABLE for choice in spec.choices]),
    st.sampled_from([bound for spec in TABLE for bound in spec.bounds or ()]))


@pytest.fixture(scope='module')
def handled():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = Node('handled', context=context)
    yield node, ParameterHandler(node, lambda: False, lambda parameters: None)
    node.destroy_node()
    context.try_shutdown()


@given(st.lists(st.tuples(st.sampled_from(TABLE), VALUES), min_size=1, max_size=4,
                unique_by=lambda pair: pair[0].name))
def test_any_values_are_taken_together_or_refused_with_a_reason(handled, changes):
    node, handler = handled
    before = handler.current
    result = node.set_parameters_atomically([
        Parameter(spec.name, value=value) for spec, value in changes])
    if not result.successful:
        assert result.reason
        assert handler.current == before
        return
    for spec, value in changes:
        kept = getattr(handler.current, spec.field)
        assert kept == (tuple(value) if isinstance(value, list) else value)
        assert type(kept) is type(spec.default)
        assert not spec.bounds or spec.bounds[0] <= kept <= spec.bounds[1]
        assert not spec.choices or kept in spec.choices


@given(st.lists(WORDS, max_size=4))
def test_any_names_of_cameras_are_names_of_topics_or_refused(names):
    try:
        taken = camera_names(names)
    except ConfigError as error:
        assert str(error)
        return
    assert len(set(taken)) == len(taken) > 0
    for name in filter(None, taken):
        validate_topic_name(f'{name}/image_raw')
