"""Actions of the page's tests."""

from __future__ import annotations

from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from tests.paths import ROOT

ARTIFACTS = ROOT / "artifacts"
HOSTILE = """<img src=x onerror="document.title='owned'">.png"""
MARKUP = "<b>bold</b><script>document.title='owned'</script>"
MANY = 1_200


@contextmanager
def opened(browser, client, path="/", **context):
    """Open the page; its scripts must not raise errors."""
    context = browser.new_context(base_url=str(client.base_url), **context)
    context.set_default_timeout(60_000)
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda said: said.type == "error" and "Failed to load" not in said.text
        and wrong.append(said.text),
    )  # fmt: skip
    try:
        page.goto(path)
        page.wait_for_selector(".tile, #message h2, #error:not([hidden]) p")
        yield page
        assert wrong == []
    finally:
        context.close()


def query_of(page):
    return parse_qs(urlsplit(page.url).query).get("q", [""])[0]


def ask(page, query):
    page.fill("#q", query)
    page.press("#q", "Enter")
    page.wait_for_function(f"() => !document.title.indexOf({query!r})")
    settled(page)


def settled(page):
    """Wait until the results are shown."""
    page.wait_for_selector("#grid[aria-busy=false]", state="attached")
    page.wait_for_selector("#facet-list:not([aria-busy])", state="attached")


def shown(page):
    """Ids of the photos on the page, in order."""
    links = page.locator(".tile > a").evaluate_all("links => links.map(link => link.href)")
    return [parse_qs(urlsplit(link).query)["image"][0] for link in links]


def found(client, query, **more):
    return client.get("/v1/search", params={"q": query, "limit": 60, **more}).json()


def expect_query(page, client, query):
    """The page shows the results that the server gives for a query."""
    page.wait_for_function("q => new URLSearchParams(location.search).get('q') === q", arg=query)
    settled(page)
    assert page.input_value("#q") == query
    answer = found(client, query)
    assert shown(page) == [hit["id"] for hit in answer["hits"]]
    return answer
