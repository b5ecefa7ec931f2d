"""Routes of search: results, facets, explanations, plans."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from splicedex.api.http import answers, models
from splicedex.api.http.guard.problems import responses
from splicedex.api.http.routes.images import Id, no_image, uuid_of
from splicedex.api.http.routes.query_route import QueryRoute
from splicedex.api.http.service import Served, Service
from splicedex.search.browse.facets import facets
from splicedex.search.results import Options

router = APIRouter(prefix="/v1", tags=["search"])
PROBLEMS = responses(400, 401, 404, 422, 503)


async def search(service: Served, asked: Annotated[models.SearchRequest, Query()]) -> Response:
    """Images that match a query, best first, each with an explanation."""
    return await service.searching.run(find, service, asked)


router.add_api_route(
    "/search",
    search,
    responses=PROBLEMS,
    response_model=models.SearchAnswer,
    route_class_override=QueryRoute,
)


@router.post(
    "/search", responses={**PROBLEMS, **responses(413)}, response_model=models.SearchAnswer
)
async def search_by_body(service: Served, asked: models.SearchBody) -> Response:
    """The same search, with the query in the body."""
    return await service.searching.run(find, service, asked)


@router.get("/facets", responses=PROBLEMS)
async def count_facets(
    service: Served, q: models.Query = "", limit: models.Limit = 12
) -> models.FacetAnswer:
    """Concepts that a query's images show, and values of their columns, with counts."""

    def count() -> models.FacetAnswer:
        plan = service.searcher.plan(q)
        found = facets(service.index, plan, service.frequencies, limit)
        return models.FacetAnswer(
            matches=found.matches,
            concepts=answers.concept_facets(found.concepts),
            columns={
                name: [models.ColumnFacet(value=value, images=images) for value, images in values]
                for name, values in found.columns.items()
            },
        )

    return await service.searching.run(count)


@router.get("/explain", responses=PROBLEMS)
async def explain(service: Served, q: models.Query, image: Id) -> models.ExplainAnswer:
    """Why a query does or does not find an image."""

    def tell() -> models.ExplainAnswer:
        id_ = uuid_of(image)
        if not service.index.engine.retrieve([id_], with_payload=False):
            raise no_image(image)
        found = service.searcher.explain(q, id_)
        return models.ExplainAnswer(
            match=found.match,
            parts=[
                models.PartExplanation(
                    part=part.contribution.concept,
                    holds=part.holds,
                    strength=part.contribution.weight,
                    contribution=part.contribution.contribution,
                    fired=answers.presences(part.contribution.fired),
                )
                for part in found.parts
            ],
        )

    return await service.searching.run(tell)


@router.get("/plan", responses=PROBLEMS)
async def plan(service: Served, q: models.Query = "") -> models.PlanAnswer:
    """The plan of a query: filter, ranking, meaning of its words."""
    described = await service.searching.run(service.searcher.describe, q)
    return models.PlanAnswer(**described)


def find(service: Service, asked: models.SearchRequest) -> Response:
    """Run a search; blocks."""
    found = service.searcher.search(asked.q, options_of(asked), cursor=asked.cursor)
    return answers.to_json(answers.search_answer(found))


def options_of(asked: models.SearchRequest) -> Options:
    """The options of a request as the library takes them."""
    weights = None if asked.weights is None else tuple(asked.weights)
    return Options(
        asked.limit,
        asked.offset,
        asked.near,
        asked.rank,
        weights,
        asked.diversity,
        asked.count,
    )
