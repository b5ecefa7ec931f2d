"""`splicedex info`: the size and the settings of an index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from splicedex.api.cli.options import IndexAddress, Json, opened
from splicedex.api.cli.render import console, print_result, table

if TYPE_CHECKING:
    from splicedex.api.python.tables.answers import Info


def run(index: IndexAddress, json: Json = False) -> None:
    """Show the size and the settings of an index."""
    with opened(index) as ix:
        print_result(ix.info(), _show, as_json=json)


def _show(found: Info) -> None:
    shown = table("", "")
    for name, value in found.to_dict().items():
        if value is not None:
            shown.add_row(name, str(value))
    console.print(shown)
