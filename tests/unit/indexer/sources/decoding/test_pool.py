from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from splicedex.indexer.concurrency import child_process
from splicedex.indexer.sources.decoding.decode import Photo, Skipped
from splicedex.indexer.sources.decoding.pool import read_photos
from splicedex.indexer.sources.finding.find_photos import find_photos
from splicedex.splice.encoders.preprocess import Preprocess
from tests.paths import ROOT


def width_of(image: Image.Image) -> np.ndarray:
    return np.array([image.width])


def die_of_width_13(image: Image.Image) -> np.ndarray:
    if image.width == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    return width_of(image)


def print_something(image: Image.Image) -> np.ndarray:
    print("libraries print", flush=True)
    os.write(1, b"in any way")
    return width_of(image)


def process_id(_: Image.Image) -> np.ndarray:
    return np.array([os.getpid()])


def fail_of_width_13(image: Image.Image) -> np.ndarray:
    if image.width == 13:
        raise ArithmeticError("thirteen")
    return width_of(image)


@pytest.fixture
def photos(tmp_path) -> list[Path]:
    """Thirty photos with widths of 1 to 30 pixels."""
    paths = [tmp_path / f"{width:02}.png" for width in range(1, 31)]
    for width, path in enumerate(paths, 1):
        Image.new("RGB", (width, 3)).save(path)
    return paths


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_keep_the_order_of_paths(photos, workers):
    asked = [*reversed(photos), photos[4], photos[4]]
    read = list(read_photos(asked, width_of, workers=workers, buffer=5))
    assert [photo.path for photo in read] == asked
    assert [int(photo.pixels[0]) for photo in read] == [*range(30, 0, -1), 5, 5]
    assert len({photo.sha256 for photo in read}) == 30


@pytest.mark.parametrize("workers", [0, 2])
def test_bad_files_are_skipped_in_their_position(photos, workers):
    photos[3].write_bytes(b"")
    photos[7].write_bytes(b"%PDF")
    photos[11].unlink()
    read = list(read_photos(photos, width_of, workers=workers))
    assert [i for i, result in enumerate(read) if isinstance(result, Skipped)] == [3, 7, 11]
    assert [result.path for result in read] == photos


def test_results_do_not_depend_on_workers(photos):
    preprocess = Preprocess(8, 8)
    alone = list(read_photos(photos, preprocess, workers=0))
    for result, expected in zip(read_photos(photos, preprocess, workers=2), alone, strict=True):
        np.testing.assert_array_equal(result.pixels, expected.pixels)
        assert (result.width, result.height, result.sha256) == (
            expected.width,
            expected.height,
            expected.sha256,
        )


@pytest.mark.parametrize("workers", [1, 2])
def test_a_photo_that_crashes_its_decoder_costs_no_other(photos, workers):
    read = list(read_photos(photos, die_of_width_13, workers=workers))
    lost = [result for result in read if isinstance(result, Skipped)]
    assert lost == [Skipped(photos[12], "the photo crashed the decoder (SIGKILL)")]
    assert [int(photo.pixels[0]) for photo in read if isinstance(photo, Photo)] == [
        width for width in range(1, 31) if width != 13
    ]


@pytest.mark.parametrize("workers", [0, 1])
def test_preprocessing_that_fails_is_a_reason(photos, workers):
    read = list(read_photos(photos, fail_of_width_13, workers=workers))
    assert read[12] == Skipped(photos[12], "thirteen")
    assert sum(isinstance(result, Skipped) for result in read) == 1


def test_output_of_libraries_does_not_mix_with_answers(photos):
    read = list(read_photos(photos[:3], print_something, workers=1))
    assert [int(photo.pixels[0]) for photo in read] == [1, 2, 3]


def test_paths_are_drawn_no_further_than_the_buffer(photos):
    drawn = []

    def paths():
        for path in photos:
            drawn.append(path)
            yield path

    reading = read_photos(paths(), width_of, workers=1, buffer=4)
    for taken in range(1, 5):
        next(reading)
        assert len(drawn) < taken + 4
    reading.close()
    assert len(drawn) < 9


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_closing_early_leaves_no_process(photos):
    reading = read_photos(photos, process_id, workers=2, buffer=8)
    children = {int(next(reading).pixels[0]) for _ in range(4)}
    assert os.getpid() not in children
    reading.close()
    assert not any(map(alive, children))


def test_exhausting_leaves_no_process(photos):
    children = {int(photo.pixels[0]) for photo in read_photos(photos, process_id, workers=2)}
    assert 1 <= len(children) <= 2
    assert not any(map(alive, children))


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="needs POSIX")
def test_a_worker_that_dies_between_photos_costs_none(photos):
    reading = read_photos(photos, process_id, workers=1, buffer=1)
    first = int(next(reading).pixels[0])
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    others = list(reading)
    assert all(isinstance(photo, Photo) for photo in others)
    assert first not in {int(photo.pixels[0]) for photo in others}


def test_preprocessing_that_cannot_be_pickled(photos):
    with pytest.raises((AttributeError, TypeError, RuntimeError)):
        next(read_photos(photos, lambda image: np.array([image.width]), workers=1))


def test_worker_that_cannot_start(photos, monkeypatch, tmp_path):
    (tmp_path / "ends.py").write_text("raise SystemExit(3)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(child_process, "MODULE", "ends")
    with pytest.raises(RuntimeError, match="did not start \\(exit code 3\\)"):
        list(read_photos(photos, width_of, workers=2))


SCRIPT = """
import sys
from splicedex.indexer.sources.decoding.pool import read_photos
from splicedex.indexer.sources.finding.find_photos import find_photos
from test_pool import process_id
for photo in read_photos(list(find_photos(sys.argv[1:])) * 10_000, process_id, workers=2):
    print(photo.pixels[0], flush=True)
"""


@pytest.fixture
def reading_program(photos):
    """A program without a main guard that is reading photos, and the ids of its child processes."""
    program = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(photos[0].parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}"},
    )
    children = {int(program.stdout.readline()) for _ in range(40)}
    yield program, children
    program.kill()
    program.communicate()


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_when_the_program_ends(reading_program, how):
    program, children = reading_program
    assert all(map(alive, children))
    program.send_signal(how)
    _, errors = program.communicate()
    assert program.returncode != 0
    if how == signal.SIGINT:
        assert errors.count(b"KeyboardInterrupt") == errors.count(b"Traceback") == 1
    deadline = time.monotonic() + 20
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(alive, children))


@pytest.mark.skipif(sys.platform != "linux", reason="needs a file system that takes any bytes")
def test_any_file_name_is_read(tmp_path):
    names = [b"line\nbreak.png", b"not-utf8-\xff.png"]
    for name in names:
        with open(os.path.join(os.fsencode(tmp_path), name), "wb") as file:  # noqa: PTH118, PTH123
            Image.new("RGB", (4, 4)).save(file, "PNG")
    read = list(read_photos(find_photos([tmp_path]), width_of, workers=1))
    assert [os.fsencode(photo.path.name) for photo in read] == names
    assert all(isinstance(photo, Photo) for photo in read)
