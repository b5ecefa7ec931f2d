"""What an index run has done."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Removal:
    """Images that `--prune` would remove.

    Args:
        images: Their number.
        of: Number of images that the index held before the run.
        folder: The innermost folder that holds all of them; empty if there is none.
    """

    images: int
    of: int
    folder: str


@dataclass
class Report:
    """Counts of images that a run has dealt with. All counted images are durable.

    Args:
        total: Images that the source lists.
        added: Images that were not in the index before, copies among them.
        copied: Copies of images of the index: they were added, but not encoded.
        replaced: Images that were in the index and have changed.
        moved: Images that were in the index under another name, and keep their tags.
        unchanged: Images that were in the index and have not changed.
        pruned: Images removed from the index because the source no longer lists them.
        not_pruned: What was not removed because nobody confirmed that it is meant.
        truncated: Those of the added and replaced images whose file lacks its end.
        skipped: Images that could not be read, as pairs of path and reason.
        stopped: Whether Ctrl-C ended the run early.
    """

    total: int
    added: int = 0
    copied: int = 0
    replaced: int = 0
    moved: int = 0
    unchanged: int = 0
    pruned: int = 0
    not_pruned: Removal | None = None
    truncated: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)
    stopped: bool = False

    @property
    def done(self) -> int:
        """Images of the source that are dealt with."""
        return self.added + self.replaced + self.moved + self.unchanged + len(self.skipped)
