"""`fer bench node`: real processes over DDS; `fer bench peers`: a process a package."""

import json

from cli_support import fer

from fer_ros.bench.node.command import node_tables
from fer_ros.bench.peers.command import peers_table


def test_node_and_echo_are_measured_side_by_side(amount):
    words = amount([], ['--full', '--rounds', '1'])
    code, output, errors = fer(
        'bench', 'node', '--seconds', '2', '--rate', '5', '--overload', '4', '--json', *words)
    assert code == 0, errors
    result = json.loads(output)
    assert len(result['rows']) == (8 if words else 2)
    for echo, node in zip(result['rows'][::2], result['rows'][1::2], strict=True):
        assert (echo['subject'], node['subject']) == ('echo_node', 'emotion_node')
        assert (echo['rate']['faces'], node['rate']['faces']) == (0, 1)
        for row in (echo, node):
            for load in (row['rate'], row['overload']):
                assert 0 < load['results_hz'] <= 1.2 * load['sent_hz']
                assert 0 < load['latency_ms']['p50'] <= load['latency_ms']['p99']
                assert load['cpu_ms'] > 0
            assert 10 < row['resident_mb'] < 1000
            assert row['start_cpu_s'] > 0
        assert node['rate']['processing_ms']['p50'] > 0
        # Nobody listens: emotion_node does not take the images at all.
        assert node['idle'] < 0.2
    assert 'the rest' in node_tables(result)


def test_a_missing_package_is_named_and_ours_is_measured():
    code, output, errors = fer('bench', 'peers', '--peer', 'deepface', '--faces', '2',
                               '--rounds', '2', '--json')
    assert code == 0, errors
    result = json.loads(output)
    ours = result['rows'][0]
    assert (ours['name'], ours['found'], ours['labels']) == ('fer_ros', 2, ['happiness'] * 2)
    assert result['missing'] == ['deepface']
    assert 'pip install deepface' in errors
    assert 'fer_ros' in peers_table(result)


def test_a_wrong_interpreter_is_named():
    code, _, errors = fer('bench', 'peers', '--python', '/no/such/python')
    assert code == 1
    assert '/no/such/python' in errors
