"""Routes of curation: statistics of subsets, selections, export, tags, probes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from fastapi import APIRouter
from fastapi import Query as Asked
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from starlette.background import BackgroundTask

from splicedex.api.http import models
from splicedex.api.http.guard.problems import ProblemError, responses
from splicedex.api.http.service import Served
from splicedex.search.curation import distribution as distributions
from splicedex.search.curation import duplicates as doubles
from splicedex.search.curation import outliers as outlying
from splicedex.search.curation.balance import Balance, balance
from splicedex.search.curation.classify import Classification, classify
from splicedex.search.curation.compare import compare, compare_by
from splicedex.search.curation.copies.relation import KINDS, Kind
from splicedex.search.curation.distribution import Distribution
from splicedex.search.curation.drift import Drift, drift
from splicedex.search.curation.duplicates import Duplicates
from splicedex.search.curation.export import export
from splicedex.search.curation.outliers import Outlier
from splicedex.search.curation.probe import Probe, probe
from splicedex.search.curation.reports.comparison import Comparison
from splicedex.search.curation.reports.suspicion import Suspicions
from splicedex.search.curation.sample import sample
from splicedex.search.curation.spurious import spurious
from splicedex.search.curation.statistics import contrast
from splicedex.search.curation.subsets.selection import Selection
from splicedex.search.curation.subsets.subset import subset
from splicedex.search.curation.tagging import Tagging, tag

router = APIRouter(prefix="/v1", tags=["curation"])
PROBLEMS = responses(400, 401, 422, 503)
MOST_COMPARED = 20_000
"""Largest subset for duplicates over HTTP: every pair is compared."""
MOST_DRAWN = 10_000

Column: TypeAlias = Annotated[str, Asked(max_length=200, description="Name of a column.")]
Shown: TypeAlias = Annotated[int, Asked(ge=0, le=20, description="Number of example images.")]
Count: TypeAlias = Annotated[int, Asked(ge=1, le=MOST_DRAWN, description="Number of images.")]
Seed: TypeAlias = Annotated[
    int, Asked(ge=0, lt=2**53, description="Random seed; the same seed selects the same images.")
]
Words: TypeAlias = Annotated[list[str], Asked(max_length=100, description="One or more values.")]


@router.get("/curate/concepts", responses=PROBLEMS)
async def concept_distribution(
    service: Served,
    q: models.Query = "",
    order: distributions.Order = "share",
    limit: models.Limit = 20,
) -> Distribution:
    """What the images of a subset show: shares, mean SpLiCE weights, lifts, with intervals."""
    return await service.curating.run(distributions.distribution, service.searcher, q, limit, order)


@router.get("/curate/compare", responses=PROBLEMS)
async def comparison(
    service: Served,
    q: models.Query = "",
    other: models.Query | None = None,
    order: contrast.Order = "share",
    examples: Shown = 3,
    limit: models.Limit = 20,
) -> Comparison:
    """Concepts that distinguish two subsets; without `other`, `q` and all other images."""
    return await service.curating.run(compare, service.searcher, q, other, limit, order, examples)


@router.get("/curate/compare-by", responses=PROBLEMS)
async def comparison_by(
    service: Served,
    column: Column,
    q: models.Query = "",
    order: contrast.Order = "share",
    examples: Shown = 0,
    limit: models.Limit = 5,
) -> list[Comparison]:
    """Concepts that distinguish each value of a column from the others."""
    found = await service.curating.run(
        compare_by, service.searcher, column, q, limit, order, examples
    )
    return list(found)


@router.get("/curate/spurious", responses=PROBLEMS)
async def spurious_correlations(
    service: Served,
    label: Column,
    split: Column | None = None,
    part: Column | None = None,
    q: models.Query = "",
    concepts: Words = [],  # noqa: B006  (FastAPI copies it)
    examples: Shown = 3,
    limit: models.Limit = 20,
) -> Suspicions:
    """Concepts that correlate with a label but are not part of it, with counter-examples."""
    return await service.curating.run(
        spurious, service.searcher, label, split, part, q, limit, examples, concepts=concepts
    )


@router.get("/curate/drift", responses=PROBLEMS)
async def concept_drift(
    service: Served, q: models.Query, other: models.Query, limit: models.Limit = 20
) -> Drift:
    """Distance of what two subsets show, compared with chance, and which concepts changed."""
    searcher = service.searcher
    return await service.curating.run(drift, (searcher, q), (searcher, other), limit)


@router.get("/curate/outliers", responses=PROBLEMS)
async def unlike_the_others(
    service: Served,
    q: models.Query = "",
    order: outlying.Order = "surprise",
    limit: models.Limit = 20,
) -> list[Outlier]:
    """Images that show what few of a subset show, or that their concepts describe worst."""
    return list(await service.curating.run(outlying.outliers, service.searcher, q, limit, order))


@router.get("/curate/duplicates", responses=PROBLEMS)
async def near_duplicates(
    service: Served,
    q: models.Query = "",
    above: Annotated[
        float | None,
        Asked(gt=0, le=1, description="Also list images that look alike, with this least cosine."),
    ] = None,
    keep: doubles.Keep = "largest",
    kinds: Annotated[
        list[Kind], Asked(max_length=len(KINDS), description="Only copies of these kinds.")
    ] = [],  # noqa: B006  (FastAPI copies it)
) -> Duplicates:
    """Copies of images, in subsets of at most 20,000, with what was done to each."""

    def find() -> Duplicates:
        images = subset(service.searcher, q).images
        if images > MOST_COMPARED:
            raise ProblemError(
                400,
                f"{images:,} images are too many to compare every pair",
                f"narrow q to {MOST_COMPARED:,}, or run `splicedex duplicates`",
            )
        return doubles.duplicates(service.searcher, q, above, keep, kinds=kinds)

    return await service.curating.run(find)


@router.get("/curate/balance", responses=PROBLEMS)
async def balanced(
    service: Served,
    n: Count,
    by: Words = [],  # noqa: B006
    q: models.Query = "",
    seed: Seed = 0,
) -> Balance:
    """A selection in which the groups named by `by`, each a query, are as equal as possible.

    Without `by`, they are the concepts that most images show.
    """
    return await service.curating.run(balance, service.searcher, q, by, n, seed)


@router.get("/curate/sample", responses=PROBLEMS)
async def drawn(service: Served, n: Count, q: models.Query = "", seed: Seed = 0) -> Selection:
    """A random sample of a subset."""
    return await service.curating.run(sample, service.searcher, q, n, seed)


@router.get("/curate/classify", responses=PROBLEMS)
async def classified(
    service: Served,
    names: Words = [],  # noqa: B006  (FastAPI copies it)
    names_from: Column | None = None,
    truth: Column | None = None,
    by: Column | None = None,
    q: models.Query = "",
    without: Words = [],  # noqa: B006
) -> Classification:
    """Zero-shot classification by dense and by recomposed embeddings, with concepts suppressed."""
    return await service.curating.run(
        classify, service.searcher, names, names_from, truth, by, q, without
    )


@router.get("/curate/probe", responses=PROBLEMS)
async def probed(
    service: Served,
    label: Column,
    split: Column | None = None,
    train: Column = "train",
    by: Column | None = None,
    q: models.Query = "",
    without: Words = [],  # noqa: B006
    limit: models.Limit = 10,
    seed: Seed = 0,
) -> Probe:
    """A linear probe on concept weights, and one without some concepts."""
    return await service.curating.run(
        probe, service.searcher, label, split, train, by, q, without, limit, seed
    )


@router.get(
    "/curate/export",
    responses={
        **PROBLEMS,
        200: {
            "description": "The table.",
            "content": {"text/csv": {}, "application/jsonl": {}, "application/json": {}},
        },
    },
    response_class=FileResponse,
)
async def exported(
    service: Served,
    q: models.Query = "",
    format_: Annotated[
        Literal["csv", "jsonl", "fiftyone"], Asked(alias="as", description="What to write.")
    ] = "csv",
    label: Column | None = None,
) -> FileResponse:
    """The images of a subset as a table."""
    folder = tempfile.TemporaryDirectory(prefix="splicedex-")
    name = {"csv": "images.csv", "jsonl": "images.jsonl", "fiftyone": "labels.json"}[format_]
    to = Path(folder.name) / name
    try:
        await service.curating.run(export, service.searcher, q, to, format_, label)
    except BaseException:
        folder.cleanup()
        raise
    kind = {"csv": "text/csv", "jsonl": "application/jsonl", "fiftyone": "application/json"}
    return FileResponse(
        to, media_type=kind[format_], filename=name, background=BackgroundTask(folder.cleanup)
    )


class TagRequest(BaseModel):
    """A column to write to the images of a subset."""

    model_config = ConfigDict(extra="forbid")

    q: models.Query = Field("", description="Which images.", examples=["dog NOT person"])
    name: str = Field(max_length=200, description="The column.", examples=["reviewed"])
    value: StrictStr | StrictBool | StrictInt | StrictFloat | None = Field(
        description="Text, a number or a truth value; text that reads as a number, a truth value "
        "or a date becomes one. null takes the column away.",
        examples=["yes"],
    )
    dry_run: StrictBool = Field(True, description="Only count.")


@router.post("/tags", responses={**PROBLEMS, **responses(413)})
async def write_tags(service: Served, asked: TagRequest) -> Tagging:
    """Set a column of every image that matches."""

    def write() -> Tagging:
        return tag(service.searcher, asked.q, asked.name, asked.value, dry_run=asked.dry_run)

    return await service.curating.run(write)
