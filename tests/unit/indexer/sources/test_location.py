import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.sources.location import file_of, printable, to_path, to_text


@pytest.mark.skipif(sys.platform == "win32", reason="needs paths of any bytes")
@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name))
def test_any_file_is_found_again(name):
    path = Path("/photos") / os.fsdecode(name)
    kept = json.loads(json.dumps({"path": "a", "location": to_text(path)}).encode())
    assert to_path(kept) == path
    kept["location"].encode()  # raises if it holds a lone surrogate


@pytest.mark.skipif(sys.platform == "win32", reason="needs paths of any bytes")
def test_a_name_is_found_by_what_is_printed(tmp_path):
    for name in (b"latin\xe9.jpg", b'a"b\n\xff.jpg', rb"back\xe9.jpg", "é.jpg".encode()):
        file = tmp_path / os.fsdecode(name)
        file.touch()
        printed = printable(str(file))
        assert printed.encode()
        assert file_of(printed) == file_of(str(file)) == file
        assert file_of(printable(file.name), tmp_path) == file
    assert file_of(r"nowhere\xe9.jpg") == Path(r"nowhere\xe9.jpg")


def test_plain_paths_stay_plain(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert to_text(Path("50% ü.jpg")) == f"{tmp_path}/50% ü.jpg"


def test_an_image_without_a_location_is_where_its_name_says():
    assert to_path({"path": "/a/b.jpg"}) == Path("/a/b.jpg")
    assert to_path({"path": "file:///etc/x.jpg"}) == Path("file:///etc/x.jpg")
