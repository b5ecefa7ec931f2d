import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.indexer.engines.query import Hit, SparseVector
from splicedex.search.query.parser import parse
from splicedex.search.ranking.explain import explain_dense, name_of
from splicedex.splice.align import unit
from splicedex.splice.decomposition import decompose
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.sparsity import Sparsity


def hit(image, weights, row):
    """A hit as the engine returns it, with both vectors."""
    start, end = weights.indptr[row], weights.indptr[row + 1]
    sparse = SparseVector(weights.indices[start:end], weights.data[start:end])
    return Hit("id", 0.0, dense=image, concepts=sparse)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.05, 0.25, 1.0]))
@settings(max_examples=50, deadline=None)
def test_a_dense_score_is_split_exactly(seed, penalty):
    random = np.random.default_rng(seed)
    texts = unit(random.normal(size=(30, 12)).astype(np.float32))
    mean = (0.4 * unit(random.normal(size=12))).astype(np.float32)
    space = ConceptSpace(tuple(map(str, range(30))), texts, mean)
    image, query = unit(random.normal(size=(2, 12)).astype(np.float32))
    common = random.choice([0, 0.5, 1]) * mean
    weights = decompose(space, image[None], Sparsity(penalty))
    found = explain_dense(space, query, common, hit(image, weights, 0))
    assert abs(found.score - float(image @ query)) < 1e-5
    assert len(found.concepts) == weights.nnz
    for part in found.concepts:
        assert abs(part.contribution - part.query_weight * part.weight) < 1e-6
    values = [part.contribution for part in found.concepts]
    assert values == sorted(values, reverse=True)


def test_real_scores_are_split_exactly(data):
    space = ConceptSpace.load(data / "clip_vitb32" / "space")
    images = np.load(data / "clip_vitb32" / "image_embeddings.npy")[:20]
    weights = decompose(space, images, Sparsity())
    for row, image in enumerate(images):
        found = explain_dense(space, images[0], space.image_mean, hit(image, weights, row))
        assert abs(found.score - float(unit(image) @ images[0])) < 1e-5


@pytest.mark.parametrize(
    "query",
    [
        "dog",
        "=dog>0.6<0.8",
        "NOT dog^2",
        "shows:dog^2 AND NOT shows:cat",
        "dog AND (cat OR NOT car)",
        "dog OR (cat AND car)",
        "width>3.0",
        "text:dusk^2",
        "like:a.jpg^0.5 -dog +snow^2",
    ],
)
def test_parts_are_named_as_they_are_asked(query):
    tree = parse(query, columns={"width"})
    assert name_of(tree) == query
    assert parse(name_of(tree), columns={"width"}) == tree
