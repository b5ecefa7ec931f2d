"""An index that is open: closing, threads, forks, pickles."""

import os
import pickle
import subprocess
import sys
import threading

import pytest

import splicedex as sx


def test_an_index_tells_what_it_is_and_closes(place):
    with sx.open(place / "made.idx") as ix:
        assert "240 images" in repr(ix)
        assert "label" in repr(ix)
        assert len(ix) == 240
        view, hits = ix.view("dog"), ix.search("dog")
        with pytest.raises(sx.UserError, match="this process holds the index"):
            sx.open(place / "made.idx")
    assert "closed" in repr(ix)
    assert "closed" in repr(view)
    for use in (lambda: ix.search("dog"), lambda: len(view), lambda: list(hits), lambda: len(ix)):
        with pytest.raises(sx.UserError, match="is closed; open it again"):
            use()
    ix.close()
    with sx.open(str(place / "made.idx")) as again:
        assert len(again) == 240


def test_closing_waits_for_running_calls(place, monkeypatch):
    ix = sx.open(place / "made.idx")
    searcher = ix._session._opened.searcher
    started, go_on = threading.Event(), threading.Event()
    search = searcher.search

    def slow(*args, **options):
        started.set()
        assert go_on.wait(60)
        return search(*args, **options)

    monkeypatch.setattr(searcher, "search", slow)
    found = []
    reading = threading.Thread(target=lambda: found.append(len(ix.search("dog", limit=3))))
    reading.start()
    assert started.wait(60)
    closing = threading.Thread(target=ix.close)
    closing.start()
    closing.join(0.2)
    assert closing.is_alive()
    go_on.set()
    closing.join(60)
    reading.join(60)
    assert found == [3]
    assert not closing.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_told_to_open_the_index_itself(place):
    script = f"""
import os, sys
import splicedex as sx
ix = sx.open({str(place / "made.idx")!r})
child = os.fork()
if child == 0:
    try:
        ix.search("dog")
    except sx.UserError as error:
        print(error, flush=True)
    ix.close()
    sys.exit(0)
os.waitpid(child, 0)
print(len(ix.search("dog")))
ix.close()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told, count = done.stdout.splitlines()
    assert "was opened before this process was forked; open it here again" in told
    assert count == "10"


def test_a_pickle_opens_the_index_where_it_is_loaded(place):
    ix = sx.open(place / "made.idx")
    kept = pickle.dumps(ix)
    with pytest.raises(sx.UserError, match="this process holds the index"):
        pickle.loads(kept)
    ix.close()
    with pickle.loads(kept) as again:
        assert len(again) == 240


def test_an_index_is_released_when_it_is_forgotten(place):
    ix = sx.open(place / "made.idx")
    assert len(ix.view("dog"))
    del ix
    with sx.open(place / "made.idx") as again:
        assert len(again) == 240


def test_what_is_no_index_is_an_error_of_the_user(tmp_path):
    with pytest.raises(sx.UserError, match="holds no index"):
        sx.open(tmp_path)
    with pytest.raises(sx.UserError, match="is not the URL"):
        sx.open("photos", url="qdrant:6333")


def test_importing_is_light():
    script = (
        "import sys, splicedex;"
        "heavy = {'torch', 'scipy', 'numpy', 'pandas', 'PIL', 'qdrant_edge', 'rich', 'typer'};"
        "print(sorted(heavy & sys.modules.keys())); splicedex.open; splicedex.c;"
        "print(sorted((heavy - {'numpy', 'qdrant_edge'}) & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["[]", "[]"]
