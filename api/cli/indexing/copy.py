"""`splicedex copy`: copy an index between folders and servers."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from splicedex.api.cli.options import ApiKey, Json, Replicas, Shards, sharded
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
    from splicedex.api.cli.progress import counting
    from splicedex.indexer.maintenance.copy import copy_index
    from splicedex.indexer.store.address import parse_address
    from splicedex.indexer.store.index import open_index

    address = sharded(parse_address(target, api_key=to_api_key or api_key), shards, replicas)
    start = time.perf_counter()
    with open_index(parse_address(source, api_key=api_key)) as index, counting("copying") as show:
        copied = copy_index(index, address, on_progress=show)
    seconds = time.perf_counter() - start
    if json:
        print_json(asdict(copied) | {"seconds": round(seconds, 3)})
        return
    console.print(
        f"{copied.written:,} of {copied.images:,} images written in {seconds:.1f} s; "
        f"verified: both hold {copied.images:,} points with checksum {copied.checksum}",
        highlight=False,
    )
