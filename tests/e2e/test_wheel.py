"""The wheel owns `splicedex` and nothing else: it coexists with any other distribution.

The paper's own package, among others, owns a top-level `splice`. Needs hatchling, from the dev
extra.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from PIL import Image

from tests.paths import ROOT

pytest.importorskip("hatchling", reason="needs hatchling: make setup")

OTHER_PACKAGES = ("splice", "search", "api", "indexer")
DATA_FILES = {
    "splicedex/py.typed",
    "splicedex/splice/data/stop_words.txt",
    "splicedex/splice/data/clip_fragments.txt",
    "splicedex/splice/data/word_frequency.txt.xz",
    "splicedex/splice/data/nouns.txt.xz",
    "splicedex/splice/data/noun_forms.txt.xz",
    "splicedex/splice/data/noun_links.txt.xz",
    "splicedex/splice/data/LICENSE.wordnet",
    "splicedex/splice/models/nano/open_clip_model.safetensors",
    "splicedex/splice/models/nano/vocabulary.txt",
    "splicedex/splice/models/nano/image_mean.npy",
    "splicedex/api/page/static/index.html",
    "splicedex/api/page/static/app.js",
    "splicedex/api/page/static/icon.svg",
}


def run(*command, **options):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=300, **options
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def build(project, folder, *targets):
    """Build distributions of a project; returns their files."""
    chosen = [word for target in targets for word in ("--target", target)]
    run(sys.executable, "-m", "hatchling", "build", *chosen, "--directory", folder, cwd=project)
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The sdist and the wheel."""
    source, wheel = build(ROOT, tmp_path_factory.mktemp("dist"), "sdist", "wheel")[::-1]
    return source, wheel


def files_in(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return archive.infolist()


def contents(wheel):
    """Names and checksums of the files in a wheel."""
    return {(entry.filename, entry.CRC) for entry in files_in(wheel)}


def checkout_files():
    """The files of the checkout's `splicedex`, through its links."""
    return {
        PurePosixPath(folder).relative_to(ROOT).joinpath(name).as_posix()
        for folder, _, names in os.walk(ROOT / "splicedex", followlinks=True)
        for name in names
        if "__pycache__" not in folder
    }


def test_the_wheel_holds_splicedex_as_real_files_and_nothing_else(built):
    entries = files_in(built[1])
    assert not any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries)
    names = {entry.filename for entry in entries}
    package = {name for name in names if name.startswith("splicedex/")}
    assert package == checkout_files()
    assert package >= DATA_FILES
    (info,) = {name.partition("/")[0] for name in names - package}
    assert info.startswith("splicedex-")
    assert info.endswith(".dist-info")


def test_the_context_of_the_docker_image_builds_the_same_wheel(built, tmp_path):
    """Docker copies links as links."""
    copied = re.findall(r"^COPY (\w+) \1$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for folder in copied:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, symlinks=True, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (wheel,) = build(tmp_path, tmp_path / "dist", "wheel")
    assert contents(wheel) == contents(built[1])


def test_the_sdist_holds_the_same_and_builds_the_same_wheel(built, tmp_path):
    source, wheel = built
    with tarfile.open(source) as archive:
        assert not any(member.issym() or member.islnk() for member in archive)
        names = {name.partition("/")[2] for name in archive.getnames()}
        archive.extractall(tmp_path, filter="data")
    assert names - checkout_files() == {
        ".gitignore", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml",
    }  # fmt: skip
    (project,) = tmp_path.iterdir()
    (again,) = build(project, tmp_path / "dist", "wheel")
    assert contents(again) == contents(wheel)


class Environment:
    """A fresh virtual environment that borrows the dependencies of the running one.

    Only `.pth` files in its own site-packages count, so it does not see the checkout that the
    running environment has installed as editable.
    """

    def __init__(self, folder):
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        self.bin = folder / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / Path(sys.executable).name
        self._variables = {
            name: value for name, value in os.environ.items() if name != "PYTHONPATH"
        } | {"SPLICEDEX_CACHE": str(folder / "cache"), "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
        script = "import sysconfig; print(sysconfig.get_path('purelib'))"
        self.site = Path(self.run(self.python, "-c", script).strip())
        borrowed = [path for path in sys.path if Path(path).name.endswith("-packages")]
        (self.site / "borrowed.pth").write_text("\n".join(borrowed) + "\n")

    def run(self, *command):
        return run(*command, cwd=self.bin.parent, env=self._variables)

    def pip(self, *words):
        self.run(
            sys.executable, "-m", "pip", "--python", self.python, "--quiet",
            "--disable-pip-version-check", *words,
        )  # fmt: skip

    def install(self, wheel):
        self.pip("install", "--no-index", "--no-deps", "--ignore-installed", wheel)

    def assert_whole(self, name):
        """Every file that the distribution recorded is there, as it was recorded."""
        (record,) = self.site.glob(f"{name}-*.dist-info/RECORD")
        with record.open(newline="") as file:
            rows = list(csv.reader(file))
        hashed = [(path, digest) for path, digest, _ in rows if digest]
        assert len(hashed) > 4
        for path, digest in hashed:
            kind, _, expected = digest.partition("=")
            content = (self.site / path).read_bytes()
            found = base64.urlsafe_b64encode(hashlib.new(kind, content).digest())
            assert found.rstrip(b"=").decode() == expected, path

    def assert_gone(self, name):
        assert not list(self.site.glob(f"{name}-*.dist-info"))


@pytest.fixture
def other(tmp_path):
    """The wheel of a distribution that owns the names that our folders have in the repository."""
    project = tmp_path / "other"
    project.mkdir()
    for package in OTHER_PACKAGES:
        (project / package).mkdir()
        (project / package / "__init__.py").write_text(f"OWNER = 'other {package}'\n")
        (project / package / "errors.py").write_text(f"OWNER = 'other {package}'\n")
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "other"\nversion = "1"\n'
        f"[tool.hatch.build.targets.wheel]\npackages = {list(OTHER_PACKAGES)}\n"
    )
    return build(project, tmp_path / "other-dist", "wheel")[0]


@pytest.fixture
def environment(tmp_path, built, other):
    """A fresh environment with both installed."""
    made = Environment(tmp_path / "environment")
    made.install(built[1])
    made.install(other)
    return made


OWNERS = f"""
import importlib
for name in {OTHER_PACKAGES}:
    assert importlib.import_module(name).OWNER == f"other {{name}}"
"""


def assert_ours_works(environment, tmp_path):
    """The installed command indexes photos and finds them."""
    where = environment.run(
        environment.python, "-c", "import splicedex.splice.errors as m; print(m.__file__)"
    )
    assert Path(where.strip()).is_relative_to(environment.site)
    photos = tmp_path / "photos"
    photos.mkdir(parents=True)
    random = np.random.default_rng(3)
    for i in range(6):
        pixels = random.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(photos / f"{i}.png")
    command, index = environment.bin / "splicedex", tmp_path / "made.idx"
    environment.run(command, "index", "--index", index, "--model", "nano", photos)
    found = json.loads(environment.run(command, "search", "width:64", "--index", index, "--json"))
    assert {Path(hit["path"]).name for hit in found["hits"]} == {f"{i}.png" for i in range(6)}


def test_it_coexists_with_a_distribution_that_owns_the_names_of_our_folders(
    environment, other, tmp_path
):
    assert_ours_works(environment, tmp_path / "together")
    environment.run(environment.python, "-c", OWNERS)

    environment.pip("uninstall", "--yes", "other")
    environment.assert_gone("other")
    environment.assert_whole("splicedex")
    assert_ours_works(environment, tmp_path / "alone")

    environment.install(other)
    environment.assert_whole("splicedex")
    environment.pip("uninstall", "--yes", "splicedex")
    environment.assert_gone("splicedex")
    assert not (environment.site / "splicedex").exists()
    environment.assert_whole("other")
    environment.run(environment.python, "-c", OWNERS)
