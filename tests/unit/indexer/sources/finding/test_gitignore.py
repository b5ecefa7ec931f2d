"""Patterns match what `git check-ignore` says they match."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.indexer.sources.finding.gitignore import parse_file, parse_line

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")

TOKENS = (
    "a", "b", "ab", "é", ".", " ", "!", "#", "\\", "*", "**", "***", "?", "/", "/", "**/", "/**",
    "[ab]", "[!a]", "[^b]", "[a-b]", "[]a]", "[!]a]", "[a", "[]", "[\\]]", "[\\a-\\c]", "[a-]",
    "[-a]", "[[:alpha:]]", "[![:upper:]]", "[[:nothing:]]", "[[:]", "[[::]]", "\\*", "\\ ", "\r",
)  # fmt: skip
NAMES = ("a", "b", "ab", "a.b", ".a", "a b", "A", "a\\b", "[a]", "é", "!a", "#a", "a ", "a*", "-")
lines = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=6).map("".join)
paths = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4).map("/".join)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


def ignored_by_git(repository, content, names):
    """What Git ignores by an ignore file. Nothing of it need exist."""
    (repository / ".gitignore").write_bytes(content)
    said = subprocess.run(
        ["git", "-c", "core.ignoreCase=false", "check-ignore", "--stdin", "-z", "--no-index"],
        cwd=repository,
        input="\0".join(names).encode(),
        capture_output=True,
        check=False,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(repository.parent)},
    )
    assert said.returncode in {0, 1}, said.stderr
    return set(said.stdout.decode().split("\0")) - {""}


def ignored_by_us(content, names):
    patterns = [pattern for _, pattern in parse_file(content)][::-1]

    def excluded(path, *, is_folder):
        last = next((one for one in patterns if one.matches(path, is_folder=is_folder)), None)
        return last is not None and not last.negated

    def ignored(name):
        parts = name.split("/")
        return any(
            excluded("/".join(parts[:end]), is_folder=end < len(parts))
            for end in range(1, len(parts) + 1)
        )

    return {name for name in names if ignored(name)}


@needs_git
@settings(max_examples=300)
@given(st.lists(lines, min_size=1, max_size=4), st.lists(paths, min_size=30, max_size=30))
def test_any_pattern_matches_as_in_git(repository, some, names):
    content = ("\n".join(some) + "\n").encode()
    assert ignored_by_us(content, names) == ignored_by_git(repository, content, names)


TABLE = [
    ("*.png", ["a.png", "in/a.png"], ["a.jpg"]),
    ("/a.png", ["a.png"], ["in/a.png"]),
    ("in/*.png", ["in/a.png"], ["in/b/a.png", "x/in/a.png"]),
    ("in/**/a.png", ["in/a.png", "in/b/c/a.png"], ["a.png"]),
    ("**/in", ["in/a.png", "x/in/a.png"], ["inn/a.png"]),
    ("in/", ["in/a.png", "x/in/b/a.png"], ["in"]),
    ("in/**", ["in/a.png", "in/b/c"], ["x/in/a.png"]),
    ("*\n!*.jpg\n!in/", ["a.png", "in/a.png"], ["a.jpg", "in/a.jpg"]),
    ("in\n!in/a.png", ["in/a.png"], ["a.png"]),
    ("\ufeffa.png\r\n# b.png\n\\#c.png\nd.png  \n", ["a.png", "#c.png", "d.png"], ["b.png"]),
    ("[0-9]?.jpg\n\\[a\\].jpg", ["1x.jpg", "[a].jpg"], ["x1.jpg", "a.jpg", "1.jpg"]),
]


@pytest.mark.parametrize(("text", "ignored", "kept"), TABLE)
def test_the_syntax_in_examples(text, ignored, kept):
    assert ignored_by_us(text.encode(), [*ignored, *kept]) == set(ignored)


@needs_git
@pytest.mark.parametrize(("text", "ignored", "kept"), TABLE)
def test_git_agrees_with_the_examples(repository, text, ignored, kept):
    assert ignored_by_git(repository, text.encode(), [*ignored, *kept]) == set(ignored)


def test_case_of_names():
    pattern = parse_line(b"$recycle.bin/", any_case=True)
    assert pattern.matches("$RECYCLE.BIN", is_folder=True)
    assert not pattern.matches("$RECYCLE.BIN", is_folder=False)
    assert not parse_line(b"dcim/").matches("DCIM", is_folder=True)


def test_lines_are_numbered_for_messages():
    assert [(n, one.text) for n, one in parse_file(b"# x\n\n*.png \n!a.png")] == [
        (3, "*.png"),
        (4, "!a.png"),
    ]
