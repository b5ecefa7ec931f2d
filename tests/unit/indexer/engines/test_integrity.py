from __future__ import annotations

import pytest

from splicedex.indexer.engines.edge.integrity import FILE, SMALL, check, remove, write
from splicedex.splice.errors import UserError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "deep" / "status").write_bytes(b"abc")
    (tmp_path / "large").write_bytes(bytes(SMALL + 1))
    write(tmp_path)
    return tmp_path


def test_what_was_left_alone_passes(folder):
    check(folder)
    check(folder)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda folder: (folder / "config.json").write_text("{]"), "config.json"),
        (lambda folder: (folder / "deep" / "status").unlink(), "deep/status"),
        (lambda folder: (folder / "large").write_bytes(bytes(SMALL)), "large"),
        (lambda folder: (folder / "new").write_text(""), "new"),
        (lambda folder: (folder / FILE).write_text("{"), FILE),
        (lambda folder: (folder / FILE).write_text("[]"), FILE),
    ],
)
def test_what_changed_is_named(folder, change, named):
    change(folder)
    with pytest.raises(UserError, match=f"is damaged: {named}"):
        check(folder)


def test_without_a_manifest_nothing_is_known(folder):
    remove(folder)
    (folder / "config.json").write_text("{]")
    remove(folder)
    check(folder)
