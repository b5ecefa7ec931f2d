"""What a run of `index` did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from splicedex.api.python.tables.table import Table, plain

if TYPE_CHECKING:
    from splicedex.indexer.pipeline.index_images import Outcome

COUNTS = ("added", "replaced", "moved", "unchanged", "pruned")


@dataclass(frozen=True, slots=True, repr=False)
class Indexed(Table):
    """What a run of `index` did. Its rows are the columns, with what each was taken for.

    Args:
        outcome: All that is known of the run.
    """

    ROWS = "columns"
    outcome: Outcome

    @property
    def images(self) -> int:
        """Images that the index holds now."""
        return self.outcome.images

    @property
    def seconds(self) -> float:
        """How long it took; loading the encoder does not count."""
        return self.outcome.seconds

    @property
    def columns(self) -> Sequence[Any]:
        """The columns of the user, with what each was taken for."""
        return self.outcome.columns

    @property
    def skipped(self) -> list[tuple[str, str]]:
        """The images that could not be read: path and reason."""
        return self.outcome.report.skipped

    def to_dict(self) -> dict[str, Any]:
        """The run as plain values, as `splicedex index --json` prints it."""
        report, left_out = self.outcome.report, self.outcome.left_out
        removal = report.not_pruned
        columns = {
            one.column: {name: value for name, value in plain(one).items() if name != "column"}
            for one in self.columns
        }
        rules = [
            {"rule": one_line(rule), "photos": photos, "folders": folders}
            for rule, photos, folders in left_out.rules
        ]
        return {
            **{name: getattr(report, name) for name in COUNTS},
            "copied": report.copied,
            "not_pruned": removal.images if removal else 0,
            "truncated": report.truncated,
            "left_out": {"rules": rules, "other_files": left_out.others},
            "columns": columns,
            "skipped": [{"path": path, "reason": reason} for path, reason in report.skipped],
            "unread_kinds": unread_kinds(report.skipped),
            "stopped": report.stopped,
            "images": self.images,
            "seconds": round(self.seconds, 3),
        }

    def __repr__(self) -> str:
        report = self.outcome.report
        counts = [f"{getattr(report, name):,} {name}" for name in COUNTS]
        counts += [f"{len(report.skipped):,} skipped"] if report.skipped else []
        return f"<Indexed: {', '.join(counts)}; {self.images:,} in the index>"


def unread_kinds(skipped: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """The kinds of photos of which none was read, with the number of each and the reason."""
    from splicedex.indexer.sources.decoding.kinds import unread_kind

    kinds = ((unread_kind(path, reason), reason) for path, reason in skipped)
    counts = Counter((kind, reason) for kind, reason in kinds if kind is not None)
    return [
        {"kind": kind, "photos": count, "reason": reason}
        for (kind, reason), count in counts.most_common()
    ]


def one_line(path: str) -> str:
    """A path with line breaks and other control characters as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in path)
