import errno
import os
from pathlib import Path

import pytest

from splicedex.indexer.engines.edge import os_errors
from splicedex.indexer.engines.edge.os_errors import leave_room, refusal, translate_errors
from splicedex.splice.errors import UserError


class PanicException(BaseException):
    pass


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EROFS, "make it writable"),
        (errno.EACCES, "may write to"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "disk is there"),
    ],
)
def test_one_refusal_has_one_cure_whoever_reports_it(number, hint):
    theirs = f"Service runtime error: cannot write (os error {number}) at points/wal"
    for error in (OSError(number, "x", "points"), Exception(theirs), PanicException(theirs)):
        told = refusal(error, Path("points"))
        assert told.cause == f"points: {os.strerror(number).lower()}"
        assert hint in told.hint


def test_a_refusal_names_the_file_it_knows():
    assert refusal(OSError(errno.ENOSPC, "x", "a/b")).cause.startswith("a/b: ")
    assert refusal(OSError(errno.ENOSPC, "x")).cause == os.strerror(errno.ENOSPC).lower()


@pytest.mark.parametrize("error", [ValueError("no"), OSError(errno.EDOM, "x"), OSError("x")])
def test_other_errors_are_no_refusals(error):
    assert refusal(error) is None
    with pytest.raises(type(error)), translate_errors(Path("points")):
        raise error


def test_a_panic_is_one_line():
    with pytest.raises(UserError) as told, translate_errors(Path("points")):
        raise PanicException("index out of bounds\nat segment.rs")
    assert "\n" not in str(told.value)
    assert "index out of bounds" in told.value.cause


@pytest.mark.parametrize("error", [KeyboardInterrupt(), UserError("a", "b")])
def test_what_is_meant_for_others_passes(error):
    with pytest.raises(type(error)) as raised, translate_errors(Path("points")):
        raise error
    assert raised.value is error


def test_holes_take_no_room(tmp_path):
    (tmp_path / "sub").mkdir()
    with (tmp_path / "sub" / "hole").open("wb") as file:
        file.truncate(1 << 30)
    (tmp_path / "full").write_bytes(bytes(1 << 20))
    assert 1 << 20 <= os_errors.size(tmp_path) < 1 << 21


def test_room_is_left(tmp_path, monkeypatch):
    leave_room(tmp_path, 0)
    with pytest.raises(UserError, match=r"MiB are free .* are needed; free some space"):
        leave_room(tmp_path, 1 << 60)
    monkeypatch.setattr(os_errors, "RESERVE", 1 << 60)
    with pytest.raises(UserError, match="are free on the disk"):
        leave_room(tmp_path, 0)
