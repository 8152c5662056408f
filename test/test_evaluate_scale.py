"""Long runs: killed and resumed, interrupted, in several processes, on a cluster; memory."""

from concurrent.futures import ThreadPoolExecutor
import json
import os
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

import cv2
import pytest
from recording_support import frames, write_bag, write_timeline

from fer_ros.cli import main
from fer_ros.core.errors import SourceError
from fer_ros.core.model import load_model
from fer_ros.evaluation.offline.settings import Settings
from fer_ros.evaluation.offline.sources.pictures import LabelledPicture, PictureUnit
from fer_ros.evaluation.offline.work import work_remotely

FILES = ('metrics.json', 'predictions.csv', 'exclusions.csv')


@pytest.fixture(scope='module')
def pictures(tmp_path_factory, astronaut):
    """Write an index of 256 pictures, which are four units of work."""
    folder = tmp_path_factory.mktemp('pictures')
    rows = ['file,emotion,subject']
    for number in range(16):
        image = cv2.resize(astronaut[:320, 16 * number // 4:], (320, 240))
        cv2.imwrite(str(folder / f'{number}.png'), image)
    rows += [f'{n % 16}.png,{("happiness", "neutral")[n % 2]},p{n % 5}' for n in range(256)]
    (folder / 'index.csv').write_text('\n'.join(rows) + '\n')
    return folder / 'index.csv'


@pytest.fixture(scope='module')
def uncut(tmp_path_factory, pictures):
    """Evaluate without interruption; return the folder."""
    out = tmp_path_factory.mktemp('uncut')
    assert main(words(pictures, out)) == 0
    return out


def words(labels, out, *more):
    return ['evaluate', 'images', '--labels', str(labels), '--out', str(out), '--no-report',
            *map(str, more)]


def same(one, two):
    for name in FILES:
        a, b = ((folder / name).read_text() for folder in (one, two))
        if name == 'metrics.json':
            a, b = ({k: v for k, v in json.loads(t).items() if k != 'command'} for t in (a, b))
        assert a == b, name


def start(arguments, folder=None):
    return subprocess.Popen(
        [sys.executable, '-m', 'fer_ros', *arguments], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True, cwd=folder,
        env={**os.environ, 'PYTHONPATH': str(Path(__file__).resolve().parents[1])},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))


def wait_for(condition, timeout=120):
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def done(out):
    return sorted(path.name for path in (out / 'records').glob('pictures_*.jsonl'))


def children(process):
    path = Path(f'/proc/{process.pid}/task/{process.pid}/children')
    return [int(word) for word in path.read_text().split()] if path.exists() else []


@pytest.mark.parametrize('jobs', [1, 2])
def test_a_killed_run_goes_on_and_ends_the_same(jobs, pictures, uncut, tmp_path):
    process = start(words(pictures, tmp_path, '--jobs', jobs))
    wait_for(lambda: done(tmp_path))
    workers = children(process)
    process.kill()
    process.communicate()
    # Nobody works on when the parent is gone.
    wait_for(lambda: not any(running(worker) for worker in workers))
    first = done(tmp_path)
    assert 1 <= len(first) < 4
    stamps = {name: (tmp_path / 'records' / name).stat().st_mtime_ns for name in first}
    assert not (tmp_path / 'metrics.json').exists()
    assert main(words(pictures, tmp_path, '--jobs', jobs)) == 0
    for name, stamp in stamps.items():
        assert (tmp_path / 'records' / name).stat().st_mtime_ns == stamp  # not done again
    same(tmp_path, uncut)


def running(pid):
    try:
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0] != 'Z'
    except OSError:
        return False


@pytest.mark.parametrize('jobs', [1, 2])
def test_ctrl_c_leaves_a_partial_report(jobs, pictures, uncut, tmp_path):
    process = start([word for word in words(pictures, tmp_path, '--jobs', jobs)
                     if word != '--no-report'])
    wait_for(lambda: done(tmp_path))
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130, error
    assert 'partial results' in error
    metrics = json.loads((tmp_path / 'metrics.json').read_text())
    assert metrics['partial']
    assert metrics['units']['all'] == 4
    assert 64 <= metrics['n'] < 256
    report = (tmp_path / 'report.html').read_text()
    assert 'This run was interrupted' in report
    assert report.endswith('</html>\n')
    assert main(words(pictures, tmp_path)) == 0
    same(tmp_path, uncut)


def test_processes_give_the_same_as_one(pictures, uncut, tmp_path):
    assert main(words(pictures, tmp_path, '--jobs', 3)) == 0
    same(tmp_path, uncut)


def test_what_changed_is_done_again_and_nothing_else(pictures, tmp_path):
    assert main(words(pictures, tmp_path / 'out')) == 0
    records = tmp_path / 'out' / 'records'
    stamps = {name: (records / name).stat().st_mtime_ns for name in done(tmp_path / 'out')}
    assert main(words(pictures, tmp_path / 'out')) == 0
    assert stamps == {n: (records / n).stat().st_mtime_ns for n in done(tmp_path / 'out')}
    assert main(words(pictures, tmp_path / 'out', '--unknown-threshold', '0.99')) == 0
    assert not any(stamps[n] == (records / n).stat().st_mtime_ns for n in stamps)


def test_other_labels_cost_no_inference(tmp_path):
    write_bag(tmp_path / 'bag', frames(every=9))
    stamps = set()
    for name, emotion in (('a', 'happiness'), ('b', 'anger')):
        labels = write_timeline(tmp_path / f'{name}.csv', [(0, 3, emotion)])
        assert main(['evaluate', 'bag', str(tmp_path / 'bag'), '--labels', str(labels),
                     '--out', str(tmp_path / 'out'), '--no-report']) == 0
        record, = (tmp_path / 'out' / 'records').glob('*.jsonl')
        stamps.add(record.stat().st_mtime_ns)
        metrics = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
        assert metrics['accuracy'] == (1.0 if name == 'a' else 0.0)
    assert len(stamps) == 1


def test_ctrl_c_within_a_recording_counts_what_was_seen(tmp_path):
    images = frames(every=2) * 12
    images = [(index / 10, bgr) for index, (_, bgr) in enumerate(images)]
    write_bag(tmp_path / 'bag', images)
    labels = write_timeline(tmp_path / 'labels.csv', [(0, 1000, 'happiness')])
    process = start(['evaluate', 'bag', str(tmp_path / 'bag'), '--labels', str(labels),
                     '--out', str(tmp_path / 'out'), '--no-report'])
    partial = tmp_path / 'out' / 'records'
    wait_for(lambda: any(p.stat().st_size > 20_000 for p in partial.glob('.*.partial')))
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 130, error
    metrics = json.loads((tmp_path / 'out' / 'metrics.json').read_text())
    assert metrics['partial']
    assert metrics['units'] == {'all': 1, 'done': 0}
    assert 0 < metrics['n'] < len(images)


def peak_of(bag, out):
    """Return the highest memory of a run in MB."""
    code = ('import resource, sys; from fer_ros.cli import main; '
            f'assert main({["evaluate", "bag", str(bag), "--out", str(out), "--no-report"]!r}) '
            '== 0; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)')
    output = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout
    return int(output.splitlines()[-1])


def test_memory_does_not_grow_with_the_recording(tmp_path):
    """10,000 frames against 500; small ones, so that the test takes seconds."""
    images = [bgr for _, bgr in frames(every=4, size=(80, 60))]
    peaks = []
    for count in (500, 10_000):
        write_bag(tmp_path / f'bag{count}',
                  [(index / 30, images[index % len(images)]) for index in range(count)])
        peaks.append(peak_of(tmp_path / f'bag{count}', tmp_path / f'out{count}'))
    assert peaks[1] < peaks[0] + 30, peaks  # 140 MB of pixels went through


def free_port():
    import socket

    with socket.socket() as listener:
        listener.bind(('127.0.0.1', 0))
        return listener.getsockname()[1]


def dask(*arguments):
    return subprocess.Popen(
        [sys.executable, '-m', 'distributed.cli.dask_' + arguments[0], *map(str, arguments[1:])],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, 'DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES': '5',
             'PYTHONPATH': str(Path(__file__).resolve().parents[1])})


def test_a_cluster_that_loses_a_worker_gives_the_same(pictures, uncut, tmp_path):
    """A scheduler and two workers as processes of their own; one worker is killed."""
    address = f'tcp://127.0.0.1:{free_port()}'
    scheduler = dask('scheduler', '--host', address, '--no-dashboard')
    options = ('--nthreads', 1, '--no-dashboard', '--no-nanny', '--local-directory', tmp_path)
    workers = [dask('worker', address, *options) for _ in range(2)]
    try:
        from distributed import Client

        with Client(address, timeout='60s', set_as_default=False) as client:
            client.wait_for_workers(2, timeout=120)
        with ThreadPoolExecutor(1) as pool:
            out = tmp_path / 'out'
            # By a relative path, which workers elsewhere must find, too.
            process = start(words(pictures.name, out, '--scheduler', address), pictures.parent)
            waiting = pool.submit(process.communicate, timeout=300)
            wait_for(lambda: done(out) or process.poll() is not None)
            workers[0].kill()
            _, error = waiting.result()
        assert process.returncode == 0, error
        same(out, uncut)
    finally:
        for child in (*workers, scheduler):
            child.kill()
            child.wait()


def test_a_machine_with_other_data_is_named(pictures, tmp_path):
    """Else its pictures would only be counted as unreadable."""
    path = tmp_path / 'a.png'
    shutil.copy(pictures.parent / '0.png', path)
    unit = PictureUnit('pictures_00000', (LabelledPicture(path, 'a.png', 'happiness'),))
    settings = Settings(None, load_model().manifest.sha256, 'haar')
    there = unit.files
    assert work_remotely(unit, settings, 'mark', there).startswith(b'{"fingerprint":"mark"')
    path.write_bytes(path.read_bytes() + b'more')
    with pytest.raises(SourceError, match=r'a\.png on the machine .* is missing or another file'):
        work_remotely(unit, settings, 'mark', there)


def test_a_scheduler_that_is_not_there(pictures, tmp_path, capsys):
    address = f'tcp://127.0.0.1:{free_port()}'
    assert main(words(pictures, tmp_path, '--scheduler', address)) == 1
    assert f'--scheduler {address}: no Dask scheduler there' in capsys.readouterr().err
