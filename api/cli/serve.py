"""`splicedex serve`: the HTTP API and the web page."""

from __future__ import annotations

from typing import Annotated

import typer

from splicedex.api.cli.options import IndexAddress
from splicedex.api.cli.render import console, errors
from splicedex.splice.errors import UserError

EXAMPLES = """
[bold]Examples[/bold]

splicedex serve --index photos.idx

splicedex serve --index photos.idx --host 0.0.0.0 --token "$(openssl rand -hex 16)"

splicedex serve --url http://qdrant:6333 --host 0.0.0.0 --allow-host photos.example.org
"""


def run(
    index: IndexAddress,
    host: Annotated[
        str, typer.Option(help="Address to listen on; 0.0.0.0 for all interfaces.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 for any free port.")
    ] = 8765,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="SPLICEDEX_TOKEN",
            help="Token that every request has to send; in a browser, open /?token=TOKEN once.",
        ),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            help="Host name under which the server can be reached, in addition to localhost and IP "
            "addresses; * for any. Can be given several times."
        ),
    ] = None,
    max_upload_mb: Annotated[
        int, typer.Option(min=1, help="Largest upload to accept, in MiB.")
    ] = 20,
    max_pixels: Annotated[
        str,
        typer.Option(
            help="Largest upload to decode, in megapixels: 100 or 100M. Photos of the index that "
            "are larger have thumbnails all the same.",
        ),
    ] = "100M",
    patience: Annotated[
        float, typer.Option(min=0.1, help="Seconds a client has to send its request.")
    ] = 30.0,
) -> None:
    """Serve a web page and an HTTP API for search, until Ctrl-C."""
    from splicedex.api.cli.pixels import MEGA, pixels
    from splicedex.api.http.config import MEBI, Settings
    from splicedex.api.http.run import bind, serve, url_of
    from splicedex.indexer.store.index import open_index
    from splicedex.search.opening import kept_fresh

    if token is not None and not token.strip():
        raise UserError("the token is empty", "give a token, or leave --token out")
    settings = Settings(
        token=token,
        hosts=tuple(allow_host or ()),
        most_bytes=max_upload_mb * MEBI,
        most_pixels=pixels(max_pixels, unit=MEGA),
        patience=patience,
    )
    with open_index(index) as opened, kept_fresh(opened), bind(host, port) as listening:
        if token is None and not host.startswith("127.") and host not in {"::1", "localhost"}:
            errors.print(
                f"anybody who can reach {host} can see these photos; --token protects them",
                style="yellow",
            )
        images = opened.engine.count()
        console.print(f"{images:,} images at {url_of(listening)}", highlight=False)
        serve(opened, settings, listening)
