"""The command line: `splicedex`. Commands import what they need when they run."""

from __future__ import annotations

import faulthandler
import sys
import warnings
from typing import Annotated, NoReturn

import typer

from splicedex.api.cli import serve
from splicedex.api.cli.curation import (
    balance,
    classify,
    compare,
    drift,
    duplicates,
    export,
    outliers,
    probe,
    sample,
    spurious,
    tag,
)
from splicedex.api.cli.indexing import copy, index, info, repair, verify
from splicedex.api.cli.options import with_address
from splicedex.api.cli.searching import concepts, explain, search, similar
from splicedex.splice.errors import UserError

app = typer.Typer(
    name="splicedex",
    help="Image search that can say why: every photo as a handful of weighted concepts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("index", epilog=index.EXAMPLES)(index.run)
app.command("search", epilog=search.EXAMPLES)(search.run)
app.command("similar", epilog=similar.EXAMPLES)(similar.run)
app.command("explain", epilog=explain.EXAMPLES)(explain.run)
app.command("concepts", epilog=concepts.EXAMPLES)(concepts.run)
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
for name, curation in CURATION.items():
    app.command(name, epilog=curation.EXAMPLES, rich_help_panel="Curation")(curation.run)
app.command("serve", epilog=serve.EXAMPLES)(serve.run)
app.command("info")(info.run)
app.command("copy", epilog=copy.EXAMPLES)(copy.run)
app.command("verify", epilog=verify.EXAMPLES)(verify.run)
app.command("repair", epilog=repair.EXAMPLES)(repair.run)
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
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def _warn(message: Warning | str, *_: object, **__: object) -> None:
    typer.secho(f"warning: {' '.join(str(message).split())}", fg="yellow", err=True)


def main() -> None:
    """Run the command line; a user's mistake is one line on stderr and exit code 2."""
    warnings.showwarning = _warn
    faulthandler.enable(all_threads=False)  # where the engine dies of a full disk, it says so
    try:
        app()
    except UserError as error:
        _refuse(error)
    except OSError as error:
        from splicedex.indexer.engines.edge.os_errors import refusal

        told = refusal(error)
        if told is None:
            raise
        _refuse(told)


def _refuse(error: UserError) -> NoReturn:
    typer.secho(f"error: {error}", fg="red", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
