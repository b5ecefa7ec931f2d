from __future__ import annotations

from pathlib import Path

import pytest
import typer

from splicedex.api.cli.main import make_app
from splicedex.api.cli.options import IndexAddress, listing_of, with_address
from splicedex.indexer.store.address import Collection, Folder, sharded, sibling
from splicedex.splice.errors import UserError

OWN_ADDRESSES = {"copy"}
"""Commands that name their indexes by arguments of their own."""


def asked(*words):
    """The address that a command line names."""
    found = []

    def command(index: IndexAddress, limit: int = 3) -> None:
        found.append((index, limit))

    single = typer.Typer()
    single.command()(with_address(command))
    typer.main.get_command(single).main(list(words), standalone_mode=False)
    ((address, limit),) = found
    assert limit == 3
    return address


def test_every_command_can_wait_for_the_index():
    assert asked("--index", "a.idx").wait == 0
    assert asked("--index", "a.idx", "--wait", "2.5").wait == 2.5
    assert asked("--url", "http://q:6333", "--wait", "2") == Collection("http://q:6333")


def test_folder_or_collection(monkeypatch):
    for name in ("SPLICEDEX_INDEX", "SPLICEDEX_URL", "SPLICEDEX_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert asked("--index", "a.idx") == Folder(Path("a.idx"))
    there = ("--url", "http://q:6333", "--api-key", "k")
    assert asked(*there) == Collection("http://q:6333", "splicedex", "k")
    assert asked(*there, "--index", "photos") == Collection("http://q:6333", "photos", "k")
    with pytest.raises(UserError, match="no index is named"):
        asked()
    monkeypatch.setenv("SPLICEDEX_URL", "http://r:6333")
    monkeypatch.setenv("SPLICEDEX_API_KEY", "l")
    assert asked("--index", "photos") == Collection("http://r:6333", "photos", "l")
    monkeypatch.setenv("SPLICEDEX_API_KEY", "")
    assert asked() == Collection("http://r:6333", "splicedex")


def test_every_command_takes_a_server():
    for name, command in typer.main.get_command(make_app()).commands.items():
        options = {option.name for option in command.params}
        if name not in OWN_ADDRESSES:
            assert options >= {"index", "url", "api_key"}, name


def test_only_a_server_has_shards():
    there = sharded(Collection("http://q:6333"), 6, 2)
    assert isinstance(there, Collection)
    assert (there.shards, there.replicas) == (6, 2)
    assert sharded(Folder(Path("a")), None, None) == Folder(Path("a"))
    with pytest.raises(UserError, match="a folder has no --shards"):
        sharded(Folder(Path("a")), 6, None)


def test_a_second_address_has_the_key_of_the_first():
    first = Collection("http://q:6333", "photos", "k")
    assert sibling(first, "http://q:6333/others") == Collection("http://q:6333", "others", "k")
    assert sibling(first, "b.idx") == Folder(Path("b.idx"))


def test_paths_and_json_are_two_forms_of_one_answer():
    assert listing_of(paths=False, print0=False, json=True) is None
    assert listing_of(paths=True, print0=False, json=False) == "\n"
    assert listing_of(paths=True, print0=True, json=False) == "\0"
    with pytest.raises(UserError, match="--print0 and --json are two forms"):
        listing_of(paths=False, print0=True, json=True)
