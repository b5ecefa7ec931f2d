"""What `splicedex index` reads and leaves out, end to end, and how the server shows it."""

import csv
import functools
import io

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.raw_files import make_dng
from tests.serving import serving

rawpy = pytest.importorskip("rawpy", reason="needs the raw extra")
pylibjxl = pytest.importorskip("pylibjxl", reason="needs the jxl extra")

SIZE = (360, 240)


def painted(number, size=SIZE):
    """A picture that is unique for each number."""
    small = np.random.default_rng(number).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


def encoded(image, kind, **options):
    written = io.BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


@functools.cache
def panorama():
    """A photo with more pixels than are decoded."""
    return encoded(Image.new("RGB", (20_000, 10_000), "red"), "JPEG")


@pytest.fixture
def photos(tmp_path):
    """A folder as one finds it on a NAS."""
    jpeg = encoded(painted(0), "JPEG")
    lying = painted(1).transpose(Image.Transpose.ROTATE_90)
    grey = np.asarray(painted(2).convert("L")).astype(np.uint16) << 4
    files = {
        "a.jpg": jpeg,
        "raw/b.dng": make_dng(lying, orientation=6, preview=lying),
        "c.jxl": pylibjxl.encode(np.asarray(painted(3))),
        "d.jp2": encoded(painted(4), "JPEG2000"),
        "twelve.png": encoded(Image.fromarray(grey), "PNG"),
        "cut.jpg": encoded(painted(5), "JPEG", quality=95)[:-3000],
        "pano.jpg": panorama(),
        "e.psd": b"8BPS\0\1" + bytes(40),
        "clip.mp4": b"film",
        "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg": jpeg,
        "#recycle/old.jpg": jpeg,
        "private/f.jpg": jpeg,
        "._a.jpg": b"\0\5\x16\7",
        "raw/.splicedexignore": b"drafts/\n",
        "raw/drafts/g.jpg": jpeg,
    }
    for name, content in files.items():
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "photos"


@pytest.fixture
def words(tmp_path):
    return ("index", "--index", tmp_path / "i.idx", "--model", "nano", "--workers", "1")


def names(splicedex, index, photos, query="*"):
    """The names of the indexed photos that a query finds."""
    found = splicedex("search", query, "--index", index, "--limit", "50", "--json")["hits"]
    return {hit["path"].removeprefix(f"{photos}/") for hit in found}


def test_a_folder_of_a_nas(splicedex, photos, words, tmp_path):
    made = splicedex(
        *words, photos, "--exclude", "private/", "--errors", tmp_path / "e.csv", "--json"
    )
    assert made["added"] == 5
    reasons = {one["path"].removeprefix(f"{photos}/"): one["reason"] for one in made["skipped"]}
    cut = reasons.pop("cut.jpg")
    assert cut.startswith("image file is truncated")
    assert cut.endswith("; --tolerant reads what is left")
    assert reasons == {
        "e.psd": "a Photoshop document, a kind that is not read",
        "pano.jpg": "200,000,000 pixels, more than the 178,956,970 allowed; "
        "--max-pixels 200M allows as many",
    }
    assert [one["kind"] for one in made["unread_kinds"]] == [".psd"]
    assert made["left_out"] == {
        "rules": [
            {"rule": "--exclude private/", "photos": 0, "folders": 1},
            {"rule": f"{photos}/raw/.splicedexignore:1 drafts/", "photos": 0, "folders": 1},
            {"rule": "default #recycle/", "photos": 0, "folders": 1},
            {"rule": "default @eaDir/", "photos": 0, "folders": 1},
            {"rule": "hidden", "photos": 1, "folders": 0},
        ],
        "other_files": 1,
    }
    with (tmp_path / "e.csv").open() as file:
        assert {row["path"] for row in csv.DictReader(file)} == {
            str(photos / name) for name in ("cut.jpg", "e.psd", "pano.jpg")
        }
    told = splicedex("explain", photos / "raw" / "b.dng", "--index", words[2], "--json")
    assert (told["width"], told["height"]) == SIZE

    more = splicedex(
        *(*words, photos, "--tolerant", "--max-pixels", "300M", "--exclude", "private/", "--json")
    )
    assert (more["added"], more["unchanged"], more["truncated"]) == (2, 5, 1)
    found = splicedex("search", "truncated:true", "--index", words[2], "--json")["hits"]
    assert [hit["name"] for hit in found] == [str(photos / "cut.jpg")]
    assert splicedex("explain", photos / "cut.jpg", "--index", words[2], "--json")["truncated"]
    assert "lacks its end" in splicedex("explain", photos / "cut.jpg", "--index", words[2])

    (photos / "cut.jpg").write_bytes(encoded(painted(5), "JPEG", quality=95))
    assert splicedex(*words, photos, "--exclude", "private/", "--json")["replaced"] == 1
    assert not splicedex("search", "truncated:true", "--index", words[2], "--json")["hits"]

    shown_by_the_server(words[2], tmp_path, photos)


def shown_by_the_server(index, folder, photos):
    """All that was indexed has a thumbnail, and may be uploaded; browsers get no raw files."""
    with serving(index, folder) as server:
        hits = server.client.get("/v1/search", params={"limit": 50}).json()["hits"]
        assert len(hits) == 7
        for hit in hits:
            record = server.client.get(f"/v1/images/{hit['id']}").json()
            sides = record["width"], record["height"]
            thumbnail = server.client.get(f"{record['thumbnail']}?size=128")
            assert thumbnail.status_code == 200, (hit["path"], thumbnail.text)
            with Image.open(io.BytesIO(thumbnail.content)) as small:
                assert max(small.size) == 128
                assert small.width / small.height == pytest.approx(sides[0] / sides[1], rel=0.05)
            assert bool(record["file"]) == hit["path"].endswith((".jpg", ".png"))
        for name in ("raw/b.dng", "c.jxl", "d.jp2"):
            sent = upload(server.client, photos / name)
            assert sent.status_code == 200, sent.text
            assert (sent.json()["width"], sent.json()["height"]) == SIZE
            assert server.client.get(sent.json()["thumbnail"]).content[:2] == b"\xff\xd8"
        refused = upload(server.client, photos / "pano.jpg")
        assert refused.status_code == 415
        assert "--" not in refused.json()["detail"]


def upload(client: httpx.Client, file):
    return client.post("/v1/uploads", files={"file": (file.name, file.read_bytes())})


def test_what_is_left_out_later_stays_until_it_is_pruned(splicedex, photos, words):
    for name in ("pano.jpg", "cut.jpg", "e.psd"):
        (photos / name).unlink()
    splicedex(*words, photos, "--no-default-excludes")
    bins = {"@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "#recycle/old.jpg"}
    everything = bins | {"a.jpg", "raw/b.dng", "c.jxl", "d.jp2", "twelve.png", "private/f.jpg"}
    assert names(splicedex, words[2], photos, "path:*") == everything
    (photos / "a.jpg").write_bytes(encoded(painted(9), "JPEG"))
    kept = splicedex(*words, photos, "--json")
    assert (kept["replaced"], kept["pruned"], kept["images"]) == (1, 0, 8)
    pruned = splicedex(*words, photos, "--exclude", "private/", "--prune", "--yes", "--json")
    assert (pruned["pruned"], pruned["images"]) == (3, 5)
    assert names(splicedex, words[2], photos, "path:*") == everything - bins - {"private/f.jpg"}


def test_what_the_command_refuses(splicedex, photos, words, tmp_path):
    (tmp_path / "t.csv").write_text("file,truncated\na.jpg,no\n")
    table = (*words, "--files", tmp_path / "t.csv", "--root", photos)
    assert "--tolerant writes" in splicedex(*table, "--tolerant", expect=2)
    assert "--exclude needs PATHs" in splicedex(*table, "--exclude", "x", expect=2)
    assert "write 300M" in splicedex(*words, photos, "--max-pixels", "lots", expect=2)
    nothing = splicedex(*words, photos, "--exclude", "*", expect=2)
    assert "but what --exclude * leaves out" in nothing
    assert not (tmp_path / "i.idx").exists()


def test_strict_fails_for_kinds_that_are_not_read(splicedex, photos, words):
    for name in ("pano.jpg", "cut.jpg"):
        (photos / name).unlink()
    said = splicedex(*words, photos, "--strict", expect=2)
    assert "1 .psd photo was not read: a Photoshop document" in said
    assert "1 of 7 images could not be read" in said
    splicedex(*words, photos, "--strict", "--exclude", "*.psd")


def test_a_pattern_that_leaves_nothing_out_is_told(
    splicedex, run_to_end, photos, words, environment
):
    line = [str(word) for word in (*words, photos / "raw", "--exclude", "*.tif")]
    assert "warning: --exclude *.tif leaves nothing out" in run_to_end(line, environment).stderr
