"""The help of commands, and the mistakes they notice before an index is opened."""

import pytest
import typer
from typer.testing import CliRunner

from splicedex.api.cli.curation.arguments import split_assignment, split_words
from splicedex.api.cli.main import CURATION, SEARCHING, make_app
from splicedex.splice.errors import UserError


@pytest.mark.parametrize("command", [*CURATION, *SEARCHING])
def test_help_has_examples(command):
    shown = CliRunner().invoke(make_app(), [command, "--help"], env={"COLUMNS": "160"})
    assert shown.exit_code == 0
    assert f"splicedex {command}" in shown.output


def options_of(command):
    return typer.main.get_command(make_app()).commands[command].params


def test_an_option_says_the_same_everywhere():
    shared = {"index", "url", "api_key", "json", "limit", "seed", "tag", "yes", "without", "chart"}
    texts = {}
    for command in (*CURATION, *SEARCHING):
        for option in options_of(command):
            if option.name in shared:
                texts.setdefault(option.name, set()).add(option.help)
    assert texts.keys() == shared
    assert {name for name, different in texts.items() if len(different) > 1} == set()


@pytest.mark.parametrize("command", [*CURATION, *SEARCHING])
def test_no_help_is_lost_as_markup(command):
    """Rich takes [default: ...] in a help text for markup, and drops it: `show_default` says it."""
    for option in options_of(command):
        assert "[" not in (option.help or ""), option.name


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["concepts", "dog", "--in", "cat"], "ask for different things"),
        (["concepts", "--chart", "a.png"], "--chart draws what a set of images shows"),
        (["compare"], "nothing to compare"),
        (["compare", "dog", "cat", "--by", "label"], "--by compares many sets"),
        (["tag", "dog", "nothing"], "has no ="),
    ],
)
def test_questions_that_make_no_sense(words, message):
    refused = CliRunner().invoke(make_app(), [*words, "--index", "nowhere"])
    assert isinstance(refused.exception, UserError)
    assert message in str(refused.exception)


def test_words():
    assert split_words(" forest, bamboo ,,") == ["forest", "bamboo"]
    assert split_words(None) == []
    assert split_assignment("a = b=c") == ("a", "b=c")
