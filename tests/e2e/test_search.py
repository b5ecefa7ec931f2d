"""Search with the real command: pages, plans, edits, weights, errors."""

import json

import pytest


@pytest.fixture
def search(splicedex, indexed):
    folder, _ = indexed

    def run(query, *words, expect=0):
        return splicedex("search", query, "--index", folder, *words, expect=expect)

    return lambda query, *words, expect=0: run(query, *words, *["--json"][expect:], expect=expect)


def test_pages_by_cursor_are_the_whole(search):
    whole = search("dog NOT car", "--near", "--limit", 300)
    assert len({hit["path"] for hit in whole["hits"]}) == 300
    assert whole["cursor"] is None
    paths, cursor = [], None
    while len(paths) < 300:
        page = search("dog NOT car", "--near", "-n", 120, *(["--cursor", cursor] if cursor else []))
        paths += [hit["path"] for hit in page["hits"]]
        cursor = page["cursor"]
    assert cursor is None
    assert paths == [hit["path"] for hit in whole["hits"]]


def test_scores_are_explained(search):
    for query in ("dog^2 -car", "dog<0.3", "dog OR label:even", "like:007.jpg -dog +car"):
        hits = search(query, "--near", "--limit", 300)["hits"]
        assert len(hits) >= 299
        for hit in hits:
            parts = sum(part["contribution"] for part in hit["concepts"])
            assert parts + hit["base"] + hit["rest"] == pytest.approx(hit["score"], abs=1e-5)


def test_rankings_are_weighed_and_fused(search):
    query = "like:007.jpg like:009.jpg dog"
    orders = {
        tuple(hit["path"] for hit in search(query, *words, "--near", "--limit", 300)["hits"])
        for words in (
            ["--rank", "dense"],
            ["--rank", "rrf"],
            ["--rank", "rrf", "--weights", "5,1,1"],
            ["--rank", "dense", "--weights", "1,9,1"],
        )
    }
    assert len(orders) == 4
    assert len({frozenset(order) for order in orders}) == 1


def test_diversity_reorders(search):
    plain, diverse = search("dog"), search("dog", "--diversity", 0.9)
    assert plain["hits"][0] == diverse["hits"][0]
    assert plain["hits"] != diverse["hits"]


def test_a_plan_is_printed_instead(splicedex, indexed):
    folder, _ = indexed
    told = splicedex("search", "dog NOT label:odd", "--index", folder, "--explain-plan")
    plan = json.loads(told)
    assert plan["ranking"] == ["concepts"]
    assert set(plan["meanings"]) == {"dog"}


def test_mistakes_are_one_line(search):
    for query, words, told in [
        ("dog AND", [], "character 8: a concept is missing"),
        ("dog gitar", [], "character 5: unknown concept 'gitar'; did you mean guitar"),
        ("dog OR text:dusk", [], "character 8: text: ranks"),
        ("text:dusk", [], "needs a text encoder"),
        ("like:nowhere.jpg", [], "neither an image of the index nor a file"),
        ("colour:red", [], "character 1: no column 'colour'"),
        ("dog", ["--cursor", "5.abc"], "belongs to another query"),
        ("dog", ["--weights", "1,2"], "only one ranking"),
        ("like:007.jpg", ["--rank", "concept"], "do not rank by concept"),
    ]:
        said = search(query, *words, expect=2)
        assert said.count("\n") == 1
        assert told in said
