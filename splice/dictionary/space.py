"""A concept space: all that is needed to decompose the embeddings of one model into concepts.

On disk it is a folder with three files: `concepts.txt` (one concept per line),
`concept_embeddings.npy` (text embeddings, row i for line i) and `image_mean.npy`. Users exchange
such folders, the cache holds them, and each index holds one. Using one needs no encoder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from splicedex.splice.align import Matrix, centre, unit
from splicedex.splice.dictionary.letters import plain
from splicedex.splice.dictionary.vocabulary import load_vocabulary
from splicedex.splice.errors import UserError
from splicedex.splice.npz import DAMAGE

CONCEPTS = "concepts.txt"
EMBEDDINGS = "concept_embeddings.npy"
IMAGE_MEAN = "image_mean.npy"


@dataclass(frozen=True, eq=False)
class ConceptSpace:
    """Concepts with their text embeddings and the image mean of the same model.

    Args:
        concepts: The names of c concepts, distinct.
        texts: Their text embeddings (c, d), unit length.
        image_mean: Mean (d,) of the unit image embeddings of photos in general.
    """

    concepts: tuple[str, ...]
    texts: Matrix
    image_mean: Matrix

    @property
    def dim(self) -> int:
        """Dimension d of the embeddings."""
        return int(self.texts.shape[1])

    @cached_property
    def text_mean(self) -> Matrix:
        """Mean (d,) of the text embeddings."""
        mean: Matrix = self.texts.mean(axis=0)
        return mean

    @cached_property
    def atoms(self) -> Matrix:
        """The aligned dictionary C (c, d): `unit(T - mean(T))` (paper, section 4.2)."""
        return centre(self.texts, self.text_mean)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Concept id by case-folded name."""
        return {concept.casefold(): i for i, concept in enumerate(self.concepts)}

    @cached_property
    def plain_ids(self) -> dict[str, int]:
        """Concept id by name in plain letters; where names become equal, the first."""
        names = [plain(concept) for concept in self.concepts]
        return {name: i for i, name in reversed(list(enumerate(names))) if name}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the content; spaces with equal fingerprints give equal decompositions."""
        digest = hashlib.sha256("\n".join(self.concepts).encode())
        digest.update(np.ascontiguousarray(self.texts).tobytes())
        digest.update(np.ascontiguousarray(self.image_mean).tobytes())
        return digest.hexdigest()

    def align_images(self, embeddings: Matrix) -> Matrix:
        """Centre image embeddings (n, d) by the image mean: `unit(unit(z) - mean_img)` (n, d)."""
        return centre(unit(embeddings), self.image_mean)

    def save(self, folder: Path) -> None:
        """Write the space to a folder; it is created if needed."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONCEPTS).write_text("".join(f"{name}\n" for name in self.concepts), "utf-8")
        np.save(folder / EMBEDDINGS, self.texts)
        np.save(folder / IMAGE_MEAN, self.image_mean)

    @classmethod
    def load(cls, folder: Path) -> ConceptSpace:
        """Read a concept space folder.

        Raises:
            UserError: A file is missing or unreadable, or the files do not fit together.
        """
        missing = [name for name in (CONCEPTS, EMBEDDINGS, IMAGE_MEAN) if not is_file(folder, name)]
        if missing:
            raise UserError(
                f"{folder} is not a concept space folder: no {', '.join(missing)}",
                f"give a folder with {CONCEPTS}, {EMBEDDINGS} and {IMAGE_MEAN}",
            )
        return make_space(
            load_vocabulary(str(folder / CONCEPTS)),
            load_matrix(folder / EMBEDDINGS),
            load_matrix(folder / IMAGE_MEAN),
            source=str(folder),
        )


def is_file(folder: Path, name: str) -> bool:
    """Whether a folder holds a file of this name."""
    return (folder / name).is_file()


def make_space(
    concepts: Sequence[str], texts: Matrix, image_mean: Matrix, *, source: str
) -> ConceptSpace:
    """Check that the parts of a space fit together, and scale the text embeddings to length 1.

    Args:
        concepts: The names of c concepts.
        texts: Text embeddings (c, d).
        image_mean: Mean (d,) of the unit image embeddings of photos in general.
        source: Where the parts come from, for messages.

    Raises:
        UserError: Shapes do not match, a vector is NaN, infinite or zero, or all text embeddings
            are equal.
    """
    if texts.ndim != 2 or len(texts) != len(concepts):
        raise UserError(
            f"{source}: {len(concepts)} distinct concepts but embeddings of shape {texts.shape}",
            "give one row of embeddings for each concept",
        )
    if image_mean.shape != (texts.shape[1],):
        raise UserError(
            f"{source}: concepts have {texts.shape[1]} dimensions, "
            f"the image mean has shape {image_mean.shape}",
            "give the image mean of the same model",
        )
    check_vectors(texts, f"{source}: concept embeddings")
    check_vectors(image_mean[None], f"{source}: image mean", allow_zero=True)
    if (texts == texts[0]).all():  # centring would leave only zeros
        raise UserError(
            f"{source}: no two concepts have different embeddings",
            "give two different concepts or more",
        )
    texts = texts.astype(np.float32, copy=False)
    if not np.allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5):
        texts = unit(texts)  # only if needed: a saved space must keep its fingerprint
    return ConceptSpace(tuple(concepts), texts, image_mean.astype(np.float32, copy=False))


def load_matrix(path: Path, *, mmap: bool = False) -> Matrix:
    """Load a floating-point array from a .npy file, or from a .npz file that holds one array.

    Args:
        path: The file.
        mmap: Keep the type of the numbers, and map a .npy file into memory, rather than read it as
            float32.

    Raises:
        UserError: The file is missing, is not such a file, holds several arrays, or holds no
            floating-point numbers.
    """
    try:
        loaded = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
        array = _only_array(loaded, path) if isinstance(loaded, np.lib.npyio.NpzFile) else loaded
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist", "check the path") from error
    except DAMAGE as error:
        raise UserError(f"{path} is not a readable .npy file ({error})", "save it again") from error
    if not np.issubdtype(array.dtype, np.floating):
        raise UserError(
            f"{path} does not hold floating-point numbers but {array.dtype}", "save it as float32"
        )
    return array if mmap else array.astype(np.float32, copy=False)


def _only_array(arrays: Any, path: Path) -> Matrix:
    """The array of a .npz file."""
    with arrays:
        if len(arrays.files) != 1:
            held = f"the arrays {', '.join(arrays.files)}" if arrays.files else "no array"
            raise UserError(f"{path} holds {held}", "save the one of the embeddings as .npy")
        array: Matrix = arrays[arrays.files[0]]
    return array


def check_vectors(rows: Matrix, name: str, *, start: int = 0, allow_zero: bool = False) -> None:
    """Check that vectors are finite and not zero.

    Args:
        rows: Vectors (n, d).
        name: What they are, for the message.
        start: Number of the first row, for the message.
        allow_zero: Accept vectors of length 0.

    Raises:
        UserError: A row is NaN, infinite or zero; the message names the first one.
    """
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    bad = ~np.isfinite(squares)
    if not allow_zero:
        bad |= squares == 0
    if bad.any():
        row = int(np.argmax(bad))
        kind = "zero" if squares[row] == 0 else "NaN or infinite"
        raise UserError(f"{name}: row {row + start} is {kind}", "drop or recompute that row")
