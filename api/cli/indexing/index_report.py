"""What `splicedex index` prints and writes at its end."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splicedex.api.cli.render import errors, print_json, print_line
from splicedex.indexer.sources.decoding.kinds import unread_kind
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.indexer.pipeline.index_images import Outcome
    from splicedex.indexer.sources.finding.left_out import LeftOut
    from splicedex.indexer.sources.tables.table import ColumnFinding

COUNTS = ("added", "replaced", "moved", "unchanged", "pruned")
LISTED = 20
"""Skipped photos that are listed on the terminal."""
RULES = 6
"""Rules that are named on the terminal, with what they left out."""


def write_skipped(file: Path, skipped: Sequence[tuple[str, str]]) -> None:
    """Write the photos that could not be read to a CSV file.

    Args:
        file: The file.
        skipped: Pairs of path and reason.

    Raises:
        UserError: The file cannot be written.
    """
    try:
        with file.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.writer(opened)
            writer.writerow(("path", "reason"))
            writer.writerows(skipped)
    except OSError as error:
        raise UserError(
            f"{file} cannot be written ({error.strerror})", "give another file to --errors"
        ) from error


def show_json(outcome: Outcome) -> None:
    """Print a run as one JSON object.

    Args:
        outcome: Result of the run.
    """
    report, removal = outcome.report, outcome.report.not_pruned
    counts = {name: getattr(report, name) for name in COUNTS}
    skipped = [{"path": path, "reason": reason} for path, reason in report.skipped]
    print_json(
        counts
        | {"copied": report.copied, "not_pruned": removal.images if removal else 0}
        | {"truncated": report.truncated, "left_out": _left_out(outcome.left_out)}
        | {"columns": {one.column: _column(one) for one in outcome.columns}}
        | {"skipped": skipped, "unread_kinds": _unread_kinds(report.skipped)}
        | {"stopped": report.stopped}
        | {"images": outcome.images, "seconds": round(outcome.seconds, 3)}
    )


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


def _column(found: ColumnFinding) -> dict[str, Any]:
    """What a column was taken for, as plain values."""
    return {name: value for name, value in asdict(found).items() if name != "column"}


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


def _left_out(left_out: LeftOut) -> dict[str, Any]:
    """What was left out, as plain values."""
    rules = [
        {"rule": one_line(rule), "photos": photos, "folders": folders}
        for rule, photos, folders in left_out.rules
    ]
    return {"rules": rules, "other_files": left_out.others}


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


def _unread_kinds(skipped: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """The kinds of photos of which none was read, with the number of each and the reason."""
    kinds = ((unread_kind(path, reason), reason) for path, reason in skipped)
    counts = Counter((kind, reason) for kind, reason in kinds if kind is not None)
    return [
        {"kind": kind, "photos": count, "reason": reason}
        for (kind, reason), count in counts.most_common()
    ]


def _list_skipped(skipped: Sequence[tuple[str, str]], errors_file: Path | None) -> None:
    """Count the kinds that were not read, and name the first of the other photos, one per line."""
    lines = [
        f"{one['photos']:,} {one['kind']} photo{'s were' if one['photos'] > 1 else ' was'} not "
        f"read: {one['reason']}"
        for one in _unread_kinds(skipped)
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


def one_line(path: str) -> str:
    """A path with line breaks and other control characters as escapes.

    Args:
        path: The path.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)
