"""Where in photos things are: heatmaps of the bundled model against boxes that people drew.

The judge that lies beside the data (`check_where.py`) calls `heatmap` for each photo and class in
it: does the map's maximum lie in a box, and how much of its mass? Beside it: a map of the centre
and a flat one.

Usage: python -m benchmarks.where
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmarks.datasets import DATA
from splicedex.splice.dictionary.embed import build_space
from splicedex.splice.dictionary.image_mean import known_image_mean
from splicedex.splice.dictionary.lexicon import Lexicon
from splicedex.splice.dictionary.vocabulary import load_vocabulary
from splicedex.splice.dictionary.word_frequency import bundled_frequency
from splicedex.splice.encoders.load import load_encoder
from splicedex.splice.presence.shows import Shows
from splicedex.splice.where.look import Look, Looker

BOXES, TOOL = DATA.parent / "boxes", DATA.parents[1] / "tools" / "check_where.py"
GOAL = 0.70


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.parse_args()
    if not (BOXES.is_dir() and TOOL.is_file()):
        parser.exit(0, "skipped: needs ../shared/data/boxes and ../shared/tools\n")
    command = [sys.executable, TOOL, BOXES, Path(__file__), "--goal", f"{GOAL}"]
    sys.exit(subprocess.run(command, check=False).returncode)


def heatmap(path: str, concept: str) -> np.ndarray:
    """The map of a concept in a photo, as the judge asks for it."""
    return look(path).heatmap(direction(concept))


@cache
def looker() -> Looker:
    """Looks at photos with the bundled model."""
    encoder = load_encoder("nano")
    mean = known_image_mean("nano", encoder.dim)
    assert mean is not None
    assert encoder.vocabulary is not None
    space = build_space(encoder, load_vocabulary(encoder.vocabulary), mean.vector)
    return Looker(
        encoder, space, Shows.of_space(space, Lexicon.of_space(space, bundled_frequency()))
    )


@cache
def look(path: str) -> Look:
    """One look at a photo."""
    return looker().look(ImageOps.exif_transpose(Image.open(path)).convert("RGB"))


@cache
def direction(concept: str) -> np.ndarray:
    """The direction of a concept."""
    return looker().directions([concept])[0]


if __name__ == "__main__":
    main()
