"""What one process saves, another that has built nothing yet can load."""

import json
import subprocess
import sys

import pytest

from fer_ros.core.errors import ConfigError
from fer_ros.training.balance import EmotionLoss
from fer_ros.training.ensemble import build_ensemble
from fer_ros.training.networks import build_network
from fer_ros.training.networks.files import load_network_file, save_network_file
from fer_ros.training.transfer import layer_rates, LayerwiseAdamW

LOAD = """
import json, sys
from pathlib import Path
from fer_ros.training.networks.files import load_network_file
models = [load_network_file(Path(path), compiled=True) for path in sys.argv[1:]]
optimizers = [type(getattr(model, 'optimizer', None)).__name__ for model in models]
print(json.dumps(list(zip([model.count_params() for model in models], optimizers))))
"""


def small(**options):
    return build_network('vgg', side=48, classes=8, width=0.125, depth=0.3, **options)


def test_another_process_loads_every_class_of_the_project(tmp_path):
    layerwise, plain = small(color_channels=3), small()
    factors = layer_rates(layerwise, 0.1)
    layerwise.compile(
        LayerwiseAdamW(1e-3, factors=[
            factors[variable.path] for variable in layerwise.trainable_variables]),
        EmotionLoss([1 / 8] * 8))
    networks = {
        'layerwise': layerwise,
        'ensemble': build_ensemble([plain, small()], [0.5, 0.5], 'probabilities'),
        'application': build_network(
            'application', side=48, classes=8, color_channels=3, backbone='MobileNetV2',
            weights=None)}
    for name, network in networks.items():
        save_network_file(network, tmp_path / f'{name}.keras')
    done = subprocess.run(
        [sys.executable, '-c', LOAD, *map(str, sorted(tmp_path.iterdir()))],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [
        [networks['application'].count_params(), 'NoneType'],
        [networks['ensemble'].count_params(), 'NoneType'],
        [layerwise.count_params(), 'LayerwiseAdamW']]


def test_a_damaged_file_is_told(tmp_path):
    path = tmp_path / 'network.keras'
    path.write_bytes(b'PK but no zip')
    with pytest.raises(ConfigError, match=r'network\.keras: no network of this version'):
        load_network_file(path)
