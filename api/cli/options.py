"""Options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, TypeAlias

import typer

from splicedex.indexer.store.address import Collection, Place, parse_place
from splicedex.splice.errors import UserError

IndexPlace: TypeAlias = Annotated[Place, "named by --index, --url and --api-key"]
"""Where the index is that a command works on; `with_place` adds the options that say it."""
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Limit: TypeAlias = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many.")]
ApiKey: TypeAlias = Annotated[
    str | None,
    typer.Option(envvar="SPLICEDEX_API_KEY", help="Key of a server that asks for one."),
]
Shards: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="Parts that a new collection of a server is cut into."),
]
Replicas: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="Nodes of a server that each part of a new collection lies on."),
]
_Index: TypeAlias = Annotated[
    str | None,
    typer.Option(envvar="SPLICEDEX_INDEX", help="Index folder, or name of a server's collection."),
]
_Url: TypeAlias = Annotated[
    str | None,
    typer.Option(envvar="SPLICEDEX_URL", help="Qdrant server, as http://qdrant:6333."),
]
_OPTIONS = {"index": _Index, "url": _Url, "api_key": ApiKey}


def spread(place: Place, shards: int | None, replicas: int | None) -> Place:
    """A place as --shards and --replicas have it.

    Raises:
        UserError: They are given for a folder.
    """
    if isinstance(place, Collection):
        return replace(place, shards=shards, replicas=replicas)
    if shards or replicas:
        raise UserError("a folder has no --shards or --replicas", "leave them out, or add --url")
    return place


def beside(place: Place, text: str) -> Place:
    """A second place that a command names in one word, with the key of the first."""
    return parse_place(text, api_key=place.api_key if isinstance(place, Collection) else None)


def with_place(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose `IndexPlace`, if it has one, is said by --index, --url and --api-key."""
    signature = inspect.signature(command, eval_str=True)
    parameters = signature.parameters.values()
    place = next((one.name for one in parameters if one.annotation == IndexPlace), None)
    if place is None:
        return command

    @functools.wraps(command)
    def run(**values: Any) -> Any:
        index, url, api_key = (values.pop(name) for name in _OPTIONS)
        return command(**values, **{place: parse_place(index, url, api_key)})

    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    others = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters if one.name != place
    ]
    run.__signature__ = signature.replace(parameters=[*added, *others])  # type: ignore[attr-defined]
    return run
