"""The command line, as users type it."""

import csv
import signal
from pathlib import Path

import numpy as np
import pytest

from splicedex.indexer.store.manifest import FORMAT


def test_help_has_examples(splicedex):
    assert "index" in splicedex("--help")
    for command in ("index", "search", "concepts", "explain"):
        assert f"splicedex {command}" in splicedex(command, "--help")
    assert splicedex("--version").strip()


def test_index_then_search(splicedex, indexed):
    folder, _ = indexed
    info = splicedex("info", "--index", folder, "--json")
    assert (info["images"], info["concepts"], info["dim"]) == (300, 12, 16)

    answer = splicedex("search", "dog", "--index", folder, "--json", "--limit", "5")
    assert set(answer) >= {"query", "took_ms", "hits"}
    assert answer["query"] == "dog"
    assert len(answer["hits"]) == 5
    scores = [hit["score"] for hit in answer["hits"]]
    assert scores == sorted(scores, reverse=True)
    for hit in answer["hits"]:
        assert all(0.35 <= one["probability"] <= 1 for one in hit["shows"])
        parts = hit["concepts"]
        assert parts[0]["concept"] == "dog"
        total = sum(part["contribution"] for part in parts) + hit["base"] + hit["rest"]
        assert total == pytest.approx(hit["score"], abs=1e-5)

    page = splicedex("search", "dog", "--index", folder, "--json", "--limit", "3", "--offset", "2")
    assert [hit["path"] for hit in page["hits"]] == [hit["path"] for hit in answer["hits"][2:]]
    assert "because" in splicedex("search", "dog OR cat", "--index", folder)


def test_boolean_queries_are_set_algebra(splicedex, indexed):
    folder, _ = indexed

    def found(query):
        answer = splicedex("search", query, "--index", folder, "--json", "--limit", "300")
        assert all(hit["match"] for hit in answer["hits"])
        assert answer["matches"] == len(answer["hits"])
        return {hit["path"] for hit in answer["hits"]}

    dog, car, tree = found("dog"), found("car"), found("tree")
    assert dog
    assert car
    assert found("dog AND car") == dog & car
    assert found("dog OR car") == dog | car
    without = found("NOT car")
    assert without
    assert found("dog NOT car") == found("dog without a car") == dog & without
    assert found("(dog OR tree) NOT car") == (dog | tree) & without
    assert found("dog NOT car>=0.25") == dog - car
    assert found("dog label:even") == {path for path in dog if int(path[:3]) % 2 == 0}
    assert found("dog number<100") == {path for path in dog if int(path[:3]) < 100}
    assert "unknown concept 'nothing'" in splicedex(
        "search", "nothing", "--index", folder, expect=2
    )


def test_why_an_image_is_not_found(splicedex, indexed):
    folder, _ = indexed
    answer = splicedex("search", "dog NOT car", "--index", folder, "--json", "--near", "-n", "300")
    for hit in (answer["hits"][0], answer["hits"][-1]):
        told = splicedex(
            "explain", hit["path"], "--query", "dog NOT car", "--index", folder, "--json"
        )
        assert told["match"] == hit["match"]
        assert [part["part"] for part in told["parts"]] == ["dog", "NOT car"]
        assert all(part["holds"] for part in told["parts"]) == hit["match"]
    said = splicedex("explain", hit["path"], "--query", "dog NOT car", "--index", folder)
    assert "does not match" in said


def test_like_finds_the_nearest_and_not_itself(splicedex, indexed, embedded):
    folder, _ = indexed
    answer = splicedex("search", "like:007.jpg", "--index", folder, "--json", "--limit", "4")
    rows = np.load(embedded / "x.npy")
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = rows @ rows[7]
    cosines[7] = -1
    assert [hit["path"] for hit in answer["hits"]] == [
        f"{i:03}.jpg" for i in np.argsort(-cosines)[:4]
    ]
    for hit in answer["hits"]:
        total = sum(part["contribution"] for part in hit["concepts"]) + hit["base"] + hit["rest"]
        assert total == pytest.approx(hit["score"], abs=1e-5)
        assert hit["score"] == pytest.approx(cosines[int(hit["path"][:3])], abs=1e-5)


def test_concepts(splicedex, indexed):
    folder, _ = indexed
    found = splicedex("concepts", "dogs", "--index", folder, "--json")
    assert (found["concept"], found["how"]) == ("dog", "inflected")
    hits = splicedex("search", "dog", "--index", folder, "--json", "--limit", "300")["hits"]
    assert found["images"] == len(hits)
    frequent = splicedex("concepts", "--index", folder, "--json", "--limit", "12")
    counts = [one["images"] for one in frequent]
    assert counts == sorted(counts, reverse=True)
    assert {one["concept"] for one in frequent} >= {"dog", "car"}
    assert "cosine" in splicedex("concepts", "dog", "--index", folder)
    assert "images" in splicedex("concepts", "--index", folder)


def test_running_again_changes_nothing(splicedex, indexed):
    _, words = indexed
    again = splicedex(*words, "--json")
    assert (again["unchanged"], again["added"], again["replaced"]) == (300, 0, 0)
    without_model = [word for word in words if word != "--model" and "space" not in str(word)]
    assert splicedex(*without_model, "--json")["unchanged"] == 300


def test_changes_are_found_and_the_vanished_pruned(splicedex, indexed, embedded):
    folder, words = indexed
    rows = np.load(embedded / "x.npy")
    rows[3] = rows[4]
    np.save(embedded / "x.npy", rows[:290])
    lines = (embedded / "files.csv").read_text().splitlines()
    lines[6] = "005.jpg,relabelled,5"
    (embedded / "files.csv").write_text("\n".join(lines[:291]) + "\n")
    kept = splicedex(*words, "--json")
    assert (kept["replaced"], kept["unchanged"], kept["images"]) == (2, 288, 300)
    pruned = splicedex(*words, "--prune", "--json")
    assert (pruned["pruned"], pruned["images"]) == (10, 290)
    assert splicedex("explain", "005.jpg", "--index", folder, "--json")["label"] == "relabelled"
    assert "no image '299.jpg'" in splicedex("explain", "299.jpg", "--index", folder, expect=2)


def test_a_killed_run_resumes_with_nothing_lost_or_doubled(tmp_path, splicedex, embedded, paced):
    random = np.random.default_rng(1)
    count = 12_000
    np.save(embedded / "x.npy", random.normal(size=(count, 16)).astype(np.float32))
    (embedded / "files.csv").write_text("\n".join(["file", *map(str, range(count))]) + "\n")
    folder = tmp_path / "killed.idx"
    words = [
        "index", "--index", folder, "--model", embedded / "space",
        "--embeddings", embedded / "x.npy", "--files", embedded / "files.csv", "--json",
    ]  # fmt: skip
    run = paced(*words)
    run.until(count // 2)
    run.process.kill()
    run.process.communicate()
    had = splicedex("info", "--index", folder, "--json")["images"]
    assert 0 < had < count
    resumed = splicedex(*words)
    assert (resumed["unchanged"], resumed["added"], resumed["replaced"]) == (had, count - had, 0)
    assert resumed["images"] == count


def test_interrupt_stops_cleanly_and_says_how_to_go_on(tmp_path, splicedex, embedded, paced):
    random = np.random.default_rng(1)
    count = 12_000
    np.save(embedded / "x.npy", random.normal(size=(count, 16)).astype(np.float32))
    (embedded / "files.csv").write_text("\n".join(["file", *map(str, range(count))]) + "\n")
    folder = tmp_path / "stopped.idx"
    words = [
        "index", "--index", folder, "--model", embedded / "space",
        "--embeddings", embedded / "x.npy", "--files", embedded / "files.csv",
    ]  # fmt: skip
    run = paced(*words)
    run.until(count // 2)
    run.process.send_signal(signal.SIGINT)
    said = run.end()
    assert run.process.returncode == 130
    assert "run the same command again" in said
    assert "Traceback" not in said
    assert splicedex(*words, "--json")["images"] == count


class TestBadInput:
    """One line with cause and hint, exit code 2, nothing half-written."""

    @pytest.mark.parametrize(
        ("query", "cause"),
        [
            ("", "it is empty"),
            ("dog label:", "needs a value"),
            ("colour:red", "no column 'colour'"),
            ("label>3", "holds text"),
            ("dog OR like:001.jpg", "cannot be part of OR or NOT"),
            ('text:"a dog"', "needs a text encoder"),
            ("(dog", "not closed"),
            ("dog AND", "missing"),
            ("gitar", "did you mean guitar?"),
            ("like:nowhere.jpg", "neither an image of the index nor a file"),
        ],
    )
    def test_queries(self, splicedex, indexed, query, cause):
        said = splicedex("search", query, "--index", indexed[0], expect=2)
        assert cause in said
        assert said.startswith("error: ")
        assert len(said.splitlines()) == 1

    def test_no_index(self, splicedex, tmp_path):
        said = splicedex("search", "dog", "--index", tmp_path / "none", expect=2)
        assert "holds no index" in said

    @pytest.mark.parametrize(
        ("more", "cause"),
        [
            (["--penalty", "0"], "l1 penalty"),
            (["--penalty", "-1"], "l1 penalty"),
            (["--l0", "0"], "l0"),
            (["--penalty", ".2", "--l0", "3"], "--penalty and --l0"),
            (["--model", "no-such-model"], "no-such-model"),
            (["--vocabulary", "no-such-list"], "vocabulary"),
        ],
    )
    def test_settings(self, splicedex, tmp_path, embedded, more, cause):
        folder = tmp_path / "bad.idx"
        said = splicedex(
            "index", "--index", folder, "--model", embedded / "space",
            "--embeddings", embedded / "x.npy", "--files", embedded / "files.csv", *more, expect=2,
        )  # fmt: skip
        assert cause in said
        assert not folder.exists()

    def test_embeddings(self, splicedex, tmp_path, embedded):
        rows = np.load(embedded / "x.npy")
        folder = tmp_path / "bad.idx"
        words = [
            "index", "--index", folder, "--model", embedded / "space",
            "--embeddings", tmp_path / "x.npy", "--files", embedded / "files.csv",
        ]  # fmt: skip
        poisoned, zeroed = rows.copy(), rows.copy()
        poisoned[250, 3], zeroed[9] = np.nan, 0
        for bad, cause in [
            (rows[:7], "7 embeddings but 300 images"),
            (rows[:, :8], "the model has 16 dimensions"),
            (poisoned, "row 250 is NaN"),
            (zeroed, "row 9 is zero"),
        ]:
            np.save(tmp_path / "x.npy", bad)
            assert cause in splicedex(*words, expect=2)
            assert not folder.exists()

    def test_an_index_made_otherwise(self, splicedex, indexed, embedded):
        folder, words = indexed
        said = splicedex(*words, "--penalty", ".3", expect=2)
        assert "l1_penalty 0.25, not l1_penalty 0.3" in said
        names = (embedded / "space" / "concepts.txt").read_text()
        (embedded / "space" / "concepts.txt").write_text(names.replace("dog\n", "wolf\n", 1))
        assert "was made with other contents of" in splicedex(*words, expect=2)
        manifest = folder / "manifest.json"
        manifest.write_text(manifest.read_text().replace(f'"format": {FORMAT}', '"format": 99'))
        assert "newer splicedex" in splicedex("search", "dog", "--index", folder, expect=2)

    def test_a_folder_that_is_no_index(self, splicedex, indexed, tmp_path):
        (tmp_path / "notes.txt").touch()
        words = ["index", "--index", tmp_path, *indexed[1][3:]]
        assert "is not an index" in splicedex(*words, expect=2)

    def test_an_empty_vocabulary(self, splicedex, tmp_path, embedded):
        (embedded / "space" / "concepts.txt").write_text("\n")
        words = ["--embeddings", embedded / "x.npy", "--files", embedded / "files.csv"]
        said = splicedex(
            "index", "--index", tmp_path / "i", "--model", embedded / "space", *words, expect=2
        )
        assert "is empty" in said


def test_two_thousand_real_embeddings(splicedex, data, tmp_path):
    real = data / "clip_vitb32"
    folder = tmp_path / "real.idx"
    made = splicedex(
        "index", "--index", folder, "--model", real / "space",
        "--embeddings", real / "image_embeddings.npy", "--files", real / "images.csv",
        "--root", real / "images", "--json",
    )  # fmt: skip
    assert made["images"] == made["added"] == 2461
    with (real / "images.csv").open(newline="") as file:
        captions = {row["file"]: row["captions"] + row["label"] for row in csv.DictReader(file)}
    for query, words in {
        "dog AND water": ("dog",),
        "man AND guitar NOT hat": ("guitar",),
        "dog NOT (cat OR person)": ("dog", "puppies"),
    }.items():
        hits = splicedex("search", query, "--index", folder, "--json", "--limit", "5")["hits"]
        assert hits
        assert all(hit["concepts"] for hit in hits), "every hit is explained"
        described = [captions[hit["name"]] for hit in hits if captions[hit["name"]] != "[]"]
        assert all(Path(hit["path"]).is_file() for hit in hits)
        assert all(any(word in text.casefold() for word in words) for text in described)
    near = splicedex("search", f"like:{hits[0]['path']}", "--index", folder, "--json")["hits"]
    assert near[0]["path"] != hits[0]["path"]
