"""`splicedex verify`: check that an index is complete and consistent."""

from __future__ import annotations

from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import console, print_json
from splicedex.splice.errors import UserError

EXAMPLES = """
[bold]Examples[/bold]

splicedex verify --index photos.idx

splicedex verify --url http://qdrant:6333 --index photos
"""


def run(index: IndexAddress, json: Json = False) -> None:
    """Check that an index is complete and consistent. Changes nothing."""
    from splicedex.api.cli.progress import counting
    from splicedex.indexer.maintenance.verify import verify
    from splicedex.indexer.store.index import open_index

    with open_index(index) as opened, counting("verifying") as show:
        findings = verify(opened, on_progress=show)
    if json:
        print_json({"images": findings.images, "findings": list(findings)})
    else:
        for finding in findings:
            console.print(finding, highlight=False, markup=False)
    if findings:
        raise UserError(
            f"{index} is damaged ({len(list(findings))} findings)",
            f"run splicedex repair --index {index}",
        )
    if not json:
        console.print(f"{findings.images:,} images, no faults found", highlight=False)
