from __future__ import annotations

import hashlib
import http.server
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from splicedex.splice.dictionary.published import MEANS, VOCABULARIES
from splicedex.splice.download import PublishedFile, cache_folder, fetch
from splicedex.splice.errors import UserError

CONTENT = b"dog\ncat\n"


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT under any path that does not say "missing" or "short", and counts."""

    requests = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests += 1
        self.send_response(404 if "missing" in self.path else 200)
        self.send_header("Content-Length", str(len(CONTENT) + ("short" in self.path)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def words(server: Server, path: str = "words.txt", content: bytes = CONTENT) -> PublishedFile:
    return PublishedFile(
        f"vocab/{path}", f"{server.url}/{path}", hashlib.sha256(content).hexdigest()
    )


def test_fetches_once(server, cache):
    path = fetch(words(server))
    assert path == cache / "vocab" / "words.txt"
    assert path.read_bytes() == CONTENT
    assert fetch(words(server)) == path
    assert server.requests == 1


def test_a_damaged_copy_is_fetched_again(server):
    path = fetch(words(server))
    path.write_bytes(CONTENT[:-1])
    assert fetch(words(server)).read_bytes() == CONTENT
    assert server.requests == 2


def test_at_once_from_many_threads(server):
    with ThreadPoolExecutor(8) as threads:
        paths = set(threads.map(fetch, [words(server)] * 8))
    (path,) = paths
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("path", ["missing.txt", "short.txt"])
def test_failed_download_keeps_nothing(server, cache, path):
    with pytest.raises(UserError, match="cannot download"):
        fetch(words(server, path))
    assert not cache.exists()


def test_wrong_content_is_refused(server, cache):
    with pytest.raises(UserError, match="SHA-256"):
        fetch(words(server, content=b"other"))
    assert not cache.exists()


def test_offline_says_where_to_put_the_file(server, cache):
    file = words(server)
    server.server_close()
    with pytest.raises(UserError, match="connect to the network, or put the file at") as caught:
        fetch(file)
    target = cache / "vocab" / "words.txt"
    assert str(target) in str(caught.value)
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    assert fetch(file) == target


def test_cache_that_cannot_be_written(server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("SPLICEDEX_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="SPLICEDEX_CACHE"):
        fetch(words(server))


def test_cache_folder_of_the_user(monkeypatch, tmp_path):
    monkeypatch.delenv("SPLICEDEX_CACHE")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "splicedex"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert cache_folder() == Path.home() / "Library" / "Caches" / "splicedex"


def test_published_files_are_those_of_the_paper(data):
    reference = data / "splice_reference"
    for file in {*VOCABULARIES.values(), *MEANS.values()}:
        content = (reference / file.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == file.sha256
        assert file.url.endswith(f"/data/{file.name}")
