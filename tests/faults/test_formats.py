"""Indexes of all formats: the current one opens, older ones are converted.

`tests/fixtures/format-N.tar.xz` is an index of 40 images as the version that introduced format N
made it; `python -m tests.fixtures.make` adds today's.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from splicedex.indexer.maintenance.verify import verify
from splicedex.indexer.store.index import open_index
from splicedex.indexer.store.manifest import FORMAT
from splicedex.splice.errors import UserError

FIXTURES = Path(__file__).parents[1] / "fixtures"
IMAGES = 40


@pytest.fixture
def unpacked(tmp_path, request):
    """An index folder of a format."""
    with tarfile.open(FIXTURES / f"format-{request.param}.tar.xz") as packed:
        packed.extractall(tmp_path, filter="data")
    return tmp_path / "index"


@pytest.mark.parametrize("unpacked", [FORMAT], indirect=True)
def test_todays_format_opens_and_is_whole(unpacked, splicedex):
    with open_index(unpacked) as index:
        assert index.engine.count() == IMAGES
        assert not list(verify(index))
    assert splicedex("search", "dog label:cat", "--index", unpacked, "--json")["matches"] > 0


@pytest.mark.parametrize("unpacked", range(1, FORMAT), indirect=True)
def test_older_formats_are_refused_with_the_command_that_mends_them(unpacked, splicedex):
    with (
        pytest.raises(UserError, match="was made by an older splicedex") as refused,
        open_index(unpacked),
    ):
        pass
    assert f"splicedex repair --index {unpacked}" in refused.value.hint
    said = splicedex("search", "dog", "--index", unpacked, expect=2)
    assert f"splicedex repair --index {unpacked}" in said

    repaired = splicedex("repair", "--index", unpacked, "--json")
    assert repaired["kept"] + repaired["mended"] == IMAGES
    assert repaired["lost"] == []

    assert "no faults found" in splicedex("verify", "--index", unpacked)
    assert splicedex("search", "dog label:cat", "--index", unpacked, "--json")["matches"] > 0
    with open_index(unpacked) as index:
        assert index.manifest.format == FORMAT
        assert dict(index.manifest.columns) == {"label": "keyword", "width": "integer"}


@pytest.mark.parametrize("unpacked", [1], indirect=True)
def test_repaired_is_as_made_today(unpacked, splicedex, tmp_path):
    """The repaired oldest format equals the fixture of the current one, point by point."""
    splicedex("repair", "--index", unpacked)
    with tarfile.open(FIXTURES / f"format-{FORMAT}.tar.xz") as packed:
        packed.extractall(tmp_path / "today", filter="data")
    made = tmp_path / "today" / "index"
    with open_index(unpacked) as ours, open_index(made) as theirs:
        for one, other in zip(ours.engine.scroll(), theirs.engine.scroll(), strict=True):
            assert one.payload == other.payload
        # The last bits depend on the processor's linear algebra kernel.
        assert ours.calibration.offset == pytest.approx(theirs.calibration.offset, abs=1e-5)


@pytest.mark.parametrize("unpacked", [FORMAT], indirect=True)
def test_a_newer_format_is_refused(unpacked):
    manifest = unpacked / "manifest.json"
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(values | {"format": FORMAT + 1, "something": "new"}))
    with pytest.raises(UserError, match="made by a newer splicedex"), open_index(unpacked):
        pass
