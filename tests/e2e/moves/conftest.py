"""Twelve photos that are indexed once, and their index in a folder and on a server."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from splicedex.indexer.payload.columns import MOVED_FROM
from splicedex.indexer.store.address import parse_address
from splicedex.indexer.store.index import open_index, point_id
from tests.e2e.conftest import copied, environment_of
from tests.e2e.test_photos import WORDS, paint
from tests.fake_qdrant import FakeQdrant
from tests.forking import COMMAND
from tests.models import DIM, write_open_clip_model

COUNTS = ("added", "copied", "replaced", "moved", "unchanged", "pruned", "not_pruned", "images")


def counted(report):
    """The counts of a run that are not 0."""
    return {name: report[name] for name in COUNTS if report[name]}


@pytest.fixture(scope="session")
def kept_album(tmp_path_factory, run_to_end):
    """A folder with photos in three folders, their index, where those of `a` are tagged, and a
    model without its weights; and a copy of it."""
    album = tmp_path_factory.mktemp("moving") / "album"
    for number in range(12):
        suffix = ("jpg", "png", "webp", "gif")[number % 4]
        paint(album / "photos" / ("a", "b", "b/c")[number % 3] / f"{number}.{suffix}", number)
    model = write_open_clip_model(album / "model")
    (model / "vocabulary.txt").write_text("\n".join(WORDS))
    np.save(model / "image_mean.npy", np.full(DIM, 0.02, np.float32))
    index = ("--index", album / "photos.idx")
    tagged = f'path:"{album}/photos/a/*"'
    for words in (
        ("index", *index, "--model", f"local-dir:{model}", "--workers", "1", album / "photos"),
        ("tag", tagged, "seen=2024-03-05", "--yes", *index),
        ("tag", tagged, "stars=3.25", "--yes", *index),
    ):
        done = run_to_end(list(map(str, words)), environment_of(album / "cache"))
        assert done.returncode == 0, done.stderr
    weights(album).rename(album / "weights")
    return album, copied(album, tmp_path_factory.mktemp("kept") / "album")


def weights(album):
    """The weights of the encoder."""
    return album / "model" / "open_clip_model.safetensors"


@pytest.fixture
def album(kept_album):
    """The folder of `kept_album`. Its encoder cannot be loaded: nothing may be encoded."""
    place, kept = kept_album
    return copied(kept, place)


@pytest.fixture
def photos(album):
    """The folder of photos."""
    return album / "photos"


@pytest.fixture
def encoder(album):
    """Lets photos be encoded."""
    (album / "weights").rename(weights(album))


@pytest.fixture
def made(album):
    """Words that name the index."""
    return ("--index", str(album / "photos.idx"))


@pytest.fixture(params=["folder", "server"])
def either(request, made, splicedex):
    """Words that name the index, in a folder and on a server."""
    if request.param == "folder":
        yield made
        return
    fake = FakeQdrant().start()
    splicedex("copy", made[1], f"{fake.url}/photos")
    yield ("--index", f"{fake.url}/photos")
    fake.stop()


def contents(at):
    """The points of an index by name: payload but for what follows from names, and vectors."""
    found = {}
    with open_index(parse_address(at[1])) as index:
        for hit in index.engine.scroll(with_dense=True, with_concepts=True):
            assert not hit.payload.pop(MOVED_FROM, None)
            name = hit.payload.pop("path")
            assert point_id(name) == hit.id
            others = {k: v for k, v in hit.payload.items() if k not in {"folders", "signature"}}
            by_concept = dict(zip(hit.concepts.indices.tolist(), hit.concepts.values, strict=True))
            found[name] = (others, by_concept, hit.dense)
    return found


def assert_moved(after, before, names):
    """Points are those from before under other names, given as new name to old name."""
    for new, old in names.items():
        assert after[new][:2] == before[old][:2], new
        np.testing.assert_array_equal(after[new][2], before[old][2])


KILLED = """
import os, sys
from splicedex.indexer.engines.edge.engine import EdgeEngine
from splicedex.indexer.engines.server.engine import ServerEngine

step, calls = sys.argv.pop(1), int(sys.argv.pop(1))

def dying(do):
    def run(self, *words, **named):
        global calls
        calls -= 1
        if not calls:
            os._exit(9)
        return do(self, *words, **named)
    return run

for engine in (EdgeEngine, ServerEngine):
    setattr(engine, step, dying(getattr(engine, step)))
from splicedex.indexer.maintenance import move
move.BLOCK = 5
from splicedex.api.cli.main import main
main()
"""
"""The command, killed when it calls a method of the engine for the n-th time; given before it."""


@pytest.fixture
def killed(started):
    """Runs a command that is killed as it calls a method of the engine for the n-th time."""

    def run(step, calls, *words):
        process = started(step, calls, *words, command=(sys.executable, "-c", KILLED))
        said = process.communicate(timeout=120)
        assert process.returncode == 9, said

    return run


@pytest.fixture
def at_terminal(environment):
    """Runs a command at a terminal where somebody types; returns code, output and what it asked."""

    def run(typed, *words):
        ours, theirs = os.openpty()
        process = subprocess.Popen(
            [COMMAND, *map(str, words)],
            env=environment, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        os.close(theirs)
        shown, answered = b"", False
        while True:
            try:
                some = os.read(ours, 1024)
            except OSError:  # its end is closed
                break
            if not some:
                break
            shown += some
            if b"[y/N]" in shown and not answered:
                answered = True
                os.write(ours, f"{typed}\n".encode())
        out = process.communicate(timeout=60)[0]
        os.close(ours)
        output = json.loads(out) if "--json" in words else out
        return process.returncode, output, " ".join(shown.decode().split())

    return run
