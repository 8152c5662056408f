"""colcon builds the packages in a workspace and inside the clone, and installs everything."""

import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

pytest.importorskip('rclpy', reason='needs ROS')

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.prefix) / 'bin'

# RIHS01 hashes of vision_msgs 4.1.1 as ROS installations have it (share/vision_msgs/msg/*.json).
VISION_HASHES = {
    'BoundingBox2DArray': '2464e82838009386d371b523211c21c91d74d313fcdd6788223c531d621cf691',
    'BoundingBox3DArray': 'a81938db9576b10c2eecd7c5a5da3eac496efd00221b25ed051dfbc81fb56da6',
    'Detection2D': '0d12b69df5c593b3455b7346fac8205437a7d4bcb09b9e0e0b2dde787ded38ea',
    'Detection2DArray': '214274120007f4a683866481336b70310268cfa107aebe9d594a6acf75bda968',
    'Detection3DArray': '793f5eab9595ac1c0da07873cc859db42eae51f0ee76056db8562515d830e018',
    'LabelInfo': '3d37df4015cdf660cc851c51897f2acd957e1ca6205ba0a99aebffb9406b0783',
    'ObjectHypothesisWithPose':
        '41c12344c0396c48b81df12467c192d99b2a0eb1463c5c37194e4223251c80bc',
    'VisionInfo': '95d3116a17484ad91c9a2686e1d54890bbfc3ff6c6a2de137738c4950d45d284',
}


def copy_of_the_tree(target):
    """Copy what a clone would hold, whether it is committed yet or not."""
    files = subprocess.run(
        ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], cwd=ROOT,
        capture_output=True, check=True).stdout
    names = [name for name in files.decode().split('\0') if name and (ROOT / name).is_file()]
    for name in names:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_bytes((ROOT / name).read_bytes())
    return target


def build(folder):
    subprocess.run(
        [BIN / 'colcon', 'build', '--cmake-args', f'-DPython3_EXECUTABLE={sys.executable}',
         '-DBUILD_TESTING=OFF'],
        cwd=folder, check=True, capture_output=True, timeout=500,
        env={**os.environ, 'PATH': f'{BIN}:{os.environ["PATH"]}',
             'CMAKE_PREFIX_PATH': os.environ['AMENT_PREFIX_PATH']})
    return folder / 'install'


def sourced(install, command):
    """Run a command as a user who has sourced the workspace, from another folder."""
    done = subprocess.run(
        ['bash', '-c', f'. {install}/setup.bash && {command}'], cwd=install.parent.parent,
        capture_output=True, text=True,
        env={**os.environ, 'COLCON_PYTHON_EXECUTABLE': sys.executable,
             'PATH': f'{BIN}:{os.environ["PATH"]}'})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope='module', params=['workspace', 'clone'])
def install(request, tmp_path_factory):
    """Build both packages, the two ways that the README names."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == 'clone':
        return build(copy_of_the_tree(folder))
    copy_of_the_tree(folder / 'src' / 'fer_ros')
    (folder / 'src' / 'fer_msgs').symlink_to(Path('fer_ros') / 'fer_msgs')
    return build(folder)


def test_everything_is_where_ros_looks_for_it(install):
    assert sorted(path.name for path in install.iterdir() if path.is_dir()) == [
        'fer_msgs', 'fer_ros']
    executables = {path.name for path in (install / 'fer_ros' / 'lib' / 'fer_ros').iterdir()}
    assert executables == {'emotion_node', 'fer', 'video_node', 'viewer_node'}
    share = install / 'fer_ros' / 'share' / 'fer_ros'
    for folder in ('launch', 'config', 'models'):
        wanted = {
            path.relative_to(ROOT) for path in (ROOT / folder).rglob('*')
            if path.is_file() and '__pycache__' not in path.parts}
        assert wanted
        assert all((share / path).is_file() for path in wanted)


def test_the_built_packages_run_from_anywhere(install):
    code = (
        'import fer_ros, fer_msgs.msg, numpy as np; '
        'from ament_index_python.packages import get_package_share_directory as share; '
        'from fer_ros import Pipeline; '
        'r = Pipeline.from_model().process(np.zeros((240, 320, 3), np.uint8)); '
        'print(fer_ros.__file__, fer_msgs.msg.__file__, share("fer_ros"), len(r.faces))')
    output = sourced(install, f"python -c '{code}'").split()
    assert all(path.startswith(str(install)) for path in output[:3]), output
    assert output[3] == '0'
    assert 'fer_ros' in sourced(install, f'{install}/fer_ros/lib/fer_ros/fer --version')


@pytest.mark.parametrize('name', VISION_HASHES)
def test_vision_msgs_have_the_type_hashes_of_the_real_ones(name):
    from ament_index_python.packages import get_package_share_directory

    path = Path(get_package_share_directory('vision_msgs'), 'msg', f'{name}.json')
    hashes = {
        entry['type_name']: entry['hash_string']
        for entry in json.loads(path.read_text())['type_hashes']}
    assert hashes[f'vision_msgs/msg/{name}'] == f'RIHS01_{VISION_HASHES[name]}'


def test_every_message_field_is_commented():
    for path in sorted((ROOT / 'fer_msgs').glob('*/*.[ms][sr][gv]')):
        lines = path.read_text().splitlines()
        told = False
        for line in lines:
            if not line or line.startswith('---'):
                told = False
            elif line.startswith('#'):
                told = True
            else:
                assert told, f'{path.name}: {line}'


def test_the_version_is_the_same_everywhere():
    from xml.etree import ElementTree

    import fer_ros

    assert ElementTree.parse(ROOT / 'package.xml').findtext('version') == fer_ros.__version__
    assert ElementTree.parse(
        ROOT / 'fer_msgs' / 'package.xml').findtext('version') == fer_ros.__version__
    assert f"version='{fer_ros.__version__}'" in (ROOT / 'setup.py').read_text()
    assert f'## {fer_ros.__version__}' in (ROOT / 'CHANGELOG.md').read_text()
