"""`splicedex repair`: what an index's own embeddings can bring back."""

from __future__ import annotations

import typer

from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import console, errors, print_json

EXAMPLES = """
[bold]Examples[/bold]

splicedex repair --index photos.idx

It also brings an index of an older version up to date. Nobody else may have it open meanwhile.
"""
LISTED = 20


def run(index: IndexAddress, json: Json = False) -> None:
    """Rebuild what follows from the embeddings of an index, without encoding any image."""
    from splicedex.api.cli.progress import counting
    from splicedex.indexer.maintenance.repair import repair

    with counting("repairing") as show:
        repaired = repair(index, on_progress=show)
    lost = len(repaired.lost)
    if json:
        aside = str(repaired.aside) if repaired.aside else None
        counts = {"kept": repaired.kept, "mended": repaired.mended}
        print_json(counts | {"lost": repaired.lost, "aside": aside})
        return
    told = f"{repaired.kept:,} images were right, {repaired.mended:,} are mended, {lost:,} are lost"
    console.print(told, highlight=False)
    for name in repaired.lost[:LISTED]:
        errors.print(f"  {name}", markup=False, highlight=False)
    if lost:
        typer.echo("run splicedex index as before: it indexes again what is lost", err=True)
    if repaired.aside:
        typer.echo(f"the damaged folder is {repaired.aside}", err=True)
