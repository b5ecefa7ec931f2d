"""The HTTP API end to end: the real server with real photos."""

import io
import json
import signal
import socket

import pytest
from PIL import Image

from tests.serving import HOSTILE, environment, index_photos, serving

COUNT = 10
KNOWN = {"type", "title", "status", "detail", "hint"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("http")


@pytest.fixture(scope="module")
def server(folder, run_to_end):
    with serving(index_photos(folder, run_to_end), folder) as made:
        yield made


@pytest.fixture
def client(server):
    return server.client


@pytest.fixture(scope="module")
def ids(server, folder):
    """Point ids by the names of the photos."""
    hits = server.client.get("/v1/search", params={"limit": 200}).json()["hits"]
    photos = folder / "photos"
    return {hit["path"].removeprefix(f"{photos}/"): hit["id"] for hit in hits}


@pytest.fixture
def cat(folder):
    return (folder / "photos" / "chelsea.png").read_bytes()


def ok(response):
    assert response.status_code == 200, response.text
    return response.json()


def problem(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told.keys() >= KNOWN
    assert told["status"] == status
    return told


class TestSearch:
    def test_hits_say_why(self, client, folder):
        found = ok(client.get("/v1/search", params={"q": "cat", "near": True, "limit": 3}))
        assert found["query"] == "cat"
        assert 1 <= found["matches"] <= COUNT
        [first, *_] = found["hits"]
        assert first["path"] in {str(folder / "photos" / n) for n in ("chelsea.png", "cat.tiff")}
        assert first["match"]
        assert set(first["columns"]) >= {"width", "height"}
        explained = first["explanation"]
        total = explained["base"] + explained["rest"]
        total += sum(part["contribution"] for part in explained["parts"])
        assert total == pytest.approx(first["score"], abs=1e-4)
        assert explained["parts"][0]["fired"][0]["concept"]
        shown = [one["probability"] for one in first["shows"]]
        assert shown == sorted(shown, reverse=True)
        assert first["shows"] == ok(client.get(f"/v1/images/{first['id']}"))["shows"]
        weights = [one["weight"] for one in first["concepts"]]
        assert weights == sorted(weights, reverse=True)
        assert 0 < len(weights) <= 8

    def test_says_what_the_command_line_says(self, client, server, folder):
        query = "(cat OR horse) NOT coffee"
        body = {"q": query, "limit": 5, "near": True, "diversity": 0.2}
        by_body = ok(client.post("/v1/search", json=body))
        by_query = ok(client.get("/v1/search", params=body))
        assert by_body["hits"] == by_query["hits"]
        assert [hit["score"] for hit in by_body["hits"]] == sorted(
            (hit["score"] for hit in by_body["hits"]), reverse=True
        )

    def test_reads_negation_in_sentences(self, client):
        sentence = 'text:"a cup without a horse or a cat"'
        read = ok(client.get("/v1/search", params={"q": sentence}))
        split = ok(client.get("/v1/search", params={"q": 'text:"a cup" NOT horse NOT cat'}))
        assert read["reading"] == 'text:"a cup" NOT horse NOT cat'
        assert [hit["id"] for hit in read["hits"]] == [hit["id"] for hit in split["hits"]]
        assert any("text:=" in note for note in read["notes"])

    def test_nothing_asked_is_everything_page_by_page(self, client):
        whole = ok(client.get("/v1/search", params={"limit": 200}))
        assert whole["matches"] == len(whole["hits"]) == COUNT
        assert whole["cursor"] is None
        paged, cursor = [], None
        while True:
            page = ok(
                client.get(
                    "/v1/search",
                    params={"limit": 3, "cursor": cursor or ""} if cursor else {"limit": 3},
                )
            )
            paged += page["hits"]
            cursor = page["cursor"]
            if cursor is None:
                break
        assert paged == whole["hits"]

    def test_a_mistake_is_told_with_its_place(self, client):
        told = problem(client.get("/v1/search", params={"q": "cat AND (dog"}), 400)
        assert (told["at"], told["query"]) == (8, "cat AND (dog")
        assert "not closed" in told["detail"]
        problem(client.get("/v1/search", params={"q": "cat", "rank": "best"}), 422)
        problem(client.get("/v1/search", params={"q": "cat", "colour": "red"}), 422)
        problem(client.get("/v1/search", params={"limit": 201}), 422)
        problem(
            client.post("/v1/search", content=b"{", headers={"content-type": "application/json"}),
            422,
        )

    def test_facets_are_what_shows_leaves(self, client):
        for query in ("", "NOT horse"):
            facets = ok(client.get("/v1/facets", params={"q": query, "limit": 4}))
            assert facets["matches"] == ok(client.get("/v1/search", params={"q": query}))["matches"]
            assert facets["concepts"]
            for facet in facets["concepts"]:
                narrower = ok(
                    client.get("/v1/search", params={"q": f'{query} shows:"{facet["concept"]}"'})
                )
                assert narrower["matches"] == facet["images"]
                assert facet["share"] == pytest.approx(facet["images"] / facets["matches"])

    def test_explain_and_plan(self, client, ids):
        image = ids["chelsea.png"]
        told = ok(client.get("/v1/explain", params={"q": "cat NOT coffee", "image": image}))
        assert told["match"]
        assert [part["part"] for part in told["parts"]] == ["cat", "NOT coffee"]
        problem(client.get("/v1/explain", params={"q": "cat", "image": "nonsense"}), 404)
        query = 'text:"a cat with no coffee"'
        told = ok(client.get("/v1/explain", params={"q": query, "image": image}))
        assert [part["part"] for part in told["parts"]] == ["text:a cat", "NOT coffee"]
        plan = ok(client.get("/v1/plan", params={"q": "cat"}))
        assert plan["meanings"]["cat"]["cat"] == 1


class TestImages:
    def test_a_record_holds_all_of_it(self, client, ids, folder):
        record = ok(client.get(f"/v1/images/{ids['chelsea.png']}"))
        assert record["path"] == str(folder / "photos" / "chelsea.png")
        assert (record["width"], record["height"]) == (451, 300)
        assert 0 < record["cosine"] < 1
        assert any("cat" in one["concept"] for one in record["concepts"][:3])
        assert "cat" in [one["concept"] for one in record["shows"]]
        for listed, least in (("shows", 0.35), ("present", 0.25)):
            probabilities = [one["probability"] for one in record[listed]]
            assert probabilities == sorted(probabilities, reverse=True)
            assert min(probabilities) >= least
        assert ok(client.get("/v1/search", params={"q": record["like"], "limit": 1}))["hits"]

    def test_similar_ones_are_found(self, client, ids):
        url = f"/v1/images/{ids['chelsea.png']}/similar"
        found = ok(client.get(url, params={"limit": 3}))["hits"]
        assert found[0]["id"] == ids["cat.tiff"]
        assert ids["chelsea.png"] not in {hit["id"] for hit in found}
        close = ok(client.get(url, params={"above": 0.99}))["hits"]
        assert [hit["id"] for hit in close] == [ids["cat.tiff"]]

    def test_thumbnails_are_small_upright_and_kept(self, client, ids, folder):
        url = f"/v1/images/{ids['side.jpg']}/thumbnail"
        answer = client.get(url, params={"size": 200})
        with Image.open(io.BytesIO(answer.content)) as image:
            width, height = image.size
        whole = ok(client.get(f"/v1/images/{ids['side.jpg']}"))
        assert whole["height"] > whole["width"]
        assert height == 256
        assert width == pytest.approx(256 * whole["width"] / whole["height"], abs=1)
        tag = answer.headers["etag"]
        again = client.get(url, params={"size": 256}, headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(url, params={"size": 9}).content != answer.content
        kept = folder / "cache" / "thumbnails"
        assert answer.content in [file.read_bytes() for file in kept.glob("*/*.jpg")]

    def test_originals_come_as_they_are(self, client, ids, cat):
        answer = client.get(f"/v1/images/{ids['chelsea.png']}/file")
        assert answer.content == cat
        assert answer.headers["content-type"] == "image/png"
        assert "sandbox" in answer.headers["content-security-policy"]
        part = client.get(f"/v1/images/{ids['chelsea.png']}/file", headers={"range": "bytes=0-9"})
        assert (part.status_code, part.content) == (206, cat[:10])

    def test_a_type_that_browsers_do_not_show_stays(self, client, ids):
        record = ok(client.get(f"/v1/images/{ids['cat.tiff']}"))
        assert record["file"] is None
        problem(client.get(f"/v1/images/{ids['cat.tiff']}/file"), 415)
        assert client.get(record["thumbnail"]).headers["content-type"] == "image/jpeg"

    def test_a_photo_that_is_away_is_told(self, client, ids):
        gone = ids["gone.png"]
        record = ok(client.get(f"/v1/images/{gone}"))
        assert record["thumbnail"] is record["file"] is None
        assert record["concepts"]
        problem(client.get(f"/v1/images/{gone}/thumbnail"), 404)
        problem(client.get(f"/v1/images/{gone}/file"), 404)
        hits = ok(client.get("/v1/search", params={"limit": 200}))["hits"]
        assert [hit["id"] for hit in hits if hit["thumbnail"] is None] == [gone]

    def test_a_hostile_name_is_only_a_name(self, client, ids, folder):
        record = client.get(f"/v1/images/{ids[HOSTILE]}")
        assert record.json()["path"] == str(folder / "photos" / HOSTILE)
        assert record.headers["content-type"] == "application/json"
        answer = client.get(f"/v1/images/{ids[HOSTILE]}/file")
        assert "<" not in answer.headers["content-disposition"]


class TestConcepts:
    def test_completion_begins_with_what_begins_so(self, client):
        found = ok(client.get("/v1/concepts", params={"prefix": "c", "limit": 5}))["concepts"]
        assert all(one["concept"].startswith("c") for one in found)
        assert len(found) == 5
        [rare] = ok(client.get("/v1/concepts", params={"prefix": "axolotl"}))["concepts"]
        assert rare == {"concept": "axolotl", "images": 0}
        frequent = ok(client.get("/v1/concepts", params={"limit": 5}))["concepts"]
        counts = [one["images"] for one in frequent]
        assert counts == sorted(counts, reverse=True)

    def test_a_concept_has_a_page(self, client):
        page = ok(client.get("/v1/concepts/cats"))
        assert page["concept"] == "cat"
        assert page["images"] == ok(client.get("/v1/search", params={"q": "cat"}))["matches"]
        assert page["share"] == page["images"] / COUNT
        assert page["family"][0] == {
            "concept": "cat",
            "weight": 1.0,
            "images": page["family"][0]["images"],
        }
        assert {hit["path"].rpartition("/")[2] for hit in page["examples"]} >= {"chelsea.png"}
        lifts = [one["lift"] for one in page["together"]]
        assert lifts == sorted(lifts, reverse=True)

    def test_a_blank_is_no_concept(self, client):
        assert client.get("/v1/concepts/%0C").status_code == 404


class TestUploads:
    def test_an_upload_is_searched_by_and_edited(self, client, cat, ids):
        record = ok(client.post("/v1/uploads", files={"file": cat}))
        assert (record["width"], record["height"]) == (451, 300)
        assert 0 < record["expires_s"] <= 3600
        same = ok(client.get(f"/v1/images/{ids['chelsea.png']}"))
        assert [one["concept"] for one in record["concepts"]] == [
            one["concept"] for one in same["concepts"]
        ]
        assert ok(client.get(f"/v1/uploads/{record['id']}"))["concepts"] == record["concepts"]
        with Image.open(io.BytesIO(client.get(record["thumbnail"]).content)) as image:
            assert max(image.size) == 256
        plain = ok(client.get("/v1/search", params={"q": record["like"], "limit": 200}))
        cats = {ids["chelsea.png"], ids["cat.tiff"]}
        assert {hit["id"] for hit in plain["hits"][:2]} == cats
        edited = ok(client.get("/v1/search", params={"q": f"{record['like']} -cat +coffee"}))
        order = [hit["id"] for hit in edited["hits"]]
        assert ids["coffee.png"] in order
        assert ids["chelsea.png"] not in order

    def test_one_request_does_both(self, client, cat, ids):
        form = {"q": "-cat +coffee", "limit": "4"}
        found = ok(client.post("/v1/search/image", files={"file": cat}, data=form))
        assert len(found["hits"]) == 4
        assert found["upload"]["like"] in found["query"]
        plain = ok(client.post("/v1/search/image", files={"file": cat}))
        assert plain["hits"][0]["id"] in {ids["chelsea.png"], ids["cat.tiff"]}

    def test_images_and_texts_decompose(self, client, cat):
        image = ok(client.post("/v1/decompose/image", files={"file": cat}))
        assert image["l0"] == len(image["concepts"])
        text = ok(client.post("/v1/decompose/text", json={"text": "a dog in the snow"}))
        heaviest = [one["concept"] for one in text["concepts"][:4]]
        assert "snow" in heaviest
        assert any("dog" in name for name in heaviest)
        assert 0.3 < text["cosine"] < 1

    def test_what_is_no_image_is_refused(self, client, cat):
        for content in (b"", b"<svg onload=alert(1)>", b"%PDF-1.7", cat[: len(cat) // 3]):
            problem(client.post("/v1/uploads", files={"file": content}), 415)
        problem(client.post("/v1/uploads", files={"photo": cat}), 422)
        problem(client.get("/v1/uploads/upload-00"), 404)
        told = problem(client.get("/v1/search", params={"q": "like:upload-00"}), 404)
        assert told["hint"] == "upload the image again"


class TestServer:
    def test_info_health_and_metrics(self, client):
        told = ok(client.get("/v1/info"))
        assert (told["images"], told["model"], told["encodes_images"]) == (COUNT, "nano", True)
        assert ok(client.get("/healthz")) == ok(client.get("/readyz")) == {"status": "ok"}
        ok(client.get("/v1/search", params={"q": "cat"}))
        metrics = client.get("/metrics")
        assert metrics.headers["content-type"].startswith("text/plain")
        lines = metrics.text.splitlines()
        assert f"splicedex_images {COUNT}.0" in lines
        assert any('route="/v1/search",status="200"' in line for line in lines)

    def test_unknown_addresses_and_methods_are_problems(self, client):
        problem(client.get("/v1/nowhere"), 404)
        answer = client.delete("/v1/search")
        problem(answer, 405)
        assert answer.headers["allow"] == "GET, POST"

    def test_many_at_once_get_what_one_gets(self, server):
        from concurrent.futures import ThreadPoolExecutor

        queries = ["cat", "NOT cat", "horse OR cat", "", "coffee", 'text:"a cup"'] * 8
        alone = {
            query: server.client.get("/v1/search", params={"q": query}).json()
            for query in set(queries)
        }
        with ThreadPoolExecutor(16) as threads:
            answers = list(
                threads.map(
                    lambda query: server.client.get("/v1/search", params={"q": query}), queries
                )
            )
        for query, answer in zip(queries, answers, strict=True):
            assert ok(answer)["hits"] == alone[query]["hits"]


def test_the_index_is_held_while_serving_and_free_after(folder, tmp_path, server, run_to_end):
    index = folder / "photos.idx"
    held = run_to_end(["info", "--index", str(index)], environment(folder))
    assert held.returncode == 2
    assert len(held.stderr.strip().splitlines()) == 1
    taken = ["serve", "--index", str(tmp_path), "--port", str(server.port)]
    refused = run_to_end(taken, environment(folder))
    assert refused.returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_after_what_is_in_hand(indexed, tmp_path, run_to_end, number):
    index, _ = indexed
    with serving(index, tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as asking:
            asking.sendall(b"GET /v1/search?limit=200 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            server.process.send_signal(number)
            try:
                answer = asking.makefile("rb").readline()
            except ConnectionResetError:
                answer = b""
        assert answer in {b"HTTP/1.1 200 OK\r\n", b""}  # begun, or not seen yet
        assert server.process.wait(timeout=30) == 0
    again = run_to_end(["info", "--json", "--index", str(index)], environment(tmp_path))
    assert json.loads(again.stdout)["images"] == 300


def test_embeddings_alone_are_served_too(indexed, tmp_path, embedded):
    index, _ = indexed
    with serving(index, tmp_path) as server:
        told = ok(server.client.get("/v1/info"))
        assert not told["encodes_text"]
        found = ok(server.client.get("/v1/search", params={"q": "dog label:odd"}))
        assert {hit["columns"]["label"] for hit in found["hits"]} == {"odd"}
        assert all(hit["thumbnail"] is None for hit in found["hits"])
        facets = ok(server.client.get("/v1/facets", params={"q": "dog"}))
        assert {one["value"] for one in facets["columns"]["label"]} == {"odd", "even"}
        problem(server.client.post("/v1/uploads", files={"file": b"x"}), 400)
        problem(server.client.post("/v1/decompose/text", json={"text": "dog"}), 400)
        told = problem(server.client.get("/v1/search", params={"q": 'text:"a dog"'}), 400)
        assert "text encoder" in told["detail"]
