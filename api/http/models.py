"""Requests and responses, with descriptions, units and examples for the OpenAPI document."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    field_validator,
)

from splicedex.search.query.parser import LONGEST

MOST_HITS = 200
FARTHEST = 1_000_000

Scalar: TypeAlias = str | bool | int | float
ColumnValue: TypeAlias = JsonValue
"""Integers have up to 64 bits, dates are text in ISO 8601; a column that is only kept may hold
anything."""
Query: TypeAlias = Annotated[
    str,
    Field(
        max_length=LONGEST,
        description="A query, see docs/query-language.md; empty for every image.",
        examples=["dog AND (beach OR snow) NOT person"],
    ),
]
Limit: TypeAlias = Annotated[
    int, Field(ge=1, le=MOST_HITS, description="Largest number of results.", examples=[20])
]
Rank: TypeAlias = Literal["auto", "concept", "dense", "rrf"]
ImageId: TypeAlias = Annotated[
    str, Field(description="Point id, a UUID.", examples=["2f1c0a52-6d7e-5a41-9b0e-1c1d4a6c9b3f"])
]


class Answer(BaseModel):
    """Base of all responses: no fields but the declared ones."""

    model_config = ConfigDict(extra="forbid")


class Weight(Answer):
    """A concept of an image with its SpLiCE weight."""

    concept: str = Field(description="Name of the concept.", examples=["dog"])
    weight: float = Field(description="Weight in the sparse sum, above 0.", examples=[0.21])


class Probability(Answer):
    """A concept that is probably in an image."""

    concept: str = Field(examples=["dog"])
    probability: float = Field(description="Its probability, 0 to 1.", examples=[0.83])


class Presence(Answer):
    """A near-synonym of a concept with its presence probability in an image."""

    concept: str = Field(examples=["puppy"])
    strength: float = Field(description="Presence probability, 0 to 1.", examples=[0.6])


class Part(Answer):
    """What one part of a query contributes to a score."""

    concept: str = Field(description="The concept, or the part of the query.", examples=["dog"])
    query_weight: float = Field(description="Weight of the concept in the query.", examples=[1.0])
    weight: float = Field(
        description="How much of it is in the image: a presence probability for a query of "
        "concepts, a SpLiCE weight for text: and like:, a rank where rankings are fused.",
        examples=[0.83],
    )
    contribution: float = Field(description="What it adds to the score.", examples=[1.9])
    fired: list[Presence] = Field(
        description="Near-synonyms of the concept that are in the image, most probable first."
    )


class Explanation(Answer):
    """A score as a sum: base + rest + all contributions."""

    base: float = Field(description="The part that all images have in common.")
    rest: float = Field(description="The part that no concept explains.")
    parts: list[Part] = Field(description="Largest contribution first.")


class Hit(Answer):
    """An image that a query found."""

    id: ImageId
    path: str = Field(description="Name of the image in the index.", examples=["holiday/beach.jpg"])
    score: float = Field(description="Higher is better; comparable within one response.")
    match: bool = Field(description="False for a near miss.")
    cosine: float = Field(description="Reconstruction cosine: how well its concepts describe it.")
    columns: dict[str, ColumnValue] = Field(description="The user's columns.")
    thumbnail: str | None = Field(
        description="URL path of its thumbnail; null if the photo is missing.",
        examples=["/v1/images/2f1c0a52-6d7e-5a41-9b0e-1c1d4a6c9b3f/thumbnail"],
    )
    explanation: Explanation
    shows: list[Probability] = Field(
        description="What it is said to show, unasked, most probable first; at most 12."
    )
    concepts: list[Weight] = Field(
        description="The heaviest concepts of its decomposition, at most 8."
    )


class SearchAnswer(Answer):
    """The result of a query."""

    query: str = Field(description="The query as received.")
    reading: str = Field(
        description="The query as it was read, in the exact language: `a dog on the beach` is "
        "read as `dog beach`. Sent again, it means the same.",
        examples=["dog beach"],
    )
    matches: int | None = Field(
        description="Number of all images that match; null if `count` was false."
    )
    took_ms: float = Field(description="Duration in milliseconds.")
    cursor: str | None = Field(description="Send it to get the next page; null after the last.")
    notes: list[str] = Field(description="How words were interpreted, where this is not obvious.")
    hits: list[Hit] = Field(description="Best first.")


class SearchRequest(BaseModel):
    """A query with its options."""

    model_config = ConfigDict(extra="forbid")

    q: Query = ""
    limit: Limit = 20
    offset: int = Field(0, ge=0, le=FARTHEST, description="Skip this many of the best.")
    cursor: str | None = Field(
        None,
        max_length=100,
        description="From the previous page of the same query; replaces `offset`.",
    )
    near: bool = Field(False, description="List near misses after the matches.")
    rank: Rank = Field(
        "auto", description="By concept probability, by vector similarity, or fused; auto chooses."
    )
    weights: Annotated[list[Annotated[float, Field(ge=0, le=1e6)]], Field(max_length=20)] | None = (
        Field(
            None,
            description="Weights of the rankings that dense and rrf combine: text: and like: in "
            "their order, then the concepts; for example 2 and 1.",
        )
    )
    diversity: float = Field(
        0.0, ge=0, le=1, description="Above 0, prefer hits that differ from those before them."
    )
    count: bool = Field(
        True,
        description="Count all matches; for a million images, slower than the search.",
    )


class SearchBody(SearchRequest):
    """A query with its options, as JSON with strict types: 1 is not true, "1" is not a number."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("limit", "offset", mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        """20.0 is a whole number in JSON."""
        return int(value) if isinstance(value, float) and value.is_integer() else value


class UploadRecord(Answer):
    """What the server keeps of an uploaded image."""

    id: str = Field(examples=["upload-9f86d081884c7d659a2f"])
    like: str = Field(
        description="The term that names it in a query.",
        examples=["like:upload-9f86d081884c7d659a2f"],
    )
    width: int = Field(description="In pixels.", examples=[1200])
    height: int = Field(description="In pixels.", examples=[800])
    cosine: float = Field(description="Reconstruction cosine: how well its concepts describe it.")
    concepts: list[Weight] = Field(description="Its decomposition, heaviest first.")
    thumbnail: str = Field(examples=["/v1/uploads/upload-9f86d081884c7d659a2f/thumbnail"])
    expires_s: float = Field(description="Seconds until the server forgets it.")


class ImageSearchAnswer(SearchAnswer):
    """The result of a search by an uploaded image."""

    upload: UploadRecord


class ImageRecord(Answer):
    """All that the index stores of an image."""

    id: ImageId
    path: str = Field(description="Name of the image in the index.", examples=["holiday/beach.jpg"])
    columns: dict[str, ColumnValue] = Field(description="The user's columns.")
    width: int | None = Field(description="In pixels, where known.")
    height: int | None = Field(description="In pixels, where known.")
    cosine: float = Field(description="Reconstruction cosine: how well its concepts describe it.")
    shows: list[Probability] = Field(
        description="What it is said to show, unasked, most probable first."
    )
    concepts: list[Weight] = Field(description="Its decomposition, heaviest first.")
    present: list[Probability] = Field(
        description="Concepts that queries for them find in it, by presence probability."
    )
    thumbnail: str | None = Field(description="URL path; null if the photo is missing.")
    file: str | None = Field(description="URL path of the original; null if missing or unsafe.")
    like: str = Field(description="The term that names it in a query.")


class ConceptCount(Answer):
    """A concept and the number of images that are said to show it."""

    concept: str = Field(examples=["dog"])
    images: int = Field(
        description="Number of images that `shows:NAME` finds, maybe 0. The plain word may find "
        "other images: whoever asks for a concept believes that there is one.",
        examples=[812],
    )


class ConceptList(Answer):
    """Concepts that complete what was typed."""

    concepts: list[ConceptCount]


class NearSynonym(Answer):
    """A concept that also counts as another."""

    concept: str = Field(examples=["puppy"])
    weight: float = Field(description="How much it counts, above 0 and up to 1.", examples=[0.4])
    images: int = Field(description="Number of images in which it is present.", examples=[31])


class ConceptFacet(Answer):
    """A concept that some of a set of images are said to show."""

    concept: str = Field(examples=["beach"])
    images: int = Field(
        description="Number of these images that show it: those that `shows:NAME`, added to the "
        "query, leaves.",
        examples=[40],
    )
    share: float = Field(description="Share of these images.", examples=[0.31])
    lift: float = Field(description="Share divided by that of the whole index.", examples=[5.2])


class ConceptRecord(Answer):
    """A concept with its near-synonyms, counts and examples in this index."""

    concept: str = Field(examples=["dog"])
    images: int = Field(
        description="Images that a query for it finds: it or a near-synonym is present.",
        examples=[812],
    )
    share: float = Field(description="Share of all images.", examples=[0.08])
    family: list[NearSynonym] = Field(description="Its near-synonyms, nearest first.")
    together: list[ConceptFacet] = Field(
        description="Concepts that these images are said to show too, highest lift first."
    )
    examples: list[Hit] = Field(description="Images that have it, best first.")


class ColumnFacet(Answer):
    """A value of a column and the number of a query's images that have it."""

    value: Scalar = Field(examples=["cat"])
    images: int = Field(examples=[12])


class FacetAnswer(Answer):
    """Concepts that a query's images show, and values of their columns, with counts."""

    matches: int = Field(description="Number of images that match; text: and like: do not filter.")
    concepts: list[ConceptFacet] = Field(
        description="Most frequent first, without those that the query names; near-synonyms once."
    )
    columns: dict[str, list[ColumnFacet]] = Field(
        description="Most frequent values first; of dates the years and months, in their order."
    )


class PartExplanation(Answer):
    """Whether a part of a query holds for an image."""

    part: str = Field(examples=["NOT person"])
    holds: bool
    strength: float = Field(description="Probability that it holds, 0 to 1.")
    contribution: float = Field(description="What it adds to the score.")
    fired: list[Presence]


class ExplainAnswer(Answer):
    """Why a query does or does not find an image."""

    match: bool
    parts: list[PartExplanation]


class PlanAnswer(Answer):
    """The plan of a query: filter, ranking, meaning of its words."""

    query: str
    filter: Any = Field(description="Condition that a match satisfies.")
    near: Any = Field(description="Condition that a near miss satisfies.")
    ranking: list[str]
    refined: str
    meanings: dict[str, dict[str, float]] = Field(
        description="For each word, the concepts it stands for, with weights."
    )


class DecompositionAnswer(Answer):
    """An image or a text as a sparse sum of concepts."""

    concepts: list[Weight] = Field(description="Heaviest first.")
    cosine: float = Field(description="Cosine of the aligned embedding and the sum.")
    l0: int = Field(description="Number of concepts.")


class TextRequest(BaseModel):
    """A text to decompose."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)
    ] = Field(examples=["two dogs on a beach at dusk"])


class Info(Answer):
    """The index that is served, and what the server can do with it."""

    name: str = Field(examples=["splicedex"])
    version: str = Field(examples=["0.1.0"])
    images: int = Field(description="Number of images in the index.")
    model: str = Field(description="The encoder or concept space of the index.")
    encodes_text: bool = Field(description="Whether text: works.")
    encodes_images: bool = Field(description="Whether images can be uploaded.")
    concepts: int = Field(description="Size of the dictionary.")
    columns: dict[str, str] = Field(description="Columns for filters, with their types.")


class Health(Answer):
    """Status of the server."""

    status: Literal["ok"]
