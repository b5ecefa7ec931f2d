"""The curation commands' help, and what they refuse before an index is opened."""

import pytest
from typer.testing import CliRunner

from splicedex.api.cli.curation.arguments import split_assignment, split_words
from splicedex.api.cli.main import CURATION, app
from splicedex.splice.errors import UserError


@pytest.mark.parametrize("command", CURATION)
def test_help_has_examples(command):
    told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "160"})
    assert told.exit_code == 0
    assert f"splicedex {command}" in told.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["concepts", "dog", "--in", "cat"], "ask for different things"),
        (["concepts", "--chart", "a.png"], "--chart draws the concepts of a set of images"),
        (["compare"], "nothing to compare"),
        (["compare", "dog", "cat", "--by", "label"], "--by compares many sets"),
        (["tag", "dog", "nothing"], "has no ="),
    ],
)
def test_questions_that_make_no_sense(words, told):
    refused = CliRunner().invoke(app, [*words, "--index", "nowhere"])
    assert isinstance(refused.exception, UserError)
    assert told in str(refused.exception)


def test_words():
    assert split_words(" forest, bamboo ,,") == ["forest", "bamboo"]
    assert split_words(None) == []
    assert split_assignment("a = b=c") == ("a", "b=c")
