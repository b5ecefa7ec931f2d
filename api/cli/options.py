"""Options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, TypeAlias

import typer

from splicedex.indexer.store.address import Address, Collection, parse_address
from splicedex.splice.errors import UserError

IndexAddress: TypeAlias = Annotated[Address, "named by --index, --url and --api-key"]
"""Where the index is that a command works on; `with_address` adds the options that say it."""
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


def sharded(address: Address, shards: int | None, replicas: int | None) -> Address:
    """A place as --shards and --replicas have it.

    Raises:
        UserError: They are given for a folder.
    """
    if isinstance(address, Collection):
        return replace(address, shards=shards, replicas=replicas)
    if shards or replicas:
        raise UserError("a folder has no --shards or --replicas", "leave them out, or add --url")
    return address


def sibling(address: Address, text: str) -> Address:
    """A second place that a command names in one word, with the key of the first."""
    return parse_address(text, api_key=address.api_key if isinstance(address, Collection) else None)


def with_address(command: Callable[..., Any]) -> Callable[..., Any]:
    """A command whose `IndexAddress`, if it has one, is said by --index, --url and --api-key."""
    signature = inspect.signature(command, eval_str=True)
    parameters = signature.parameters.values()
    address = next((one.name for one in parameters if one.annotation == IndexAddress), None)
    if address is None:
        return command

    @functools.wraps(command)
    def run(**values: Any) -> Any:
        index, url, api_key = (values.pop(name) for name in _OPTIONS)
        return command(**values, **{address: parse_address(index, url, api_key)})

    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    others = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in parameters
        if one.name != address
    ]
    run.__signature__ = signature.replace(parameters=[*added, *others])  # type: ignore[attr-defined]
    return run
