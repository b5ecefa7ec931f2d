"""What `splicedex index` prints at its end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from splicedex.api.cli.render import errors, print_line
from splicedex.api.python.tables.indexed import COUNTS, one_line, unread_kinds
from splicedex.indexer.sources.decoding.kinds import unread_kind

if TYPE_CHECKING:
    from splicedex.indexer.pipeline.index_images import Outcome
    from splicedex.indexer.sources.finding.left_out import LeftOut
    from splicedex.indexer.sources.tables.table import ColumnFinding

LISTED = 20
"""Skipped photos that are listed on the terminal."""
RULES = 6
"""Rules that are named on the terminal, with what they left out."""


def show_text(outcome: Outcome, errors_file: Path | None) -> None:
    """Print a run for people.

    Args:
        outcome: Result of the run.
        errors_file: The CSV file that lists all skipped photos, if there is one.
    """
    report, seconds = outcome.report, outcome.seconds
    counts = ", ".join(f"{getattr(report, name):,} {name}" for name in COUNTS)
    rate = (report.added + report.replaced) / seconds
    print_line(
        f"{counts} in {seconds:.1f} s ({rate:,.0f} images/s); {outcome.images:,} in the index"
    )
    for column in outcome.columns:
        _show_column(column)
    if report.not_pruned:
        print_line(f"{report.not_pruned.images:,} that are no longer there were kept")
    if report.copied:
        print_line(f"{report.copied:,} of those added are copies of images in the index")
    if report.truncated:
        were = "photo was read as far as it goes"
        if report.truncated > 1:
            were = "photos were read as far as they go"
        print_line(f"{report.truncated:,} truncated {were}; truncated:true finds such")
    _show_left_out(outcome.left_out)
    if report.skipped:
        _list_skipped(report.skipped, errors_file)
    if report.stopped:
        errors.print("stopped; run the same command again to continue", style="yellow")


def _show_column(found: ColumnFinding) -> None:
    """Say what a column was taken for, on one line for what is as it should be."""
    note = f" ({found.note})" if found.note else ""
    print_line(f"column {found.column}: {found.kind}{note}")
    lines = list(found.cells)
    if found.count > len(lines):
        lines.append(f"and {found.count - len(lines):,} more")
    for line in lines:
        errors.print(f"  {line}", style="yellow", markup=False, highlight=False, soft_wrap=True)
    if found.count and found.kind == "text" and found.note:
        hint = f"  choose: --column {found.column}:float, integer, date or bool leaves these out"
        errors.print(hint, style="yellow", markup=False, highlight=False, soft_wrap=True)


def _show_left_out(left_out: LeftOut) -> None:
    """Name the rules that left out most, and count the files that are no photos."""
    parts = [
        f"{_counted(photos, folders)} ({one_line(rule)})"
        for rule, photos, folders in left_out.rules
    ]
    if len(parts) > RULES:
        parts[RULES:] = [f"{len(parts) - RULES:,} more rules (--json lists all)"]
    if left_out.others:
        parts.append(f"{left_out.others:,} other file{'s' if left_out.others > 1 else ''}")
    if parts:
        print_line(f"left out: {', '.join(parts)}")


def _counted(photos: int, folders: int) -> str:
    """Numbers of photos and folders as text; one of them is above 0."""
    counts = ((photos, "photo"), (folders, "folder"))
    return " and ".join(f"{n:,} {name}{'s' if n > 1 else ''}" for n, name in counts if n)


def _list_skipped(skipped: Sequence[tuple[str, str]], errors_file: Path | None) -> None:
    """Count the kinds that were not read, and name the first of the other photos, one per line."""
    lines = [
        f"{one['photos']:,} {one['kind']} photo{'s were' if one['photos'] > 1 else ' was'} not "
        f"read: {one['reason']}"
        for one in unread_kinds(skipped)
    ]
    others = [(path, why) for path, why in skipped if unread_kind(path, why) is None]
    if others:
        lines.append(f"{len(others):,} skipped:")
        lines += [f"  {one_line(path)}: {reason}" for path, reason in others[:LISTED]]
    if len(others) > LISTED:
        where = f"{errors_file} lists" if errors_file else "--errors FILE lists"
        lines.append(f"  and {len(others) - LISTED:,} more; {where} all")
    for line in lines:
        errors.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)
