"""The method without an index: decompose embeddings, recompose them, intervene.

Source: Bhalla et al. 2024, "Interpreting CLIP with Sparse Linear Concept Embeddings (SpLiCE)".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any, Literal

from splicedex.api.python.index import Index
from splicedex.api.python.indexing import choice, sparsity_of
from splicedex.api.python.named import expanded
from splicedex.api.python.tables.table import Table
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

    from splicedex.splice.dictionary.space import ConceptSpace

SHOWN = 5
"""Concepts of a row that a notebook shows."""


@dataclass(frozen=True, eq=False, repr=False)
class Weights(Table):
    """Decompositions: for each of n embeddings a weight for each of c concepts, mostly 0.

    Indexing and slicing give the weights of some rows; `to_list` names the concepts.

    Args:
        csr: The weights (n, c), 0 or more, as a sparse array of SciPy.
        space: The concept space: the names of the concepts, the dictionary, the image mean.
    """

    ROWS = "names"
    csr: csr_array
    space: ConceptSpace = field(repr=False)

    @property
    def concepts(self) -> tuple[str, ...]:
        """The names of the c concepts."""
        return self.space.concepts

    @property
    def shape(self) -> tuple[int, int]:
        """N and c."""
        rows, columns = self.csr.shape
        return rows, columns

    @property
    def names(self) -> list[dict[str, float]]:
        """The weights of each row by name, largest first."""
        return self.to_list()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> Weights:
        """Some rows: a number, a slice, or an array of numbers."""
        chosen = slice(rows, rows + 1 or None) if isinstance(rows, int) else rows
        return replace(self, csr=self.csr[chosen])

    def to_list(self) -> list[dict[str, float]]:
        """The weights of each row by name, largest first; those of 0 are left out."""
        return [dict(self._row(row)) for row in range(len(self))]

    def to_dict(self) -> dict[str, Any]:
        """The shape and the rows."""
        return {"shape": list(self.shape), "rows": self.to_list()}

    def records(self) -> list[dict[str, Any]]:
        """A row for each weight: row, concept, weight."""
        return [
            {"row": row, "concept": concept, "weight": weight}
            for row in range(len(self))
            for concept, weight in self._row(row)
        ]

    def __repr__(self) -> str:
        rows, columns = self.shape
        mean = self.csr.nnz / max(rows, 1)
        return f"<Weights: {rows:,} rows of {columns:,} concepts, {mean:.1f} of them above 0>"

    def _row(self, row: int) -> list[tuple[str, float]]:
        start, end = self.csr.indptr[row : row + 2]
        parts = zip(self.csr.indices[start:end], self.csr.data[start:end], strict=True)
        ordered = sorted(parts, key=lambda one: (-one[1], one[0]))
        return [(self.concepts[i], float(weight)) for i, weight in ordered]


def decompose(
    embeddings: ArrayLike,
    space: str | PathLike[str] | ConceptSpace | Index | Weights,
    *,
    penalty: float | None = None,
    l0: int | None = None,
    penalties: Literal["frequency", "uniform"] | None = None,
) -> Weights:
    """Write image embeddings as sparse non-negative sums of concepts.

    Args:
        embeddings: Image embeddings (n, d), or one (d,), made by the model of the space; not zero,
            of any length.
        space: The concepts: a model by name such as "nano", a concept space folder, a space, or
            that of an open index, whose sparsity and penalties are the defaults then.
        penalty: Lasso penalty λ above 0; by default 0.25. 0.15 gives about 35 concepts per image,
            0.35 about 5.
        l0: Greatest number of concepts per image, instead of `penalty`.
        penalties: "frequency": rare words are penalised more; "uniform", the default: all alike, as
            in the paper.

    Returns:
        The weights (n, c).

    Raises:
        UserError: An embedding is zero, NaN or infinite, or of another dimension; the model is
            unknown; or an option is out of range.

    Example:
        >>> import numpy as np
        >>> w = decompose(np.load(folder / "x.npy")[:2], folder / "space", l0=3)
        >>> w.shape, len(w.to_list()[0])
        ((2, 80), 3)
    """
    import numpy as np

    from splicedex.splice.decomposition import decompose as solve
    from splicedex.splice.dictionary.space import check_vectors
    from splicedex.splice.sparsity import Sparsity

    rows = np.atleast_2d(np.asarray(embeddings, np.float32))
    sparsity, uneven = sparsity_of(penalty, l0), choice("--penalties", penalties, _PENALTIES)
    relative = None
    if isinstance(space, Index):
        with space._session.searcher() as searcher:
            index = searcher.index
            sparsity = sparsity or index.manifest.sparsity
            relative = index.lexicon.penalties if uneven == "frequency" else index.penalties
            concepts = index.space
        relative = None if uneven == "uniform" else relative
    else:
        concepts = _space(space)
        relative = _frequency_penalties(concepts) if uneven == "frequency" else None
    if rows.ndim != 2 or rows.shape[1] != concepts.dim:
        raise UserError(
            f"the embeddings have shape {np.shape(embeddings)}, the space has {concepts.dim} "
            "dimensions",
            "give embeddings made by the model of the space",
        )
    check_vectors(rows, "embeddings")
    return Weights(solve(concepts, rows, sparsity or Sparsity(), relative), concepts)


def recompose(weights: Weights) -> NDArray[Any]:
    """Rebuild dense embeddings from concept weights: `unit(unit(C^T w) + mean_img)`.

    Args:
        weights: Weights (n, c) of `decompose` or `intervene`.

    Returns:
        Unit embeddings (n, d); the image mean for a row without weights.

    Example:
        >>> import numpy as np
        >>> w = decompose(np.load(folder / "x.npy")[:2], folder / "space")
        >>> recompose(w).shape
        (2, 32)
    """
    from splicedex.splice.decomposition import recompose as rebuild

    return rebuild(weights.space, weights.csr)


def intervene(weights: Weights, values: Mapping[str, float]) -> Weights:
    """Set the weights of concepts, in every row, before they are recomposed.

    Args:
        weights: Weights (n, c).
        values: The new weight, 0 or more, by the name of a concept.

    Returns:
        The edited weights; those given stay as they are.

    Raises:
        UserError: There is no such concept, or a weight is negative, NaN or infinite.

    Example:
        >>> import numpy as np
        >>> w = decompose(np.load(folder / "x.npy")[:2], folder / "space")
        >>> "dog" in intervene(w, {"dog": 0}).to_list()[0]
        False
    """
    from math import isfinite

    from splicedex.search.query.resolve import resolve
    from splicedex.splice.decomposition import intervene as edit

    by_id: dict[int, float] = {}
    for name, value in values.items():
        if not (isfinite(value) and value >= 0):
            raise UserError(f"weight {value:g} of {name!r} is not 0 or more", "set it to 0")
        id_ = weights.space.ids.get(name.casefold())
        if id_ is None:
            # Says what is spelt alike.
            near = resolve(weights.space, name).name
            raise UserError(f"no concept is named {name!r}", f"did you mean {near!r}?")
        by_id[id_] = value
    return replace(weights, csr=edit(weights.csr, set_to=by_id))


_PENALTIES: tuple[Literal["frequency", "uniform"], ...] = ("frequency", "uniform")


def _space(given: str | PathLike[str] | ConceptSpace | Weights) -> ConceptSpace:
    """The concept space that is meant."""
    from splicedex.splice.dictionary.space import ConceptSpace

    if isinstance(given, Weights):
        return given.space
    if isinstance(given, ConceptSpace):
        return given
    return _loaded(expanded(fspath(given)))


@lru_cache(maxsize=4)
def _loaded(name: str) -> ConceptSpace:
    from splicedex.indexer.pipeline.image_mean import find_image_mean
    from splicedex.splice.load import load_model

    return load_model(name, lambda encoder: find_image_mean(encoder, None, None)).space


def _frequency_penalties(space: ConceptSpace) -> Any:
    from splicedex.splice.dictionary.lexicon import Lexicon
    from splicedex.splice.dictionary.word_frequency import bundled_frequency

    return Lexicon.of_space(space, bundled_frequency()).penalties
