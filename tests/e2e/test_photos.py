"""Photos end to end, from a folder to explained results, with small random models."""

import csv
import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.forking import COMMAND
from tests.models import DIM, write_open_clip_model

WORDS = ("dog", "cat", "tree", "sea", "car", "house", "red", "blue", "green", "night", "snow")
COUNTS = ("added", "replaced", "moved", "unchanged", "pruned", "images")


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A folder of three models, each with its image mean and vocabulary."""
    folder = tmp_path_factory.mktemp("models")
    for family in ("vit", "resnet", "timm"):
        made = write_open_clip_model(folder / family, family)
        (made / "vocabulary.txt").write_text("\n".join(WORDS))
        np.save(made / "image_mean.npy", np.full(DIM, 0.02, np.float32))
    return folder


def paint(path, number):
    """A picture that is unique for each number."""
    random = np.random.default_rng(number)
    small = Image.fromarray(random.integers(0, 256, (4, 5, 3), dtype=np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    small.resize((100 + number, 80), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def photos(tmp_path):
    """Ten photos in a folder and a subfolder."""
    folder = tmp_path / "photos"
    for number in range(10):
        suffix = ("jpg", "png", "webp", "gif", "tiff")[number % 5]
        paint(folder / ("sub" if number % 2 else "") / f"{number}.{suffix}", number)
    return folder


@pytest.fixture
def words(tmp_path, models):
    """Words that index with the ViT into a folder, without the photos."""
    folder = tmp_path / "photos.idx"
    return ["index", "--index", folder, "--model", f"local-dir:{models / 'vit'}", "--workers", "1"]


def counted(report):
    return {name: report[name] for name in COUNTS if report[name]}


@pytest.mark.parametrize("family", ["vit", "resnet", "timm"])
def test_any_family_indexes_and_searches(splicedex, models, photos, tmp_path, monkeypatch, family):
    folder = tmp_path / "i"
    monkeypatch.chdir(models)
    words = ["index", "--index", folder, "--model", f"local-dir:{family}", photos]
    made = splicedex(*words, "--batch-size", "3", "--precision", "bf16", "--json")
    assert counted(made) == {"added": 10, "images": 10}
    assert made["skipped"] == []
    monkeypatch.chdir(tmp_path)  # where a relative name would mean another folder
    info = splicedex("info", "--index", folder, "--json")
    assert (info["concepts"], info["dim"]) == (len(WORDS), DIM)
    assert info["image_mean"] == str(models / family / "image_mean.npy")

    copy = tmp_path / "copy.png"
    shutil.copy(photos / "sub" / "1.png", copy)
    query = f'text:"a dog in the snow" like:{copy}'
    hits = splicedex("search", query, "--index", folder, "--json", "--weights", "1,1000")["hits"]
    assert len(hits) == 10
    assert hits[0]["path"] == str(photos / "sub" / "1.png")
    for hit in hits:
        total = sum(part["contribution"] for part in hit["concepts"]) + hit["base"] + hit["rest"]
        assert total == pytest.approx(hit["score"], abs=1e-4)
    near = splicedex("search", "dog", "--index", folder, "--json", "--near")["hits"]
    assert {hit["path"] for hit in near} == {str(path) for path in photos.rglob("*.*")}


def test_an_index_stays_in_its_precision(splicedex, photos, words, monkeypatch):
    """ONEDNN_MAX_CPU_ISA takes bfloat16 from the processor of the later runs."""
    first = splicedex(*words, photos / "sub", "--precision", "bf16", "--json")
    assert counted(first) == {"added": 5, "images": 5}
    assert splicedex("info", "--index", words[2], "--json")["precision"] == "bf16"
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "AVX2")
    more = splicedex(*words, photos, "--json")
    assert counted(more) == {"added": 5, "unchanged": 5, "images": 10}
    info = splicedex("info", "--index", words[2], "--json")
    assert (info["precision"], info["images"]) == ("bf16", 10)
    said = splicedex(*words, photos, "--precision", "fp32", expect=2)
    assert "was made with precision 'bf16', not 'fp32'" in said
    copy = photos.parent / "copy.png"
    shutil.copy(photos / "sub" / "1.png", copy)
    hits = splicedex("search", f"like:{copy}", "--index", words[2], "--json")["hits"]
    assert hits[0]["path"] == str(photos / "sub" / "1.png")
    assert "10 images, no faults found" in splicedex("verify", "--index", words[2])


def test_running_again_reads_what_changed(splicedex, photos, words, models):
    words = [*words, photos, "--json"]
    splicedex(*words)
    os.utime(photos / "0.jpg", ns=(1, 1))
    paint(photos / "2.webp", 22)
    paint(photos / "new.png", 23)
    (photos / "sub" / "1.png").unlink()
    pruned = splicedex(*words, "--prune")
    expected = {"added": 1, "replaced": 2, "unchanged": 7, "pruned": 1, "images": 10}
    assert counted(pruned) == expected
    (photos / "4.tiff").unlink()
    (photos / "sub" / "3.gif").unlink()
    some = splicedex(*words[:-2], photos / "*.*", "--prune", "--json")
    assert counted(some) == {"unchanged": 5, "pruned": 1, "images": 9}
    other = ["index", "--index", words[2], "--model", f"local-dir:{models / 'timm'}", photos]
    assert "was made with model" in splicedex(*other, expect=2)
    assert splicedex("info", "--index", words[2], "--json")["images"] == 9


def test_a_csv_names_photos_and_labels_them(splicedex, photos, words, tmp_path):
    rows = [(str(path.relative_to(photos)), path.suffix[1:]) for path in photos.rglob("*.*")]
    with (tmp_path / "files.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label"), *rows, ("gone.jpg", "jpg")])
    made = splicedex(*words, "--files", tmp_path / "files.csv", "--root", photos, "--json")
    assert counted(made) == {"added": 10, "images": 10}
    assert made["skipped"] == [{"path": "gone.jpg", "reason": "No such file or directory"}]
    hits = splicedex("search", "label:png", "--index", words[2], "--json")["hits"]
    assert {hit["name"] for hit in hits} == {"6.png", "sub/1.png"}
    assert {hit["path"] for hit in hits} == {str(photos / hit["name"]) for hit in hits}
    for name in (hits[0]["name"], hits[0]["path"]):
        told = splicedex("explain", name, "--index", words[2], "--json")
        assert (told["name"], told["path"]) == (hits[0]["name"], hits[0]["path"])
    wide = splicedex("search", "label:png width>103", "--index", words[2], "--json")["hits"]
    assert {hit["name"] for hit in wide} == {"6.png"}


def test_an_interrupted_run_continues(splicedex, photos, words, paced):
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save(photos / "noise.png")
    count = 700
    for number in range(count - 11):
        os.link(photos / "noise.png", photos / f"link{number:03}.png")
    run = paced(*words, photos)
    run.until(256)
    run.process.send_signal(signal.SIGINT)
    said = run.end()
    assert run.process.returncode == 130
    assert "run the same command again" in said
    assert "Traceback" not in said
    had = splicedex("info", "--index", words[2], "--json")["images"]
    assert 0 < had < count
    rest = splicedex(*words, photos, "--json")
    assert counted(rest) == {"unchanged": had, "added": count - had, "images": count}


@pytest.fixture
def spoilt(photos):
    """The same photos and files that are not photos; returns the names of those."""
    whole = (photos / "0.jpg").read_bytes()
    bad = {
        "truncated.jpg": whole[: len(whole) // 2],
        "empty.png": b"",
        "document.jpg": b"%PDF-1.7 ...",
        "[bold]page[/red].jpg": b"<html>",
    }
    (photos / "[bold]page[").mkdir()
    for name, content in bad.items():
        (photos / name).write_bytes(content)
    Image.new("1", (30_000, 30_000)).save(photos / "bomb.png")
    (photos / "vanished.jpg").symlink_to("nowhere.jpg")
    names = [*bad, "bomb.png", "vanished.jpg"]
    if os.geteuid():  # root reads what nobody may
        paint(photos / "barred.png", 1)
        (photos / "barred.png").chmod(0)
        names.append("barred.png")
    return {str(photos / name) for name in names}


class TestBadPhotos:
    def test_are_skipped_and_listed_or_an_error(self, splicedex, photos, spoilt, words, tmp_path):
        for number in range(25):
            (photos / f"none{number:02}.jpg").write_bytes(b"")
        bad = spoilt | {str(path) for path in photos.glob("none*")}
        listed = tmp_path / "bad.csv"
        said = splicedex(*words, photos, "--strict", "--errors", listed, expect=2).splitlines()
        with listed.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert {row["path"] for row in rows} == bad
        assert all(row["reason"] and "\n" not in row["reason"] for row in rows)
        lines = [f"  {row['path']}: {row['reason']}" for row in rows]
        assert [line for line in said if line.startswith("  /")] == lines[:20]
        assert f"{len(bad)} skipped:" in said
        assert f"  and {len(bad) - 20} more; {listed} lists all" in said
        assert said[-1].startswith(f"error: {len(bad)} of {10 + len(bad)} ")
        again = splicedex(*words, photos, "--json")
        assert counted(again) == {"unchanged": 10, "images": 10}
        assert again["skipped"] == rows

    @pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes")
    def test_may_have_any_name_and_so_may_good_ones(self, splicedex, photos, words, tmp_path):
        folder = os.fsencode(tmp_path / "odd")
        os.mkdir(folder)  # noqa: PTH102
        names = [b"line\nbreak.png", b"not-utf8-\xff.png", "überall ☂.png".encode()]
        for name in names:
            shutil.copy(photos / "6.png", os.path.join(folder, name))  # noqa: PTH118
        with open(os.path.join(folder, b"bad\n\xfe.jpg"), "wb"):  # noqa: PTH118, PTH123
            pass
        made = splicedex(*words, tmp_path / "odd", "--json")
        assert counted(made) == {"added": 3, "images": 3}
        assert [bad["path"] for bad in made["skipped"]] == [f"{tmp_path}/odd/bad\n\\xfe.jpg"]
        hits = splicedex("search", "dog", "--index", words[2], "--near", "--json")["hits"]
        assert {hit["path"].removeprefix(f"{tmp_path}/odd/") for hit in hits} == {
            "line\nbreak.png", "not-utf8-\\xff.png", "überall ☂.png",
        }  # fmt: skip
        raw = os.path.join(folder, names[1])  # noqa: PTH118
        for name in (os.fsdecode(raw), f"{tmp_path}/odd/not-utf8-\\xff.png"):
            told = splicedex("explain", name, "--index", words[2], "--json")
            assert told["path"] == f"{tmp_path}/odd/not-utf8-\\xff.png"
            assert "matches" in splicedex("explain", name, "--query", "dog<1", "--index", words[2])
            assert len(splicedex("similar", name, "--index", words[2], "--json")["hits"]) == 2
        for format_ in ("csv", "jsonl", "parquet", "fiftyone", "links", "copies", "imagefolder"):
            to = tmp_path / f"out-{format_}"
            splicedex("export", "", "--to", to, "--as", format_, "--yes", "--index", words[2])
            assert to.is_file() or len([p for p in to.iterdir() if p.suffix == ".png"]) == 3
        with (tmp_path / "out-csv").open(newline="", encoding="utf-8") as file:
            rows = [(row["file"],) for row in csv.DictReader(file)]
        with (tmp_path / "again.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("file",), *rows])
        again = [*words[:2], tmp_path / "again", *words[3:]]
        made = splicedex(*again, "--files", tmp_path / "again.csv", "--json")
        assert counted(made) == {"added": 3, "images": 3}
        printed = subprocess.run(
            [COMMAND, "search", "dog", "--near", "--print0", "--index", words[2]],
            capture_output=True, check=True, cwd=tmp_path,
        ).stdout  # fmt: skip
        assert sorted(printed.split(b"\0")[:-1]) == sorted(b"odd/" + name for name in names)
        said = splicedex(*words, tmp_path / "odd", "--prune", "--strict", expect=2)
        assert splicedex("info", "--index", words[2], "--json")["images"] == 3
        assert f"  {tmp_path}/odd/bad\\n\\xfe.jpg: empty file" in said


class TestUnknownMean:
    def test_a_small_collection_works_with_warnings(
        self, photos, tmp_path, models, splicedex, run_to_end, environment
    ):
        model = shutil.copytree(models / "vit", tmp_path / "meanless")
        (model / "image_mean.npy").unlink()
        words = ["index", "--index", tmp_path / "i", "--model", f"local-dir:{model}", photos]
        done = run_to_end(list(map(str, words)), environment)
        assert done.returncode == 0, done.stderr
        told = [line for line in done.stderr.splitlines() if line]
        assert [line.startswith("warning: ") for line in told] == [True, True]
        assert "no image mean is known" in told[0]
        assert "10 photos are few" in told[1]
        info = splicedex("info", "--index", tmp_path / "i", "--json")
        assert info["image_mean"] == "estimated from the collection"
        paint(photos / "new.png", 77)
        assert counted(splicedex(*words, "--json")) == {"unchanged": 10, "added": 1, "images": 11}


class TestBadOptions:
    """One line with cause and hint, exit code 2, no index left behind."""

    @pytest.mark.parametrize(
        ("more", "cause"),
        [
            (["--precision", "fp8"], "choose fp32, fp16, bf16"),
            (["--device", "abacus"], "unknown device 'abacus'"),
            (["--errors", "nowhere/e.csv"], "nowhere/e.csv cannot be written"),
        ],
    )
    def test_are_told(self, splicedex, photos, words, more, cause):
        said = splicedex(*words, photos, *more, expect=2)
        assert cause in said
        assert len(said.splitlines()) == 1
        assert not words[2].exists()

    def test_a_hub_out_of_reach(self, splicedex, photos, tmp_path):
        said = splicedex("index", "--index", tmp_path / "i", photos, expect=2)
        assert "ViT-B-32/laion2b_s34b_b79k is not in the cache" in said
        assert "nano or local-dir:FOLDER" in said
        assert len(said.splitlines()) == 1
        assert not (tmp_path / "i").exists()
