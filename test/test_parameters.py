"""Parameters: described, checked with a reason, documented in config/fer.yaml, live or not."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from rcl_interfaces.srv import DescribeParameters, SetParametersAtomically
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_support import NodeProcess
import yaml

from fer_ros.nodes.declare import PARAMETER_ERRORS
from fer_ros.nodes.parameter_handler import ParameterHandler
from fer_ros.nodes.parameter_spec import When
from fer_ros.nodes.parameters import Parameters, specs

CONFIG = Path(__file__).resolve().parents[1] / 'config' / 'fer.yaml'


def flatten(values, prefix=''):
    for name, value in values.items():
        if isinstance(value, dict):
            yield from flatten(value, f'{prefix}{name}.')
        else:
            yield prefix + name, value


@pytest.fixture
def handled(ros):
    """Return a function that makes a node with the parameters, and what it was told."""
    def make(**values):
        node = Node('handled', context=ros.context, parameter_overrides=[
            Parameter(name, value=value) for name, value in values.items()])
        told = SimpleNamespace(node=node, configured=False, changes=[])
        told.handler = ParameterHandler(node, lambda: told.configured, told.changes.append)
        return told
    return make


def test_the_config_file_documents_every_parameter_with_its_default():
    content = yaml.safe_load(CONFIG.read_text())['/**']['ros__parameters']
    assert dict(flatten(content)) == {spec.name: spec.ros_default for spec in specs()}
    for name, value in flatten(content):
        default = next(spec.ros_default for spec in specs() if spec.name == name)
        assert type(value) is type(default), f'{name}: ROS would refuse {value!r}'


@pytest.mark.parametrize('path', sorted((CONFIG.parent / 'presets').glob('*.yaml')),
                         ids=lambda path: path.stem)
def test_a_preset_is_accepted(handled, path):
    values = dict(flatten(yaml.safe_load(path.read_text())['/**']['ros__parameters']))
    told = handled(**values)
    assert told.handler.unknown() == []
    for name, value in values.items():
        assert told.node.get_parameter(name).value == value


def test_the_config_file_tells_from_when_each_change_counts():
    marks = {When.CONFIGURE: '(configure', When.RUNNING: '(any time', When.SWAP: '(exchange',
             When.START: 'Fixed at'}
    lines = iter(CONFIG.read_text().split('ros__parameters:')[1].splitlines())
    found = []
    comment = ''
    for line in map(str.strip, lines):
        if line.startswith('#'):
            comment += line
        elif line.endswith(':'):
            comment = ''
        elif line:
            found.append((line.split(':')[0], next(w for w, m in marks.items() if m in comment)))
            comment = ''
    assert found == [(spec.name.split('.')[-1], spec.when) for spec in specs()]


def test_every_parameter_has_a_description_and_every_number_its_limits():
    for spec in specs():
        assert len(spec.description) > 10, spec.name
        is_number = isinstance(spec.default, (int, float)) and not isinstance(spec.default, bool)
        assert (spec.bounds is not None) == is_number, spec.name


def test_defaults_reach_the_struct(handled):
    assert handled().handler.current == Parameters()


def test_given_values_reach_the_struct(handled):
    current = handled(**{'detector.name': 'yunet', 'max_faces': 3}).handler.current
    assert (current.detector_name, current.max_faces) == ('yunet', 3)


@pytest.mark.parametrize(('name', 'value', 'reason'), [
    ('detector.name', 'hog', 'must be one of fer_face'),
    ('image_transport', 'theora', 'must be one of raw, compressed'),
    ('use_cv_bridge', 'yes', 'must be one of auto, never, always'),
    ('unknown_threshold', 1.5, 'out of range'),
    ('unknown_threshold', float('nan'), 'out of range'),
    ('smoothing_time', -0.1, 'out of range'),
    ('smoothing_time', float('inf'), 'out of range'),
    ('max_faces', -1, 'out of range'),
    ('num_threads', 0, 'out of range'),
    ('detector.min_face_size', 0.0, 'out of range'),
    ('diagnostics_period', 0.0, 'out of range'),
    ('max_faces', 1.5, "expecting type 'INTEGER'"),
    ('smoothing_time', 1, "expecting type 'DOUBLE'"),
    ('model', 3, "expecting type 'STRING'"),
    ('tracking', 'yes', "expecting type 'BOOL'"),
])
def test_a_wrong_value_is_refused_at_the_start_with_its_name(handled, name, value, reason):
    with pytest.raises(PARAMETER_ERRORS) as caught:
        handled(**{name: value})
    assert name in str(caught.value)
    assert reason in str(caught.value)


@pytest.mark.parametrize(('name', 'value', 'reason'), [
    ('detector.name', 'hog', 'must be one of fer_face'),
    ('unknown_threshold', 1.5, 'out of range'),
    ('max_faces', 'many', 'Wrong parameter type'),
    ('autostart', False, 'read-only'),
])
def test_a_wrong_change_is_refused_and_nothing_changes(handled, name, value, reason):
    told = handled()
    (result,) = told.node.set_parameters([Parameter(name, value=value)])
    assert not result.successful
    assert reason in result.reason
    assert told.handler.current == Parameters()
    assert told.changes == []


@pytest.mark.parametrize('spec', specs(), ids=lambda spec: spec.name)
def test_what_may_change_while_configured_is_as_the_table_says(handled, spec):
    told = handled()
    told.configured = True
    if isinstance(spec.default, bool):
        other = not spec.default
    elif spec.choices:
        other = spec.choices[-1]
    elif isinstance(spec.default, tuple):
        other = ['front', 'rear']
    else:
        other = 'x' if isinstance(spec.default, str) else type(spec.default)(1)
        other = other if other != spec.default else type(spec.default)(2)
        if spec.bounds and not spec.bounds[0] <= other <= spec.bounds[1]:
            other = spec.bounds[1]
    (result,) = told.node.set_parameters([Parameter(spec.name, value=other)])
    changes = spec.when in (When.RUNNING, When.SWAP)
    assert result.successful == changes, result.reason
    if spec.when is When.CONFIGURE:
        assert 'clean it up' in result.reason
        assert spec.name in result.reason
    if changes:
        assert getattr(told.handler.current, spec.field) == other
        assert told.changes == [told.handler.current]


def test_a_value_set_to_what_it_is_is_no_change(handled):
    told = handled()
    told.configured = True
    (result,) = told.node.set_parameters([Parameter('image_transport', value='raw')])
    assert result.successful


def test_what_is_read_on_configuring_may_change_before(handled):
    told = handled()
    (result,) = told.node.set_parameters([Parameter('num_threads', value=2)])
    assert result.successful
    assert told.handler.current.num_threads == 2


def test_other_parameters_of_the_node_are_left_alone(handled):
    told = handled()
    told.node.declare_parameter('somebody.elses', 1)
    (result,) = told.node.set_parameters([Parameter('somebody.elses', value=2)])
    assert result.successful
    assert told.changes == []


def test_the_services_describe_and_change_several_at_once_or_none(ros, handled):
    told = handled()
    ros.spin(told.node)
    described = ros.call(
        DescribeParameters, '/handled/describe_parameters',
        DescribeParameters.Request(names=['image_transport', 'smoothing_time']))
    transport, smoothing = described.descriptors
    assert 'one of raw, compressed' in transport.additional_constraints
    assert smoothing.floating_point_range[0].to_value == 60.0
    assert 'Seconds' in smoothing.description

    def set_both(threshold):
        request = SetParametersAtomically.Request(parameters=[
            Parameter('max_faces', value=2).to_parameter_msg(),
            Parameter('unknown_threshold', value=threshold).to_parameter_msg()])
        return ros.call(
            SetParametersAtomically, '/handled/set_parameters_atomically', request).result

    assert not set_both(7.0).successful
    assert told.handler.current.max_faces == 0
    assert set_both(0.7).successful
    assert told.handler.current.max_faces == 2


@pytest.mark.parametrize(('arguments', 'text'), [
    (('-p', 'unknown_threshold:=7.0'), 'unknown_threshold'),
    (('-p', 'max_faces:=all'), 'max_faces'),
    (('-p', 'detector.name:=hog'), 'must be one of fer_face'),
    (('--params-file', '/nonexistent/fer.yaml'), '/nonexistent/fer.yaml'),
])
def test_a_process_with_a_wrong_parameter_ends_with_one_line(arguments, text):
    with NodeProcess('fer_ros.nodes.emotion_node', '--ros-args', *arguments) as process:
        assert process.wait_end() == 1
        assert text in process.output
        assert 'Traceback' not in process.output
