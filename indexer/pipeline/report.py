"""What an index run has done."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Report:
    """Counts of images that a run has dealt with. All counted images are durable.

    Args:
        total: Images that the source lists.
        added: Images that were not in the index before.
        replaced: Images that were in the index and have changed.
        unchanged: Images that were in the index and have not changed.
        pruned: Images removed from the index because the source no longer lists them.
        truncated: Those of the added and replaced images whose file lacks its end.
        skipped: Images that could not be read, as pairs of path and reason.
        stopped: Whether Ctrl-C ended the run early.
    """

    total: int
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    pruned: int = 0
    truncated: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    stopped: bool = False

    @property
    def done(self) -> int:
        """Images of the source that are dealt with."""
        return self.added + self.replaced + self.unchanged + len(self.skipped)
