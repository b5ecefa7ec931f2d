"""Converts results of the library to the answers of the API.

Answers with hits have hundreds of parts. They are plain values of the shape of their model, which
`to_json` writes without making the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from splicedex.api.http.images.originals import media_type, photo_of
from splicedex.api.http.images.uploads import Upload, Uploads
from splicedex.api.http.models import (
    ConceptFacet,
    ImageRecord,
    Presence,
    Probability,
    UploadRecord,
    Weight,
)
from splicedex.search.browse import facets
from splicedex.search.browse.image import Record, columns_of
from splicedex.search.ranking.explain import Fired
from splicedex.search.results import Result, Results

HEAVIEST = 8
"""Number of concepts of a hit's decomposition."""


def to_json(answer: Mapping[str, Any]) -> Response:
    """A response with an answer of plain values, dataclasses and models."""
    content = orjson.dumps(answer, _plain, orjson.OPT_SERIALIZE_NUMPY)
    return Response(content, media_type="application/json")


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump()
    raise TypeError(f"{type(value).__name__} is not JSON")


def search_answer(results: Results) -> dict[str, Any]:
    """The fields of a `SearchAnswer`; checks on disk which photos exist."""
    return {
        "query": results.query,
        "reading": results.reading,
        "matches": results.matches,
        "took_ms": round(results.took_ms, 3),
        "cursor": results.cursor,
        "notes": results.notes,
        "hits": [hit_of(result) for result in results.hits],
    }


def hit_of(result: Result) -> dict[str, Any]:
    """The fields of a `Hit`: an image, its explanation, what it shows, its heaviest concepts."""
    found = result.explanation
    return {
        "id": result.id,
        "path": result.path,
        "score": result.score,
        "match": result.match,
        "cosine": result.payload["cosine"],
        "columns": columns_of(result.payload),
        "thumbnail": f"/v1/images/{result.id}/thumbnail" if photo_of(result.payload) else None,
        # A `Contribution` has the fields of a `Part`.
        "explanation": {"base": found.base, "rest": found.rest, "parts": found.concepts},
        "shows": [{"concept": name, "probability": p} for name, p in result.shows],
        "concepts": [
            {"concept": name, "weight": weight} for name, weight in result.concepts[:HEAVIEST]
        ],
    }


def presences(fired: Iterable[Fired]) -> list[Presence]:
    """Near-synonyms with their presence probabilities."""
    return [Presence(concept=one.concept, strength=one.strength) for one in fired]


def probabilities(concepts: Iterable[tuple[str, float]]) -> list[Probability]:
    """Concepts with their probabilities."""
    return [Probability(concept=name, probability=probability) for name, probability in concepts]


def weights(concepts: Iterable[tuple[str, float]]) -> list[Weight]:
    """Concepts with their weights."""
    return [Weight(concept=name, weight=weight) for name, weight in concepts]


def image_record(record: Record) -> ImageRecord:
    """All that the index stores of an image; checks on disk whether its file exists."""
    photo = photo_of(record.payload)
    here = f"/v1/images/{record.id}"
    columns = record.columns
    return ImageRecord(
        id=record.id,
        path=record.path,
        columns=columns,
        width=_int_or_none(columns.get("width")),
        height=_int_or_none(columns.get("height")),
        cosine=record.decomposition.cosine,
        shows=probabilities(record.shows),
        concepts=weights(record.decomposition.concepts),
        present=probabilities(record.present),
        thumbnail=f"{here}/thumbnail" if photo else None,
        file=f"{here}/file" if photo and media_type(photo) else None,
        like=f"like:{record.id}",
    )


def _int_or_none(value: object) -> int | None:
    return value if isinstance(value, int) else None


def upload_record(upload: Upload, uploads: Uploads) -> UploadRecord:
    """What the server keeps of an upload."""
    return UploadRecord(
        id=upload.id,
        like=f"like:{upload.id}",
        width=upload.width,
        height=upload.height,
        cosine=upload.decomposition.cosine,
        concepts=weights(upload.decomposition.concepts),
        thumbnail=f"/v1/uploads/{upload.id}/thumbnail",
        expires_s=round(uploads.seconds_left(upload), 1),
    )


def concept_facets(found: Iterable[facets.ConceptFacet]) -> list[ConceptFacet]:
    """Concepts with their counts in a set of images."""
    return [ConceptFacet(**asdict(facet)) for facet in found]
