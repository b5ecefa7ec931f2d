"""`splicedex move`: tell an index that its photos are elsewhere now."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from splicedex.api.cli.asking import ask, can_ask
from splicedex.api.cli.options import IndexAddress, Json
from splicedex.api.cli.render import print_json, print_line
from splicedex.splice.errors import UserError

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


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move changed, or would change.

    Args:
        old: The old root.
        new: The new root.
        images: Number of images whose name or location changes.
        sampled: Number of photos that were looked for at their new place.
        missing: Number of these that are not there.
        done: Whether it was written.
    """

    old: str
    new: str
    images: int
    sampled: int
    missing: int
    done: bool


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
    from splicedex.api.cli.progress import counting, waiting
    from splicedex.indexer.maintenance.move import apply_move, plan_move
    from splicedex.indexer.pipeline.optimize import is_brief, is_due, optimize, optimize_open
    from splicedex.indexer.store.index import open_index

    with open_index(index) as opened:
        move = plan_move(opened, old, new)
        done = not dry_run and _is_meant(move, yes=yes, force=force)
        if done:
            with counting("moving") as show:
                apply_move(opened, move, on_progress=show)
        folder, method = opened.folder, opened.manifest.ann
        due = done and is_due(opened, None)
        if due and is_brief(opened):
            due = False
            optimize_open(opened, method)
    if due:
        with waiting("building the search index"):
            optimize(folder, method)
    moved = Moved(move.root.old, move.root.new, len(move.changes), move.sampled, move.missing, done)
    if json:
        print_json(asdict(moved))
        return
    if dry_run and move.missing:
        _warn(move)
    hint = "" if done or dry_run else "; add --yes to do it"
    print_line(f"{'moved' if done else 'would move'} {_told(move)}{hint}")


def _is_meant(move: Move, *, yes: bool, force: bool) -> bool:
    """Whether to write, after a look at the new place and a question.

    Raises:
        UserError: The photos are not at their new place.
    """
    if move.missing == move.sampled > 0 and not force:
        raise UserError(
            f"none of {move.sampled:,} photos looked for is under {move.root.new}",
            "check NEW, or add --force if they will be there later",
        )
    if move.missing:
        _warn(move)
    return yes or (can_ask() and ask(f"Move {_told(move)}?"))


def _warn(move: Move) -> None:
    warnings.warn(
        f"{move.missing:,} of {move.sampled:,} photos looked for are not under {move.root.new}",
        stacklevel=2,
    )


def _told(move: Move) -> str:
    return f"{len(move.changes):,} images from {move.root.old} to {move.root.new}"
