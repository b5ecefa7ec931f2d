"""`splicedex repair`: repair an index from its embeddings."""

from __future__ import annotations

import typer

from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import console, errors, print_json

EXAMPLES = """
[bold]Examples[/bold]

splicedex repair --index photos.idx

It also updates an index of an older version. No other process may have the index open.
"""
LISTED = 20
"""Lost images that are listed on the terminal."""


def run(index: IndexAddress, json: Json = False) -> None:
    """Repair an index from its embeddings, without encoding any image again.

    Photos that are still there are read where their fingerprint is lacking.
    """
    from splicedex.api.cli.progress import Bars
    from splicedex.api.python.keeping import repair_address

    repaired = repair_address(index, Bars())
    lost = len(repaired.lost)
    if json:
        print_json(repaired.to_dict())
        return
    summary = f"{repaired.kept:,} images were correct, {repaired.mended:,} repaired, {lost:,} lost"
    console.print(summary, highlight=False)
    if repaired.without_fingerprint:
        typer.echo(
            f"{repaired.without_fingerprint:,} images have no fingerprint, because their photos "
            "are not there or have changed: duplicates compares only their embeddings",
            err=True,
        )
    for name in repaired.lost[:LISTED]:
        errors.print(f"  {name}", markup=False, highlight=False)
    if lost:
        typer.echo(
            "run the same splicedex index command as before to index the lost images again",
            err=True,
        )
    if repaired.aside:
        typer.echo(f"the damaged folder was moved to {repaired.aside}", err=True)
