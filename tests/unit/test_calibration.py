import numpy as np
import pytest

from indexer import calibration as subject
from indexer.calibration import enough_for_good, out_of_date, recalibrate
from indexer.index import point_id
from indexer.strength import FIELD, codes
from splice.presence import Calibration, calibrate
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
    return [hit.payload[FIELD] for hit in index.engine.retrieve(ids)]


def test_what_is_stored_is_what_the_calibration_says(index):
    expected = calibrate(SPACE, index.activations, PHOTOS)
    np.testing.assert_allclose(index.calibration.offset, expected.offset, atol=1e-4)
    assert stored(index) == codes(index.presence(PHOTOS))


def test_another_calibration_is_made_up_for(index):
    before = stored(index)
    index.keep(Calibration(index.calibration.offset + 1, index.calibration.prevalence, 0))
    assert out_of_date(index, changed=False)
    recalibrate(index)
    assert stored(index) == before
    assert not out_of_date(index, changed=False)
    on_disk = Calibration.load(index.folder / "presence.npz")
    np.testing.assert_array_equal(on_disk.offset, index.calibration.offset)
    assert on_disk.images == len(PHOTOS)


def test_a_run_that_dies_while_writing_is_made_up_for(index, monkeypatch):
    def dies(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(subject, "_rewrite", dies)
        with pytest.raises(KeyboardInterrupt):
            recalibrate(index)
    assert Calibration.load(index.folder / "presence.npz").images == 0
    assert out_of_date(index, changed=False)


def test_a_large_index_is_calibrated_on_a_sample_once(index, monkeypatch):
    monkeypatch.setattr(subject, "SAMPLE", 25)
    index.keep(Calibration(index.calibration.offset, index.calibration.prevalence, 10))
    assert enough_for_good(index)
    recalibrate(index)
    assert index.calibration.images == 25
    assert not enough_for_good(index)
    assert not out_of_date(index, changed=True)
    sample = sorted(range(len(PHOTOS)), key=lambda row: point_id(name(row)))[:25]
    expected = calibrate(SPACE, index.activations, PHOTOS[sample])
    np.testing.assert_allclose(index.calibration.offset, expected.offset, atol=1e-4)
    assert stored(index) == codes(index.presence(PHOTOS))
