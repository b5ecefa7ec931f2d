"""Large synthetic embeddings with file names and columns, written block by block.

    python -m benchmarks.large FOLDER --images 1000000

The rows are synthetic ones of `benchmarks.datasets`: a real row plus a fraction of the difference
of two others, so no row occurs twice. The files are input for `splicedex index --embeddings
FOLDER/x.npy --files FOLDER/files.csv`: unit vectors, and for each a file name, a `label` (ten
values), a `split` (two values) and a `year`.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from benchmarks.datasets import DATA, perturb
from splicedex.splice.align import unit

LABELS = ("airplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "dog")
SPLITS = ("train", "test")
FIRST_YEAR, YEARS = 2005, 20
ROWS = 8192
"""Rows per block. Each block has its own seed, so a smaller dataset is a prefix of a larger one."""


def write_large(folder: Path, images: int, seed: int = 0) -> tuple[Path, Path]:
    """Write embeddings and the table of their file names and columns, unless they exist.

    Args:
        folder: The folder to write to; created if needed.
        images: Number of images n.
        seed: Seed; the same seed gives the same files.

    Returns:
        The .npy file (n, 512) and the CSV file.

    Raises:
        FileNotFoundError: The real data do not exist.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows, table = folder / "x.npy", folder / "files.csv"
    if table.exists() and len(np.load(rows, mmap_mode="r")) == images:
        return rows, table
    real = unit(np.load(DATA / "image_embeddings.npy").astype(np.float32))
    shape = (images, real.shape[1])
    array = np.lib.format.open_memmap(rows, mode="w+", dtype=np.float32, shape=shape)
    with table.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("file", "label", "split", "year"))
        for start in range(0, images, ROWS):
            random = np.random.default_rng([seed, start])
            count = min(ROWS, images - start)
            array[start : start + count] = perturb(real, ROWS, 0.5, random)[:count]
            labels = random.integers(len(LABELS), size=ROWS)
            splits = random.integers(5, size=ROWS) == 0
            years = FIRST_YEAR + random.integers(YEARS, size=ROWS)
            for i in range(count):
                name = f"{start // 1000:04}/{start + i:08}.jpg"
                lines.writerow((name, LABELS[labels[i]], SPLITS[int(splits[i])], years[i]))
    array.flush()
    return rows, table


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the folder to write to")
    parser.add_argument("--images", type=int, default=1_000_000, help="number of images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows, table = write_large(options.folder, options.images, options.seed)
    print(f"{rows} and {table}")


if __name__ == "__main__":
    main()
