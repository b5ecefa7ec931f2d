"""What strangers try: each attempt is made on the real server, and refused."""

import io
import json
import re
import shutil
import socket
import struct
import threading
import time
import zlib

import httpx
import pytest
from PIL import Image

from tests.serving import HOSTILE, index_photos, serving

TOKEN = "correct horse battery staple"
SECRET = b"root:x:0:0"
PATIENCE = 1.5


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("strangers")


@pytest.fixture(scope="module")
def index(folder):
    return index_photos(folder)


@pytest.fixture(scope="module")
def server(index, folder):
    words = ("--max-upload-mb", "1", "--max-pixels", "1", "--patience", str(PATIENCE))
    with serving(index, folder, *words) as made:
        yield made


@pytest.fixture
def client(server):
    return server.client


@pytest.fixture(autouse=True)
def still_well(server):
    """Whatever was tried, the server answers afterwards."""
    yield
    assert server.process.poll() is None
    assert server.client.get("/readyz").json() == {"status": "ok"}


def raw(server, request, *, wait=10.0):
    """What the server answers to bytes, until it closes or says nothing for `wait` seconds."""
    answer = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=wait) as connection:
        try:
            connection.sendall(request)
            while part := connection.recv(65536):
                answer += part
        except (TimeoutError, ConnectionError):
            pass
    return answer


def get(target, *headers, host="localhost"):
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def status(answer):
    return int(answer.split(b" ", 2)[1])


class TestFilesOutsideTheIndex:
    @pytest.mark.parametrize(
        "target",
        [
            "/../../../../etc/passwd",
            "/static/../../../../../../etc/passwd",
            "/static/..%2f..%2f..%2f..%2f..%2fetc/passwd",
            "/static/%2e%2e/%2e%2e/__init__.py",
            "/static//etc/passwd",
            "/static/../__init__.py",
            "/v1/images/..%2f..%2fetc%2fpasswd/file",
            "/v1/images/%2fetc%2fpasswd/file",
            "/v1/images/%2fetc%2fpasswd/thumbnail",
            "/v1/images/file:%2f%2f%2fetc%2fpasswd/file",
            "/v1/uploads/..%2f..%2fetc%2fpasswd/thumbnail",
            "/v1/images/00000000-0000-0000-0000-000000000000/file",
        ],
    )
    def test_cannot_be_named_in_an_address(self, server, target):
        answer = raw(server, get(target))
        assert status(answer) in {400, 404}
        assert SECRET not in answer
        assert b"import Path" not in answer

    @pytest.mark.parametrize(
        "name",
        ["/etc/passwd", "../../../etc/passwd", "file:///etc/passwd", "/dev/stdin", "http://x/y"],
    )
    def test_cannot_be_named_in_a_query(self, client, name):
        for query in (f'like:"{name}"', f'like:"{name}" -dog'):
            answer = client.get("/v1/search", params={"q": query})
            assert answer.status_code == 404
            assert "no image" in answer.json()["detail"]

    def test_a_photo_beside_the_indexed_ones_stays_unseen(self, client, folder):
        other = folder / "photos" / "private.png"
        Image.new("RGB", (30, 30)).save(other)
        query = f'like:"{other}"'
        assert client.get("/v1/search", params={"q": query}).status_code == 404
        assert client.get("/v1/plan", params={"q": query}).status_code in {200, 404}

    def test_a_photo_replaced_by_something_else_is_not_served(self, client, folder):
        photo = folder / "photos" / "camera.png"
        hits = client.get("/v1/search", params={"limit": 200}).json()["hits"]
        [id_] = [hit["id"] for hit in hits if hit["path"] == str(photo)]
        kept = photo.read_bytes()
        photo.unlink()
        try:
            photo.symlink_to("/etc/passwd")
            assert client.get(f"/v1/images/{id_}/file").status_code == 415
            assert client.get(f"/v1/images/{id_}/thumbnail").status_code == 400
            photo.unlink()
            photo.write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")
            assert client.get(f"/v1/images/{id_}/file").status_code == 415
        finally:
            photo.unlink()
            photo.write_bytes(kept)


def png(width, height):
    """A PNG that claims to be huge."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    made = b"\x89PNG\r\n\x1a\n"
    for kind, content in chunks:
        crc = struct.pack(">I", zlib.crc32(kind + content))
        made += struct.pack(">I", len(content)) + kind + content + crc
    return made


class TestUploads:
    def test_too_many_bytes_are_refused_and_told(self, client):
        for content in (b"x" * (2 << 20), b"\xff\xd8\xff" + b"x" * (3 << 20)):
            answer = client.post("/v1/uploads", files={"file": content})
            assert answer.status_code == 413
            assert "--max-upload-mb" in answer.json()["cure"]

    def test_too_many_bytes_in_pieces_of_no_told_length(self, client):
        def pieces():
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            for _ in range(64):
                yield b"y" * 65536
            yield b"\r\n--x--\r\n"

        headers = {"content-type": "multipart/form-data; boundary=x"}
        answer = client.post("/v1/uploads", content=pieces(), headers=headers)
        assert answer.status_code == 413

    def test_a_large_body_that_is_no_upload(self, client):
        body = json.dumps({"q": "x" * 200_000})
        headers = {"content-type": "application/json"}
        assert client.post("/v1/search", content=body, headers=headers).status_code == 413

    def test_too_many_pixels_are_refused_undecoded(self, client):
        small = io.BytesIO()
        Image.new("1", (1100, 1000)).save(small, "PNG")
        for content in (small.getvalue(), png(60_000, 60_000), png(2**31 - 1, 2**31 - 1)):
            answer = client.post("/v1/uploads", files={"file": content})
            assert answer.status_code == 415
            assert "cannot be read" in answer.json()["detail"]

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\0" * 100,
            b"GIF89a" + b"\xff" * 50,
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file",
            b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><svg>&e;</svg>",
            b"P6\n1 1\n255\nabc",
            b"II*\0\x08\0\0\0\xff\xff" + b"\0" * 80,
        ],
    )
    def test_what_is_no_image_is_refused(self, client, content):
        answer = client.post("/v1/uploads", files={"file": ("x.png", content, "image/png")})
        assert answer.status_code == 415
        assert SECRET not in answer.content

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("multipart/form-data", b"--x\r\n\r\n--x--"),
            ("multipart/form-data; boundary=", b"----"),
            ("multipart/form-data; boundary=x", b"no boundary here"),
            (
                "multipart/form-data; boundary=x",
                b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
            ),
            ("multipart/form-data; boundary=" + "x" * 5000, b"--x"),
            ("application/json", b'{"file": "/etc/passwd"}'),
            ("application/x-www-form-urlencoded", b"file=/etc/passwd"),
            ("image/png", b"\x89PNG"),
            ("", b"x"),
        ],
    )
    def test_malformed_forms_are_refused(self, client, kind, body):
        answer = client.post("/v1/uploads", content=body, headers={"content-type": kind})
        assert answer.status_code in {400, 422}
        assert answer.headers["content-type"] == "application/problem+json"

    def test_a_file_name_is_never_used(self, client, folder, tmp_path):
        photo = (folder / "photos" / "horse.png").read_bytes()
        name = f"../../../..{tmp_path}/planted.png"
        files = {"file": (name, photo, "text/html")}
        record = client.post("/v1/uploads", files=files).json()
        assert re.fullmatch("upload-[0-9a-f]{20}", record["id"])
        assert not (tmp_path / "planted.png").exists()
        thumbnail = client.get(record["thumbnail"])
        assert thumbnail.headers["content-type"] == "image/jpeg"
        assert thumbnail.headers["x-content-type-options"] == "nosniff"

    def test_many_at_once_leave_room_for_search(self, client):
        found = []

        def flood():
            files = {"file": png(900, 900)}
            found.extend(client.post("/v1/uploads", files=files).status_code for _ in range(6))

        floods = [threading.Thread(target=flood) for _ in range(6)]
        for one in floods:
            one.start()
        assert client.get("/v1/search", params={"q": "cat"}).status_code == 200
        for one in floods:
            one.join()
        assert set(found) == {415}


class TestRequests:
    @pytest.mark.parametrize(
        "host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.nip.io"]
    )
    def test_by_a_name_that_is_not_ours_are_refused(self, server, host):
        """DNS rebinding: a page's own name that suddenly means this machine."""
        assert status(raw(server, get("/v1/search?q=cat", host=host))) in {400, 421}

    @pytest.mark.parametrize(
        "host", ["localhost", "127.0.0.1", "[::1]", "localhost:80", "192.168.1.7"]
    )
    def test_by_localhost_or_address_are_answered(self, server, host):
        assert status(raw(server, get("/v1/info", host=host))) == 200

    def test_from_another_sites_page_are_refused(self, client, server):
        body = {"q": "cat"}
        for headers in (
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
        ):
            assert client.post("/v1/search", json=body, headers=headers).status_code == 403
        own = {"origin": server.url, "sec-fetch-site": "same-origin"}
        assert client.post("/v1/search", json=body, headers=own).status_code == 200

    def test_no_other_site_may_read_the_answers(self, client):
        answer = client.get("/v1/info", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers
        preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}
        asked = client.options("/v1/search", headers=preflight)
        assert "access-control-allow-origin" not in asked.headers

    def test_header_injection_goes_nowhere(self, server):
        for target in (
            "/v1/search?q=cat%0d%0aX-Injected:%20yes",
            "/?token=x%0d%0aSet-Cookie:%20a=b",
            "/static/%0d%0aX-Injected:%20yes",
            "/v1/images/%0d%0aX-Injected:yes",
        ):
            head = raw(server, get(target)).partition(b"\r\n\r\n")[0]
            assert b"\r\nx-injected" not in head.lower()
            assert b"set-cookie: a=b" not in head.lower()

    @pytest.mark.parametrize(
        "query",
        [
            "'; DROP TABLE images; --",
            '{"must": []}',
            "path:../../* OR path:/etc/*",
            'label:{"$ne":null}',
            "(" * 3000,
            "cat" * 2000,
            "\0",
            "cat\u202e",
            "__proto__:x",
            "presence:1",
            "signature:*",
            "location:*",
            "dog^1e309",
            "*" * 500 + ":x",
            "path:" + "*a" * 200 + "b",
        ],
    )
    def test_query_injection_is_a_query_or_a_mistake(self, client, query):
        start = time.monotonic()
        answer = client.get("/v1/search", params={"q": query})
        assert answer.status_code in {200, 400, 422}
        assert time.monotonic() - start < 20
        for hit in answer.json().get("hits", []):
            assert set(hit["columns"]) <= {"width", "height", "content_hash"}

    @pytest.mark.parametrize(
        "request_",
        [
            b"GARBAGE\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\nConnection: close\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: localhost\r\nA" + b"a" * 1_000_000 + b": b\r\n\r\n",
            b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
            b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
        ],
    )
    def test_malformed_http_is_refused(self, server, request_):
        answer = raw(server, request_, wait=2)
        assert not answer or 400 <= status(answer) < 500

    def test_script_in_names_and_queries_comes_back_as_json(self, client):
        script = "<script>alert(1)</script>"
        for answer in (
            client.get("/v1/search", params={"q": script}),
            client.get("/v1/search", params={"q": f'"{script}"'}),
            client.get(f"/v1/concepts/{script.replace('/', '%2f')}"),
            client.get("/" + script),
            client.get("/v1/search", params={"limit": 200}),
        ):
            assert answer.headers["content-type"] in {
                "application/json",
                "application/problem+json",
            }
            assert answer.headers["x-content-type-options"] == "nosniff"
        assert any(hit["path"].endswith(HOSTILE) for hit in answer.json()["hits"])

    def test_browsers_are_told_to_run_only_our_scripts(self, client):
        for path in ("/", "/v1/info", "/static/nothing.js", "/nowhere", "/openapi.json"):
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert "server" not in headers


class TestSlowClients:
    def test_headers_that_never_end_are_cut_off(self, server):
        waiting = [
            socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(100)
        ]
        waiting[0].sendall(b"GET / HTTP/1.1\r\n")
        assert server.client.get("/healthz").status_code == 200
        for connection in waiting:
            assert connection.recv(1000) == b""
            connection.close()

    def test_a_second_request_that_never_ends_is_cut_off(self, server):
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
            connection.sendall(
                b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /x HTTP/1.1\r\nA:"
            )
            answer = b""
            while part := connection.recv(65536):
                answer += part
        assert answer.count(b"HTTP/1.1") == 1

    def test_a_body_that_never_comes_is_answered(self, server):
        head = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        answer = raw(server, head + b"Content-Length: 100\r\n\r\n{", wait=30)
        assert status(answer) == 408

    def test_a_large_body_that_trickles_is_answered(self, server):
        head = (
            b"POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: multipart/form-data; boundary=x\r\n"
        )
        answer = raw(server, head + b"Content-Length: 99999999\r\n\r\n--x", wait=30)
        assert status(answer) in {408, 413}


@pytest.fixture(scope="module")
def guarded(index, folder, tmp_path_factory):
    """Another server, which asks for a token."""
    copy = tmp_path_factory.mktemp("guarded") / "photos.idx"
    shutil.copytree(index, copy)
    with serving(copy, folder, "--token", TOKEN) as made:
        yield made


class TestToken:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"authorization": "Bearer"},
            {"authorization": f"Basic {TOKEN}"},
            {"authorization": f"Bearer {TOKEN[:-1]}"},
            {"authorization": f"Bearer {TOKEN}x"},
            {"authorization": "Bearer " + "x" * 20_000},
            {"x-api-key": TOKEN.upper()},
            {"x-api-key": "é".encode("latin-1")},
            {"x-api-key": TOKEN, "authorization": "Bearer wrong"},
            {"cookie": f"splicedex={TOKEN}"},
            {"cookie": "splicedex=;;;=\x01"},
        ],
    )
    def test_none_or_another_is_refused_everywhere(self, guarded, headers):
        headers = [
            (key.encode(), value if isinstance(value, bytes) else value.encode("latin-1"))
            for key, value in headers.items()
        ]
        for path in (
            "/",
            "/v1/info",
            "/v1/search?q=cat",
            "/metrics",
            "/openapi.json",
            "/static/app.js",
            "/nowhere",
        ):
            with httpx.Client(base_url=guarded.url) as client:
                answer = client.get(path, headers=headers)
            assert answer.status_code in {400, 401}, path
        assert TOKEN not in answer.text

    def test_the_right_one_opens_everything(self, guarded):
        for headers in ({"authorization": f"Bearer {TOKEN}"}, {"x-api-key": TOKEN}):
            assert httpx.get(f"{guarded.url}/v1/info", headers=headers).status_code == 200
        assert httpx.get(f"{guarded.url}/healthz").status_code == 200

    def test_a_browser_is_let_in_by_a_cookie_that_scripts_cannot_read(self, guarded):
        with httpx.Client(base_url=guarded.url) as browser:
            assert browser.get("/", params={"token": TOKEN + "x"}).status_code == 401
            assert browser.get("/v1/info", params={"token": TOKEN}).status_code == 401
            welcome = browser.get("/", params={"token": TOKEN})
            assert (welcome.status_code, welcome.headers["location"]) == (303, "/")
            cookie = welcome.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=strict" in cookie
            assert TOKEN not in cookie
            assert browser.get("/v1/info").status_code == 200
