import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.concurrency.prefetch import prefetch


@given(st.lists(st.integers()), st.integers(1, 3))
def test_gives_what_it_draws_in_order(items, waiting):
    assert list(prefetch(iter(items), waiting)) == items


def test_stages_overlap():
    """Each stage waits until the other has started, which would time out without overlap."""
    both = threading.Barrier(2)

    def first():
        yield 0
        both.wait(timeout=20)
        yield 1

    for number in prefetch(first()):
        if number == 0:
            both.wait(timeout=20)
    assert number == 1


def test_draws_no_further_than_asked():
    drawn = []

    def numbers():
        for number in range(100):
            drawn.append(number)
            yield number

    stage = prefetch(numbers(), waiting=2)
    assert next(stage) == 0
    deadline = time.monotonic() + 20
    while len(drawn) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert drawn == [0, 1, 2, 3]  # one given, two waiting, one in the thread
    stage.close()


def test_an_error_comes_after_the_items_before_it():
    def broken():
        yield 1
        raise KeyError("two")

    stage = prefetch(broken())
    assert next(stage) == 1
    with pytest.raises(KeyError, match="two"):
        next(stage)


def test_closing_closes_every_stage():
    closed = []

    def endless(name, items):
        try:
            yield from items
        finally:
            closed.append(name)

    def naturals():
        number = 0
        while True:
            yield number
            number += 1

    before = threading.active_count()
    stage = prefetch(endless("outer", prefetch(endless("inner", naturals()))))
    assert [next(stage), next(stage)] == [0, 1]
    stage.close()
    assert sorted(closed) == ["inner", "outer"]
    assert threading.active_count() == before
