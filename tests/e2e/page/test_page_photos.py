"""Search by an image, and the page of a photo."""

from __future__ import annotations

import base64
import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from splicedex.search.query.nodes import Like
from splicedex.search.query.parser import parse
from tests.e2e.page.browsing import (
    ARTIFACTS,
    HOSTILE,
    MARKUP,
    ask,
    expect_query,
    found,
    opened,
    query_of,
    settled,
    shown,
)


class TestImages:
    def test_upload_edit_with_chips_and_let_go(self, page, photos):
        spec = find_spec("skimage")
        page.set_input_files("#file", Path(spec.origin).parent / "data" / "chelsea.png")
        page.wait_for_selector(".chip")
        settled(page)
        like = query_of(page)
        assert re.fullmatch(r"like:upload-[0-9a-f]+", like)
        best = found(photos, like)["hits"]
        assert {hit["path"] for hit in best[:2]} == {"chelsea.png", HOSTILE}
        chip = page.locator(".chip").first
        concept = chip.locator(".label").inner_text()
        chip.get_by_role("button", name=f"Exclude {concept}").click()
        page.wait_for_selector(".chip.removed")
        tree = parse(query_of(page), {})
        assert isinstance(tree, Like)
        assert [(sign, edit.text) for sign, edit in tree.edits] == [(-1, concept)]
        expect_query(page, photos, query_of(page))
        page.screenshot(path=ARTIFACTS / "page-upload.png")
        page.get_by_role("button", name="Search without the image").click()
        page.wait_for_function("() => location.search === ''")

    def test_drop_and_paste(self, page):
        spec = find_spec("sklearn")
        photo = Path(spec.origin).parent / "datasets" / "images" / "flower.jpg"
        content = base64.b64encode(photo.read_bytes()).decode()
        fire = """([content, type]) => {
          const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "f.jpg", { type: "image/jpeg" }));
          const more = { bubbles: true, cancelable: true };
          dispatchEvent(type === "paste"
            ? new ClipboardEvent(type, { ...more, clipboardData: data })
            : new DragEvent(type, { ...more, dataTransfer: data }));
        }"""
        for kind in ("drop", "paste"):
            page.evaluate(fire, [content, "dragenter"])
            assert page.is_visible("#drop")
            page.evaluate(fire, [content, "drop" if kind == "drop" else "dragleave"])
            if kind == "paste":
                page.evaluate(fire, [content, "paste"])
            page.wait_for_selector(".chip")
            assert page.is_hidden("#drop")
            assert query_of(page).startswith("like:upload-")
            page.go_back()
            page.wait_for_function("() => location.search === ''")

    def test_what_is_no_image_is_refused_in_place(self, page):
        bad = {"name": "x.png", "mimeType": "image/png", "buffer": b"no image"}
        page.set_input_files("#file", bad)
        page.wait_for_selector("#error:not([hidden])")
        assert "cannot be read" in page.inner_text("#error")


class TestPhoto:
    def test_has_its_own_page(self, page, photos):
        ask(page, "cat")
        first = shown(page)[0]
        page.locator(".tile > a").first.click()
        page.wait_for_selector("#photo .neighbours li")
        record = photos.get(f"/v1/images/{first}").json()
        shows, concepts = (
            page.locator("#photo section", has=page.get_by_role("heading", name=name, exact=True))
            for name in ("Shows", "Decomposition")
        )
        assert shows.locator(".label").all_inner_texts() == [
            one["concept"] for one in record["shows"]
        ]
        assert f"{record['cosine']:.2f}" in concepts.locator("b").inner_text()
        labels = concepts.locator(".label").all_inner_texts()
        assert labels == [one["concept"] for one in record["concepts"]][: len(labels)]
        near = photos.get(f"/v1/images/{first}/similar", params={"limit": 12}).json()["hits"]
        links = page.locator("#photo .neighbours a").evaluate_all("all => all.map(a => a.href)")
        assert [parse_qs(urlsplit(link).query)["image"][0] for link in links] == [
            hit["id"] for hit in near
        ]
        assert page.get_by_role("heading", name="Why it is here").is_visible()
        page.screenshot(path=ARTIFACTS / "page-photo.png")
        page.locator("#photo .neighbours a").last.click()
        page.get_by_role("heading", name="Why it is not among the matches").wait_for()
        page.go_back()
        page.go_back()
        page.wait_for_function("() => !document.getElementById('photo').open")
        assert query_of(page) == "cat"

    def test_a_link_to_it_opens_it(self, browser, photos):
        hit = found(photos, "flower")["hits"][0]
        with opened(browser, photos, f"/?q=flower&image={hit['id']}", color_scheme="dark") as page:
            page.wait_for_selector("#photo .neighbours img")
            assert page.inner_text("#photo .place").startswith("1 of ")
            page.wait_for_load_state("networkidle")
            page.screenshot(path=ARTIFACTS / "page-photo-dark.png")
            page.get_by_role("link", name="Find similar").click()
            page.wait_for_function("() => !document.getElementById('photo').open")
            assert query_of(page) == f"like:{hit['id']}"
            page.locator(".chip").first.wait_for()

    def test_names_are_never_markup(self, page):
        ask(page, "cat")
        link = page.locator(".tile > a[title^='<img src=x']")
        assert link.get_attribute("title") == HOSTILE
        link.click()
        page.wait_for_selector("#photo .neighbours li")
        assert page.inner_text("#photo h1") == HOSTILE
        assert page.get_by_text(MARKUP, exact=True).count() >= 1
        ask_facet = page.locator("#photo .facts dd").all_inner_texts()
        assert {HOSTILE, MARKUP} <= set(ask_facet)
        assert page.locator("img[src=x], b:text-is('bold')").count() == 0
        assert "owned" not in page.title()
