"""The examples in docstrings are run, on an index of embeddings."""

import doctest

import pytest

import splicedex
from splicedex.api.python import (
    curating,
    index,
    indexing,
    keeping,
    method,
    query,
    searching,
    selecting,
)

MODULES = (query, indexing, method, index, searching, selecting, curating, keeping)


@pytest.mark.parametrize("module", MODULES, ids=lambda one: one.__name__.rpartition(".")[2])
def test_examples_print_what_they_say(module, ix, place):
    scope = vars(module) | {
        "splicedex": splicedex,
        "ix": ix,
        "folder": place,
        "some_image": "a/000.jpg",
    }
    failed, ran = 0, 0
    for found in doctest.DocTestFinder(exclude_empty=True).find(module, globs=scope):
        result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(found)
        failed, ran = failed + result.failed, ran + result.attempted
    assert ran
    assert not failed


def test_all_public_names_have_an_example():
    told = {name for name in splicedex.__all__ if ">>>" in (getattr(splicedex, name).__doc__ or "")}
    assert {"c", "col", "text", "like", "index", "decompose", "recompose", "intervene"} <= told
