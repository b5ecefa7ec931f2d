"""The mapped copy against a dictionary of points, through any writes, ends and kills."""

import uuid
from collections import Counter
from itertools import chain

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from splicedex.indexer.engines.mapped import copy as copying
from splicedex.indexer.engines.mapped import postings
from splicedex.indexer.engines.mapped.copy import MappedCopy
from splicedex.indexer.engines.query import And, HasId, Hit, Match, Not, Or, Range

DIM = 6
FIELDS = ("presence", "shows")
IDS = [str(uuid.uuid5(uuid.NAMESPACE_URL, str(number))) for number in range(24)]

some_ids = st.lists(st.sampled_from(IDS), min_size=1, max_size=8, unique=True)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("write"), some_ids, st.integers(0, 99)),
        st.tuples(st.just("delete"), some_ids, st.just(0)),
        st.tuples(st.just("announce only"), some_ids, st.just(0)),
        st.tuples(st.sampled_from(["update", "reopen"]), st.none(), st.just(0)),
    ),
    max_size=14,
)


class Points:
    """An engine's points: what `update` reads."""

    def __init__(self):
        self.held = {}

    def write(self, ids, seed):
        random = np.random.default_rng(seed)
        for id_ in ids:
            dense = random.normal(size=DIM).astype(np.float32)
            lists = {field: random.choice(9, random.integers(5), replace=False) for field in FIELDS}
            payload = {field: listed.tolist() for field, listed in lists.items()} | {"more": "x"}
            self.held[id_] = Hit(id_, 0.0, payload, dense)

    def read(self, ids, fields):
        assert fields == FIELDS
        return [self.held[id_] for id_ in ids if id_ in self.held]


def ids_of(snapshot, passing):
    rows = snapshot.select(passing)
    assert (np.diff(rows) > 0).all()
    return {snapshot.id_of(row) for row in rows}


def assert_same(snapshot, points):
    held = points.held
    assert snapshot.points == len(held)
    assert ids_of(snapshot, And(())) == set(held)
    rows = snapshot.rows_of(IDS)
    assert {snapshot.id_of(row) for row in rows} == set(held)
    for row in rows:
        assert (snapshot.embeddings[row] == held[snapshot.id_of(row)].dense).all()
    for field in FIELDS:
        for value in range(10):
            listing = {id_ for id_, hit in held.items() if value in hit.payload[field]}
            assert ids_of(snapshot, Match(field, (value,))) == listing
        for passing in (And(()), Not(Match("shows", (1,)))):
            chosen = [held[id_].payload[field] for id_ in ids_of(snapshot, passing)]
            values, counts = snapshot.facet(field, passing)
            expected = Counter(chain.from_iterable(chosen))
            assert dict(zip(values.tolist(), counts.tolist(), strict=True)) == expected


@pytest.fixture
def small(monkeypatch):
    """Groups, pages and merges of few points."""
    monkeypatch.setattr(copying, "GROUP", 5)
    monkeypatch.setattr(copying, "PAGE", 2)
    monkeypatch.setattr(postings, "ENTRIES", 3)


@given(steps)
@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_holds_what_the_engine_holds(tmp_path_factory, small, done):
    folder = tmp_path_factory.mktemp("copy") / "mapped"
    copy, points = MappedCopy.create(folder, DIM, FIELDS), Points()
    for step, ids, seed in done:
        if ids:
            copy.announce(ids)
        if step == "write":
            points.write(ids, seed)
        elif step == "delete":
            points.held = {id_: hit for id_, hit in points.held.items() if id_ not in ids}
        elif step == "update":
            copy.update(points.read)
        elif step == "reopen":  # as after a kill: what was announced is still to be read
            copy = MappedCopy.open(folder)
        if copy.is_current:
            assert_same(copy.snapshot, points)
    copy.update(points.read)
    assert_same(copy.snapshot, points)
    assert_same(MappedCopy.open(folder).snapshot, points)


def killed_at(monkeypatch, number):
    """Let the write number `number` to the disk fail, as if the process had ended there."""
    writes = iter(range(10_000))

    class KilledError(Exception):
        pass

    def dying(function):
        def write(*arguments, **options):
            if next(writes) == number:
                raise KilledError
            return function(*arguments, **options)

        return write

    for name in ("_save", "sync"):
        monkeypatch.setattr(copying, name, dying(getattr(copying, name)))
    monkeypatch.setattr(copying, "merge", dying(copying.merge))
    monkeypatch.setattr(copying.Column, "append", dying(copying.Column.append))
    monkeypatch.setattr(copying.Postings, "write", dying(copying.Postings.write))
    return KilledError


@pytest.mark.parametrize("number", range(0, 60, 3))
def test_a_kill_at_any_write_loses_nothing(tmp_path, small, number):
    copy, points = MappedCopy.create(tmp_path / "mapped", DIM, FIELDS), Points()
    for seed, ids in enumerate((IDS[:7], IDS[4:14], IDS[12:20])):
        copy.announce(ids)
        points.write(ids, seed)
        copy.update(points.read)
    copy.announce(IDS)
    points.write(IDS[::2], 9)
    del points.held[IDS[1]]
    with pytest.MonkeyPatch.context() as patch:
        error = killed_at(patch, number)
        try:
            copy.update(points.read)
        except error:
            pass
        else:
            assert number >= 50, "no write failed"
    again = MappedCopy.open(tmp_path / "mapped")
    again.update(points.read)
    assert_same(again.snapshot, points)


def test_trees_of_filters(tmp_path):
    copy, points = MappedCopy.create(tmp_path / "mapped", DIM, FIELDS), Points()
    copy.announce(IDS)
    points.write(IDS, 1)
    copy.update(points.read)
    one, other = Match("presence", (1, 2)), Match("shows", (3,))
    for passing, holds in (
        (And((one, Not(other))), lambda a, b, id_: a and not b),
        (Or((one, other)), lambda a, b, id_: a or b),
        (Not(Or((one, And((other,))))), lambda a, b, id_: not (a or b)),
        (And((Not(HasId((IDS[0], IDS[5]))), one)), lambda a, b, id_: a and id_ not in IDS[0:6:5]),
        (Or(()), lambda a, b, id_: False),
        (And((Or((other,)),)), lambda a, b, id_: b),
    ):
        expected = {
            id_
            for id_, hit in points.held.items()
            if holds({1, 2} & set(hit.payload["presence"]), 3 in hit.payload["shows"], id_)
        }
        assert copy.snapshot.answers(passing)
        assert ids_of(copy.snapshot, passing) == expected


@pytest.mark.parametrize(
    "passing",
    [
        Match("label", (1,)),
        Match("presence", ("1",)),
        Match("presence", (True,)),
        And((Match("presence", (1,)), Range("width", gt=1))),
        Not(Or((Match("more", (1,)),))),
    ],
)
def test_other_filters_are_not_its(tmp_path, passing):
    assert not MappedCopy.create(tmp_path / "mapped", DIM, FIELDS).snapshot.answers(passing)


@pytest.mark.parametrize("name", ["manifest.json", "embeddings.f32", "presence-0-7", "ids.u128"])
@pytest.mark.parametrize("damage", ["removed", "shorter"])
def test_what_is_damaged_is_not_opened(tmp_path, name, damage):
    folder = tmp_path / "mapped"
    copy, points = MappedCopy.create(folder, DIM, FIELDS), Points()
    copy.announce(IDS[:7])
    points.write(IDS[:7], 1)
    copy.update(points.read)
    [file] = folder.rglob(name)
    content = file.read_bytes()
    file.unlink()
    if damage == "shorter":
        file.write_bytes(content[: len(content) // 2])
    assert MappedCopy.open(folder) is None


def test_no_copy_is_none(tmp_path):
    assert MappedCopy.open(tmp_path / "mapped") is None


def test_half_an_announcement_is_written_over(tmp_path):
    folder = tmp_path / "mapped"
    copy, points = MappedCopy.create(folder, DIM, FIELDS), Points()
    copy.announce(IDS[:2])
    with (folder / "journal").open("ab") as journal:
        journal.write(b"cut off")
    points.write(IDS[:4], 1)
    again = MappedCopy.open(folder)
    again.announce(IDS[2:4])
    again.update(points.read)
    assert_same(again.snapshot, points)


def test_it_stays_small(tmp_path, small):
    """Points that are written again and again do not fill the disk."""
    folder = tmp_path / "mapped"
    copy, points = MappedCopy.create(folder, DIM, FIELDS), Points()
    for seed in range(40):
        copy.announce(IDS[:8])
        points.write(IDS[:8], seed)
        copy.update(points.read)
    assert len(copy.snapshot.deleted) <= 16
    assert_same(copy.snapshot, points)
    assert len(list(folder.rglob("*"))) <= 20


def test_a_snapshot_stays_as_it_was(tmp_path, small):
    """Threads may go on reading it while the rows are written again."""
    copy, points = MappedCopy.create(tmp_path / "mapped", DIM, FIELDS), Points()
    copy.announce(IDS[:8])
    points.write(IDS[:8], 1)
    copy.update(points.read)
    before, held = copy.snapshot, Points()
    held.held = dict(points.held)
    for seed in range(2, 12):
        copy.announce(IDS[:8])
        points.write(IDS[:8], seed)
        copy.update(points.read)
    assert before.series != copy.snapshot.series
    assert_same(before, held)
