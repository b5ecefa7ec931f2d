import numpy as np
import pytest

from splicedex.indexer.sources.base import blocks
from splicedex.indexer.sources.embeddings import array_source
from splicedex.splice.errors import UserError


@pytest.fixture
def arrays(tmp_path):
    """Three embeddings of four dimensions, and their names."""
    rows = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    np.save(tmp_path / "x.npy", rows)
    (tmp_path / "files.csv").write_text("file,label\na.jpg,cat\nb.jpg,dog\nc.jpg,\n")
    return tmp_path


def opened(folder, dim=4, root=None):
    return array_source(folder / "x.npy", files=folder / "files.csv", root=root, dim=dim)


def test_rows_and_lines_belong_together(arrays):
    source = opened(arrays)
    assert len(source) == 3
    (block,) = source.embed(source.items())
    assert [item.path for item in block.items] == ["a.jpg", "b.jpg", "c.jpg"]
    assert block.items[0].columns == {"label": "cat"}
    np.testing.assert_array_equal(block.embeddings, np.load(arrays / "x.npy"))
    assert len({facts["content_hash"] for facts in block.facts}) == 3


def test_the_signature_covers_embedding_and_columns(arrays):
    before = [item.signature for item in opened(arrays).items()]
    assert before == [item.signature for item in opened(arrays).items()]
    (arrays / "files.csv").write_text("file,label\na.jpg,cow\nb.jpg,dog\nc.jpg,\n")
    rows = np.load(arrays / "x.npy")
    rows[1, 0] += 1
    np.save(arrays / "x.npy", rows)
    after = [item.signature for item in opened(arrays).items()]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


def test_size_comes_from_the_photo_under_root(arrays):
    (arrays / "b.jpg").write_bytes(b"12345")
    source = opened(arrays, root=arrays)
    (block,) = source.embed(source.items())
    assert [facts.get("bytes") for facts in block.facts] == [None, 5, None]
    assert block.facts[1]["location"] == str(arrays / "b.jpg")
    assert "location" not in block.facts[0]


def test_half_precision_is_read_as_float32(arrays):
    rows = np.load(arrays / "x.npy").astype(np.float16)
    np.save(arrays / "x.npy", rows)
    source = opened(arrays)
    (block,) = source.embed(source.items())
    assert block.embeddings.dtype == np.float32
    np.testing.assert_array_equal(block.embeddings, rows.astype(np.float32))


def test_clip_retrieval_layout_in_numeric_order(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    (tmp_path / "img_emb").mkdir()
    (tmp_path / "metadata").mkdir()
    rows = np.random.default_rng(1).normal(size=(12, 2, 4)).astype(np.float16)
    for part in range(12):
        np.save(tmp_path / "img_emb" / f"img_emb_{part}.npy", rows[part])
        names = [f"{part}-{row}.jpg" for row in range(2)]
        parquet.write_table(
            pyarrow.table({"image_path": names}), tmp_path / "metadata" / f"metadata_{part}.parquet"
        )
    source = array_source(tmp_path, files=None, root=None, dim=4)
    (block,) = source.embed(source.items())
    assert block.items[-1].path == "11-1.jpg"
    np.testing.assert_array_equal(block.embeddings, rows.reshape(24, 4).astype(np.float32))
    (some,) = source.embed(item for item in source.items() if item.number in {3, 22})
    np.testing.assert_array_equal(some.embeddings, rows.reshape(24, 4)[[3, 22]])


@pytest.mark.parametrize(
    ("value", "cause"), [(np.nan, "row 2 is NaN"), (np.inf, "row 2 is NaN"), (0, "row 2 is zero")]
)
def test_invalid_vectors_are_refused(arrays, value, cause):
    rows = np.load(arrays / "x.npy")
    rows[2] = value
    np.save(arrays / "x.npy", rows)
    with pytest.raises(UserError, match=cause):
        opened(arrays)


def test_mismatched_inputs_are_refused(arrays):
    with pytest.raises(UserError, match=r"shape \(3, 4\), the model has 5 dimensions"):
        opened(arrays, dim=5)
    with pytest.raises(UserError, match="does not exist"):
        array_source(arrays / "no.npy", files=arrays / "files.csv", root=None, dim=4)
    with pytest.raises(UserError, match="does not name its images"):
        array_source(arrays / "x.npy", files=None, root=None, dim=4)
    with pytest.raises(UserError, match="not a folder"):
        opened(arrays, root=arrays / "no")
    (arrays / "files.csv").write_text("file\na.jpg\n")
    with pytest.raises(UserError, match="3 embeddings but 1 images"):
        opened(arrays)
    (arrays / "x.npy").write_bytes(b"no array")
    with pytest.raises(UserError, match="not a readable"):
        opened(arrays)
    np.save(arrays / "x.npy", np.array(["a"]))
    with pytest.raises(UserError, match="floating-point"):
        opened(arrays)
    with pytest.raises(UserError, match="img_emb"):
        array_source(arrays, files=None, root=None, dim=4)


def test_blocks_hold_all_items():
    assert list(blocks(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(blocks([], 2)) == []
