"""Which files and folders are left out: by the user, by ignore files, by default, as hidden.

As in Git, the last pattern that matches decides, `!` takes back, and nothing below a folder that is
left out is looked at. Patterns of the command come before those of ignore files, these before the
defaults; an ignore file of a sub-folder comes before one above it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from splicedex.indexer.sources.finding.default_excludes import default_patterns
from splicedex.indexer.sources.finding.gitignore import Pattern, parse_file, parse_line
from splicedex.splice.errors import UserError

IGNORE_FILE = ".splicedexignore"
"""Name of files with patterns, for the folder that they are in and those below it."""
OPTION, DEFAULT, HIDDEN = "--exclude", "default", "hidden"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and where it comes from.

    Args:
        origin: `--exclude`, `default`, `hidden`, or the ignore file with the number of its line.
        pattern: The pattern.
    """

    origin: str
    pattern: Pattern

    def __str__(self) -> str:
        return self.origin if self.origin == HIDDEN else f"{self.origin} {self.pattern.text}"


@dataclass(frozen=True, slots=True)
class _Level:
    """Rules of one origin, the last one first, seen from a folder.

    Args:
        rules: The rules.
        below: Path of the folder from where the rules are relative to: nothing, or `a/b/`.
    """

    rules: Sequence[Rule]
    below: str = ""

    def last_match(self, name: str, *, is_folder: bool) -> Rule | None:
        path = self.below + name
        found = (one for one in self.rules if one.pattern.matches(path, is_folder=is_folder))
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that hold for the entries of a folder, those that come first in front."""

    levels: tuple[_Level, ...]

    def excludes(self, name: str, *, is_folder: bool) -> Rule | None:
        """The rule that leaves an entry out; None if it stays.

        Args:
            name: Name of the entry.
            is_folder: Whether it is a folder.
        """
        for level in self.levels:
            rule = level.last_match(name, is_folder=is_folder)
            if rule is not None:
                return None if rule.pattern.negated else rule
        return None

    def inside(self, name: str) -> Rules:
        """The same rules for the entries of a sub-folder.

        Args:
            name: Name of the sub-folder.
        """
        return Rules(tuple(_Level(one.rules, f"{one.below}{name}/") for one in self.levels))

    def with_ignore_file(self, folder: Path) -> Rules:
        """These rules and those of the ignore file of a folder, if it has one.

        Args:
            folder: The folder that these rules hold for.

        Raises:
            UserError: The file cannot be read: it may name what nobody should see.
        """
        file = folder / IGNORE_FILE
        try:
            if not file.is_file():
                return self
            content = file.read_bytes()
        except OSError as error:
            raise UserError(
                f"{file} cannot be read ({error.strerror})", "make it readable, or remove it"
            ) from error
        rules = [Rule(f"{file}:{number}", pattern) for number, pattern in parse_file(content)]
        first, *rest = self.levels
        return Rules((first, _Level(rules[::-1]), *rest))


def rules_of(excludes: Iterable[str] = (), *, defaults: bool = True) -> Rules:
    """The rules at the top of a folder that is indexed.

    Args:
        excludes: Patterns of the user.
        defaults: Whether bins and thumbnails are left out as well.
    """
    own = [pattern for one in excludes if (pattern := parse_line(one.encode()))]
    levels = [_Level([Rule(OPTION, pattern) for pattern in own][::-1])]
    if defaults:
        levels.append(_Level([Rule(DEFAULT, pattern) for pattern in default_patterns()][::-1]))
    hidden = parse_line(b".*")
    assert hidden is not None
    return Rules((*levels, _Level([Rule(HIDDEN, hidden)])))


def named_rules(excludes: Iterable[str] = ()) -> Rules:
    """The rules for files that the user names: only the user's own leave them out.

    Args:
        excludes: Patterns of the user.
    """
    return Rules(rules_of(excludes).levels[:1])
