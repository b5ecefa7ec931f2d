"""Copies: how many `duplicates` finds, how many of its finds are right, and how it names them.

    python -m benchmarks.copies [--half first|second] [--short] [--wrong] [--json PATH]

Photos of the data folder are indexed by nano, together with one copy of some of them: turned,
mirrored, cropped, greyed, shrunk, several of these, and all encoded again as JPEG. All parameters
are drawn at random, with a fixed seed. The other photos are there to be confused: many show the
same things. The second half of the photos is reported. Thresholds were set on other copies, of
photos of both halves; only the number of neighbours, and which crops are looked for, were changed
after a first run.

Peers: the cosine of embeddings alone, and pHash and dHash of the library ImageHash.

A copy is found if it is in a group with its original. An image listed beside the one to keep is
right if both come from the same photo.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import imagehash
import numpy as np
from PIL import Image

from benchmarks.machine import machine
from benchmarks.report import publish
from splicedex.indexer.pipeline.build import build
from splicedex.indexer.pipeline.settings import Settings, resolve
from splicedex.indexer.sources.photos import PhotoSource, list_paths
from splicedex.indexer.store.index import create_index, open_index
from splicedex.search.curation.duplicates import Duplicates, connected_components, duplicates
from splicedex.search.curation.subsets.exact_pairs import near_pairs
from splicedex.search.opening import open_searcher
from splicedex.search.searcher import Searcher
from splicedex.splice.align import unit
from splicedex.splice.sparsity import Sparsity

DATA = Path(__file__).parents[2] / "shared" / "data" / "photos"
PHOTOS, EACH = 1200, 50
"""Photos that are indexed, and copies of each kind."""
SHORT = (200, 5)
Picture: TypeAlias = Image.Image
Change: TypeAlias = Callable[[Picture, Random], Picture]
Pairs: TypeAlias = set[tuple[str, str]]
"""Names of images to keep and of those listed beside them."""


def turn(picture: Picture, random: Random) -> Picture:
    flip = Image.Transpose
    return picture.transpose(random.choice((flip.ROTATE_90, flip.ROTATE_180, flip.ROTATE_270)))


def mirror(picture: Picture, random: Random) -> Picture:
    flip = Image.Transpose
    return picture.transpose(random.choice((flip.FLIP_LEFT_RIGHT, flip.FLIP_TOP_BOTTOM)))


def crop(picture: Picture, random: Random) -> Picture:
    side = random.uniform(0.60, 0.95) ** 0.5
    width, height = round(picture.width * side), round(picture.height * side)
    right, down = random.choice(((0, 0), (0, 1), (1, 0), (1, 1), (0.5, 0.5)))
    x, y = round((picture.width - width) * right), round((picture.height - height) * down)
    return picture.crop((x, y, x + width, y + height))


def grey(picture: Picture, _: Random) -> Picture:
    return picture.convert("L")


def shrink(picture: Picture, random: Random) -> Picture:
    by = random.choice((2, 3, 4, 8))
    size = max(1, picture.width // by), max(1, picture.height // by)
    return picture.resize(size, random.choice((Image.Resampling.LANCZOS, Image.Resampling.BOX)))


def halve(picture: Picture, random: Random) -> Picture:
    del random
    return picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.BICUBIC)


def tilt(picture: Picture, random: Random) -> Picture:
    angle = random.choice((-1, 1)) * random.uniform(1, 10)
    return picture.rotate(angle, Image.Resampling.BICUBIC)


CHANGES: dict[str, tuple[set[str], Sequence[Change]]] = {
    "encoded again": ({"re-encoded"}, ()),
    "turned": ({"turned"}, (turn,)),
    "mirrored": ({"mirrored"}, (mirror,)),
    "cropped": ({"cropped"}, (crop,)),
    "greyed": ({"greyed"}, (grey,)),
    "shrunk": ({"shrunk"}, (shrink,)),
    "shrunk, greyed": ({"shrunk", "greyed"}, (shrink, grey)),
    "mirrored, shrunk": ({"mirrored", "shrunk"}, (mirror, shrink)),
    "turned, greyed": ({"turned", "greyed"}, (turn, grey)),
    "cropped, halved": ({"cropped", "shrunk"}, (crop, halve)),
    "cropped, greyed": ({"cropped", "greyed"}, (crop, grey)),
    "cropped, mirrored": ({"cropped", "mirrored"}, (crop, mirror)),
    "cropped, turned": ({"cropped", "turned"}, (crop, turn)),
    "turned by 1 to 10°": ({"turned"}, (tilt,)),
}
"""What is done to the photos, and the kinds that `duplicates` should name."""


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--half", choices=("first", "second"), default="second")
    parser.add_argument("--short", action="store_true", help="few photos")
    parser.add_argument("--wrong", action="store_true", help="list what is wrong or missing")
    parser.add_argument("--json", type=Path, metavar="PATH", help="save the results as JSON")
    options = parser.parse_args(arguments)
    if not DATA.is_dir():
        parser.exit(0, "skipped: ../shared/data does not exist\n")
    count, each = SHORT if options.short else (PHOTOS, EACH)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "photos"
        truth = make_copies(folder, options.half, count, each)
        index = Path(scratch) / "index"
        indexed(index, folder)
        with open_searcher(index) as searcher:
            start = time.perf_counter()
            found = duplicates(searcher)
            seconds = time.perf_counter() - start
            cosine = by_cosine(searcher)
        methods: dict[str, Pairs] = {
            "duplicates": pairs_of(found),
            "cosine ≥ .95": cosine,
            "pHash ≤ 10 bits": by_hash(folder, imagehash.phash),
            "dHash ≤ 10 bits": by_hash(folder, imagehash.dhash),
        }
        tables = {
            f"Share of the copies found, {each} of each kind": recalls(truth, methods),
            "Share of the images listed that are copies": precisions(methods),
            "How `duplicates` names the copies": names(truth, found),
        }
        if options.wrong:
            tables["Wrong or missing"] = mistakes(truth, found)
    about = machine(("numpy", "opencv-python-headless", "ImageHash"))
    title = f"Copies: {count:,} photos of the {options.half} half, duplicates took {seconds:.1f} s"
    publish(title, about, tables, options.json)


def make_copies(folder: Path, half: str, count: int, each: int) -> dict[str, str]:
    """Write photos and copies. The name of a copy is that of its photo with a suffix.

    Returns:
        What was done to each copy, by its name.
    """
    with (DATA / "labels.csv").open(newline="", encoding="utf-8") as lines:
        files = sorted(row["file"] for row in csv.DictReader(lines))
    parity = int(half == "second")
    files = [one for one in files if hashlib.md5(one.encode()).digest()[0] % 2 == parity]
    random = Random(7)
    random.shuffle(files)
    folder.mkdir()
    originals = ((file, opened(DATA / "images" / file)) for file in files[:count])
    truth = {}
    for what, (_, changes) in CHANGES.items():
        for _ in range(each):
            file, picture = next(originals)
            while grey in changes and is_grey(picture):  # a grey photo cannot be greyed
                file, picture = next(originals)
            for change in changes:
                picture = change(picture, random)
            copy = f"{Path(file).stem}@{what.replace(' ', '_')}.jpg"
            picture.save(folder / copy, quality=random.randint(30, 90))
            truth[copy] = what
    for file in files[:count]:
        (folder / file).write_bytes((DATA / "images" / file).read_bytes())
    return truth


def opened(file: Path) -> Picture:
    with Image.open(file) as picture:
        return picture.convert("RGB")


def is_grey(picture: Picture) -> bool:
    return float(np.ptp(np.asarray(picture, np.float32), axis=2).mean()) < 3


def indexed(index: Path, folder: Path) -> None:
    """Index a folder of photos by nano."""
    listing = list_paths([str(folder)])
    resolved = resolve(index, Settings(model="nano", sparsity=Sparsity()), listing)
    assert resolved.encoder is not None
    create_index(index, resolved.manifest, resolved.space)
    with open_index(index) as opened:
        build(opened, PhotoSource(listing, resolved.encoder))


def pairs_of(found: Duplicates) -> Pairs:
    return {
        (Path(group.keep.path).name, Path(copy.image.path).name)
        for group in found.groups
        for copy in group.others
    }


def by_cosine(searcher: Searcher) -> Pairs:
    """Groups of images with cosines of at least .95; the largest is kept."""
    fields = ("path", "width", "height")
    hits = list(searcher.index.engine.scroll(with_payload=fields, with_dense=True))
    names = [Path(hit.payload["path"]).name for hit in hits]
    sizes = {
        name: (-hit.payload["width"] * hit.payload["height"], name)
        for name, hit in zip(names, hits, strict=True)
    }
    vectors = unit(np.array([hit.dense for hit in hits], np.float32))
    return grouped([(names[i], names[j]) for i, j, _ in near_pairs(vectors, 0.95)], sizes)


def grouped(links: Iterable[tuple[str, str]], sizes: dict[str, tuple[int, str]]) -> Pairs:
    """Images to keep, with those that a chain of links joins to them."""
    groups = connected_components(links)
    kept = [(min(group, key=sizes.__getitem__), group) for group in groups]
    return {(keep, other) for keep, group in kept for other in group if other != keep}


def by_hash(folder: Path, method: Callable[[Picture], imagehash.ImageHash]) -> Pairs:
    """Groups of images with hashes of 64 bits that differ in 10 at most; the largest is kept."""
    files = sorted(folder.iterdir())
    hashes, sizes = [], {}
    for file in files:
        with Image.open(file) as picture:
            hashes.append(method(picture).hash.ravel())
            sizes[file.name] = (-picture.width * picture.height, file.name)
    bits = np.array(hashes, np.float32)
    apart = bits @ (1 - bits).T + (1 - bits) @ bits.T
    near = np.argwhere(np.triu(apart <= 10, 1))
    return grouped([(files[i].name, files[j].name) for i, j in near], sizes)


def photo_of(name: str) -> str:
    """The photo that an image comes from."""
    return Path(name).stem.split("@")[0]


def recalls(truth: dict[str, str], methods: dict[str, Pairs]) -> list[dict[str, Any]]:
    """Share of the copies of each kind that are in a group with their original."""
    together: dict[str, dict[str, set[str]]] = {}
    for method, pairs in methods.items():
        group_of: dict[str, str] = {}
        for keep, other in pairs:
            group_of |= {keep: keep, other: keep}
        photos = {photo_of(n): g for n, g in group_of.items() if "@" not in n}
        together[method] = {
            "found": {n for n in truth if n in group_of and photos.get(photo_of(n)) == group_of[n]}
        }
    kinds = list(dict.fromkeys(truth.values()))
    return [
        {
            "copies": kind,
            **{
                method: float(np.mean([n in found["found"] for n, k in truth.items() if k == kind]))
                for method, found in together.items()
            },
        }
        for kind in kinds
    ]


def precisions(methods: dict[str, Pairs]) -> list[dict[str, Any]]:
    return [
        {
            "method": method,
            "listed": len(pairs),
            "precision": sum(photo_of(a) == photo_of(b) for a, b in pairs) / max(len(pairs), 1),
        }
        for method, pairs in methods.items()
    ]


def names(truth: dict[str, str], found: Duplicates) -> list[dict[str, Any]]:
    """For each kind that is named: how often it should be, and how often it is, rightly."""
    said: Counter[str] = Counter()
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter(kind for what in truth.values() for kind in CHANGES[what][0])
    exactly: dict[str, list[bool]] = defaultdict(list)
    kept = 0
    for group in found.groups:
        keep = Path(group.keep.path).name
        kept += "@" not in keep
        for copy in group.others:
            name = Path(copy.image.path).name
            due = CHANGES[truth[name]][0] if name in truth else set()
            is_copy = photo_of(name) == photo_of(keep)
            said.update(copy.kinds)
            right.update(kind for kind in copy.kinds if is_copy and kind in due)
            if is_copy and name in truth:
                exactly[truth[name]].append(set(copy.kinds) == due)
    rows: list[dict[str, Any]] = [
        {
            "kind": kind,
            "named": said[kind],
            "rightly": right[kind] / max(said[kind], 1),
            "of those to name": right[kind] / wanted[kind] if wanted[kind] else None,
        }
        for kind in sorted({*said, *wanted})
    ]
    every = [one for some in exactly.values() for one in some]
    totals = {
        "all kinds of a copy": (len(every), float(np.mean(every))),
        "the original is kept": (len(found.groups), kept / max(len(found.groups), 1)),
    }
    return rows + [
        {"kind": what, "named": count, "rightly": share, "of those to name": None}
        for what, (count, share) in totals.items()
    ]


def mistakes(truth: dict[str, str], found: Duplicates) -> list[dict[str, Any]]:
    """What is listed but no copy, misnamed, or not found."""
    rows = []
    listed = set()
    for group in found.groups:
        keep = Path(group.keep.path).name
        listed.add(keep)
        for copy in group.others:
            name = Path(copy.image.path).name
            listed.add(name)
            due = CHANGES[truth[name]][0] if name in truth else set()
            if photo_of(name) != photo_of(keep) or set(copy.kinds) != due:
                rows.append({"keep": keep, "image": name, "said": copy.says, "by": copy.checked})
    rows += [{"keep": "", "image": name, "said": "", "by": ""} for name in {*truth} - listed]
    return rows


if __name__ == "__main__":
    main()
