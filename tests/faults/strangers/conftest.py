"""Attacks of hostile clients on the real server."""

from __future__ import annotations

import pytest

from tests.serving import index_photos, serving

PATIENCE = 3


@pytest.fixture(scope="package")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("strangers")


@pytest.fixture(scope="package")
def index(folder, run_to_end):
    return index_photos(folder, run_to_end)


@pytest.fixture(scope="package")
def server(index, folder):
    words = ("--max-upload-mb", "1", "--max-pixels", "1M", "--patience", str(PATIENCE))
    with serving(index, folder, *words) as made:
        yield made


@pytest.fixture
def client(server):
    return server.client


@pytest.fixture(autouse=True)
def still_well(server):
    """After every attack, the server still responds."""
    yield
    assert server.process.poll() is None
    assert server.client.get("/readyz").json() == {"status": "ok"}
