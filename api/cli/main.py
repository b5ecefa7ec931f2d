"""The command line `splicedex`. Only the command that is asked for is imported."""

from __future__ import annotations

import faulthandler
import sys
import warnings
from importlib import import_module
from typing import Annotated, NoReturn

import typer

from splicedex.api.cli.options import with_address
from splicedex.api.cli.pipes import quiet_pipes
from splicedex.splice.errors import UserError

SEARCHING = {
    "search": "searching.search",
    "similar": "searching.similar",
    "explain": "searching.explain",
    "concepts": "searching.concepts",
    "serve": "serve",
}
CURATION = {
    "compare": "curation.compare",
    "spurious": "curation.spurious",
    "drift": "curation.drift",
    "outliers": "selection.outliers",
    "duplicates": "selection.duplicates",
    "balance": "selection.balance",
    "sample": "selection.sample",
    "export": "curation.export",
    "tag": "curation.tag",
    "classify": "curation.classify",
    "probe": "curation.probe",
}
INDEXING = {
    "index": "indexing.index",
    "info": "indexing.info",
    "verify": "indexing.verify",
    "repair": "indexing.repair",
    "copy": "indexing.copy",
    "move": "indexing.move",
}
PANELS = {
    "Indexes": INDEXING,
    "Search": SEARCHING,
    "Curation of data sets": CURATION,
}
"""The groups of commands in `splicedex --help`, with their modules."""


def make_app(asked: str | None = None) -> typer.Typer:
    """The command line with all its commands.

    Args:
        asked: The only command that is needed, if that is known: to import and describe all of them
            takes longer than a search.
    """
    app = typer.Typer(
        name="splicedex",
        help="Search photos by the concepts in them, and see why each photo matches.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    for panel, commands in PANELS.items():
        for name in commands if asked is None else commands.keys() & {asked}:
            command = import_module(f"{__package__}.{commands[name]}")
            examples = getattr(command, "EXAMPLES", None)
            run = with_address(command.run)
            app.command(name, epilog=examples, rich_help_panel=panel)(run)
    return app


def _asked() -> str | None:
    """The command that is asked for; None unless the first word names one."""
    first = next(iter(sys.argv[1:]), None)
    return first if any(first in commands for commands in PANELS.values()) else None


def _version(show: bool) -> None:
    if show:
        from importlib.metadata import version

        typer.echo(version("splicedex"))
        raise typer.Exit


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
        make_app(_asked())()
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
