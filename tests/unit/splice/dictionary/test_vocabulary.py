import hashlib

import pytest

from splicedex.splice.dictionary import published, vocabulary
from splicedex.splice.dictionary.vocabulary import DEFAULT_SIZE, clip_merges, load_vocabulary
from splicedex.splice.errors import UserError


def test_clip_words_are_whole_words_in_merge_order():
    words = load_vocabulary("clip")
    assert len(words) == DEFAULT_SIZE == len(set(words))
    assert {"dog", "beach", "guitar", "mountain", "umbrella"} <= set(words)
    assert not {"the", "and", "ing", "tion", "ness", "ght"} & set(words)
    assert all(word.isalpha() and word.islower() and len(word) >= 3 for word in words)
    whole = {left + right: order for order, (left, right) in enumerate(clip_merges())}
    orders = [whole[word + "</w>"] for word in words]
    assert orders == sorted(orders)


def test_a_size_keeps_the_most_frequent():
    assert load_vocabulary("clip:50") == load_vocabulary("clip")[:50]


def test_a_file_is_cleaned(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("  hot   dog \n\nDog\ndog\nGrößе\n", "utf-8")
    assert load_vocabulary(str(path)) == ["hot dog", "Dog", "Größе"]


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("no-such-list", "unknown vocabulary 'no-such-list'"),
        ("clip:0", "not a positive number"),
        ("clip:many", "not a positive number"),
    ],
)
def test_bad_names_are_refused(source, cause):
    with pytest.raises(UserError, match=cause):
        load_vocabulary(source)


def test_bad_files_are_refused(tmp_path):
    empty, binary = tmp_path / "empty.txt", tmp_path / "binary.txt"
    empty.write_text("\n \n")
    binary.write_bytes(b"dog\n\xff\n")
    with pytest.raises(UserError, match="is empty"):
        load_vocabulary(str(empty))
    with pytest.raises(UserError, match="UTF-8"):
        load_vocabulary(str(binary))


@pytest.mark.parametrize(
    ("name", "size", "first"),
    [("laion", 10_000, None), ("laion_bigrams", 15_000, None), ("mscoco", None, "a")],
)
def test_the_papers_lists_are_most_frequent_first(data, monkeypatch, name, size, first):
    path = data / "splice_reference" / "vocab" / f"{name}.txt"
    expected = published.VOCABULARIES[name].sha256
    assert hashlib.sha256(path.read_bytes()).hexdigest() == expected
    monkeypatch.setattr(vocabulary, "fetch", lambda file: path)
    words = load_vocabulary(name)
    lines = path.read_text("utf-8").splitlines()
    assert words[0] == lines[-1]
    assert size is None or len(words) <= size
    assert first is None or words[0] == first
