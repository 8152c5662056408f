"""What networks cost is counted right, told by the command, and wrong wishes are refused."""

import json

import keras
from keras import layers
import pytest

from fer_ros.cli import main
from fer_ros.training.cost import count_macs, interleaved_ms
from fer_ros.training.networks import build_network, NETWORKS


def network(*parts, shape=(8, 8, 3)):
    return keras.Sequential([keras.Input(shape), *parts])


@pytest.mark.parametrize(('model', 'macs'), [
    (lambda: network(layers.Conv2D(5, 3, padding='same')), 8 * 8 * 9 * 3 * 5),
    (lambda: network(layers.Conv2D(5, 3)), 6 * 6 * 9 * 3 * 5),
    (lambda: network(layers.Conv2D(4, (1, 3), strides=2, padding='same')), 4 * 4 * 3 * 3 * 4),
    (lambda: network(layers.Conv2D(6, 3, padding='same', groups=3)), 8 * 8 * 9 * 1 * 6),
    (lambda: network(layers.DepthwiseConv2D(3, padding='same')), 8 * 8 * 9 * 3),
    (lambda: network(layers.DepthwiseConv2D(5, depth_multiplier=2)), 4 * 4 * 25 * 6),
    (lambda: network(layers.Dense(7), shape=(10,)), 70),
    (lambda: network(layers.Dense(7), shape=(4, 10)), 4 * 70),
    (lambda: network(layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()), 0),
    (lambda: network(network(layers.Conv2D(2, 1)), layers.Flatten(), layers.Dense(1)),
     64 * 3 * 2 + 128)])
def test_multiplications_are_those_worked_out_by_hand(model, macs):
    assert count_macs(model()) == macs


@pytest.mark.parametrize('name', NETWORKS)
def test_each_family_grows_with_its_width(name):
    small, large = (
        build_network(name, side=48, classes=8, width=width) for width in (0.25, 0.5))
    assert small.count_params() < large.count_params()
    assert count_macs(small) < count_macs(large)


def test_calls_that_are_timed_take_turns():
    order = []
    times = interleaved_ms(
        [lambda: order.append('a'), lambda: order.append('b')], rounds=3, warmup=1)
    assert ''.join(order) == 'abababab'
    assert len(times) == 2
    assert all(time >= 0 for time in times)


def test_the_table_names_every_family(capsys):
    assert main(['networks', '--count-only']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ['network', 'width', 'depth', 'parameters', 'MFLOP']
    assert {line.split()[0] for line in lines[1:]} == set(NETWORKS)


def test_a_row_holds_counts_size_and_time(capsys):
    words = ['networks', '--network', 'vgg', '--width', '0.125', '--depth', '0.3', '--classes',
             '5', '--side', '32', '--json']
    assert main(words) == 0
    [row] = json.loads(capsys.readouterr().out)
    model = build_network('vgg', side=32, classes=5, width=0.125, depth=0.3)
    assert row['parameters'] == model.count_params()
    assert row['flops'] == 2 * row['macs'] == 2 * count_macs(model)
    # Four bytes a weight and what describes the graph.
    assert 4 * row['parameters'] * 0.9 < row['bytes'] < 4 * row['parameters'] + 40_000
    assert row['ms'] > 0


@pytest.mark.parametrize(('words', 'message'), [
    (['--network', 'huge'], '--network must be one of resnet'),
    (['--side', '8'], '--side must lie in'), (['--classes', '1'], '--classes must lie in')])
def test_impossible_wishes_are_told(capsys, words, message):
    assert main(['networks', *words]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize('width', ['0', '-1', 'wide', 'nan', '17'])
def test_an_impossible_width_is_wrong_usage(capsys, width):
    with pytest.raises(SystemExit) as leave:
        main(['networks', f'--width={width}'])
    assert leave.value.code == 2
    assert 'must be a number above 0' in capsys.readouterr().err
