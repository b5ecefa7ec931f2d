"""Pairs of old and new names of photos with the same bytes."""

from __future__ import annotations

from itertools import product
from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.pipeline.moved.pairing import pair

PARTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4)
NAMES = st.lists(PARTS.map("/".join), unique=True, max_size=7)


def pairs(gone, new):
    return {gone[old]: new[other] for old, other in pair(gone, new)}


def test_the_same_file_name_counts_most():
    gone = ["old/x/1.jpg", "old/y/2.jpg"]
    new = ["new/y/1.jpg", "new/x/2.jpg"]
    assert pairs(gone, new) == {"old/x/1.jpg": "new/y/1.jpg", "old/y/2.jpg": "new/x/2.jpg"}


def test_then_the_folders_before_it():
    gone = ["/p/2023/may/1.jpg", "/p/2024/may/1.jpg"]
    new = ["/q/backup/1.jpg", "/q/2024/may/1.jpg"]
    assert pairs(gone, new) == {
        "/p/2024/may/1.jpg": "/q/2024/may/1.jpg",
        "/p/2023/may/1.jpg": "/q/backup/1.jpg",
    }


def test_then_the_folder_of_another_file_name():
    assert pairs(["p/a/1.jpg"], ["q/b/2.jpg", "q/a/2.jpg"]) == {"p/a/1.jpg": "q/a/2.jpg"}


def alike(one, other):
    """How many parts two names have in common at their ends, and their folders."""

    def ends(first, second):
        count = 0
        while count < min(len(first), len(second)) and first[-1 - count] == second[-1 - count]:
            count += 1
        return count

    first, second = PurePosixPath(one).parts, PurePosixPath(other).parts
    return ends(first, second), ends(first[:-1], second[:-1])


@given(NAMES, NAMES)
def test_the_most_alike_are_paired_first(gone, new):
    found = pair(gone, new)
    left, right = set(range(len(gone))), set(range(len(new)))
    for old, other in found:
        score = alike(gone[old], new[other])
        best = max(alike(gone[one], new[two]) for one, two in product(left, right))
        assert score[0] == best[0]
        assert score[0] > 0 or score == best
        left.remove(old)
        right.remove(other)
    assert not left or not right


@given(NAMES, NAMES, st.randoms())
def test_the_order_of_names_does_not_matter(gone, new, random):
    expected = pairs(gone, new)
    random.shuffle(gone)
    random.shuffle(new)
    assert pairs(gone, new) == expected
