import numpy as np
import pytest

from splicedex.indexer.pipeline.lazy_encoder import LazyEncoder
from splicedex.indexer.sources.photos import PhotoSource, list_paths
from splicedex.indexer.store.manifest import Manifest
from splicedex.splice.errors import UserError
from tests.models import write_open_clip_model
from tests.photos import make_space

SPACE = make_space()
MANIFEST = Manifest("m", "w", "words", "s", "its own", 80, 24, 0.25, None)


def refuses():
    raise UserError("the weights of m are not those", "restore them")


def test_what_the_manifest_says_needs_no_model(tmp_path):
    encoder = LazyEncoder(MANIFEST, refuses)
    assert (encoder.name, encoder.dim, encoder.fingerprint()) == ("m", 24, "w")
    assert encoder.precision == "fp32"
    with pytest.raises(UserError, match="the weights of m"):
        encoder.encode_texts(["dog"])


def test_nothing_to_embed_needs_no_model(tmp_path):
    (tmp_path / "a.png").write_bytes(b"")
    source = PhotoSource(list_paths([str(tmp_path)]), LazyEncoder(MANIFEST, refuses))
    assert list(source.embed([])) == []
    with pytest.raises(UserError, match="the weights of m"):
        list(source.embed(source.items()))


def test_the_model_is_loaded_once(tmp_path):
    from splicedex.splice.encoders.load import load_encoder

    write_open_clip_model(tmp_path / "m")
    loads = []

    def load():
        loads.append(1)
        return load_encoder(f"local-dir:{tmp_path / 'm'}", device="cpu")

    encoder = LazyEncoder(MANIFEST, load)
    pixels = np.zeros((2, 3, 32, 32), np.uint8)
    assert encoder.encode_images(pixels).shape == (2, 24)
    assert encoder.encode_texts(["dog"]).shape == (1, 24)
    assert callable(encoder.preprocess())
    assert loads == [1]
