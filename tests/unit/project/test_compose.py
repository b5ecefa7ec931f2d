"""docker-compose.yml and Dockerfile, as far as that can be told without Docker."""

from __future__ import annotations

import re

import pytest
import typer
import yaml

from splicedex.api.cli.main import make_app
from tests.paths import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
PINNED = re.compile(r"[\w./-]+:v?\d+\.\d+\.\d+[\w.-]*")
OURS = [name for name, service in SERVICES.items() if "build" in service]
QDRANT = [name for name, service in SERVICES.items() if "qdrant/" in service["image"]]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name):
    assert PINNED.fullmatch(SERVICES[name]["image"])


@pytest.mark.parametrize("name", [*QDRANT, "api"])
def test_what_stays_up_has_a_health_check(name):
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", SERVICES)
def test_volumes_and_dependencies_exist(name):
    service = SERVICES[name]
    for volume in service.get("volumes", []):
        source = volume.rpartition(":")[0] if volume.endswith(":ro") else volume
        source = source.rpartition(":")[0]
        assert source.startswith("${") or source in COMPOSE["volumes"]
    assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_every_qdrant_node_keeps_its_own_data():
    kept = [volume for name in QDRANT for volume in SERVICES[name]["volumes"]]
    assert len(set(kept)) == len(QDRANT) == 3
    assert all(volume.endswith(":/qdrant/storage") for volume in kept)


def test_the_cluster_grows_from_the_node_that_is_always_there():
    assert "profiles" not in SERVICES["qdrant"]
    for name in QDRANT:
        words = SERVICES[name]["command"]
        assert words[words.index("--uri") + 1] == f"http://{name}:6335"
        if name != "qdrant":
            assert SERVICES[name]["profiles"] == ["cluster"]
            assert words[words.index("--bootstrap") + 1] == "http://qdrant:6335"


@pytest.mark.parametrize("name", OURS)
def test_commands_are_ones_we_have(name):
    """The command line takes them apart without a complaint."""
    command, *words = SERVICES[name]["command"]
    group = typer.main.get_command(make_app())
    known = group.commands[command]
    asked = known.make_context(command, list(words), resilient_parsing=False).params
    assert asked["url"] == "http://qdrant:6333"
    assert asked["url"] == SERVICES[name]["environment"]["SPLICEDEX_URL"]


def test_environment_is_what_our_options_read():
    group = typer.main.get_command(make_app())
    read = {
        variable
        for command in group.commands.values()
        for option in command.params
        for variable in ([option.envvar] if isinstance(option.envvar, str) else option.envvar or [])
    }
    for name in OURS:
        assert set(SERVICES[name]["environment"]) <= read


def test_only_this_machine_reaches_the_api():
    (port,) = SERVICES["api"]["ports"]
    assert port.startswith("127.0.0.1:")
    assert not any("ports" in SERVICES[name] for name in QDRANT)


def test_the_image_is_pinned_slim_and_not_root():
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(bases) == 2
    assert all(PINNED.fullmatch(base) and "slim" in base for base in bases)
    last = DOCKERFILE.rpartition("FROM")[2]
    assert re.search(r"^USER splicedex$", last, re.MULTILINE)
    assert re.search(r"^VOLUME /cache$", last, re.MULTILINE)


def test_the_image_gets_all_packages_and_nothing_else():
    links = {link.name for link in (ROOT / "splicedex").iterdir() if link.is_symlink()}
    copied = re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE)
    assert set(copied) == {"splicedex"} | links
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert allowed == {*copied, "pyproject.toml", "README.md", "LICENSE"}
