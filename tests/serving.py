"""Starts the real server in a separate process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.forking import COMMAND, Run


@dataclass
class Server:
    """A running server.

    Args:
        url: Its URL.
        process: Its process.
        client: A client that keeps cookies.
    """

    url: str
    process: subprocess.Popen
    client: httpx.Client

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


def environment(folder: Path) -> dict[str, str]:
    """Environment of the command: separate cache, no hub, one BLAS thread."""
    return os.environ | {
        "SPLICEDEX_CACHE": str(folder / "cache"),
        "HF_HUB_OFFLINE": "1",
        "NO_COLOR": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


@contextmanager
def serving(
    index: Path, folder: Path, *words: str, headers: Sequence[tuple[str, str]] = ()
) -> Iterator[Server]:
    """Serve an index at a free port; stops it by SIGTERM and checks its exit code.

    Args:
        index: Index folder.
        folder: Folder for the cache.
        words: Further options.
        headers: Headers of every request.
    """
    process = subprocess.Popen(
        [COMMAND, "serve", "--index", str(index), "--port", "0", *words],
        env=environment(folder), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert " images at http" in line, line
        url = line.split()[-1]
        with httpx.Client(base_url=url, headers=[*headers], timeout=300) as client:
            yield Server(url, process, client)
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)
    assert code == 0, code


HOSTILE = "<img src=x onerror=alert(1)>\"'&.png"
"""A file name that runs a script if it is not escaped."""
SAMPLES = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "horse.png", "rocket.jpg")


def index_photos(folder: Path, run: Run) -> Path:
    """An index of sample photos of scikit-image, made with the bundled model.

    Besides the samples, `folder/photos` has a TIFF, a photo with a hostile name and one rotated by
    EXIF. One indexed photo is deleted afterwards.
    """
    from PIL import Image
    from skimage import data

    samples, photos = Path(data.__file__).parent, folder / "photos"
    photos.mkdir()
    for name in SAMPLES:
        shutil.copy(samples / name, photos)
    shutil.copy(samples / "coffee.png", photos / HOSTILE)
    Image.open(samples / "chelsea.png").save(photos / "cat.tiff")
    on_its_side = Image.Exif()
    on_its_side[0x0112] = 6
    Image.open(samples / "rocket.jpg").save(photos / "side.jpg", exif=on_its_side)
    shutil.copy(samples / "moon.png", photos / "gone.png")
    index = folder / "photos.idx"
    words = ("index", "--index", index, "--model", "nano", "--workers", "1", photos)
    done = run(list(map(str, words)), environment(folder))
    assert done.returncode == 0, done.stderr
    (photos / "gone.png").unlink()
    return index
