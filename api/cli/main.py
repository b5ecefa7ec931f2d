"""The command line `splicedex`. Each command imports what it needs only when it runs."""

from __future__ import annotations

import faulthandler
import sys
import warnings
from typing import Annotated, NoReturn

import typer

from splicedex.api.cli import serve
from splicedex.api.cli.curation import classify, compare, drift, export, probe, spurious, tag
from splicedex.api.cli.indexing import copy, index, info, move, repair, verify
from splicedex.api.cli.options import with_address
from splicedex.api.cli.pipes import quiet_pipes
from splicedex.api.cli.searching import concepts, explain, search, similar
from splicedex.api.cli.selection import balance, duplicates, outliers, sample
from splicedex.splice.errors import UserError

app = typer.Typer(
    name="splicedex",
    help="Search photos by the concepts in them, and see why each photo matches.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
SEARCHING = {
    "search": search,
    "similar": similar,
    "explain": explain,
    "concepts": concepts,
    "serve": serve,
}
CURATION = {
    "compare": compare,
    "spurious": spurious,
    "drift": drift,
    "outliers": outliers,
    "duplicates": duplicates,
    "balance": balance,
    "sample": sample,
    "export": export,
    "tag": tag,
    "classify": classify,
    "probe": probe,
}
INDEXING = {
    "index": index,
    "info": info,
    "verify": verify,
    "repair": repair,
    "copy": copy,
    "move": move,
}
PANELS = {
    "Indexes": INDEXING,
    "Search": SEARCHING,
    "Curation of data sets": CURATION,
}
"""The groups of commands in `splicedex --help`."""
for panel, commands in PANELS.items():
    for name, command in commands.items():
        examples = getattr(command, "EXAMPLES", None)
        app.command(name, epilog=examples, rich_help_panel=panel)(command.run)
for registered in app.registered_commands:
    assert registered.callback
    registered.callback = with_address(registered.callback)


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(version("splicedex"))
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    pass


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    typer.secho(f"warning: {' '.join(str(message).split())}", fg="yellow", err=True)


def main() -> None:
    """Run the command line. A user's mistake prints one line on stderr and exits with code 2."""
    warnings.showwarning = _warn
    faulthandler.enable(all_threads=False)  # prints where the engine crashed, as on a full disk
    with quiet_pipes():
        _run()


def _run() -> None:
    try:
        app()
    except UserError as error:
        _exit_with(error)
    except OSError as error:
        from splicedex.indexer.engines.edge.os_errors import refusal

        explained = refusal(error)
        if explained is None:
            raise
        _exit_with(explained)


def _exit_with(error: UserError) -> NoReturn:
    typer.secho(f"error: {error}", fg="red", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
