"""The options of `splicedex index` as one object."""

from __future__ import annotations

import inspect
from dataclasses import fields
from pathlib import Path

import pytest
from typer.testing import CliRunner

from splicedex.api.cli.indexing import index
from splicedex.api.cli.indexing.index_options import ANNS, IndexOptions
from splicedex.api.cli.main import make_app
from splicedex.indexer.sources.decoding.opened import Reading
from splicedex.indexer.sources.finding.find_photos import Excludes
from splicedex.splice.errors import UserError
from splicedex.splice.sparsity import Sparsity


def test_each_field_is_a_parameter_of_the_command():
    parameters = inspect.signature(index.run).parameters
    assert "options" not in parameters
    assert {field.name for field in fields(IndexOptions)} == parameters.keys() - {"index"}


def test_help_shows_defaults():
    told = CliRunner().invoke(make_app(), ["index", "--help"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert "Nearest-neighbour method" in told.output
    assert "(default: 0.25)" in told.output


def test_a_column_is_a_name_and_a_kind():
    options = IndexOptions(files=Path("f.csv"), column=["price:float", "a:b:text", "ok:bool"])
    assert options.images().columns == {"price": "float", "a:b": "keyword", "ok": "bool"}
    for column in ("price", "price:", ":float", "price:number"):
        with pytest.raises(UserError, match="is not NAME:KIND; use one of text, integer"):
            IndexOptions(files=Path("f.csv"), column=[column]).images()
    with pytest.raises(UserError, match="needs a table"):
        IndexOptions(paths=["a"], column=["price:float"]).images()


def test_what_is_read_and_what_is_left_out():
    assert IndexOptions(paths=["a"]).images().excludes == Excludes()
    options = IndexOptions(paths=["a"], exclude=["*.png", "b/"], no_default_excludes=True)
    assert options.images().excludes == Excludes(["*.png", "b/"], defaults=False)
    assert IndexOptions().reading() == Reading()
    assert IndexOptions(tolerant=True, max_pixels="300M").reading() == Reading(300_000_000, True)


def test_options_become_settings_and_images():
    options = IndexOptions(paths=["a"], model="nano", l0=7, ann="hnsw")
    assert options.settings().model == "nano"
    assert options.settings().sparsity == Sparsity(l0=7)
    assert options.images().paths == ["a"]
    assert options.method() == "hnsw"
    assert IndexOptions().method() is None
    assert IndexOptions().settings().sparsity is None


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        ({}, "nothing to index"),
        ({"paths": ["a", ""]}, "a PATH is empty"),
        ({"paths": ["a"], "files": Path("f.csv")}, "named twice"),
        ({"paths": ["a"], "penalty": 0.3, "l0": 3}, "both set the sparsity"),
        ({"paths": ["a"], "ann": "fast"}, "--ann fast is unknown"),
        ({"files": Path("f.csv"), "exclude": ["a"]}, "--exclude needs PATHs"),
        ({"paths": ["a"], "max_pixels": "many"}, "--max-pixels many is no number of pixels"),
    ],
)
def test_options_that_contradict_are_refused(given, cause):
    options = IndexOptions(**given)
    with pytest.raises(UserError, match=cause):
        (options.method(), options.images(), options.settings(), options.reading())


def test_methods_are_those_of_the_engine():
    from typing import get_args

    from splicedex.indexer.engines.base import Ann

    assert get_args(Ann) == ANNS
