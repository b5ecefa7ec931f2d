"""Scales are kept in a file, and computed again where it belongs to something else."""

import numpy as np
import pytest

from splicedex.indexer.store.scales import FILE, Scales
from splicedex.splice.presence.activation import Activations
from tests.photos import make_embeddings, make_index, make_space


@pytest.fixture
def index(tmp_path):
    space = make_space()
    index = make_index(tmp_path / "edge", "edge", space, make_embeddings(space, 60))
    yield index
    index.close()


@pytest.fixture
def computed(monkeypatch):
    """How many scales were computed."""
    counts = []
    scales = Activations.scales

    def counting(self, embeddings):
        counts.append(len(embeddings))
        return scales(self, embeddings)

    monkeypatch.setattr(Activations, "scales", counting)
    return counts


def test_a_run_leaves_all_of_them(index, computed):
    activations, mapped = index.calibration.activations, index.engine.mapped
    found = Scales(index.folder / FILE).of(mapped, activations, np.arange(60))
    assert not computed
    rows = mapped.embeddings @ np.eye(mapped.embeddings.shape[1], dtype=np.float32)
    expected = activations.standardised(rows) / (rows - activations.image_mean)
    assert np.allclose(found[:, None], expected, rtol=1e-3)


def test_later_images_are_added(index, computed):
    activations = index.calibration.activations
    hit = index.engine.retrieve(
        [index.engine.mapped.id_of(0)], with_dense=True, with_concepts=True
    )[0]
    index.engine.set_payload([hit.id], {"presence": [1]})  # gets a new row
    mapped = index.engine.mapped
    assert len(mapped.deleted) == 61
    found = Scales(index.folder / FILE).of(mapped, activations, np.array([60, 5, 60]))
    assert computed == [2]
    assert found[0] == found[2]


@pytest.mark.parametrize("change", ["activations", "file", "rows"])
def test_others_are_computed_again(index, computed, change):
    activations, mapped = index.calibration.activations, index.engine.mapped
    if change == "activations":
        activations = activations.with_queries(activations.queries[::-1] * 0.5)
    elif change == "file":
        content = (index.folder / FILE).read_bytes()
        (index.folder / FILE).write_bytes(content[: len(content) // 2])
    else:
        index.engine.create_index("more", "lookup")  # makes the copy anew
        mapped = index.engine.mapped
    Scales(index.folder / FILE).of(mapped, activations, np.arange(60))
    assert computed == [60]
