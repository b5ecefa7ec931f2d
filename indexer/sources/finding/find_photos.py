"""Finds photos under folders, globs and files, in an order that is the same in every run."""

from __future__ import annotations

import glob
import os
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from splicedex.indexer.sources.decoding.kinds import SUFFIXES
from splicedex.indexer.sources.finding.gitignore import parse_line
from splicedex.indexer.sources.finding.left_out import LeftOut
from splicedex.indexer.sources.finding.rules import Rules, named_rules, rules_of
from splicedex.splice.errors import UserError


@dataclass(frozen=True)
class Excludes:
    """What the user wants left out.

    Args:
        patterns: Patterns in gitignore's syntax, relative to each path that is indexed.
        defaults: Whether to leave out bins and thumbnails as well.
    """

    patterns: Sequence[str] = ()
    defaults: bool = True

    def idle(self, matched: Container[str]) -> list[str]:
        """The patterns that are not among those which left out something, comments too."""
        parsed = [(text, parse_line(text.encode())) for text in dict.fromkeys(self.patterns)]
        return [
            text
            for text, pattern in parsed
            if not pattern or (not pattern.negated and pattern.text not in matched)
        ]


USUAL = Excludes()
"""Nothing is left out but bins, thumbnails and hidden files."""


def find_photos(
    paths: Iterable[str | Path],
    excludes: Excludes = USUAL,
    left_out: LeftOut | None = None,
) -> Iterator[Path]:
    """Find photos, each once. Folders are walked depth first, in the order of names.

    Symbolic links are followed, but no folder is entered twice. What the rules of
    `indexer.sources.finding.rules` exclude is left out; folders that are excluded are not entered.
    Only the user's own patterns leave out a file that the user names. A folder that cannot be
    listed is itself yielded, so that the reader reports it.

    Args:
        paths: Files, folders, or patterns of `glob` (`**` for any depth).
        excludes: What to leave out.
        left_out: Receives the counts of what was left out.

    Yields:
        Paths of photos, as the user would write them.

    Raises:
        UserError: A path does not exist, a pattern matches nothing, or an ignore file cannot be
            read.
    """
    finder = _Finder(excludes, LeftOut() if left_out is None else left_out)
    seen: set[str] = set()
    for path in paths:
        for photo in finder.under(path):
            name = os.path.normpath(photo.absolute())
            if name not in seen:
                seen.add(name)
                yield photo


def is_photo(path: Path) -> bool:
    """Whether a file has the suffix of a photo, also of one that cannot be read here."""
    return path.suffix.lower() in SUFFIXES


class _Finder:
    """Looks for photos, and counts what it leaves out."""

    def __init__(self, excludes: Excludes, left_out: LeftOut) -> None:
        self._top = rules_of(excludes.patterns, defaults=excludes.defaults)
        self._named = named_rules(excludes.patterns)
        self._left_out = left_out
        self._entered: set[tuple[int, int]] = set()

    def under(self, path: str | Path) -> Iterator[Path]:
        """The photos under a path or glob."""
        path = Path(path).expanduser()
        if os.path.lexists(path):
            if _is_folder(path):
                yield from self._walk(path, self._top)
            elif self._stays(path, self._named, is_folder=False):
                yield path
            return
        for match, rules in self._matches(path):
            if _is_folder(match):
                yield from self._walk(match, rules)
            else:
                yield match

    def _matches(self, pattern: Path) -> Iterator[tuple[Path, Rules]]:
        """What matches a glob and is not left out, with the rules inside it."""
        if not glob.has_magic(str(pattern)):
            raise UserError(f"{pattern} does not exist", "check the path")
        matches = sorted(map(Path, glob.glob(str(pattern), recursive=True)))  # noqa: PTH207 (absolute too)
        found = [match for match in matches if match.is_dir() or is_photo(match)]
        if not found:
            raise UserError(f"{pattern} matches no photo", "check the pattern")
        base = Path(*_fixed(pattern.parts))
        folders: dict[Path, Rules | None] = {base: self._top.with_ignore_file(base)}
        walked: set[Path] = set()
        for match in found:
            is_folder = match.is_dir()
            if match in folders:
                rules: Rules | None = self._top
            elif not walked.isdisjoint(match.parents):
                continue  # the walk of that folder finds it
            else:
                above = self._inside(match.parent, folders)
                rules = self._of_entry(match, above, is_folder=is_folder)
            if rules is None:
                folders |= {match: None} if is_folder else {}
                continue
            walked |= {match} if is_folder else set()
            yield match, rules

    def _inside(self, folder: Path, folders: dict[Path, Rules | None]) -> Rules | None:
        """The rules for the entries of a folder of a glob; None if it is left out.

        Args:
            folder: The folder.
            folders: The rules of those that are known. This one is added.
        """
        if folder not in folders:
            above = self._inside(folder.parent, folders)
            rules = self._of_entry(folder, above, is_folder=True)
            folders[folder] = rules and rules.with_ignore_file(folder)
        return folders[folder]

    def _of_entry(self, path: Path, above: Rules | None, *, is_folder: bool) -> Rules | None:
        """The rules inside an entry of a folder; None if it or the folder is left out."""
        if above is None or not (
            path.name == ".." or self._stays(path, above, is_folder=is_folder)
        ):
            return None
        return above.inside(path.name)

    def _walk(self, start: Path, rules: Rules) -> Iterator[Path]:
        """The photos of a folder. The rules are those of its entries, without its ignore file."""
        stack: list[tuple[Path, Rules | None]] = [(start, rules)]
        while stack:
            path, inside = stack.pop()
            if inside is None:
                yield path
                continue
            try:
                status = path.stat()
                entries = sorted(os.scandir(path), key=lambda entry: entry.name, reverse=True)
            except OSError:
                yield path
                continue
            if (status.st_dev, status.st_ino) in self._entered:
                continue
            self._entered.add((status.st_dev, status.st_ino))
            here = inside.with_ignore_file(path)
            for entry in entries:
                is_folder, child = _is_folder(entry), Path(entry.path)
                if not self._stays(child, here, is_folder=is_folder):
                    continue
                if is_folder:
                    stack.append((child, here.inside(entry.name)))
                elif is_photo(child):
                    stack.append((child, None))
                else:
                    self._left_out.others += 1

    def _stays(self, path: Path, rules: Rules, *, is_folder: bool) -> bool:
        """Whether no rule leaves a path out; counts it otherwise."""
        rule = rules.excludes(path.name, is_folder=is_folder)
        if rule is not None:
            self._left_out.add(rule, is_folder=is_folder, is_photo=is_photo(path))
        return rule is None


def _fixed(parts: Sequence[str]) -> Sequence[str]:
    """The parts of a glob before its first wildcard."""
    wild = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    return parts[:wild]


def _is_folder(path: Path | os.DirEntry[str]) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a loop of links, or a failed disk: the reader reports which
        return False
