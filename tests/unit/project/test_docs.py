"""What the documentation names exists: files, links, commands and their options."""

from __future__ import annotations

import re
import shlex

import pytest
import typer

from splicedex.api.cli.main import make_app
from tests.paths import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
FOLDERS = "splice|indexer|search|api|splicedex|tests|benchmarks|tools|docs"
PATH = re.compile(rf"(?<![\w./-])((?:{FOLDERS})/[\w./-]+)")
MODULE = re.compile(r"python -m ((?:benchmarks|tools|tests)(?:\.\w+)*)")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)")
COMMAND = re.compile(r"^\s*splicedex (.+)$", re.MULTILINE)
FENCED = re.compile(r"^```(?:sh)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
by_name = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)


@by_name
def test_paths_exist(document):
    text = document.read_text("utf-8")
    named = {found.rstrip(".") for found in PATH.findall(text)}
    named |= {found.replace(".", "/") for found in MODULE.findall(text)}
    missing = [
        path
        for path in sorted(named)
        if not (ROOT / path).exists() and not (ROOT / f"{path}.py").is_file()
    ]
    assert not missing


@by_name
def test_links_lead_somewhere(document):
    links = [link for link in LINK.findall(document.read_text("utf-8")) if "://" not in link]
    assert not [link for link in links if not (document.parent / link).exists()]


@by_name
def test_commands_take_their_options(document):
    group = typer.main.get_command(make_app())
    for block in FENCED.findall(document.read_text("utf-8")):
        for line in COMMAND.findall(block.replace("\\\n", " ")):
            name, *words = shlex.split(line, comments=True)
            if "|" in words:  # what follows is another program
                words = words[: words.index("|")]
            command = group.commands[name]
            context = command.context_class(command, info_name=name)
            command.make_parser(context).parse_args(words)
