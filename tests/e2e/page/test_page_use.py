"""The page by keyboard, by screen reader, on a phone, and with many photos."""

from __future__ import annotations

import pytest

from splicedex.search.query.nodes import Concept
from splicedex.search.query.parser import parse
from tests.e2e.page.browsing import (
    ARTIFACTS,
    MANY,
    ask,
    found,
    opened,
    query_of,
    settled,
    shown,
)
from tools.screenshot import PHONE


class TestKeyboard:
    def test_goes_everywhere(self, page, photos):
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "q"
        page.keyboard.type("ca")
        options = page.get_by_role("option")
        options.first.wait_for()
        page.keyboard.press("ArrowDown")
        chosen = page.get_attribute("#q", "aria-activedescendant")
        assert page.get_attribute(f"#{chosen}", "aria-selected") == "true"
        words = page.locator("#suggestions .label").all_inner_texts()
        counted = photos.get("/v1/concepts", params={"prefix": "ca", "limit": 8}).json()
        assert words == [one["concept"] for one in counted["concepts"]]
        page.keyboard.press("Enter")
        page.wait_for_function("() => location.search.startsWith('?q=')")
        settled(page)
        assert parse(query_of(page), {}) == Concept(words[0], 0)
        page.goto("/")
        page.wait_for_selector(".tile")
        page.keyboard.press("/")
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.press("Escape")
        page.locator(".tile > a").first.focus()
        ids = shown(page)
        for key, place in (("ArrowRight", 1), ("ArrowDown", 5), ("ArrowLeft", 4), ("ArrowUp", 0),
                           ("End", 10), ("Home", 0), ("ArrowRight", 1)):  # fmt: skip
            page.keyboard.press(key)
            focused = page.evaluate("document.activeElement.closest('.tile').dataset.index")
            assert int(focused) == place, key
        page.keyboard.press("Enter")
        page.wait_for_selector("#photo .place")
        assert ids[1] in page.url
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"() => location.search.includes({ids[2]!r})")
        page.keyboard.press("Escape")
        page.wait_for_function("() => !document.getElementById('photo').open")
        assert page.evaluate("document.activeElement.closest('.tile').dataset.index") == "2"

    def test_only_one_photo_is_a_stop_for_tab(self, page):
        stops = page.locator("#grid a, #grid button").evaluate_all(
            "all => new Set(all.filter(one => one.tabIndex === 0)"
            ".map(one => one.closest('.tile').dataset.index)).size"
        )
        assert stops == 1


def test_the_page_is_accessible(browser, photos):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    hit = found(photos, "cat")["hits"][0]["id"]
    photo, like = f"/?q=cat&image={hit}", f"/?q=like:{hit}+-cat"
    for scheme, paths in {
        "light": ("/?q=cat&near=1", photo, like, "/?q=(cat"),
        "dark": (like,),
    }.items():
        for path in paths:
            with opened(browser, photos, path, color_scheme=scheme) as page:
                page.wait_for_load_state("networkidle")
                wrong = axe.run(page).response["violations"]
                told = [(one["id"], one["nodes"][0]["html"]) for one in wrong]
                assert told == [], (scheme, path)


def test_a_phone_needs_no_scrolling_sideways(browser, photos):
    with opened(browser, photos, "/?q=cat", **PHONE) as page:
        settled(page)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=ARTIFACTS / "page-phone.png")
        assert page.is_hidden("#facets")
        page.get_by_role("button", name="Narrow down").tap()
        page.wait_for_selector("#facets .bar", state="visible")
        page.screenshot(path=ARTIFACTS / "page-phone-facets.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="Close").tap()
        page.locator(".tile > a").first.tap()
        page.wait_for_selector("#photo .neighbours img")
        page.screenshot(path=ARTIFACTS / "page-phone-photo.png")
        assert page.evaluate("document.getElementById('photo').scrollWidth") <= 390


SCROLL = """() => new Promise((done) => {
  scrollBy(0, 1000);
  requestAnimationFrame(() => requestAnimationFrame(done));
})"""


class TestMany:
    def test_only_what_is_near_is_held(self, browser, many):
        with opened(browser, many, viewport={"width": 1280, "height": 800}) as page:
            assert page.is_hidden("#pick"), "this index cannot encode images"
            assert page.locator(".tile .placeholder").count() == page.locator(".tile").count()
            page.locator(".tile > a").first.evaluate("link => { link.mark = true; link.focus(); }")
            seen, most = set(), 0
            last = f".tile[aria-posinset='{MANY}']"
            for _ in range(2000):
                seen.update(shown(page))
                most = max(most, page.locator(".tile").count())
                if page.locator(last).count():
                    break
                page.evaluate(SCROLL)
            assert len(seen) == MANY
            assert page.evaluate("document.activeElement.mark"), "the focus was lost on the way"
            assert most < 60
            page.locator(f"{last} > a").click()
            page.wait_for_selector("#photo .place")
            page.keyboard.press("Escape")
            page.wait_for_function("() => !document.getElementById('photo').open")
            place = page.locator(last).bounding_box()
            assert place["y"] > 0
            assert place["y"] + place["height"] <= 800

    def test_back_returns_to_where_one_was(self, browser, many):
        with opened(browser, many, viewport={"width": 1280, "height": 800}) as page:
            settled(page)
            page.mouse.wheel(0, 1500)
            page.wait_for_function("() => scrollY > 1000")
            page.wait_for_timeout(300)
            where, there = page.evaluate("scrollY"), shown(page)
            ask(page, "dog")
            assert page.evaluate("scrollY") == 0
            page.go_back()
            page.wait_for_function("() => location.search === ''")
            page.wait_for_function(f"() => scrollY === {where}")
            assert shown(page) == there
            page.go_forward()
            page.wait_for_function("() => document.title.startsWith('dog')")
            settled(page)
            dogs = {hit["id"] for hit in found(many, "dog")["hits"]}
            assert set(shown(page)) <= dogs
