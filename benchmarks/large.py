"""Large sets of embeddings with names and columns, written block by block for any size.

    python -m benchmarks.large FOLDER --images 1000000

The rows are made ones of `benchmarks.datasets`: a real row plus a share of the difference between
two others, so that none is there twice. What is written is what
`splicedex index --embeddings FOLDER/x.npy --files FOLDER/files.csv` takes: unit rows, and a name, a
`label` (ten values), a `split` (two) and a `year` for each.
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
"""Made and written at once; each block has a seed of its own, so a prefix is a smaller set."""


def write_large(folder: Path, images: int, seed: int = 0) -> tuple[Path, Path]:
    """Write so many embeddings and the table that names them, unless they are there already.

    Args:
        folder: Made if missing.
        images: n.
        seed: Of everything random; the same files for the same seed.

    Returns:
        The .npy file (n, 512) and the CSV.

    Raises:
        FileNotFoundError: The real data are not there.
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
    parser.add_argument("folder", type=Path)
    parser.add_argument("--images", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows, table = write_large(options.folder, options.images, options.seed)
    print(f"{rows} and {table}")


if __name__ == "__main__":
    main()
