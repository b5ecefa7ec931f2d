"""Counts what a search for photos has left out, so that nothing is passed over in silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from splicedex.indexer.sources.finding.rules import OPTION, Rule


@dataclass
class LeftOut:
    """What was left out, and why.

    Args:
        photos: Number of photos by the rule that left them out.
        folders: Number of folders by rule. What they hold was not looked at.
        others: Number of files that are no photos, such as videos and texts.
        matched: Patterns of the user that have left out something, a photo or another file.
    """

    photos: Counter[str] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)
    others: int = 0
    matched: set[str] = field(default_factory=set)

    def add(self, rule: Rule, *, is_folder: bool, is_photo: bool) -> None:
        """Count a file or folder that a rule leaves out.

        Args:
            rule: The rule.
            is_folder: Whether it is a folder.
            is_photo: Whether it has the name of a photo.
        """
        if rule.origin == OPTION:
            self.matched.add(rule.pattern.text)
        if is_folder:
            self.folders[str(rule)] += 1
        elif is_photo:
            self.photos[str(rule)] += 1

    @property
    def rules(self) -> list[tuple[str, int, int]]:
        """The rules that left something out, with numbers of photos and folders, most first."""
        names = {*self.photos, *self.folders}
        counted = [(name, self.photos[name], self.folders[name]) for name in names]
        return sorted(counted, key=lambda one: (-one[1] - one[2], one[0]))
