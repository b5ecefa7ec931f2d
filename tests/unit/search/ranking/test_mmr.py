import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.search.ranking.mmr import Diverse, diversify
from splicedex.splice.align import unit
from tests.photos import make_embeddings, make_space

ROWS = make_embeddings(make_space(), 12)


def by_brute_force(scores, rows, diversity):
    """Carbonell and Goldstein's definition, hit by hit."""
    span = max(scores) - min(scores)
    gains = [(score - min(scores)) / (span or 1) for score in scores]
    chosen = []
    while len(chosen) < len(scores):
        best, found = None, None
        for row, gain in enumerate(gains):
            if row in chosen:
                continue
            like = max([0.0, *(float(rows[row] @ rows[other]) for other in chosen)])
            marginal = (1 - diversity) * gain - diversity * min(like, 1)
            if best is None or marginal > best:
                best, found = marginal, row
        chosen.append(found)
    return chosen


@given(
    st.lists(st.floats(-5, 5), min_size=1, max_size=12, unique=True),
    st.sampled_from([0.0, 0.3, 0.7, 1.0]),
)
@settings(deadline=None)
def test_is_maximal_marginal_relevance(scores, diversity):
    scores = np.array(sorted(scores, reverse=True))
    rows = ROWS[: len(scores)].astype(np.float64)
    assert diversify(scores, rows, diversity) == by_brute_force(scores, rows, diversity)


def test_no_diversity_leaves_the_order():
    assert diversify(np.arange(12, 0, -1.0), ROWS, 0) == list(range(12))


def test_copies_come_last():
    rows = unit(np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32))
    assert diversify(np.array([4.0, 3.9, 3.0, 2.0]), rows, 0.6) == [0, 2, 3, 1]


def test_equal_scores():
    assert sorted(diversify(np.ones(12), ROWS, 0.5)) == list(range(12))


class Fixed:
    needs_embeddings = False

    """A ranking of the rows in order."""

    def page(self, filter, offset, limit):  # noqa: A002
        return [(str(row), -float(row)) for row in range(12)][offset : offset + limit]

    def explain(self, hits):
        return ["why"] * len(hits)


class Rows:
    """An index and engine that only retrieve."""

    @property
    def engine(self):
        return self

    def retrieve(self, ids, **_):
        return [type("Row", (), {"dense": ROWS[int(row)]}) for row in ids]


@pytest.mark.parametrize("limit", [1, 3, 5, 12])
def test_pages_fit_together(limit):
    ranking = Diverse(Rows(), Fixed(), 0.7, block=5)
    whole = ranking.page(None, 0, 20)
    pages = [ranking.page(None, offset, limit) for offset in range(0, 12, limit)]
    assert [one for page in pages for one in page] == whole
    assert sorted(whole) == sorted(Fixed().page(None, 0, 12))
    assert whole != Fixed().page(None, 0, 12)
    assert ranking.explain([1, 2]) == ["why", "why"]
