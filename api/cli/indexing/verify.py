"""`splicedex verify`: check that an index is complete and consistent."""

from __future__ import annotations

from splicedex.api.cli.options import IndexAddress, Json, opened
from splicedex.api.cli.render import console, print_json
from splicedex.splice.errors import UserError

EXAMPLES = """
[bold]Examples[/bold]

splicedex verify --index photos.idx

splicedex verify --url http://qdrant:6333 --index photos
"""


def run(index: IndexAddress, json: Json = False) -> None:
    """Check that an index is complete and consistent. Changes nothing."""
    with opened(index) as ix:
        found = ix.verify()
    if json:
        print_json(found.to_dict())
    else:
        for finding in found.findings:
            console.print(finding, highlight=False, markup=False)
    if found.findings:
        raise UserError(
            f"{index} is damaged ({len(found.findings)} findings)",
            f"run splicedex repair --index {index}",
        )
    if not json:
        console.print(f"{found.images:,} images, no faults found", highlight=False)
