r"""Patterns in the syntax of gitignore, matched as Git matches them.

Own code, as libraries differ from Git: `tests/unit/indexer/sources/finding/test_gitignore.py`
compares with `git check-ignore`. Like Git's, patterns are bytes: `?` is one byte, so `\303\244`
needs two. The syntax: https://git-scm.com/docs/gitignore
"""

from __future__ import annotations

import os
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass

_NEVER = rb"(?!)"
_NOT_SLASH = b"[^/]"
_CLASSES = {
    b"alnum": string.ascii_letters + string.digits,
    b"alpha": string.ascii_letters,
    b"blank": " \t",
    b"cntrl": "".join(map(chr, [*range(32), 127])),
    b"digit": string.digits,
    b"graph": string.ascii_letters + string.digits + string.punctuation,
    b"lower": string.ascii_lowercase,
    b"print": string.ascii_letters + string.digits + string.punctuation + " ",
    b"punct": string.punctuation,
    b"space": string.whitespace,
    b"upper": string.ascii_uppercase,
    b"xdigit": string.hexdigits,
}


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of an ignore file.

    Args:
        text: The pattern as it was written.
        negated: Whether it takes back what an earlier pattern excludes.
        folders_only: Whether it matches only folders.
        by_name: Whether it is compared with the last part of a path, instead of the whole path.
        regex: Expression that matches the whole of what it is compared with.
    """

    text: str
    negated: bool
    folders_only: bool
    by_name: bool
    regex: re.Pattern[bytes]

    def matches(self, path: str, *, is_folder: bool) -> bool:
        """Whether the pattern matches a path.

        Args:
            path: Path relative to the folder of the pattern, with `/` between its parts.
            is_folder: Whether it is a folder.
        """
        if self.folders_only and not is_folder:
            return False
        compared = path.rpartition("/")[2] if self.by_name else path
        return self.regex.fullmatch(os.fsencode(compared)) is not None


def parse_file(content: bytes) -> list[tuple[int, Pattern]]:
    """Parse an ignore file.

    Args:
        content: The file.

    Returns:
        Its patterns with the numbers of their lines, from 1.
    """
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    parsed = ((number, parse_line(line)) for number, line in enumerate(lines, 1))
    return [(number, pattern) for number, pattern in parsed if pattern]


def parse_line(line: bytes, *, any_case: bool = False) -> Pattern | None:
    """Parse one line of an ignore file.

    Args:
        line: The line, without the line feed.
        any_case: Whether the case of ASCII letters does not matter.

    Returns:
        The pattern; None for an empty line or a comment.
    """
    line = line.removesuffix(b"\r")
    if not line or line.startswith(b"#"):
        return None
    line = written = _without_trailing_spaces(line)
    negated = line.startswith(b"!")
    line = line[1:] if negated else line
    folders_only = line.endswith(b"/")
    line = line[:-1] if folders_only else line
    by_name = b"/" not in line
    literal = re.match(rb"[^*?[\\]*", line.removeprefix(b"/"))
    assert literal is not None
    # Git compares what precedes the first wildcard separately: `a**` begins with `**` after that.
    expression = re.escape(literal[0]) + _expression(line.removeprefix(b"/")[literal.end() :])
    regex = re.compile(expression, re.DOTALL | (re.IGNORECASE if any_case else 0))
    text = written.decode("utf-8", "backslashreplace")
    return Pattern(text, negated, folders_only, by_name, regex)


def _without_trailing_spaces(line: bytes) -> bytes:
    """The line without spaces at its end, unless a backslash precedes them."""
    trimmed = line.rstrip(b" ")
    backslashes = len(trimmed) - len(trimmed.rstrip(b"\\"))
    if backslashes % 2 and len(trimmed) < len(line):
        return trimmed + b" "
    return trimmed


def _expression(pattern: bytes) -> bytes:
    """The regular expression of a pattern that contains wildcards."""
    parts = []
    at = 0
    while at < len(pattern):
        match pattern[at : at + 1]:
            case b"*":
                part, end = _stars(pattern, at)
            case b"?":
                part, end = _NOT_SLASH, at + 1
            case b"[":
                found = _bracket(pattern, at + 1)
                if found is None:
                    return _NEVER
                part, end = found
            case b"\\":
                if at + 1 == len(pattern):
                    return _NEVER
                part, end = re.escape(pattern[at + 1 : at + 2]), at + 2
            case other:
                part, end = re.escape(other), at + 1
        parts.append(part)
        at = end
    return b"".join(parts)


def _stars(pattern: bytes, start: int) -> tuple[bytes, int]:
    """The expression of the asterisks from a position on, and where to go on."""
    end = len(pattern) - len(pattern[start:].lstrip(b"*"))
    alone = start == 0 or pattern[start - 1 : start] == b"/"
    after = pattern[end : end + 2]
    if end - start < 2 or not alone or not (after[:1] in {b"", b"/"} or after == b"\\/"):
        return _NOT_SLASH + b"*", end
    if after[:1] == b"/":
        return b"(?:.*/)?", end + 1
    return b".*", end


def _bracket(pattern: bytes, at: int) -> tuple[bytes, int] | None:
    """The expression of a set such as `[!a-z]`, and where it ends; None if it never ends.

    Args:
        pattern: The pattern.
        at: Position after the opening bracket.
    """
    negated = pattern[at : at + 1] in {b"!", b"^"}
    tokens = _bracket_tokens(pattern, at + negated)
    members: set[int] = set()
    for some, end in tokens:
        if some is None:
            return None
        members |= some
        if pattern[end : end + 1] == b"]":
            chosen = (set(range(1, 256)) - members if negated else members) - {ord("/")}
            if not chosen:
                return _NEVER, end + 1
            return b"[" + b"".join(b"\\x%02x" % one for one in sorted(chosen)) + b"]", end + 1
    return None


def _bracket_tokens(pattern: bytes, at: int) -> Iterator[tuple[set[int] | None, int]]:
    """The parts of a set: the bytes that each adds, and where the next part begins.

    None instead of bytes says that the set is malformed.
    """
    previous = 0  # the byte that a range may begin with
    while at < len(pattern):
        byte = pattern[at]
        following = pattern[at + 1 : at + 2]
        if byte == ord("\\"):
            if not following:
                return
            previous, at = following[0], at + 2
            yield {previous}, at
        elif byte == ord("-") and previous and following not in {b"", b"]"}:
            at += 1 + (following == b"\\")
            if at >= len(pattern):
                return
            some = set(range(previous, pattern[at] + 1))
            previous, at = 0, at + 1
            yield some, at
        elif byte == ord("[") and following == b":":
            end = pattern.find(b"]", at + 2)
            if end < 0:
                return
            if end == at + 2 or pattern[end - 1 : end] != b":":
                previous, at = byte, at + 1
                yield {byte}, at
                continue
            named = _CLASSES.get(pattern[at + 2 : end - 1])
            previous, at = 0, end + 1
            yield None if named is None else set(named.encode()), at
        else:
            previous, at = byte, at + 1
            yield {byte}, at
