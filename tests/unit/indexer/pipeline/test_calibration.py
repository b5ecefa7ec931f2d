from dataclasses import replace

import numpy as np
import pytest

from splicedex.indexer.payload.presence import FIELDS
from splicedex.indexer.pipeline import calibration as subject
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.pipeline.calibration import out_of_date, recalibrate
from splicedex.indexer.sources.embeddings import ArraySource
from splicedex.indexer.sources.tables.table import Table
from splicedex.indexer.store.index import point_id
from splicedex.splice.presence.calibration import Calibration, calibrate
from tests.photos import make_embeddings, make_index, make_space, name

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
SPACE = make_space()
PHOTOS = make_embeddings(SPACE, 60)


@pytest.fixture
def index(tmp_path):
    made = make_index(tmp_path / "made", "memory", SPACE, PHOTOS)
    yield made
    made.close()


def stored(index):
    ids = [point_id(name(row)) for row in range(len(PHOTOS))]
    return [{field: hit.payload[field] for field in FIELDS} for hit in index.engine.retrieve(ids)]


def test_what_is_stored_is_what_the_calibration_says(index):
    expected = calibrate(SPACE, PHOTOS)
    np.testing.assert_allclose(index.calibration.offset, expected.offset, atol=1e-4)
    assert stored(index) == index.strengths(PHOTOS)


def test_another_calibration_is_replaced(index):
    before = stored(index)
    index.save_calibration(
        replace(index.calibration, offset=index.calibration.offset + 1, images=0)
    )
    assert out_of_date(index)
    recalibrate(index)
    assert stored(index) == before
    assert not out_of_date(index)
    on_disk = Calibration.load(index.folder / "presence.npz")
    np.testing.assert_array_equal(on_disk.offset, index.calibration.offset)
    np.testing.assert_array_equal(on_disk.sample, index.calibration.sample)
    assert on_disk.images == len(PHOTOS)


def test_a_run_that_dies_while_writing_is_calibrated_again(index, monkeypatch):
    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(subject, "_rewrite", dies)
        with pytest.raises(KeyboardInterrupt):
            recalibrate(index)
    assert Calibration.load(index.folder / "presence.npz").images == 0
    assert out_of_date(index)


def change(index, row):
    index.engine.set_payload([point_id(name(row))], {"signature": "another"})


def test_a_change_of_any_image_of_a_small_index_counts(index):
    assert not out_of_date(index)
    change(index, 7)
    assert out_of_date(index)


def test_a_large_index_is_calibrated_on_a_sample_until_that_changes(index, monkeypatch):
    monkeypatch.setattr(subject, "SAMPLE", 25)
    monkeypatch.setattr(subject, "DRIFT", 2)
    recalibrate(index)
    assert index.calibration.images == 25
    assert not out_of_date(index)
    rows = sorted(range(len(PHOTOS)), key=lambda row: point_id(name(row)))
    expected = calibrate(SPACE, PHOTOS[rows[:25]])
    np.testing.assert_allclose(index.calibration.offset, expected.offset, atol=1e-4)
    assert stored(index) == index.strengths(PHOTOS)
    for row in rows[25:]:
        change(index, row)
    change(index, rows[0])
    index.engine.delete([point_id(name(rows[1]))])
    assert not out_of_date(index)
    change(index, rows[2])
    assert out_of_date(index)


class TestPrecalibrate:
    """With precomputed embeddings, presence is right from the first block on."""

    @pytest.fixture
    def source(self):
        names = [name(row) for row in range(len(PHOTOS))]
        return ArraySource([PHOTOS], Table("made up", names, {}), dim=SPACE.dim)

    @pytest.fixture
    def empty(self, index):
        index.engine.delete([point_id(name(row)) for row in range(len(PHOTOS))])
        index.save_calibration(replace(index.calibration, images=0))
        return index

    @pytest.mark.parametrize("sample", [25, 60, 100])
    def test_nothing_is_written_twice(self, empty, source, sample, monkeypatch):
        monkeypatch.setattr(subject, "SAMPLE", sample)
        with monkeypatch.context() as patched:
            patched.setattr(subject, "_rewrite", None)
            report = build(empty, source)
        assert report.added == len(PHOTOS)
        assert empty.calibration.images == min(sample, len(PHOTOS))
        assert not out_of_date(empty)
        precalibrated, codes = empty.calibration, stored(empty)
        recalibrate(empty)
        np.testing.assert_allclose(empty.calibration.offset, precalibrated.offset, atol=1e-4)
        np.testing.assert_array_equal(empty.calibration.sample, precalibrated.sample)
        assert stored(empty) == codes

    def test_an_index_with_images_is_calibrated_on_those_too(self, empty, source):
        others = ArraySource([PHOTOS[:7]], Table("others", [*"abcdefg"], {}), dim=SPACE.dim)
        build(empty, others)
        build(empty, source)
        assert empty.calibration.images == len(PHOTOS) + 7
        assert not out_of_date(empty)


class TestCalibrationSample:
    """The sample goes first, so that a large index is calibrated on it before the rest."""

    NAMES = tuple(f"{row}.jpg" for row in range(100))

    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        monkeypatch.setattr(subject, "SAMPLE", 20)
        monkeypatch.setattr(subject, "SPARE", 4)

    @pytest.fixture
    def fresh(self, index):
        index.save_calibration(replace(index.calibration, images=0))
        return index

    def first(self):
        return sorted(sorted(range(100), key=lambda n: point_id(self.NAMES[n]))[:24])

    def test_goes_first_and_the_others_keep_their_order(self, fresh):
        order = list(subject.CalibrationSample(fresh, self.NAMES).order)
        assert order[:24] == self.first()
        assert sorted(order) == list(range(100))
        assert order[24:] == sorted(order[24:])

    def test_is_complete_once(self, fresh):
        sample = subject.CalibrationSample(fresh, self.NAMES)
        for number in self.first()[:-1]:
            sample.add_written(self.NAMES[number])
            assert not sample.is_complete()
        sample.add_written("another.jpg")
        sample.add_unreadable(self.NAMES[self.first()[-1]])
        assert sample.is_complete()
        assert not sample.is_complete()

    @pytest.mark.parametrize(("lost", "enough"), [(4, True), (5, False)])
    def test_some_may_be_unreadable(self, fresh, lost, enough):
        sample = subject.CalibrationSample(fresh, self.NAMES)
        for number in self.first()[:lost]:
            sample.add_unreadable(self.NAMES[number])
        for number in self.first()[lost:]:
            sample.add_written(self.NAMES[number])
        assert sample.is_complete() == enough

    def test_is_for_large_indexes_without_a_sample(self, fresh, index):
        few = subject.CalibrationSample(fresh, self.NAMES[:20])
        assert list(few.order) == list(range(20))
        recalibrate(index)
        calibrated = subject.CalibrationSample(index, self.NAMES)
        assert list(calibrated.order) == list(range(100))
        assert not calibrated.is_complete()
