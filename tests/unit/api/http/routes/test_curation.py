"""Curation over HTTP: the same answers as the library, and problems for mistakes."""

import json
from dataclasses import asdict

import httpx
import pytest

from splicedex.api.http.app import make_app
from splicedex.api.http.config import Settings
from splicedex.search.curation.compare import compare
from splicedex.search.curation.distribution import distribution
from splicedex.search.curation.spurious import spurious
from splicedex.search.searcher import Searcher
from tests.planted import COUNT, TEST, make_planted

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend():
    return "asyncio"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    made = make_planted(tmp_path_factory.mktemp("http") / "made", "edge")
    yield made
    made.close()


@pytest.fixture(scope="module")
async def client(index):
    app = make_app(index, Settings())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    app.state.service.close()


async def test_answers_are_the_library_s(client, index):
    searcher = Searcher(index)
    for path, asked, expected in (
        (
            "concepts",
            {"q": "label:dog", "order": "lift"},
            distribution(searcher, "label:dog", order="lift"),
        ),
        (
            "compare",
            {"q": "label:dog", "other": "label:horse"},
            compare(searcher, "label:dog", "label:horse"),
        ),
        ("spurious", {"label": "label", "split": "split"}, spurious(searcher, "label", "split")),
        (
            "spurious",
            {"label": "label", "concepts": ["beach", "hat"]},
            spurious(searcher, "label", concepts=["beach", "hat"]),
        ),
    ):
        answer = await client.get(f"/v1/curate/{path}", params=asked)
        assert answer.status_code == 200
        assert answer.json() == json.loads(json.dumps(asdict(expected)))


async def test_the_others_answer(client):
    for path, asked, told in (
        ("compare-by", {"column": "group"}, lambda found: len(found) == 4),
        ("drift", {"q": "label:dog", "other": "label:horse"}, lambda found: found["p"] < 0.05),
        ("outliers", {"limit": 3}, lambda found: len(found) == 3 and found[0]["surprise"] > 0),
        ("outliers", {"order": "cosine"}, lambda found: found[0]["cosine"] <= found[1]["cosine"]),
        ("duplicates", {"above": 0.999}, lambda found: found["superfluous"] == 3),
        ("duplicates", {}, lambda found: found["unprinted"] == COUNT),
        ("duplicates", {"above": 0.999, "kinds": ["turned"]}, lambda found: not found["groups"]),
        ("balance", {"by": ["beach", "snow"], "n": 8}, lambda found: len(found["parts"]) == 2),
        ("balance", {"n": 8}, lambda found: len(found["parts"]) > 2),
        ("sample", {"n": 5, "seed": 1}, lambda found: len(found["chosen"]) == 5),
        (
            "classify",
            {"names_from": "label", "by": "group"},
            lambda found: found["images"] == COUNT,
        ),
        ("probe", {"label": "label", "split": "split"}, lambda found: found["tested"] == TEST),
    ):
        answer = await client.get(f"/v1/curate/{path}", params=asked)
        assert (answer.status_code, told(answer.json())) == (200, True), path


async def test_tables_are_downloaded(client):
    answer = await client.get("/v1/curate/export", params={"q": "label:dog", "as": "jsonl"})
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert len(answer.text.splitlines()) == COUNT // 2
    answer = await client.get("/v1/curate/export", params={"as": "csv"})
    assert len(answer.text.splitlines()) == COUNT + 1


async def test_tags_are_written_once_asked_for(client):
    body = {"q": "label:dog beach", "name": "seen", "value": "yes"}
    planned = (await client.post("/v1/tags", json=body)).json()
    assert (planned["done"], planned["images"] > 0) == (False, True)
    assert (await client.get("/v1/search", params={"q": "seen:yes"})).status_code == 400
    done = (await client.post("/v1/tags", json={**body, "dry_run": False})).json()
    assert done["done"]
    found = (await client.get("/v1/search", params={"q": "seen:yes"})).json()
    assert found["matches"] == planned["images"]
    cleared = {"q": "seen:yes", "name": "seen", "value": None, "dry_run": False}
    assert (await client.post("/v1/tags", json=cleared)).json()["images"] == planned["images"]
    assert (await client.get("/v1/search", params={"q": "seen:yes"})).json()["matches"] == 0


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("concepts", {"q": "gitar"}, 400),
        ("concepts", {"order": "size"}, 422),
        ("outliers", {"order": "size"}, 422),
        ("compare", {"q": "like:a/000.jpg"}, 400),
        ("spurious", {"label": "colour"}, 400),
        ("spurious", {}, 422),
        ("balance", {"by": ["dog"], "n": 3}, 400),
        ("sample", {"n": 0}, 422),
        ("classify", {}, 400),
        ("export", {"as": "zip"}, 422),
    ],
)
async def test_mistakes_are_problems(client, path, asked, status):
    answer = await client.get(f"/v1/curate/{path}", params=asked)
    assert answer.status_code == status
    assert answer.json()["hint"]
