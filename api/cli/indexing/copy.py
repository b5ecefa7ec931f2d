"""`splicedex copy`: copy an index between folders and servers."""

from __future__ import annotations

from typing import Annotated

import typer

from splicedex.api.cli.options import ApiKey, Json, Replicas, Shards, opened
from splicedex.api.cli.render import console, print_json

EXAMPLES = """
[bold]Examples[/bold]

splicedex copy photos.idx http://qdrant:6333/photos

splicedex copy http://qdrant:6333/photos photos.idx

To continue a copy that was stopped, run the same command again.
"""


def run(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="Index folder, or http://HOST:PORT/COLLECTION.")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="Folder or collection to make, in the same form.")
    ],
    api_key: ApiKey = None,
    to_api_key: Annotated[
        str | None, typer.Option(help="API key of the server in TO, if it differs from --api-key.")
    ] = None,
    shards: Shards = None,
    replicas: Replicas = None,
    json: Json = False,
) -> None:
    """Copy an index between folders and servers, and verify the copy."""
    from splicedex.indexer.store.address import parse_address

    with opened(parse_address(source, api_key=api_key)) as ix:
        copied = ix.copy(target, api_key=to_api_key or api_key, shards=shards, replicas=replicas)
    if json:
        print_json(copied.to_dict())
        return
    console.print(
        f"{copied.written:,} of {copied.images:,} images written in {copied.seconds:.1f} s; "
        f"verified: both hold {copied.images:,} points with checksum {copied.checksum}",
        highlight=False,
    )
