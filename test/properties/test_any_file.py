"""Any text in label files, indexes and manifests is read, or refused with its place."""

import json
import string

from hypothesis import given
from hypothesis import strategies as st
import pytest

from fer_ros.core.errors import FerError, ModelError
from fer_ros.core.model import load_model
from fer_ros.core.types import EMOTIONS
from fer_ros.evaluation.offline.labels.annotators import krippendorff_alpha
from fer_ros.evaluation.offline.labels.files import read_timelines
from fer_ros.evaluation.offline.labels.segments import Segment, Timeline
from fer_ros.evaluation.offline.labels.words import Words
from fer_ros.evaluation.offline.sources.layouts import read_pictures

TEXTS = st.text(max_size=300)
CELLS = st.one_of(
    st.sampled_from(['', '0', '1.5', '-1', '1e400', 'nan', 'happy', 'anger', 'x.png', '../x.png']),
    st.text(string.printable, max_size=12))
ROWS = st.lists(st.lists(CELLS, max_size=6), max_size=6)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=8)


def refused_or_read(path, read):
    try:
        return read(path)
    except FerError as error:
        assert str(path.name) in str(error)
        return None


def as_csv(titles, rows):
    return '\n'.join([titles, *(','.join(row) for row in rows)])


@given(
    suffix=st.sampled_from(['.csv', '.txt', '.tsv', '.TextGrid']), content=st.one_of(
        st.binary(max_size=300), TEXTS.map(lambda text: text.encode('utf-8', 'replace')),
        ROWS.map(lambda rows: as_csv('start,end,emotion,track,person', rows).encode()),
        ROWS.map(lambda rows: '\n'.join('\t'.join(row) for row in rows).encode()),
        TEXTS.map(lambda text: f'ooTextFile item [1]: {text}'.encode('utf-8', 'replace'))))
def test_labels_of_any_content_are_read_or_refused(tmp_path_factory, suffix, content):
    path = tmp_path_factory.mktemp('labels') / f'talk{suffix}'
    path.write_bytes(content)
    found = refused_or_read(path, lambda p: read_timelines(p, ['talk.mp4'], Words(EMOTIONS)))
    for segment in (found or {}).get('talk.mp4', ()):
        assert 0 <= segment.start < segment.end
        assert segment.emotion in EMOTIONS


@given(
    titles=st.sampled_from(
        ['file,emotion', 'file,emotion,subject,split', 'emotion,pixels,Usage',
         'subDirectory_filePath,expression,face_x,face_y,face_width,face_height', 'a_1.jpg 3']),
    rows=ROWS, garbage=st.binary(max_size=40))
def test_indexes_of_any_content_are_read_or_refused(tmp_path_factory, titles, rows, garbage):
    path = tmp_path_factory.mktemp('index') / 'index.csv'
    path.write_bytes(as_csv(titles, rows).encode('utf-8', 'replace') + garbage)
    refused_or_read(path, lambda p: read_pictures(p, 'auto', Words(EMOTIONS)))


@given(st.lists(
    st.tuples(st.floats(), st.floats(), st.sampled_from(EMOTIONS), st.integers(0, 2)), max_size=6))
def test_a_timeline_of_any_segments_answers_at_any_time_or_is_refused(rows):
    try:
        line = Timeline(
            Segment(start, end, emotion, f'line {number}', track)
            for number, (start, end, emotion, track) in enumerate(rows))
    except FerError as error:
        assert 'line' in str(error)
        return
    for segment in line.segments:
        assert segment in line.at(segment.start) or segment.end - segment.start < 1e-5
        assert not [s for s in line.at(segment.end) if s == segment]


@given(st.lists(st.lists(st.sampled_from('abc'), max_size=4), max_size=20))
def test_agreement_is_at_most_one_for_any_votes(units):
    alpha = krippendorff_alpha(units)
    assert alpha is None or alpha <= 1.0


@pytest.fixture(scope='module')
def content():
    return json.loads((load_model().folder / 'manifest.json').read_text())


@given(st.data())
def test_a_manifest_with_any_field_changed_is_taken_or_refused(
        tmp_path_factory, content, data):
    changed = json.loads(json.dumps(content))
    place = changed
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        if isinstance(place[key], dict) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = data.draw(st.one_of(JSON, st.just(10**400)))
        break
    folder = tmp_path_factory.mktemp('model')
    (folder / 'manifest.json').write_text(json.dumps(changed))
    # There is no network beside it: what is taken is refused for that.
    with pytest.raises(ModelError) as error:
        load_model(folder)
    assert str(folder) in str(error.value)


@given(st.one_of(
    st.binary(max_size=200), st.integers(1, 20_000).map(lambda n: b'[' * n),
    st.integers(1, 20_000).map(lambda n: b'{"a":' * n),
    JSON.map(lambda value: json.dumps(value).encode())))
def test_bytes_that_are_no_manifest_are_refused(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp('model')
    (folder / 'manifest.json').write_bytes(data)
    with pytest.raises(ModelError) as error:
        load_model(folder)
    assert str(folder) in str(error.value)


@given(st.one_of(st.text(max_size=30), st.text(min_size=200, max_size=5000),
                 st.text(max_size=8).map(lambda name: f'~{name}')))
def test_a_name_that_no_model_has_is_refused(name):
    if name.strip('./~') and name != '~':
        with pytest.raises(ModelError):
            load_model(name)
