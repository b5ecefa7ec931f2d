"""Search on the page, and its messages on errors."""

from __future__ import annotations

import random

import pytest

from splicedex.search.query.nodes import AllOf, Concept, NoneOf
from splicedex.search.query.parser import parse
from tests.e2e.page.browsing import (
    ARTIFACTS,
    ask,
    expect_query,
    found,
    query_of,
    settled,
    shown,
)


class TestSearch:
    def test_shows_what_the_server_finds_and_why(self, page, photos):
        assert len(shown(page)) == 11
        ask(page, "cat")
        answer = expect_query(page, photos, "cat")
        asked = page.locator("#facets .bar.on").first
        assert asked.inner_text().split() == ["cat"]
        assert page.inner_text("#summary").startswith(f"{answer['matches']} of 11 photos · ")
        [part] = answer["hits"][0]["explanation"]["parts"]
        bar = page.locator(".tile").first.locator(".bar").first
        assert bar.locator(".label").inner_text().split()[0] == "cat"
        assert bar.locator(".number").inner_text() == f"+{part['contribution']:.2f}"
        shows = [one for one in answer["hits"][0]["shows"] if one["concept"] != "cat"]
        own = page.locator(".tile").first.locator(".bar.own")
        labels = own.locator(".label").all_inner_texts()
        assert labels == [one["concept"] for one in shows][: len(labels)]
        assert (
            own.locator(".number").all_inner_texts()
            == [f"{100 * one['probability']:.0f}%" for one in shows][: len(labels)]
        )
        page.screenshot(path=ARTIFACTS / "page-search.png")

    def test_one_click_includes_and_excludes(self, page, photos):
        ask(page, "animal")
        bar = page.locator(".tile").first.locator(".bar.own").first
        concept = bar.locator(".label").inner_text()
        bar.hover()
        bar.get_by_role("button", name=f"Exclude {concept}", exact=True).click()
        written = concept if " " not in concept else f'"{concept}"'
        expect_query(page, photos, f"animal NOT shows:{written}")
        page.go_back()
        expect_query(page, photos, "animal")
        bar.hover()
        bar.get_by_role("button", name=f"Add {concept}", exact=True).click()
        expect_query(page, photos, f"animal shows:{written}")

    def test_facets_narrow_and_widen(self, page, photos):
        still = page.locator("#facets .bar", has=page.get_by_text("still", exact=True))
        assert still.locator(".number").inner_text() == "2"
        still.hover()
        still.get_by_role("button", name="Add label still").click()
        assert expect_query(page, photos, "label:still")["matches"] == 2
        page.fill("#q", "cat label:st")
        page.get_by_role("option", name="still").click()
        assert query_of(page) == "cat label:still"
        page.go_back()
        expect_query(page, photos, "label:still")
        pressed = still.get_by_role("button", name="Add label still")
        assert pressed.get_attribute("aria-pressed") == "true"
        pressed.click()
        page.wait_for_function("() => location.search === ''")
        settled(page)
        concept = page.locator("#facets .bar").first.locator(".label").inner_text()
        page.locator("#facets .bar").first.hover()
        page.get_by_role("button", name=f"Exclude {concept}", exact=True).first.click()
        settled(page)
        assert parse(query_of(page), {}) == NoneOf(Concept(concept, 0, shown=True), 0)

    def test_a_facet_finds_as_many_as_it_counts(self, page, photos):
        ask(page, "NOT motorcycle")
        for i in range(3):
            bar = page.locator("#facets .bar", has=page.locator(".number")).nth(i)
            concept, counted = bar.locator(".label"), bar.locator(".number").inner_text()
            written = f'NOT motorcycle shows:"{concept.inner_text()}"'
            assert found(photos, written)["matches"] == int(counted)
            bar.hover()
            bar.get_by_role("button", name=f"Add {concept.inner_text()}", exact=True).click()
            page.wait_for_function("() => location.search.includes('shows')")
            settled(page)
            assert page.inner_text("#summary").startswith(f"{counted} of 11 photos")
            pressed = page.locator("#facets .bar.on").last
            pressed.hover()
            pressed.get_by_role("button", name="Add").click()
            expect_query(page, photos, "NOT motorcycle")

    def test_suggestions_tell_what_is_shown_and_what_may_be_asked_for(self, page, photos):
        def suggested(typed):
            page.fill("#q", typed)
            page.get_by_role("option").first.wait_for()
            return page.locator("#suggestions .label, #suggestions .number").all_inner_texts()

        assert suggested("axolot") == ["axolotl", ""]
        page.press("#q", "Escape")
        assert "shows:" in suggested("sho")
        page.press("#q", "Escape")
        [name, number] = suggested("cat shows:anima")[:2]
        assert (name, int(number)) == ("animal", found(photos, "shows:animal")["matches"])
        page.get_by_role("option").first.click()
        page.wait_for_function("() => location.search.includes('shows')")
        assert query_of(page) == "cat shows:animal"

    def test_near_misses_stand_apart(self, page, photos):
        ask(page, "cat -animal")
        page.check("#near")
        page.wait_for_selector(".heading")
        answer = found(photos, "cat -animal", near="true")
        assert page.locator(".tile.miss").count() == sum(not h["match"] for h in answer["hits"])
        assert "near=1" in page.url

    def test_nothing_found_offers_less(self, page, photos):
        ask(page, "motorcycle flower")
        assert page.inner_text("#message h2") == "No photo matches"
        page.get_by_role("link", name="without flower").click()
        expect_query(page, photos, "motorcycle")


class TestMistakes:
    @pytest.mark.parametrize(
        ("query", "character", "cause"),
        [("cat AND (dog", "(", "not closed"), ("😀😀 cat)", ")", "unexpected"),
         ("cat like:", " ", "needs a value")],
    )  # fmt: skip
    def test_are_shown_in_place(self, page, photos, query, character, cause):
        ask(page, "cat")
        before = shown(page)
        page.fill("#q", query)
        page.press("#q", "Enter")
        page.wait_for_selector("#error:not([hidden])")
        assert page.locator("#error mark").evaluate("mark => mark.textContent") == character
        assert page.locator("#error code").evaluate("code => code.textContent").strip() == query
        assert cause in page.inner_text("#error p").lower()
        assert page.get_attribute("#q", "aria-invalid") == "true"
        assert shown(page) == before
        page.screenshot(path=ARTIFACTS / "page-error.png")
        page.fill("#q", "cat")
        assert page.is_hidden("#error")
        page.press("#q", "Enter")
        expect_query(page, photos, "cat")

    def test_a_server_that_is_away_is_waited_for(self, page, photos):
        page.route("**/v1/search*", lambda route: route.abort())
        page.fill("#q", "cat")
        page.press("#q", "Enter")
        page.get_by_role("heading", name="The server is not available").wait_for()
        page.unroute("**/v1/search*")
        page.get_by_role("button", name="Try now").click()
        page.wait_for_selector(".tile")
        expect_query(page, photos, "cat")
        assert page.is_hidden("#message")

    def test_a_key_is_asked_for(self, page):
        problem = {"status": 401, "json": {"detail": "no token"}}
        page.route("**/v1/info", lambda route: route.fulfill(**problem))
        page.reload()
        page.get_by_role("heading", name="requires a token").wait_for()
        assert page.get_by_label("Token", exact=True).get_attribute("name") == "token"


def test_clicks_edit_queries_as_the_language_reads_them(page):
    """For any query, one click adds a concept to its meaning and the next removes it."""
    random_ = random.Random(3)
    words = [
        "dog",
        '"hot dog"',
        "-cat",
        "NOT tree",
        "=car",
        "hat^2",
        "sea>0.5",
        "(a OR b)",
        "x:y",
        "shows:bee",
        "NOT shows:ant",
    ]
    queries = [" ".join(random_.sample(words, random_.randint(1, 5))) for _ in range(100)]
    queries += [" AND ".join(random_.sample(words, 3)) for _ in range(50)] + ["dog OR cat"]
    script = """async (queries) => {
      const { toggle } = await import("/static/query.js");
      const ways = [[1, false], [-1, false], [1, true], [-1, true]];
      return queries.map((query) => ways.map(([sign, shown]) => {
        const added = toggle(query, "new thing", sign, shown);
        return [sign, shown, added, toggle(added, "new thing", sign, shown)];
      }));
    }"""
    for query, concept, sign, edited, *more in (
        ("like:x dog -cat", "dog", 1, "like:x NOT cat"),
        ("like:x -dog -cat", "dog", -1, "like:x -cat"),
        ("like:x -dog +cat", "cat", -1, "like:x -dog -cat"),
        ("like:x label:y", "cat", 1, "like:x +cat label:y"),
        ("dog OR cat", "snow", -1, "(dog OR cat) -snow"),
        ("like:x dog", "cat", -1, "like:x dog NOT shows:cat", True),
        ("dog OR cat", "hot dog", 1, '(dog OR cat) shows:"hot dog"', True),
        ("dog -cat", "cat", 1, "dog +cat", True),
        ("dog -cat", "cat", -1, "dog", True),
        ("dog shows:cat", "cat", -1, "dog NOT shows:cat"),
        ("dog NOT shows:cat^2 snow", "Cat", -1, "dog snow"),
    ):
        one = """async (args) => (await import("/static/query.js")).toggle(...args)"""
        assert page.evaluate(one, [query, concept, sign, *more]) == edited
    for query, edits in zip(queries, page.evaluate(script, queries), strict=True):
        tree = parse(query)
        for sign, is_shown, added, back in edits:
            concept = Concept("new thing", 0, shown=is_shown)
            parts = tree.parts if isinstance(tree, AllOf) else (tree,)
            assert parse(added) == AllOf((*parts, concept if sign > 0 else NoneOf(concept, 0)))
            assert parse(back) == tree, (query, added, back)
