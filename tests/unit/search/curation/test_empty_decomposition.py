"""An image without any concept does not break the statistics."""

import numpy as np
from scipy.sparse import csr_array

from splicedex.indexer.engines.base import Batch
from splicedex.search.curation.distribution import distribution
from splicedex.search.curation.spurious import spurious
from splicedex.search.searcher import Searcher
from splicedex.splice.align import unit
from tests.planted import COUNT, SPACE, TRAIN, make_planted


def test_an_image_without_concepts_does_no_harm(tmp_path):
    index = make_planted(tmp_path / "made", "edge")
    nothing = csr_array((1, len(SPACE.concepts)), dtype=np.float32)
    vector = unit(SPACE.image_mean)[None]
    payload = {"path": "empty.jpg", "concepts": [], "presence": [], "strengths": [], "cosine": 0.0}
    id_ = "00000000-0000-0000-0000-000000000001"
    index.engine.upsert(Batch([id_], vector, nothing, [payload]))
    searcher = Searcher(index)
    assert distribution(searcher, "").images == COUNT + 1
    assert spurious(searcher, "label", "split").images == TRAIN
    index.close()
