"""Distributions, comparisons, shortcuts and drift, beside counting by hand, on both engines."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from splicedex.indexer.engines.base import Batch
from splicedex.search.curation.compare import compare, compare_by
from splicedex.search.curation.distribution import distribution
from splicedex.search.curation.drift import drift
from splicedex.search.curation.output.charts import chart_comparison, chart_distribution
from splicedex.search.curation.spurious import spurious
from splicedex.search.curation.subsets.families import families, query_of
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.searcher import Searcher
from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError
from tests.planted import COUNT, SPACE, TEST, TRAIN, make_planted

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


@pytest.fixture(scope="module", params=["edge", "memory"])
def searcher(request, tmp_path_factory):
    index = make_planted(tmp_path_factory.mktemp(request.param) / "made", request.param)
    yield Searcher(index)
    index.close()


def found_by(searcher, query):
    passing = searcher.plan(query).filter
    return {hit.id for hit in searcher.index.engine.scroll(passing, with_payload=False)}


def test_families_join_names_of_one_thing():
    random = np.random.default_rng(1)
    names = ("boot", "boots", "icecream", "ice cream", "short", "shorts", "a", "b", "c")
    rows = random.normal(size=(len(names), 64))
    rows[1] = rows[0] + 0.7 * rows[1]
    rows[3] = rows[2] + 0.3 * rows[3]
    rows[7] = rows[6] + 0.5 * rows[7]
    rows[8] = rows[7] + 0.5 * rows[8]  # near b, not a: no chain makes a and c one
    space = ConceptSpace(names, unit(rows.astype(np.float32)), np.zeros(64, np.float32))
    grouped = families(space)
    together = {frozenset(names[i] for i in ids) for ids in grouped.members}
    assert frozenset({"boot", "boots"}) in together
    assert frozenset({"icecream", "ice cream"}) in together
    assert {frozenset({"short"}), frozenset({"shorts"})} <= together
    assert not any({"a", "c"} <= names for names in together)
    assert sorted(i for ids in grouped.members for i in ids) == list(range(len(names)))
    heads = grouped.heads(np.array([1, 5, 2, 2, 0, 0, 0, 0, 0]))
    assert {0, 3} & set(heads.tolist()) == set()
    assert {1, 2} <= set(heads.tolist())
    assert grouped.names(1) == ("boots", "boot")
    totals = grouped.total(csr_array(np.ones((2, len(names)))))
    assert totals.toarray().tolist() == [[float(len(ids)) for ids in grouped.members]] * 2


def test_a_facet_counts_as_queries_do(searcher):
    for query in ("", "label:dog", "beach NOT tree", "NOT split:train"):
        chosen = subset(searcher, query)
        counts = searcher.index.counts.of(chosen.filter)
        for word in ("dog", "puppy", "beach", "snow", "horse", "thing 3"):
            asked = f"({query}) {query_of(word)}" if query else query_of(word)
            assert counts[SPACE.ids[word]] == len(found_by(searcher, asked))


def test_distribution(searcher):
    found = distribution(searcher, "label:dog split:train", limit=200, order="share")
    inside = found_by(searcher, "label:dog split:train")
    assert found.images == len(inside) == TRAIN // 2
    assert found.weighed == found.images
    assert {"dog", "beach"} & set(found.concepts[0].family)
    hits = searcher.index.engine.retrieve(sorted(inside), with_concepts=True)
    weights = np.zeros((len(hits), len(SPACE.concepts)))
    for row, hit in enumerate(hits):
        weights[row, hit.concepts.indices] = hit.concepts.values
    for one in found.concepts:
        here = inside & found_by(searcher, one.query)
        assert one.images == len(here)
        assert one.share.value == pytest.approx(len(here) / len(inside))
        assert one.share.low <= one.share.value <= one.share.high
        ids = [SPACE.ids[name] for name in one.family]
        assert one.weight.value == pytest.approx(weights[:, ids].sum(axis=1).mean(), abs=1e-6)
        everywhere = len(found_by(searcher, one.query))
        assert one.lift == pytest.approx(one.share.value * COUNT / max(everywhere, 1))
    shares = [one.share.value for one in found.concepts]
    assert shares == sorted(shares, reverse=True)
    by_lift = distribution(searcher, "label:dog", limit=3, order="lift")
    assert by_lift.concepts[0].concept in {"dog", "puppy", "hound"}
    assert distribution(searcher, "", limit=1).images == COUNT


def test_compare(searcher):
    found = compare(searcher, "label:dog split:train", "label:horse split:train")
    assert found.images == (TRAIN // 2, TRAIN // 2)
    assert {"dog", "beach", "horse", "snow"} <= {w for one in found.concepts for w in one.family}
    effects = [abs(one.difference.value) for one in found.concepts]
    assert effects == sorted(effects, reverse=True)
    for one in found.concepts:
        assert one.q < 0.05
        for side, query in enumerate(found.queries):
            assert one.images[side] == len(found_by(searcher, f"({query}) ({one.query})"))
            here = found_by(searcher, f"({query}) ({one.query})")
            assert len(one.examples[side]) == min(3, len(here))
            assert {example.id for example in one.examples[side]} <= here
        assert (one.difference.value > 0) == (one.log_odds.value > 0)
        assert one.difference.low <= one.difference.value <= one.difference.high
    by_odds = compare(searcher, "label:dog", "label:horse", order="odds", shown=0)
    assert by_odds.concepts
    assert by_odds.concepts[0].examples == ((), ())


def test_compare_with_the_rest_and_with_overlap(searcher):
    rest = compare(searcher, "label:dog")
    both = compare(searcher, "label:dog", "NOT label:dog")
    assert rest.concepts == both.concepts
    assert rest.images == (COUNT // 2, COUNT // 2)
    inner = compare(searcher, "label:dog", "label:dog beach")
    assert inner.overlap == inner.images[1] == len(found_by(searcher, "label:dog beach"))
    assert inner.images[0] == len(found_by(searcher, "label:dog NOT beach"))
    assert "beach" not in {one.concept for one in inner.concepts}
    assert set(inner.queries) == {"(label:dog) NOT (label:dog beach)", "label:dog beach"}


def test_compare_by_column(searcher):
    found = compare_by(searcher, "group", "split:train")
    assert [one.queries[0].removeprefix("group:") for one in found][:2] == [
        "dog on beach",
        "horse on snow",
    ]
    for one in found:
        assert sum(one.images) == TRAIN
    assert {one.concept for one in found[0].concepts} & {"beach", "dog"}


def test_a_random_split_differs_in_nothing(searcher):
    odd = compare(searcher, "number<60 OR (number>=120 number<180)")
    assert odd.significant == 0
    assert odd.concepts == ()


def test_spurious_finds_what_was_planted(searcher):
    found = spurious(searcher, "label", "split")
    assert found.part == "train"
    assert found.unknown == ()
    suspects = {(one.label, one.concept) for one in found.suspects}
    assert ("dog", "beach") in suspects
    assert ("horse", "snow") in suspects
    assert not {name for _, name in suspects} & {"dog", "horse", "puppy", "hound"}
    for one in found.suspects:
        train, test = one.strengths
        cells = train.cells
        assert cells.both == len(found_by(searcher, f"split:train label:{one.label} {one.query}"))
        assert cells.both + cells.label == TRAIN // 2
        assert sum((test.cells.both, test.cells.label)) == TEST // 2
        assert one.excess.low <= one.excess.value <= one.excess.high
        assert one.q < 0.05
        planted = one.concept in {"beach", "snow"}
        assert (one.excess.value > 0.65) == planted
        lacking = {example.id for example in one.without}
        assert lacking <= found_by(searcher, f"split:train label:{one.label} NOT ({one.query})")
        other = {example.id for example in one.elsewhere}
        assert other <= found_by(searcher, f"split:train NOT label:{one.label} {one.query}")
    best = found.suspects[0]
    assert "label" in best.thin or "concept" in best.thin
    assert best.v.value == pytest.approx(best.strengths[0].phi.value, abs=0.02)
    away = spurious(searcher, "label", "split", "test")
    assert not {one.concept for one in away.suspects} & {"beach", "snow"}


def test_a_suspicion_is_looked_into_by_name(searcher):
    whole = {(one.label, one.concept): one for one in spurious(searcher, "label", "split").suspects}
    found = spurious(searcher, "label", "split", concepts=["beach", "guitars", "dog"])
    assert found.tested == 6
    assert found.notes == ("'guitars' is read as 'guitar'",)
    told = {(one.label, one.concept): one for one in found.suspects}
    assert {name for _, name in told} == {"beach", "guitar"}
    beach, guitar = told["dog", "beach"], told[max(told, key=lambda pair: pair[1])]
    assert beach.excess == whole["dog", "beach"].excess
    assert beach.q <= whole["dog", "beach"].q
    assert guitar.q > 0.05
    none = spurious(searcher, "label", query="NOT beach", concepts=["beach"])
    assert (none.tested, none.notes) == (0, ("no image looked at has 'beach'",))
    with pytest.raises(UserError, match="unknown concept 'unicorn'"):
        spurious(searcher, "label", concepts=["unicorn"])


def test_drift(searcher):
    here = (searcher, "label:dog"), (searcher, "label:horse")
    found = drift(*here, permutations=99)
    assert found.p == 0.01
    assert found.distance > found.by_chance[1] > found.by_chance[0] > 0
    moved = {one.concept: one for one in found.moved}
    assert {"dog", "horse"} <= set(moved)
    assert moved["horse"].difference.value > 0.5
    assert moved["dog"].difference.value < -0.5
    assert drift(*here, permutations=99) == found
    alike = drift((searcher, "number<120"), (searcher, "number>=120 split:train"), permutations=99)
    assert alike.p > 0.05


def test_drift_between_indexes(tmp_path):
    one, two = (Searcher(make_planted(tmp_path / name, "edge")) for name in "ab")
    same = drift((one, ""), (two, ""), permutations=99)
    assert same.distance == pytest.approx(0, abs=1e-6)
    assert same.p == 1
    assert same.moved == ()
    two.index.state.manifest = replace(two.index.manifest, l1_penalty=0.1)
    with pytest.raises(UserError, match="different sparsities"):
        drift((one, ""), (two, ""))
    for searcher in (one, two):
        searcher.index.close()


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (lambda s: subset(s, "like:a/000.jpg"), "needs a yes or no"),
        (lambda s: subset(s, "number>9999"), "no image matches"),
        (lambda s: distribution(s, "", order="size"), "order 'size' is unknown"),
        (lambda s: compare(s, "dog", "dog"), "the same images"),
        (lambda s: compare(s, ""), "leaves no other image"),
        (lambda s: compare(s, "dog", order="q"), "order 'q' is unknown"),
        (lambda s: compare_by(s, "colour"), "no text column 'colour'"),
        (lambda s: compare_by(s, "number"), "no text column 'number'"),
        (lambda s: compare_by(s, "path"), "over 100 values"),
        (lambda s: spurious(s, "label", "label"), "both label and split"),
        (lambda s: spurious(s, "label", None, "train"), "a part of no split"),
        (lambda s: spurious(s, "label", "split", "dev"), "no image has split:dev"),
        (lambda s: spurious(s, "label", query="label:dog"), "1 values"),
        (lambda s: drift((s, "dog"), (s, "dog beach")), "are in both sets"),
    ],
)
def test_mistakes(searcher, ask, told):
    with pytest.raises(UserError, match=told):
        ask(searcher)


def test_charts(searcher, tmp_path):
    pytest.importorskip("matplotlib")
    found = compare(searcher, "label:dog", limit=5)
    chart_comparison(found, tmp_path / "two.svg")
    drawn = (tmp_path / "two.svg").read_text()
    assert drawn.count("<svg") == 1
    chart_distribution(distribution(searcher, "label:dog"), tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")
    for path, told in ((tmp_path / "x.txt", "is no chart"), (tmp_path / "no" / "x.png", "written")):
        with pytest.raises(UserError, match=told):
            chart_comparison(found, path)
    with pytest.raises(UserError, match="nothing to draw"):
        chart_comparison(replace(found, concepts=()), tmp_path / "y.png")


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
