"""Routes of concepts: completion, and the page of a concept."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from splicedex.api.http import answers, models
from splicedex.api.http.guard.problems import ProblemError, responses
from splicedex.api.http.service import Served
from splicedex.search.browse.concept import concept_page
from splicedex.search.results import Options
from splicedex.splice.errors import UserError

router = APIRouter(prefix="/v1/concepts", tags=["concepts"])
TOGETHER = 12
EXAMPLES = 12


@router.get("", responses=responses(401, 422, 503))
async def complete(
    service: Served,
    prefix: Annotated[
        str, Query(max_length=200, description="What was typed so far.", examples=["do"])
    ] = "",
    limit: models.Limit = 10,
) -> models.ConceptList:
    """Concepts that start with or contain a text, those shown in most images first.

    Concepts that no image is said to show follow: whoever asks for one believes that there is one.
    """
    found = await service.searching.run(service.frequencies.complete, prefix, limit)
    return models.ConceptList(
        concepts=[models.ConceptCount(concept=name, images=images) for name, images in found]
    )


@router.get("/{name}", responses=responses(401, 404, 422, 503), response_model=models.ConceptRecord)
async def concept(
    service: Served, name: Annotated[str, Path(max_length=200, examples=["dog"])]
) -> Response:
    """A concept: its near-synonyms, what its images show too, and example images."""

    def read() -> Response:
        encode = service.searcher.context.encode
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        try:
            page = concept_page(
                service.index, name, service.frequencies, encode=encode, limit=TOGETHER
            )
            results = service.searcher.search(f'"{quoted}"', Options(EXAMPLES))
        except UserError as error:
            raise ProblemError(404, error.cause, error.hint) from error
        return answers.to_json(
            {
                "concept": page.concept,
                "images": page.images,
                "share": page.share,
                "family": page.synonyms,
                "together": page.together,
                "examples": [answers.hit_of(hit) for hit in results.hits],
            }
        )

    return await service.searching.run(read)
