"""`splicedex info`: the size and the settings of an index."""

from __future__ import annotations

from dataclasses import asdict

from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import console, print_json, table


def run(index: IndexAddress, json: Json = False) -> None:
    """Show the size and the settings of an index."""
    from splicedex.indexer.store.index import open_index

    with open_index(index) as opened:
        facts = {"images": opened.engine.count(), **asdict(opened.manifest)}
    if json:
        print_json(facts)
        return
    shown = table("", "")
    for name, value in facts.items():
        if value is not None:
            shown.add_row(name, str(value))
    console.print(shown)
