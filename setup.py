"""Installs fer_ros as an ament_python package (colcon) or with pip."""

import gzip
import os
from pathlib import Path
import tarfile

from setuptools import find_packages, setup
from setuptools.command.sdist import sdist

PACKAGE = 'fer_ros'
# The message definitions, too: bags are read and written where no ROS is installed.
SHARED_FOLDERS = ('launch', 'config', 'models', 'fer_msgs/msg', 'interfaces/vision_msgs/msg')
JUNK = {'__pycache__'}


def shared_files():
    """Every file of the shared folders, with its place below share/fer_ros."""
    folders = {}
    for top in SHARED_FOLDERS:
        for path in sorted(Path(top).rglob('*')):
            if path.is_file() and not JUNK.intersection(path.parts):
                folders.setdefault(f'share/{PACKAGE}/{path.parent}', []).append(str(path))
    return sorted(folders.items())


class ReproducibleSdist(sdist):
    """Where SOURCE_DATE_EPOCH is set: equal files make an equal archive, whenever and by whom.

    The wheel needs no such help, setuptools heeds the variable there.
    """

    def make_archive(self, base_name, format, root_dir=None, base_dir=None, owner=None,
                     group=None):
        epoch = os.environ.get('SOURCE_DATE_EPOCH')
        if epoch is None or format != 'gztar':
            return super().make_archive(base_name, format, root_dir, base_dir, owner, group)

        def same(entry):
            entry.mtime = int(epoch)
            entry.mode = 0o755 if entry.isdir() or entry.mode & 0o100 else 0o644
            entry.uid = entry.gid = 0
            entry.uname = entry.gname = ''
            return entry

        name = f'{base_name}.tar.gz'
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        # gzip writes the name of the file into its head: an empty one is the same everywhere.
        with open(name, 'wb') as file, gzip.GzipFile('', 'wb', mtime=int(epoch), fileobj=file) \
                as packed, tarfile.open(fileobj=packed, mode='w', format=tarfile.GNU_FORMAT) \
                as archive:
            # Folders are added in the order of their names.
            archive.add(base_dir, filter=same)
        return name


TRAIN = [
    'keras>=3.14',
    'matplotlib',
    'tensorflow>=2.21',
    'tf2onnx>=1.17',
]
EVALUATE = ['matplotlib', 'mcap', 'rosbags>=0.10']
CLUSTER = ['dask[distributed]']
PARQUET = ['pyarrow']
VIDEO = ['av']  # H.264; its wheels hold FFmpeg with x264 (GPL)
ONNX = ['onnxruntime']
DEMO = ['scikit-image']
TEST = ['mypy', 'pytest>=8.4,<9', 'ruff']

setup(
    name=PACKAGE,
    version='0.2.0',
    description='Facial expression recognition for ROS 2',
    long_description=Path('README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    author='fer_ros',
    author_email='maintainers@fer-ros.example.org',
    maintainer='fer_ros',
    maintainer_email='maintainers@fer-ros.example.org',
    license='Apache-2.0',
    packages=find_packages(include=[PACKAGE, f'{PACKAGE}.*']),
    package_data={PACKAGE: ['py.typed']},
    data_files=[
        ('share/ament_index/resource_index/packages', [f'resource/{PACKAGE}']),
        (f'share/{PACKAGE}', ['package.xml']),
        *shared_files(),
    ],
    python_requires='>=3.10',
    install_requires=[
        'ai-edge-litert',
        'numpy',
        'opencv-python-headless<5',
        'pyyaml',
        'setuptools',
        'tqdm',
    ],
    extras_require={
        'train': TRAIN, 'evaluate': EVALUATE, 'cluster': CLUSTER, 'parquet': PARQUET,
        'video': VIDEO, 'onnx': ONNX, 'demo': DEMO, 'test': TEST},
    tests_require=TEST,
    zip_safe=False,
    cmdclass={'sdist': ReproducibleSdist},
    entry_points={
        'console_scripts': [
            'emotion_node = fer_ros.nodes.emotion_node:main',
            'video_node = fer_ros.nodes.video_node:main',
            'viewer_node = fer_ros.nodes.viewer_node:main',
            'fer = fer_ros.cli:main',
        ],
    },
)
