"""Values over HTTP: 64-bit integers, dates and truth values, in and out."""

import httpx
import pytest

from splicedex.api.http.app import make_app
from splicedex.api.http.config import Settings
from tests.planted import COUNT, make_planted

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def index(tmp_path):
    made = make_planted(tmp_path / "made", "edge")
    yield made
    made.close()


@pytest.fixture
async def client(index):
    app = make_app(index, Settings())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client
    app.state.service.close()


async def test_values_keep_their_type_and_digits(client, index):
    given = {
        "k": 1234567890123456781,
        "u": 2**64 - 1,
        "ok": True,
        "taken": "2024-03-05T10:11:12+02:00",
        "share": 0.1,
    }
    for name, value in given.items():
        body = {"q": "", "name": name, "value": value, "dry_run": False}
        answer = await client.post("/v1/tags", json=body)
        assert answer.json()["value"] == value
    hit_id = index.find("a/000.jpg").id
    index.engine.set_payload([hit_id], {"exif": {"iso": [1, None]}})
    asked = {"q": "k:1234567890123456781 u:18446744073709551615 ok:true taken:2024-03"}
    answer = (await client.get("/v1/search", params=asked | {"limit": 200})).json()
    assert answer["matches"] == COUNT
    assert answer["hits"][0]["columns"].items() >= given.items()
    record = (await client.get(f"/v1/images/{hit_id}")).json()
    assert record["columns"].items() >= (given | {"exif": {"iso": [1, None]}}).items()
    columns = (await client.get("/v1/facets")).json()["columns"]
    assert columns["u"] == [{"value": 2**64 - 1, "images": COUNT}]
    assert columns["ok"] == [{"value": True, "images": COUNT}]
    assert [one["value"] for one in columns["taken"]] == ["2024", "2024-03"]
    lines = (await client.get("/v1/curate/export", params={"as": "csv"})).text.splitlines()
    assert "1234567890123456781" in lines[1]
    assert "18446744073709551615" in lines[1]
