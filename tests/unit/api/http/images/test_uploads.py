import io

import numpy as np
import pytest
from PIL import Image

from splicedex.api.http.guard.problems import ProblemError
from splicedex.api.http.images.uploads import DECODERS, Uploads
from splicedex.splice.align import unit
from tests.photos import make_embeddings, make_index, make_space

SPACE = make_space()


class Colours:
    """An encoder that knows an image's mean colour alone."""

    def preprocess(self):
        return np.asarray

    def pixels(self, pixels):
        embedding = np.zeros(SPACE.dim, np.float32)
        embedding[:3] = pixels.mean(axis=(0, 1)) + 1
        return unit(embedding)


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    made = make_index(
        tmp_path_factory.mktemp("uploads") / "made", "edge", SPACE, make_embeddings(SPACE, 5)
    )
    yield made
    made.close()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def uploads(index, clock):
    made = Uploads(index, Colours(), most=3, seconds=60, most_pixels=10_000, clock=clock)
    yield made
    made.close()


def photo(red, size=(40, 30)):
    written = io.BytesIO()
    Image.new("RGB", size, (red, 0, 0)).save(written, "PNG")
    return written.getvalue()


def test_an_upload_is_remembered_by_its_content(uploads):
    made = uploads.add(photo(10))
    assert (made.width, made.height) == (40, 30)
    assert made.decomposition.concepts
    with Image.open(io.BytesIO(made.thumbnail)) as small:
        assert small.size == (40, 30)
    assert uploads.add(photo(10)).id == made.id
    assert uploads.add(photo(11)).id != made.id
    assert len(uploads) == 2
    np.testing.assert_array_equal(uploads.embedding_of(made.id), uploads.get(made.id).embedding)


def test_the_least_used_is_forgotten_first(uploads):
    first, second, _ = [uploads.add(photo(red)).id for red in (1, 2, 3)]
    uploads.get(first)
    uploads.add(photo(4))
    assert uploads.get(first)
    with pytest.raises(ProblemError, match="upload the image again"):
        uploads.get(second)


def test_time_makes_forget(uploads, clock):
    id_ = uploads.add(photo(1)).id
    clock.now = 59
    assert uploads.seconds_left(uploads.get(id_)) == 1
    uploads.add(photo(1))
    clock.now = 100
    assert uploads.seconds_left(uploads.get(id_)) == 19
    clock.now = 119
    with pytest.raises(ProblemError):
        uploads.get(id_)
    assert len(uploads) == 0


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "empty file"),
        (b"<html>", "web page"),
        (photo(1, (200, 100)), "more than the 10,000 allowed"),
    ],
)
def test_what_cannot_be_read_is_refused(uploads, content, cause):
    with pytest.raises(ProblemError, match=cause) as refused:
        uploads.add(content)
    assert refused.value.status == 415


def test_a_decoder_that_dies_is_replaced(uploads):
    uploads.add(photo(1))
    for worker in uploads._workers:
        worker.kill()
        worker.close()
    for red in range(2, 2 + 2 * DECODERS):
        assert uploads.add(photo(red))


@pytest.mark.parametrize("name", ["/etc/passwd", "beach.jpg", "", "upload", "UPLOAD-12"])
def test_nothing_but_uploads_is_reached(uploads, name):
    with pytest.raises(ProblemError, match="no image"):
        uploads.embedding_of(name)


def test_without_an_encoder_there_are_none(index):
    with pytest.raises(ProblemError, match="embeddings alone"):
        Uploads(index, None, most=3, seconds=60, most_pixels=10_000).add(photo(1))
