"""Files of an index that are truncated, deleted or have a flipped bit."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from splicedex.indexer.payload.presence import FIELDS
from tests.faults.conftest import Contents, assert_same

PREFIXES = (
    "points", "points/mapped", "space", "manifest.json", "presence.npz", "lexicon.npz",
    "counts.npz",
)  # fmt: skip


@pytest.fixture
def whole(indexed):
    """An index and its complete content."""
    folder, words = indexed
    return folder, Contents.of(folder), words


def copied(folder: Path, to: Path) -> Path:
    """A copy that keeps files sparse."""
    shutil.rmtree(to, ignore_errors=True)
    subprocess.run(["cp", "-a", "--sparse=always", folder, to], check=True)
    return to


def damage(folder: Path, chance: random.Random) -> str:
    """Damage one file; returns a description."""
    files = [path for name in PREFIXES for path in [folder / name, *(folder / name).rglob("*")]]
    file = chance.choice(sorted(path for path in files if path.is_file() and path.stat().st_size))
    content = file.read_bytes()
    how = chance.choice(("flipped", "cut short", "gone"))
    if how == "flipped":
        # Most files are mostly holes: a bit where something is written.
        place = chance.choice([i for i, byte in enumerate(content) if byte] or [0])
        with file.open("r+b") as opened:
            opened.seek(place)
            opened.write(bytes([content[place] ^ (1 << chance.randrange(8))]))
    elif how == "cut short":
        os.truncate(file, chance.randrange(len(content)))
    else:
        file.unlink()
    return f"{file.relative_to(folder)} {how}"


@pytest.fixture
def say(environment, run_to_end):
    """Output and exit code of a command; it may fail with an error, but must not crash."""

    def say(*words):
        done = run_to_end(list(map(str, words)), environment)
        said = done.stdout + done.stderr
        assert done.returncode in {0, 2}, said
        assert "Traceback" not in said
        assert "panicked" not in said
        return done.returncode, said

    return say


def undo_untold(found, expected):
    """Undo what one flipped bit may change in an image unnoticed; returns the number of images.

    Values computed from embeddings are checked, but a number may change by little, and columns are
    stored only once.
    """
    untold = 0
    for row, (ours, theirs) in enumerate(zip(found.payloads, expected.payloads, strict=True)):
        some, others = found.weights(row), expected.weights(row)
        dense = np.abs(found.dense[row] - expected.dense[row]).max()
        weight = max((abs(some[i] - others[i]) for i in some.keys() & others.keys()), default=0)
        assert dense < 5e-3
        assert weight < 0.1
        fields = (ours.keys() | theirs.keys()) - {"concepts", *FIELDS}
        said = any(ours.get(field) != theirs.get(field) for field in fields)
        untold += bool(dense or said or weight > 1e-5)
        found.dense[row] = expected.dense[row]
        if weight > 1e-5:
            found.concepts[row] = expected.concepts[row]
        if said:
            found.payloads[row] = theirs
    return untold


@pytest.mark.parametrize(
    "times", [6, pytest.param(150, marks=pytest.mark.slow)], ids=["short", "long"]
)
def test_any_damage_is_noticed_or_does_no_harm_and_is_repaired(whole, say, tmp_path, times):
    """An index that passes has its old content, except for what one flipped bit may change in one
    image; one that does not pass is repaired, or reported as beyond repair."""
    folder, expected, words = whole
    chance = random.Random(times)
    noticed = beyond = untold = 0
    for _ in range(times):
        other = copied(folder, tmp_path / "other")
        done = damage(other, chance)
        code, said = say("verify", "--index", other)
        if code:
            noticed += 1
            code, said = say("repair", "--index", other)
            shutil.rmtree(f"{other}.damaged", ignore_errors=True)
        if code:
            assert "beyond repair" in said or "put the right files" in said, f"{done}: {said}"
            beyond += 1
            continue
        again = [other if word == folder else word for word in words]
        assert say(*again)[0] == 0, done
        found = Contents.of(other)
        if done.endswith("flipped"):
            few = undo_untold(found, expected)
            assert few <= 1, done
            untold += few
        assert_same(found, expected)
    assert noticed >= times / 2
    assert beyond <= noticed / 3
    assert untold <= max(1, times / 20)


def test_damage_that_would_end_the_engine_is_told_at_opening(whole, say, tmp_path):
    folder, _, _ = whole
    for part in ("segment.json", "config.json", "status.dat", "version.info", "first-index"):
        other = copied(folder, tmp_path / "other")
        file = min((other / "points").rglob(part))
        content = bytearray(file.read_bytes())
        content[-1] ^= 0x40
        file.write_bytes(content)
        code, said = say("search", "dog", "--index", other)
        assert code == 2
        assert f"is damaged: {file.relative_to(other / 'points')} is not as it was" in said
        assert "run splicedex repair" in said


def test_manifest_and_space_come_back(whole, say, embedded):
    """The manifest is restored from its copy, the space from the model."""
    folder, expected, _ = whole
    (folder / "manifest.json").write_text("{")
    with (folder / "space" / "concepts.txt").open("a") as words:
        words.write("unicorn\n")
    (folder / "presence.npz").write_bytes(b"")
    assert say("verify", "--index", folder)[0] == 2
    assert say("repair", "--index", folder)[0] == 0
    assert "no faults found" in say("verify", "--index", folder)[1]
    assert_same(Contents.of(folder), expected)
