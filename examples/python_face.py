"""The Python face in one file. Type checkers check it: each line has the type that it says.

python examples/python_face.py FOLDER_OF_PHOTOS INDEX
"""

from __future__ import annotations

import sys
from datetime import date
from typing import TYPE_CHECKING

import splicedex as sx

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


def tour(photos: str, path: str) -> None:
    """Index photos, and ask for what is in them."""
    print(sx.index(photos, path, model="nano"))
    with sx.open(path) as ix:
        find(ix)
        curate(ix)


def find(ix: sx.Index) -> None:
    """Search, and say why."""
    query: sx.Query = sx.c("dog") & ~sx.c("person") & (sx.c("beach") > 0.5)
    since: sx.Query = (sx.col("width") > 100) | (sx.col("taken") >= date(2024, 3, 1))
    print(query, since)
    hits = ix.search(query, limit=20)
    for hit in hits[:3]:
        why: list[str] = hit.reasons
        print(hit.path, hit.score, why, hit.explain().match)
    frame: pd.DataFrame = hits.to_pandas()
    print(frame.head())


def curate(ix: sx.Index) -> None:
    """Compose sets, compare them, choose of them."""
    view: sx.View = ix.view("dog") - ix.view("person")
    some: sx.View = view.sort("-width")[:10] | view.sample(5, seed=1)
    print(len(some), view.facets().matches)
    shares: list[float] = [one.shares[0].value for one in view.compare(~view)]
    concept: str = ix.concepts("dogs").concept
    groups: int = ix.duplicates(above=0.98).superfluous
    print(shares, concept, groups, some.tag(good=True, dry_run=True)[0].images)


def method(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take the dogs out of embeddings."""
    weights = sx.decompose(embeddings, space="nano")
    named: list[dict[str, float]] = weights.to_list()
    print(named[0])
    rebuilt: NDArray[np.float32] = sx.recompose(sx.intervene(weights, {"dog": 0}))
    return rebuilt


if __name__ == "__main__":
    tour(*sys.argv[1:3])
