import json
from dataclasses import replace

import pytest

from splicedex.indexer.store.manifest import FILE, FORMAT, Manifest
from splicedex.splice.errors import UserError
from splicedex.splice.sparsity import Sparsity

MANIFEST = Manifest(
    model="nano", encoder="e", vocabulary="clip", space="s", image_mean="its own",
    concepts=10, dim=4, l1_penalty=0.25, l0=None, precision="bf16",
)  # fmt: skip


def test_a_saved_manifest_is_the_same(tmp_path):
    MANIFEST.save(tmp_path / FILE)
    assert Manifest.load(tmp_path) == MANIFEST
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_sparsity():
    assert MANIFEST.sparsity == Sparsity(0.25)
    assert replace(MANIFEST, l1_penalty=None, l0=8).sparsity == Sparsity(l0=8)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("{", "cannot be read"),
        ("[]", "not a splicedex manifest"),
        ('{"format": 1}', "not a splicedex manifest"),
        (json.dumps({"format": FORMAT + 1, "new": True}), "newer splicedex"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, text, cause):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UserError, match=cause):
        Manifest.load(tmp_path)


def test_a_manifest_without_a_precision_opens(tmp_path):
    MANIFEST.save(tmp_path / FILE)
    values = json.loads((tmp_path / FILE).read_text())
    del values["precision"], values["checksum"]
    (tmp_path / FILE).write_text(json.dumps(values))
    older = Manifest.load(tmp_path)
    assert older == replace(MANIFEST, precision=None)
    older.refuse_other(MANIFEST, tmp_path)


def test_an_older_index_is_refused(tmp_path):
    replace(MANIFEST, format=FORMAT - 1).save(tmp_path / FILE)
    with pytest.raises(UserError, match="older splicedex"):
        Manifest.load(tmp_path)


def test_no_index(tmp_path):
    with pytest.raises(UserError, match="holds no index"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"l1_penalty": 0.3}, "l1_penalty 0.25, not l1_penalty 0.3"),
        ({"model": "other", "encoder": "f", "space": "t", "dim": 8}, "model 'nano', not 'other'"),
        ({"vocabulary": "laion", "space": "t", "concepts": 9}, "vocabulary 'clip', not 'laion'"),
        ({"image_mean": "a file", "space": "t"}, "image_mean 'its own', not 'a file'"),
        ({"space": "t"}, "other contents of nano"),
        ({"precision": "fp32"}, "precision 'bf16', not 'fp32'"),
    ],
)
def test_other_settings_are_refused_by_name(tmp_path, change, cause):
    with pytest.raises(UserError, match=cause):
        MANIFEST.refuse_other(replace(MANIFEST, **change), tmp_path)


def test_the_same_under_another_name_is_welcome(tmp_path):
    MANIFEST.refuse_other(replace(MANIFEST, model="./nano", vocabulary="./words.txt"), tmp_path)


def test_any_flipped_bit_is_noticed(tmp_path):
    MANIFEST.save(tmp_path / FILE)
    content = (tmp_path / FILE).read_bytes()
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1
        (tmp_path / FILE).write_bytes(flipped)
        try:
            assert Manifest.load(tmp_path) == MANIFEST  # white space
        except UserError:
            continue
        assert chr(content[place]).isspace()
