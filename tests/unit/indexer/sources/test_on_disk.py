"""What is gone, and what has a hash."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from splicedex.indexer.sources.on_disk import content_hash, content_hashes, is_gone


def test_gone_is_what_surely_is_not_there(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert not is_gone(tmp_path / "a")
    assert not is_gone(tmp_path / "loop")
    assert not is_gone(tmp_path / "nul\0")
    assert is_gone(tmp_path / "b")
    assert is_gone(tmp_path / "a" / "b")
    assert is_gone(tmp_path / "dangling")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may look anywhere")
def test_what_may_not_be_seen_is_not_gone(tmp_path):
    (tmp_path / "barred").mkdir(mode=0)
    assert not is_gone(tmp_path / "barred" / "a")


def test_a_failing_disk_is_not_gone(monkeypatch):
    def fail(self, **_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "stat", fail)
    assert not is_gone(Path("a"))


def test_hashes(tmp_path):
    paths = [tmp_path / f"{number}" for number in range(20)]
    for number, path in enumerate(paths):
        path.write_bytes(bytes([number]) * 3_000)
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    odd = [tmp_path / "empty", tmp_path / "pipe", tmp_path, tmp_path / "none"]
    found = content_hashes([*paths, *odd])
    assert found[:20] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert found[20:] == [None] * 4
    assert content_hash(tmp_path / "nul\0") is None
