"""The index run: which thread runs what, and what Ctrl-C leaves."""

from __future__ import annotations

import threading

import pytest

from splicedex.indexer.pipeline import build as subject
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.sources import embeddings
from splicedex.indexer.sources.embeddings import ArraySource
from splicedex.indexer.sources.tables.table import Table
from tests.photos import make_embeddings, make_index, make_space

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
SPACE = make_space()
ROWS = make_embeddings(SPACE, 40)
NAMES = [f"{row}.jpg" for row in range(len(ROWS))]


@pytest.fixture
def index(tmp_path):
    made = make_index(tmp_path / "made", "memory", SPACE, ROWS[:0])
    yield made
    made.close()


class ThreadedSource(ArraySource):
    """Remembers the threads that list and embed. Embeds ten images at a time."""

    precomputed = False

    def __init__(self, count=40):
        super().__init__([ROWS[:count]], Table("made up", NAMES[:count], {}), dim=SPACE.dim)
        self.threads = set()

    def items(self, numbers=None):
        for item in super().items(numbers):
            self.threads.add(threading.current_thread().name)
            yield item

    def embed(self, items):
        for block in embeddings.blocks(items, 10):
            self.threads.add(threading.current_thread().name)
            yield from super().embed(block)


def test_stages_run_in_their_threads(index, monkeypatch):
    writers = set()
    write = subject.write_block

    def write_block(index, ready):
        writers.add(threading.current_thread())
        write(index, ready)

    monkeypatch.setattr(subject, "write_block", write_block)
    source = ThreadedSource()
    report = build(index, source)
    assert report.added == index.engine.count() == len(ROWS)
    assert source.threads == {"embed"}
    assert writers == {threading.current_thread()}
    assert not {"embed", "decompose"} & {thread.name for thread in threading.enumerate()}


def test_what_is_counted_when_ctrl_c_comes_is_durable(index):
    def interrupt(report):
        if report.done == 20 and not report.stopped:
            raise KeyboardInterrupt

    report = build(index, ThreadedSource(), on_progress=interrupt)
    assert report.stopped
    assert report.added == index.engine.count() == 20
    assert not {"embed", "decompose"} & {thread.name for thread in threading.enumerate()}
    again = build(index, ThreadedSource())
    assert (again.unchanged, again.added, again.stopped) == (20, 20, False)


def test_an_error_of_the_source_reaches_the_caller(index):
    class Broken(ThreadedSource):
        def embed(self, items):
            yield from [next(super().embed(items))]
            raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        build(index, Broken())
    assert index.engine.count() == 10


@pytest.mark.parametrize("prune", [False, True])
def test_images_that_the_source_no_longer_lists_are_removed_on_request(index, prune):
    build(index, ThreadedSource())
    report = build(index, ThreadedSource(25), prune=prune)
    assert (report.unchanged, report.pruned) == (25, 15 if prune else 0)
    assert index.engine.count() == (25 if prune else 40)
