"""The demo: indexes photos with the bundled model and searches them, offline.

    python tools/demo.py [FOLDER]

Without a folder, it uses the sample photos of scikit-image and scikit-learn.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

BUILD = Path("build") / "demo"
SAMPLES = {
    "skimage": "data",
    "sklearn": "datasets/images",
}
NO_PHOTOS = {"phantom", "logo", "page", "text", "chessboard_GRAY", "chessboard_RGB", "color"}
QUERIES = ("cat", "flower OR coffee", "motorcycle NOT person")


def main() -> None:
    folder = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else samples()
    index = str(BUILD / f"{folder.name}.idx")
    if Path(index).exists():  # perhaps of an older version
        splicedex("repair", "--index", index)
    splicedex("index", "--index", index, "--model", "nano", str(folder))
    for query in QUERIES:
        splicedex("search", query, "--index", index, "--limit", "3")


def samples() -> Path:
    """Copy the sample photos of installed packages to one folder; returns the folder."""
    folder = BUILD / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    for package, inside in SAMPLES.items():
        spec = find_spec(package)
        if spec is None or spec.origin is None:
            continue
        for photo in sorted((Path(spec.origin).parent / inside).iterdir()):
            if photo.suffix in {".png", ".jpg"} and photo.stem not in NO_PHOTOS:
                shutil.copy2(photo, folder)
    return folder


def splicedex(*words: str) -> None:
    """Print a command and run it; exits if it fails."""
    print(f"\n$ splicedex {shlex.join(words)}", flush=True)
    command = Path(sys.executable).with_name("splicedex")
    done = subprocess.run([command, *words], env=os.environ | {"HF_HUB_OFFLINE": "1"})
    if done.returncode:
        sys.exit(done.returncode)  # it has printed the reason


if __name__ == "__main__":
    main()
