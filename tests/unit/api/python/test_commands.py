"""Each command has its method, with the same options; the two lists are compared."""

import inspect
from importlib import import_module

import pytest

import splicedex as sx
from splicedex.api.cli.indexing.index_options import IndexOptions
from splicedex.api.cli.main import PANELS

COMMANDS = {name: module for panel in PANELS.values() for name, module in panel.items()}
SHOWING = {"json", "paths", "print0", "index", "url", "api_key", "wait"}
"""Options that choose an index, or how its answer is printed."""
SPELT = {
    "search": {"explain_plan": "plan() of the hits"},
    "concepts": {"chart": "plot() of the result"},
    "compare": {"chart": "plot() of the result"},
    "duplicates": {"limit": "a slice of the groups", "yes": "dry_run"},
    "outliers": {"yes": "dry_run"},
    "balance": {"yes": "dry_run"},
    "sample": {"yes": "dry_run"},
    "export": {"yes": "dry_run"},
    "tag": {"assignment": "name, value", "yes": "dry_run"},
    "copy": {"source": "the open index", "target": "to", "to_api_key": "api_key"},
    "move": {"yes": "confirm"},
    "index": {"paths": "source", "column": "columns"},
}
"""What is spelt otherwise in Python."""
ONLY_HERE = {
    "tag": {"name", "value", "dry_run"},
    "copy": {"to", "api_key"},
    "move": {"confirm"},
    "index": {"source", "path", "columns", "names", "progress", "url", "api_key"},
    "repair": {"path", "url", "api_key", "wait"},
    "explain": set(),
} | {name: {"dry_run"} for name in ("outliers", "duplicates", "balance", "sample", "export")}
FACES = {"serve"}
"""Commands that are a face of their own, not a question to an index."""


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - FACES))
def test_a_command_has_its_method_with_the_same_options(name):
    command = import_module(f"splicedex.api.cli.{COMMANDS[name]}")
    options = set(inspect.signature(command.run).parameters)
    if name == "index":
        options = {field for field in IndexOptions.__dataclass_fields__ if field != "json"}
    else:
        options -= SHOWING
    method = getattr(sx.Index, name, None) or getattr(sx, name)
    has = set(inspect.signature(method).parameters) - {"self"}
    spelt = SPELT.get(name, {})
    assert spelt.keys() <= options, "an option is listed that is gone"
    assert options - spelt.keys() == has - ONLY_HERE.get(name, set())


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - FACES))
def test_a_command_has_no_other_way_than_its_method(name):
    source = inspect.getsource(import_module(f"splicedex.api.cli.{COMMANDS[name]}"))
    for other in ("open_searcher", "open_index", "Searcher(", "index_images"):
        assert other not in source


def test_defaults_are_those_of_the_command_line():
    differ = {}
    for name in COMMANDS.keys() - FACES - {"index", "repair"}:
        command = import_module(f"splicedex.api.cli.{COMMANDS[name]}")
        options = inspect.signature(command.run).parameters
        for one in inspect.signature(getattr(sx.Index, name)).parameters.values():
            other = options.get(one.name)
            if other is None or inspect.Parameter.empty in (one.default, other.default):
                continue
            if one.default != other.default and (one.default or other.default):
                differ[name, one.name] = one.default, other.default
    assert not differ


def test_few_names_and_every_one_is_there():
    assert len(sx.__all__) <= 15
    assert set(sx.__all__) <= set(dir(sx))
    for name in sx.__all__:
        assert getattr(sx, name).__doc__
    with pytest.raises(AttributeError, match="nothing"):
        _ = sx.nothing


def test_public_methods_say_what_they_take_and_raise():
    for kind in (sx.Index, sx.View, sx.Query):
        for name, method in inspect.getmembers(kind, inspect.isfunction):
            if not name.startswith("_"):
                assert method.__doc__, f"{kind.__name__}.{name}"
