"""Options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from splicedex.indexer.store.address import Address, Folder, parse_address
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.api.python.index import Index

IndexAddress: TypeAlias = Annotated[Address, "named by --index, --url and --api-key"]
"""The address of the index; `with_address` adds the options that name it."""
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Paths: TypeAlias = Annotated[
    bool, typer.Option("--paths", help="Print only the path of each image, one a line.")
]
Print0: TypeAlias = Annotated[
    bool,
    typer.Option("--print0", help="The same with a NUL after each path, for xargs -0."),
]
Listing: TypeAlias = str | None
"""What follows each path that is printed; None to print no paths."""
Limit: TypeAlias = Annotated[
    int, typer.Option("--limit", "-n", min=1, help="At most this many results.")
]
ApiKey: TypeAlias = Annotated[
    str | None,
    typer.Option(envvar="SPLICEDEX_API_KEY", help="API key of the Qdrant server, if it needs one."),
]
Shards: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="Number of shards of a new collection on a server."),
]
Replicas: TypeAlias = Annotated[
    int | None,
    typer.Option(
        min=1, help="Number of copies of each shard of a new collection, on different nodes."
    ),
]
_Index: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="SPLICEDEX_INDEX",
        help="Index folder; with --url, the name of a collection on that server.",
    ),
]
_Url: TypeAlias = Annotated[
    str | None,
    typer.Option(
        envvar="SPLICEDEX_URL", help="Address of a Qdrant server, such as http://qdrant:6333."
    ),
]
_Wait: TypeAlias = Annotated[
    float,
    typer.Option("--wait", min=0, help="Seconds to wait for another process that uses the index."),
]
_OPTIONS = {"index": _Index, "url": _Url, "api_key": ApiKey}


def opened(address: Address) -> Index:
    """Open an index, with progress bars on standard error.

    Args:
        address: Its address.

    Raises:
        UserError: It cannot be opened.
    """
    from splicedex.api.cli.progress import Bars
    from splicedex.api.python.index import Index

    return Index(address, Bars())


def with_address(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options --index, --url, --api-key and --wait for its `IndexAddress`.

    Args:
        command: The command; one without such a parameter is returned as it is.
    """
    signature = inspect.signature(command, eval_str=True)
    parameters = signature.parameters.values()
    address = next((one.name for one in parameters if one.annotation == IndexAddress), None)
    if address is None:
        return command

    has_own_wait = "wait" in signature.parameters

    @functools.wraps(command)
    def run(**values: Any) -> Any:
        index, url, api_key = (values.pop(name) for name in _OPTIONS)
        found = parse_address(index, url, api_key)
        if isinstance(found, Folder) and not has_own_wait:
            found = replace(found, wait=values.pop("wait"))
        elif not has_own_wait:
            values.pop("wait")  # a server takes many clients at a time
        return command(**values, **{address: found})

    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=option)
        for name, option in _OPTIONS.items()
    ]
    if not has_own_wait:
        keyword = inspect.Parameter.KEYWORD_ONLY
        added.append(inspect.Parameter("wait", keyword, default=0.0, annotation=_Wait))
    others = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for one in parameters
        if one.name != address
    ]
    run.__signature__ = signature.replace(parameters=[*added, *others])  # type: ignore[attr-defined]
    return run


def listing_of(*, paths: bool, print0: bool, json: bool) -> Listing:
    """What follows each path for --paths and --print0; None without them.

    Raises:
        UserError: --json is given as well.
    """
    if json and (paths or print0):
        name = "--print0" if print0 else "--paths"
        raise UserError(f"{name} and --json are two forms of one answer", "leave out one of them")
    return "\0" if print0 else "\n" if paths else None
