"""What goes in and out, in words, units and examples: the OpenAPI is made of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from splicedex.search.query.parser import LONGEST

MOST_HITS = 200
FARTHEST = 1_000_000

Scalar: TypeAlias = str | bool | int | float
ColumnValue: TypeAlias = Scalar | list[Scalar] | None
Query: TypeAlias = Annotated[
    str,
    Field(
        max_length=LONGEST,
        description="A query, as docs/query-language.md has it; empty for every image.",
        examples=["dog AND (beach OR snow) NOT person"],
    ),
]
Limit: TypeAlias = Annotated[
    int, Field(ge=1, le=MOST_HITS, description="At most this many.", examples=[20])
]
Rank: TypeAlias = Literal["auto", "concept", "dense", "rrf"]
ImageId: TypeAlias = Annotated[
    str, Field(description="Point id, a UUID.", examples=["2f1c0a52-6d7e-5a41-9b0e-1c1d4a6c9b3f"])
]


class Answer(BaseModel):
    """What all answers have in common: nothing but what is told here."""

    model_config = ConfigDict(extra="forbid")


class Weight(Answer):
    """A concept of an image, with its SpLiCE weight."""

    concept: str = Field(description="Its name.", examples=["dog"])
    weight: float = Field(description="Weight in the sum, above 0.", examples=[0.21])


class Probability(Answer):
    """A concept that is likely enough to be in an image."""

    concept: str = Field(examples=["dog"])
    probability: float = Field(description="0 to 1.", examples=[0.83])


class Strength(Answer):
    """A member of a concept's family and how strongly it is in an image."""

    concept: str = Field(examples=["puppy"])
    strength: float = Field(description="Probability, 0 to 1.", examples=[0.6])


class Part(Answer):
    """What one part of a query adds to a score."""

    concept: str = Field(description="The concept, or the part of the query.", examples=["dog"])
    query_weight: float = Field(description="How much the query asks for it.", examples=[1.0])
    weight: float = Field(
        description="How much of it is in the image: a probability for a query of concepts, a "
        "SpLiCE weight for text: and like:, a rank where rankings are fused.",
        examples=[0.83],
    )
    contribution: float = Field(description="What it adds to the score.", examples=[1.9])
    fired: list[Strength] = Field(description="Members of its family, strongest first.")


class Explanation(Answer):
    """A score as a sum: base + rest + the contributions."""

    base: float = Field(description="The share of what all images have in common.")
    rest: float = Field(description="What the parts do not explain.")
    parts: list[Part] = Field(description="Largest contribution first.")


class Hit(Answer):
    """An image that a query finds."""

    id: ImageId
    path: str = Field(description="Its name in the index.", examples=["holiday/beach.jpg"])
    score: float = Field(description="Higher is better; comparable within one answer.")
    match: bool = Field(description="False for a near miss.")
    cosine: float = Field(description="How well its concepts describe it: cosine, up to 1.")
    columns: dict[str, ColumnValue] = Field(description="The user's columns.")
    thumbnail: str | None = Field(
        description="Where its thumbnail is; null if the photo is away.",
        examples=["/v1/images/2f1c0a52-6d7e-5a41-9b0e-1c1d4a6c9b3f/thumbnail"],
    )
    explanation: Explanation
    concepts: list[Weight] = Field(description="Its heaviest concepts, at most 8.")


class SearchAnswer(Answer):
    """The answer to a query."""

    query: str = Field(description="As asked.")
    matches: int | None = Field(
        description="How many images match in all; null if that was not to be counted."
    )
    took_ms: float = Field(description="Time in milliseconds.")
    cursor: str | None = Field(description="Ask with it for the next page; null after the last.")
    notes: list[str] = Field(description="What words were taken to mean, where not obvious.")
    hits: list[Hit] = Field(description="Best first.")


class SearchRequest(BaseModel):
    """A query and how to answer it."""

    model_config = ConfigDict(extra="forbid")

    q: Query = ""
    limit: Limit = 20
    offset: int = Field(0, ge=0, le=FARTHEST, description="Skip this many of the best.")
    cursor: str | None = Field(
        None,
        max_length=100,
        description="Of an earlier answer to the same question; takes the place of the offset.",
    )
    near: bool = Field(False, description="Let near misses follow the matches.")
    rank: Rank = Field(
        "auto", description="By belief in concepts, along a vector, or fused; auto chooses."
    )
    weights: Annotated[list[Annotated[float, Field(ge=0, le=1e6)]], Field(max_length=20)] | None = (
        Field(
            None,
            description="Of the rankings for dense and rrf: text: and like: in turn, then the "
            "concepts; as 2 and 1.",
        )
    )
    diversity: float = Field(
        0.0, ge=0, le=1, description="Above 0, prefer hits unlike those before them."
    )
    count: bool = Field(
        True, description="Say how many match; among a million that takes longer than to find them."
    )


class SearchBody(SearchRequest):
    """A query and how to answer it, as JSON: 1 is not true there, and "1" no number."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @field_validator("limit", "offset", mode="before")
    @classmethod
    def _whole(cls, value: Any) -> Any:
        """20.0 is a whole number in JSON."""
        return int(value) if isinstance(value, float) and value.is_integer() else value


class UploadRecord(Answer):
    """An uploaded image, as far as it is remembered."""

    id: str = Field(examples=["upload-9f86d081884c7d659a2f"])
    like: str = Field(
        description="What names it in a query.", examples=["like:upload-9f86d081884c7d659a2f"]
    )
    width: int = Field(description="In pixels.", examples=[1200])
    height: int = Field(description="In pixels.", examples=[800])
    cosine: float = Field(description="How well its concepts describe it: cosine, up to 1.")
    concepts: list[Weight] = Field(description="Its decomposition, heaviest first.")
    thumbnail: str = Field(examples=["/v1/uploads/upload-9f86d081884c7d659a2f/thumbnail"])
    expires_s: float = Field(description="Seconds for which it is remembered yet.")


class ImageSearchAnswer(SearchAnswer):
    """The answer to a search by an uploaded image."""

    upload: UploadRecord


class ImageRecord(Answer):
    """What the index knows of an image."""

    id: ImageId
    path: str = Field(description="Its name in the index.", examples=["holiday/beach.jpg"])
    columns: dict[str, ColumnValue] = Field(description="The user's columns.")
    width: int | None = Field(description="In pixels, where known.")
    height: int | None = Field(description="In pixels, where known.")
    cosine: float = Field(description="How well its concepts describe it: cosine, up to 1.")
    concepts: list[Weight] = Field(description="Its decomposition, heaviest first.")
    present: list[Probability] = Field(description="Concepts likely to be there, likeliest first.")
    thumbnail: str | None = Field(description="Null if the photo is away.")
    file: str | None = Field(description="The original; null if away, or unsafe to show.")
    like: str = Field(description="What names it in a query.")


class ConceptCount(Answer):
    """A concept, and how many images a query for it finds."""

    concept: str = Field(examples=["dog"])
    images: int = Field(examples=[812])


class ConceptList(Answer):
    """Concepts that one may be about to type."""

    concepts: list[ConceptCount]


class FamilyMember(Answer):
    """A concept that counts for another."""

    concept: str = Field(examples=["puppy"])
    weight: float = Field(description="How far it counts, above 0 up to 1.", examples=[0.4])
    images: int = Field(description="Images that have it.", examples=[31])


class ConceptFacet(Answer):
    """A concept among some images."""

    concept: str = Field(examples=["beach"])
    images: int = Field(description="How many of them a query for it would keep.", examples=[40])
    share: float = Field(description="The same, of all of them.", examples=[0.31])
    lift: float = Field(description="How much larger than in the whole index.", examples=[5.2])


class ConceptRecord(Answer):
    """What a concept stands for in this index."""

    concept: str = Field(examples=["dog"])
    images: int = Field(description="Images that have it, by its whole family.", examples=[812])
    share: float = Field(description="The same, of all images.", examples=[0.08])
    family: list[FamilyMember] = Field(description="What counts for it, nearest first.")
    together: list[ConceptFacet] = Field(
        description="Concepts its images have too, those most above their usual share first."
    )
    examples: list[Hit] = Field(description="Images that have it, best first.")


class ColumnFacet(Answer):
    """A value of a column among a query's images."""

    value: Scalar = Field(examples=["cat"])
    images: int = Field(examples=[12])


class FacetAnswer(Answer):
    """What a query's images have."""

    matches: int = Field(description="How many images match; text: and like: narrow nothing.")
    concepts: list[ConceptFacet] = Field(description="Most frequent first.")
    columns: dict[str, list[ColumnFacet]] = Field(description="Most frequent values first.")


class StandingPart(Answer):
    """How a part of a query stands to an image."""

    part: str = Field(examples=["NOT person"])
    holds: bool
    strength: float = Field(description="Probability that it holds, 0 to 1.")
    contribution: float = Field(description="What it adds to the score.")
    fired: list[Strength]


class ExplainAnswer(Answer):
    """Why a query does or does not find an image."""

    match: bool
    parts: list[StandingPart]


class PlanAnswer(Answer):
    """What a query asks of the engine."""

    query: str
    filter: Any = Field(description="What a match satisfies.")
    near: Any = Field(description="What a near miss satisfies too.")
    ranking: list[str]
    refined: str
    meanings: dict[str, dict[str, float]] = Field(
        description="The concepts that each word stands for, with their weights."
    )


class DecompositionAnswer(Answer):
    """An image or a text as a sparse sum of concepts."""

    concepts: list[Weight] = Field(description="Heaviest first.")
    cosine: float = Field(description="Of the aligned embedding to the sum.")
    l0: int = Field(description="How many concepts.")


class TextRequest(BaseModel):
    """A text to decompose."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)
    ] = Field(examples=["two dogs on a beach at dusk"])


class Info(Answer):
    """What is served."""

    name: str = Field(examples=["splicedex"])
    version: str = Field(examples=["0.1.0"])
    images: int = Field(description="How many are in the index.")
    model: str = Field(description="The encoder or concept space the index was made with.")
    encodes_text: bool = Field(description="Whether text: works.")
    encodes_images: bool = Field(description="Whether images can be uploaded.")
    concepts: int = Field(description="How many concepts images are written in.")
    columns: dict[str, str] = Field(description="What queries may filter on, with its kind.")


class Health(Answer):
    """How the server is."""

    status: Literal["ok"]
