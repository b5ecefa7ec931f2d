"""What `--prune` removes, and when it asks."""

import shutil

import numpy as np
import pytest

from tests.e2e.moves.conftest import contents, counted


def test_a_folder_that_is_gone(splicedex, either, photos):
    shutil.rmtree(photos / "b" / "c")
    words = ("index", *either, photos / "b" / "c")
    said = splicedex(*words, expect=2)
    assert f"{photos}/b/c does not exist; the index has 4 images there" in said
    assert f"splicedex move {photos}/b/c NEW" in said
    assert "add --prune" in said
    said = splicedex(*words, "--prune", expect=2).splitlines()[-1]
    assert f"--prune would remove 4 of 12 images, under {photos}/b/c" in said
    assert "add --yes" in said
    assert len(contents(either)) == 12
    pruned = splicedex(*words, "--prune", "--yes", "--json")
    assert counted(pruned) == {"pruned": 4, "images": 8}
    assert "does not exist; check the path" in splicedex(*words, "--prune", "--yes", expect=2)


def test_an_empty_folder_and_a_single_photo(splicedex, made, photos):
    shutil.rmtree(photos / "b" / "c")
    (photos / "b" / "c").mkdir()
    words = ("index", *made, photos / "b" / "c")
    assert "c holds no photo; the index has 4 images there" in splicedex(*words, expect=2)
    said = splicedex("index", *made, photos / "a", "--exclude", "*", expect=2)
    assert "a holds no photo but what --exclude * leaves out; the index has" in said
    assert counted(splicedex(*words, "--prune", "--yes", "--json")) == {"pruned": 4, "images": 8}
    assert "no photos in" in splicedex(*words, "--prune", expect=2)
    (photos / "a" / "0.jpg").unlink()
    one = splicedex("index", *made, photos / "a" / "0.jpg", "--prune", "--yes", "--json")
    assert counted(one) == {"pruned": 1, "images": 7}


def test_a_pattern_that_matches_nothing_any_more(splicedex, made, photos):
    for photo in photos.glob("a/*.jpg"):
        photo.unlink()
    words = ("index", *made, f"{photos}/*/*.jpg")
    shutil.rmtree(photos / "b")
    said = splicedex(*words, "--prune", "--yes", "--json")
    assert counted(said) == {"pruned": 2, "images": 10}


def test_few_are_removed_unasked(splicedex, made, photos):
    (photos / "a" / "0.jpg").unlink()
    words = ("index", *made, photos, "--prune", "--json")
    assert counted(splicedex(*words)) == {"unchanged": 11, "pruned": 1, "images": 11}


def test_a_missing_drive_empties_nothing_but_what_is_new_is_kept(splicedex, made, photos, album):
    photos.rename(album / "unplugged")
    (album / "more").mkdir()
    shutil.copy(album / "unplugged" / "a" / "0.jpg", album / "more" / "new.jpg")
    words = ("index", *made, photos, album / "more", "--prune")
    said = splicedex(*words, expect=2).splitlines()[-1]
    assert "nothing was pruned: --prune would remove 11 of 12 images" in said
    assert {path for path in contents(made) if "/photos/" not in path} == {f"{album}/more/new.jpg"}
    photos.mkdir()
    with_mount_point = splicedex(*words, "--json")
    assert counted(with_mount_point) == {"unchanged": 1, "images": 12}
    photos.rmdir()
    (album / "unplugged").rename(photos)
    again = splicedex(*words, "--json")
    assert counted(again) == {"added": 1, "copied": 1, "unchanged": 12, "images": 13}


def test_what_has_moved_is_not_pruned(splicedex, made, photos):
    """Two thirds of the photos are gone from their places, and no question is asked."""
    (photos / "b").rename(photos / "z")
    words = ("index", *made, photos, "--prune", "--json")
    assert counted(splicedex(*words)) == {"moved": 8, "unchanged": 4, "images": 12}
    (photos / "z").rename(photos / "b")
    (photos / "b" / "c" / "2.webp").unlink()
    expected = {"moved": 7, "unchanged": 4, "pruned": 1, "images": 11}
    assert counted(splicedex(*words)) == expected


@pytest.mark.parametrize("answer", ["y", "n"])
def test_at_a_terminal_it_asks(at_terminal, made, photos, answer):
    shutil.rmtree(photos / "a")
    words = ("index", *made, photos, "--prune", "--json")
    code, report, shown = at_terminal(answer, *words)
    assert f"4 of 12 images, under {photos}/a. Remove them from the index? [y/N]" in shown
    assert code == 0
    done = {"pruned": 4} if answer == "y" else {"not_pruned": 4}
    images = 8 if answer == "y" else 12
    assert counted(report) == {"unchanged": 8, "images": images} | done


def test_embeddings_are_told_the_same(splicedex, indexed, embedded):
    _, words = indexed
    lines = (embedded / "files.csv").read_text().splitlines()
    rows = np.load(embedded / "x.npy")
    np.save(embedded / "x.npy", rows[:200])
    (embedded / "files.csv").write_text("\n".join(lines[:201]) + "\n")
    assert "would remove 100 of 300 images;" in splicedex(*words, "--prune", expect=2)
    assert splicedex(*words, "--prune", "--yes", "--json")["pruned"] == 100


def test_embeddings_whose_names_change_keep_their_tags(splicedex, indexed, embedded):
    folder, words = indexed
    splicedex("tag", "number<10", "seen=yes", "--yes", "--index", folder)
    text = (embedded / "files.csv").read_text()
    header, *lines = text.splitlines()
    (embedded / "files.csv").write_text(
        "\n".join([header, *(f"new/{one}" for one in lines)]) + "\n"
    )
    report = splicedex(*words, "--prune", "--json")
    assert counted(report) == {"moved": 300, "images": 300}
    hits = splicedex("search", "seen:yes", "--index", folder, "--json")["hits"]
    assert {hit["name"] for hit in hits} == {f"new/{number:03}.jpg" for number in range(10)}
