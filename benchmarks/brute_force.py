"""Brute-force search over CLIP vectors behind HTTP, as rclip does: the peer in `benchmarks.load`.

    python -m benchmarks.brute_force --embeddings x.npy --space SPACE --port 8766

A query is the sum of the embeddings of its words, minus those after NOT. It is answered by one
product with all image embeddings, which stay in memory, and a sort. The words are looked up among
the text embeddings of a concept space, so that encoding them takes no time.
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
    """Make an application that answers `/search?q=...&limit=...`.

    Args:
        embeddings: A .npy file of image embeddings (n, d).
        folder: A concept space folder, for the text embeddings of words.
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
    parser.add_argument("--embeddings", type=Path, required=True, help="a .npy file (n, d)")
    parser.add_argument("--space", type=Path, required=True, help="a concept space folder")
    parser.add_argument("--port", type=int, default=8766)
    options = parser.parse_args()
    app = make_app(options.embeddings, options.space)
    with threadpool_limits(1, user_api="blas"):
        uvicorn.run(app, port=options.port, log_level="error")


if __name__ == "__main__":
    main()
