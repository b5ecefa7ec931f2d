"""`splicedex move`: tell an index that its photos are elsewhere now."""

from __future__ import annotations

import warnings
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.asking import ask, can_ask
from splicedex.api.cli.options import IndexAddress, Json, opened
from splicedex.api.cli.render import print_json, print_line

if TYPE_CHECKING:
    from splicedex.indexer.maintenance.move import Move

EXAMPLES = """
[bold]Examples[/bold]

splicedex move /media/old-drive /media/new-drive --index photos.idx --dry-run

splicedex move /media/old-drive /media/new-drive --index photos.idx --yes

splicedex move train/ data/train/ --index photos.idx  # names that a table gave

No photo is read. To continue a move that was stopped, run the same command again. Single photos and
folders need no such command: splicedex index finds those that have moved by their content.
"""


def run(
    index: IndexAddress,
    old: Annotated[
        str,
        typer.Argument(
            metavar="OLD", help="Folder where the photos were, or first parts of names of a table."
        ),
    ],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Folder where they are now.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Do not ask. Needed where there is no terminal to ask at."),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Move even if the photos are not in NEW.")
    ] = False,
    json: Json = False,
) -> None:
    """Change the folder of images in an index whose photos were moved."""
    with opened(index) as ix:
        moved = ix.move(old, new, dry_run=dry_run, force=force, confirm=partial(_is_meant, yes=yes))
    if json:
        print_json(moved.to_dict())
        return
    if dry_run and moved.missing:
        _warn(moved.missing, moved.sampled, moved.new)
    hint = "" if moved.done or dry_run else "; add --yes to do it"
    verb = "moved" if moved.done else "would move"
    print_line(f"{verb} {_told(moved.images, moved.old, moved.new)}{hint}")


def _is_meant(move: Move, *, yes: bool) -> bool:
    """Whether to write, after a question."""
    root = move.root
    if move.missing:
        _warn(move.missing, move.sampled, root.new)
    told = _told(len(move.changes), root.old, root.new)
    return yes or (can_ask() and ask(f"Move {told}?"))


def _warn(missing: int, sampled: int, new: str) -> None:
    warnings.warn(f"{missing:,} of {sampled:,} photos looked for are not under {new}", stacklevel=2)


def _told(images: int, old: str, new: str) -> str:
    return f"{images:,} images from {old} to {new}"
