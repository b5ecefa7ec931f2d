"""What tests share: the measured data beside the checkout, and small made-up spaces."""

from __future__ import annotations

import signal
from pathlib import Path

import numpy as np
import pytest

from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import ConceptSpace
from tests.paths import DATA


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Ctrl-C reaches the commands we start, even where the shell that started us ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real embeddings and photos; tests that need it are skipped without it."""
    if not DATA.is_dir():
        pytest.skip("needs the data folder ../shared/data beside the checkout")
    return DATA


@pytest.fixture
def space() -> ConceptSpace:
    """Twelve concepts in 16 dimensions, with a mean that matters."""
    random = np.random.default_rng(7)
    names = [
        "dog",
        "puppy",
        "cat",
        "car",
        "tree",
        "water",
        "hot dog",
        "guitar",
        "hat",
        "man",
        "beach",
        "snow",
    ]
    texts = unit(random.normal(size=(12, 16)).astype(np.float32) + 0.5)
    mean = (0.3 * unit(random.normal(size=16).astype(np.float32))).astype(np.float32)
    return ConceptSpace(tuple(names), texts, mean)
