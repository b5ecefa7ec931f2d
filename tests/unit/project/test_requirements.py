"""The lock file pins what `pyproject.toml` asks for; where it does not, `make lock` renews it."""

from __future__ import annotations

import re
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.paths import ROOT


def asked():
    """What a developer needs, extras resolved."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for wanted in map(Requirement, [*project["dependencies"], *extras["dev"]]):
        if wanted.name == project["name"]:
            for extra in wanted.extras:
                yield from map(Requirement, extras[extra])
        else:
            yield wanted


def test_the_lock_is_in_step():
    lock = (ROOT / "requirements.lock").read_text()
    pins = {}
    for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE):
        pins.setdefault(canonicalize_name(name), []).append(version)
    missing = [
        str(wanted)
        for wanted in asked()
        if not any(map(wanted.specifier.contains, pins.get(canonicalize_name(wanted.name), ())))
    ]
    assert not missing, "run make lock"
