"""Brute force over CLIP vectors behind HTTP, as rclip searches: the peer of `benchmarks.load`.

    python -m benchmarks.brute_force --embeddings x.npy --space SPACE --port 8766

Every query is one product of all embeddings with a vector, wanted words less unwanted ones, and a
sort; the vectors stay in memory. Words are looked up among a space's text embeddings, so no time
goes into encoding them.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI
from threadpoolctl import threadpool_limits

from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import ConceptSpace

WORD = re.compile(r'(NOT )?(?:"([^"]+)"|(\w+))')


def make_app(embeddings: Path, folder: Path) -> FastAPI:
    """An application that answers `/search?q=...&limit=...`.

    Args:
        embeddings: .npy file (n, d).
        folder: Concept space whose text embeddings words are looked up in.
    """
    space = ConceptSpace.load(folder)
    images = unit(np.load(embeddings).astype(np.float32))
    app = FastAPI()

    @app.get("/search")
    def search(q: str, limit: int = 20) -> dict[str, list[dict[str, float]]]:
        vector = np.zeros(space.dim, np.float32)
        for unwanted, quoted, plain in WORD.findall(q.replace(" AND ", " ")):
            vector += (-1 if unwanted else 1) * space.texts[space.ids[quoted or plain]]
        scores = images @ unit(vector)
        order = np.argsort(-scores)[:limit]
        return {"hits": [{"row": int(row), "score": float(scores[row])} for row in order]}

    return app


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--embeddings", type=Path, required=True)
    parser.add_argument("--space", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8766)
    options = parser.parse_args()
    app = make_app(options.embeddings, options.space)
    with threadpool_limits(1, user_api="blas"):
        uvicorn.run(app, port=options.port, log_level="error")


if __name__ == "__main__":
    main()
