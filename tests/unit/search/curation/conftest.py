"""The planted data set, indexed by both engines; the tests leave it as they find it."""

from pathlib import Path

import pytest

from splicedex.search.searcher import Searcher
from tests.planted import make_planted

HERE = Path(__file__).parent
IN_MEMORY = ("Payload indexes have no effect", "Local mode performs exact")
"""Warnings of Qdrant's client about its in-memory engine."""


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(HERE):
            for warning in IN_MEMORY:
                item.add_marker(pytest.mark.filterwarnings(f"ignore:{warning}"))


@pytest.fixture(scope="session", params=["edge", "memory"])
def searcher(request, tmp_path_factory):
    index = make_planted(tmp_path_factory.mktemp(request.param) / "made", request.param)
    yield Searcher(index)
    index.close()
