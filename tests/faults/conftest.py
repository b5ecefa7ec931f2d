"""What fault tests share: commands that are killed, and the complete content of an index."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from splicedex.indexer.payload.presence import BANDS, FAINTEST, FIELDS, STRENGTHS
from splicedex.indexer.store.index import open_index
from tests.e2e.conftest import (  # noqa: F401
    embedded,
    environment,
    indexed,
    kept_embedded,
    kept_index,
    place,
    splicedex,
    started,
)
from tests.models import DIM, write_open_clip_model
from tests.pacing import PACED, Paced

CONCEPTS = ("dog", "cat", "tree", "sea", "car", "house", "red", "blue", "green", "night", "snow")


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A small random model, as `--model` names it."""
    folder = write_open_clip_model(tmp_path_factory.mktemp("models") / "vit")
    (folder / "vocabulary.txt").write_text("\n".join(CONCEPTS))
    np.save(folder / "image_mean.npy", np.full(DIM, 0.02, np.float32))
    return f"local-dir:{folder}"


def child_of(process, name):
    """Id of a child process by a word of its command line; None if the parent ends without one."""
    threads = Path(f"/proc/{process.pid}/task")
    while process.poll() is None:
        with suppress(OSError):
            for children in threads.glob("*/children"):
                for child in children.read_text().split():
                    if name in Path(f"/proc/{child}/cmdline").read_text():
                        return int(child)
        time.sleep(0.01)
    return None


UNCHECKED = """
import splicedex.indexer.engines.edge.engine
splicedex.indexer.engines.edge.engine.leave_room = lambda *_: None
"""
"""As if the disk were filled after the check and before the write."""


@pytest.fixture
def paced(started):  # noqa: F811
    """Starts `splicedex index` with the given words, see `Paced`."""

    def start(*words, checked=True):
        script = PACED if checked else UNCHECKED + PACED
        return Paced(started(*words, command=(sys.executable, "-c", script)))

    return start


@dataclass
class Contents:
    """The complete content of an index; points in the order of their ids."""

    ids: list[str]
    dense: np.ndarray
    concepts: list[Any]
    cosines: list[float]
    payloads: list[dict[str, Any]]
    calibration: Any

    @classmethod
    def of(cls, folder: Path) -> Contents:
        with open_index(folder) as index:
            hits = list(index.engine.scroll(with_dense=True, with_concepts=True))
            return cls(
                [hit.id for hit in hits],
                np.array([hit.dense for hit in hits]),
                [hit.concepts for hit in hits],
                [hit.payload.pop("cosine") for hit in hits],
                [hit.payload for hit in hits],
                index.calibration,
            )

    def weights(self, row: int) -> dict[int, float]:
        """Weights of an image by concept."""
        some = self.concepts[row]
        return dict(zip(some.indices.tolist(), some.values.tolist(), strict=True))


def assert_same(found: Contents, expected: Contents, *, encoded: bool = False) -> None:
    """Check that ids, vectors, payloads and calibration of two indexes are the same.

    What was computed among other images, or before the engine had normalised the embeddings,
    differs in its last bits: weights and calibration by 1e-5; and where the embeddings were
    `encoded` anew, those by 1e-5, weights and calibration by 1e-3. So a concept of no weight to
    speak of may come or go, and a probability on the border of two bands fall into the other: in
    one image of a hundred at most.
    """
    dense, weight, offset = (1e-5, 1e-3, 1e-3) if encoded else (0, 1e-5, 1e-5)
    assert found.ids == expected.ids
    np.testing.assert_allclose(found.dense, expected.dense, rtol=0, atol=dense)
    np.testing.assert_allclose(found.cosines, expected.cosines, rtol=0, atol=1.01e-4)
    assert found.calibration.images == expected.calibration.images
    for name in ("offset", "prevalence"):
        ours, theirs = (getattr(one.calibration, name) for one in (found, expected))
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=offset)
    differ = 0
    for row, (ours, theirs) in enumerate(zip(found.payloads, expected.payloads, strict=True)):
        some, others = found.weights(row), expected.weights(row)
        for concept in some.keys() | others.keys():
            assert abs(some.get(concept, 0) - others.get(concept, 0)) <= weight
        assert (ours["concepts"], theirs["concepts"]) == (list(some), list(others))
        computed = dict.fromkeys(("concepts", *FIELDS))
        assert ours | computed == theirs | computed
        differ += any(ours[field] != theirs[field] for field in FIELDS)
        some, others = _bands(ours), _bands(theirs)
        for concept in some.keys() | others.keys():
            steps = some.get(concept, FAINTEST - 1) - others.get(concept, FAINTEST - 1)
            assert abs(steps) <= 1
    assert differ <= len(found.ids) / 100


def _bands(payload: dict[str, Any]) -> dict[int, int]:
    """The stored step of the probability of every concept."""
    return {code // BANDS: code % BANDS for code in payload[STRENGTHS]}


def one_line(said: str) -> str:
    """Check that the error of a command is one line without a traceback; returns it."""
    lines = said.strip().splitlines()
    assert len(lines) == 1, said
    assert lines[0].startswith("error: "), said
    return lines[0]
