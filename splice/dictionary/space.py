"""A concept space: everything needed to read embeddings of one model as concepts.

As a folder it is how a dictionary is exchanged, cached and kept in an index: `concepts.txt` (one
concept a line), `concept_embeddings.npy` (their text embeddings, row i for line i) and
`image_mean.npy`. No encoder is needed to use one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from splicedex.splice.align import Matrix, centre, unit
from splicedex.splice.dictionary.vocabulary import load_vocabulary
from splicedex.splice.errors import UserError

CONCEPTS = "concepts.txt"
EMBEDDINGS = "concept_embeddings.npy"
IMAGE_MEAN = "image_mean.npy"


@dataclass(frozen=True, eq=False)
class ConceptSpace:
    """Concepts with their text embeddings and the image mean of the same model.

    Args:
        concepts: c names, distinct.
        texts: Their text embeddings (c, d), unit rows.
        image_mean: Mean of unit embeddings of photos in general (d,).
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
        """Mean of the dictionary's unit text embeddings (d,)."""
        mean: Matrix = self.texts.mean(axis=0)
        return mean

    @cached_property
    def atoms(self) -> Matrix:
        """The aligned dictionary C (c, d): `unit(T - mean(T))`."""
        return centre(self.texts, self.text_mean)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Concept id of each name, case folded."""
        return {concept.casefold(): i for i, concept in enumerate(self.concepts)}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the contents: two spaces with one fingerprint read images alike."""
        digest = hashlib.sha256("\n".join(self.concepts).encode())
        digest.update(np.ascontiguousarray(self.texts).tobytes())
        digest.update(np.ascontiguousarray(self.image_mean).tobytes())
        return digest.hexdigest()

    def align_images(self, embeddings: Matrix) -> Matrix:
        """Centre image embeddings (n, d) by the image mean: z' of the paper."""
        return centre(unit(embeddings), self.image_mean)

    def save(self, folder: Path) -> None:
        """Write the space as a folder, creating it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONCEPTS).write_text("".join(f"{name}\n" for name in self.concepts), "utf-8")
        np.save(folder / EMBEDDINGS, self.texts)
        np.save(folder / IMAGE_MEAN, self.image_mean)

    @classmethod
    def load(cls, folder: Path) -> ConceptSpace:
        """Read a concept space folder.

        Raises:
            UserError: A file is missing or unreadable, or the three do not fit together.
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
    """Whether a folder holds a file of that name."""
    return (folder / name).is_file()


def make_space(
    concepts: Sequence[str], texts: Matrix, image_mean: Matrix, *, source: str
) -> ConceptSpace:
    """Check that the parts of a space fit together, and scale its text rows to length 1.

    Args:
        concepts: c names.
        texts: Text embeddings (c, d).
        image_mean: (d,).
        source: Where they come from, for messages.

    Raises:
        UserError: Shapes that do not match, NaN, infinite or zero vectors, or concepts that are all
            alike.
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
    if (texts == texts[0]).all():  # less their mean nothing is left of them
        raise UserError(
            f"{source}: no two concepts that differ in their embeddings",
            "one concept has nothing to be told from: give more",
        )
    texts = texts.astype(np.float32, copy=False)
    if not np.allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5):
        texts = unit(texts)  # unit rows stay as they are, so a saved space keeps its fingerprint
    return ConceptSpace(tuple(concepts), texts, image_mean.astype(np.float32, copy=False))


def load_matrix(path: Path, *, mmap: bool = False) -> Matrix:
    """Load a floating-point .npy file as float32, or memory-mapped as it is.

    Raises:
        UserError: The file is missing, is not .npy, or does not hold real numbers.
    """
    try:
        array = np.load(path, mmap_mode="r" if mmap else None, allow_pickle=False)
    except FileNotFoundError as error:
        raise UserError(f"{path} does not exist", "check the path") from error
    except (OSError, ValueError, EOFError) as error:
        raise UserError(f"{path} is not a readable .npy file ({error})", "save it again") from error
    if not isinstance(array, np.ndarray) or not np.issubdtype(array.dtype, np.floating):
        raise UserError(f"{path} does not hold floating-point numbers", "save it as float32")
    return array if mmap else array.astype(np.float32, copy=False)


def check_vectors(rows: Matrix, name: str, *, start: int = 0, allow_zero: bool = False) -> None:
    """Refuse vectors that mean nothing.

    Args:
        rows: (n, d).
        name: What they are, for the message.
        start: Number of the first row, for the message.
        allow_zero: Let vectors of length 0 pass.

    Raises:
        UserError: A row is NaN, infinite or zero; the message names the first.
    """
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    bad = ~np.isfinite(squares)
    if not allow_zero:
        bad |= squares == 0
    if bad.any():
        row = int(np.argmax(bad))
        kind = "zero" if squares[row] == 0 else "NaN or infinite"
        raise UserError(f"{name}: row {row + start} is {kind}", "drop or recompute that row")
