"""What commands find about one image or word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from splicedex.api.python.images.hits import Shown
from splicedex.api.python.tables.table import Table, plain

if TYPE_CHECKING:
    from splicedex.indexer.store.manifest import Manifest
    from splicedex.search.ranking.explain import Fired


@dataclass(frozen=True, slots=True)
class Weight:
    """A concept of an image's decomposition, with its weight."""

    concept: str
    weight: float


@dataclass(frozen=True, slots=True, repr=False)
class Shows(Table):
    """What an image shows, and its decomposition. Its rows are what it shows.

    Args:
        id: Its point id.
        columns: Its columns, and its other facts such as its size in pixels.
        path: Its file.
        name: Its name in the index.
        shows: The concepts that it is said to show, most probable first.
        concepts: Its decomposition: SpLiCE weights, largest first.
        cosine: Cosine between its aligned embedding and that sum.
    """

    ROWS = "shows"
    id: str
    columns: dict[str, Any]
    path: str
    name: str
    shows: tuple[Shown, ...]
    concepts: tuple[Weight, ...]
    cosine: float

    def to_dict(self) -> dict[str, Any]:
        """All of it, as `splicedex explain --json` prints it: columns are beside the rest."""
        return {
            "id": self.id,
            **plain(self.columns),
            "path": self.path,
            "name": self.name,
            "shows": plain(self.shows),
            "concepts": plain(self.concepts),
        }

    def _repr_html_(self) -> str:
        from splicedex.api.python.tables.html import Card, cards_html

        card = Card(self.path, self.name, [f"{one.concept} {one.probability:.2f}" for one in self])
        return cards_html([card], repr(self), largest=256)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a query, as it holds for an image.

    Args:
        part: The part as text.
        holds: Whether the image passes it.
        strength: The presence probability of the part.
        contribution: What it adds to the score, in nats.
        fired: The concepts that the part refers to, with their presence, strongest first.
    """

    part: str
    holds: bool
    strength: float
    contribution: float
    fired: tuple[Fired, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Explanation(Table):
    """Why a query matches an image or not.

    Args:
        path: The image, as it was named.
        query: The query.
        match: Whether the image matches.
        parts: One entry for each part of the query's AND.
    """

    ROWS = "parts"
    path: str
    query: str
    match: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Synonym:
    """A concept that counts as a word, with its weight in (0, 1] and its number of images."""

    concept: str
    weight: float
    images: int


@dataclass(frozen=True, slots=True)
class Near:
    """A related concept that does not count as a word, with its cosine and number of images."""

    concept: str
    cosine: float
    images: int


@dataclass(frozen=True, slots=True, repr=False)
class Meaning(Table):
    """What a word means in an index. Its rows are the concepts that count as it.

    Args:
        word: The word.
        concept: What it was read as.
        how: How it was found, such as "exact".
        images: How many images a query for it finds.
        family: The concepts that count as it, heaviest first.
        near: Related concepts that do not, nearest first.
    """

    ROWS = "family"
    word: str
    concept: str
    how: str
    images: int
    family: tuple[Synonym, ...]
    near: tuple[Near, ...]


@dataclass(frozen=True, slots=True)
class Frequency:
    """A concept with the number and the share of the images that are said to show it."""

    concept: str
    images: int
    share: float


@dataclass(frozen=True, slots=True, repr=False)
class Frequencies(Table):
    """The concepts that most images of an index are said to show.

    Args:
        images: How many images the index has.
        concepts: The concepts, most frequent first.
    """

    ROWS = "concepts"
    images: int
    concepts: tuple[Frequency, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Info(Table):
    """The size and the settings of an index.

    Args:
        images: How many images it has.
        manifest: How it was made.
    """

    images: int
    manifest: Manifest = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """All of it on one level."""
        return {"images": self.images, **plain(self.manifest)}

    def records(self) -> list[dict[str, Any]]:
        """A row for each setting."""
        return [{"name": name, "value": str(value)} for name, value in self.to_dict().items()]
