from __future__ import annotations

from pathlib import Path

import pytest

from splicedex.indexer.store.address import Collection, Folder, address_of, parse_address
from splicedex.splice.errors import UserError

URL = "http://qdrant:6333"


@pytest.mark.parametrize(
    ("text", "url", "address"),
    [
        ("photos.idx", None, Folder(Path("photos.idx"))),
        (None, URL, Collection(URL, "splicedex")),
        ("photos", URL, Collection(URL, "photos")),
        ("photos", f"{URL}/", Collection(URL, "photos")),
        (f"{URL}/photos", None, Collection(URL, "photos")),
        (f"{URL}/photos/", None, Collection(URL, "photos")),
        (URL, None, Collection(URL, "splicedex")),
        ("https://h/behind/a/proxy/photos", None, Collection("https://h/behind/a/proxy", "photos")),
    ],
)
def test_what_users_say(text, url, address):
    assert parse_address(text, url) == address
    assert parse_address(str(address)) == address


@pytest.mark.parametrize(
    ("text", "url", "cause"),
    [
        (None, None, "no index is named"),
        ("", None, "no index is named"),
        ("photos", "qdrant:6333", "not the URL of a server"),
        ("a/b", URL, "cannot be the name of a collection"),
        ("photos.files", URL, "cannot be the name of a collection"),
    ],
)
def test_what_cannot_be(text, url, cause):
    with pytest.raises(UserError, match=cause):
        parse_address(text, url)


def test_the_key_is_not_shown():
    address = parse_address("photos", URL, "secret")
    assert isinstance(address, Collection)
    assert address.api_key == "secret"
    assert "secret" not in f"{address} {address!r}"


def test_paths_are_folders():
    assert address_of(Path("a")) == Folder(Path("a"))
    assert address_of(Collection(URL)) == Collection(URL)
