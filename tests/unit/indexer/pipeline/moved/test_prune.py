"""What is removed, when that is asked first, and what a question names."""

from __future__ import annotations

import pytest

from splicedex.indexer.pipeline.moved.absent import Absent
from splicedex.indexer.pipeline.moved.prune import common_folder, prune
from splicedex.indexer.store.index import point_id
from tests.photos import make_embeddings, make_index, make_space, name

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
SPACE = make_space()
ROWS = make_embeddings(SPACE, 40)


@pytest.fixture(params=["edge", "memory"])
def index(request, tmp_path):
    made = make_index(tmp_path / "made", request.param, SPACE, ROWS)
    yield made
    made.close()


class Covering:
    """A source of all names, as far as they are asked about."""

    def covers(self, path):
        return True


def absent(listed, unread=()):
    ids = {point_id(name(row)) for row in listed}
    return Absent(Covering(), ids, unread, prune=True)


@pytest.mark.parametrize(("gone", "asks"), [(0, False), (1, False), (4, False), (5, True)])
def test_more_than_a_tenth_is_asked_for(index, gone, asks):
    asked = []
    for answer in (False, True):

        def confirm(removal, answer=answer):
            asked.append(removal)
            return answer

        removed, refused = prune(index, absent(range(gone, 40)), 40, confirm)
        if not asks:
            assert (removed, refused, asked) == (gone, None, [])
            assert index.engine.count() == 40 - gone
            return
        assert (asked[-1].images, asked[-1].of) == (gone, 40)
        assert (removed, refused) == ((gone, None) if answer else (0, asked[-1]))
        assert index.engine.count() == 40 - removed


def test_what_could_not_be_listed_stays(index):
    inside = [row for row in range(40) if name(row).startswith("2024/a/")]
    removed, _ = prune(index, absent([], unread={"2024/a"}), 40, lambda removal: True)
    assert removed == 40 - len(inside)
    assert index.engine.count() == len(inside) > 0


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        (["/a/b/c.jpg"], "/a/b"),
        (["/a/b/c.jpg", "/a/b/d/e.jpg"], "/a/b"),
        (["/a/bc/1.jpg", "/a/bd/1.jpg"], "/a"),
        (["/a/1.jpg", "/b/1.jpg"], "/"),
        (["a/1.jpg", "b/1.jpg"], ""),
        (["a/1.jpg", "/a/1.jpg"], ""),
        (["1.jpg"], ""),
    ],
)
def test_the_folder_that_holds_all(names, folder):
    assert common_folder(names) == folder
