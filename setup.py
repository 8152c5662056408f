"""Installs fer_ros as an ament_python package (colcon) or with pip."""

from pathlib import Path

from setuptools import find_packages, setup

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
    version='0.1.0',
    description='Facial expression recognition for ROS 2',
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
    entry_points={
        'console_scripts': [
            'emotion_node = fer_ros.nodes.emotion_node:main',
            'video_node = fer_ros.nodes.video_node:main',
            'viewer_node = fer_ros.nodes.viewer_node:main',
            'fer = fer_ros.cli:main',
        ],
    },
)
