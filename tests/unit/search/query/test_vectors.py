import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splicedex.search.query.external_images import files
from splicedex.search.query.nodes import Like, Text
from splicedex.search.query.parser import parse
from splicedex.search.query.plan import direction_of
from splicedex.search.query.resolve import resolve
from splicedex.search.query.vectors import AWAY, TOWARDS, image_vector, intervened, text_vector
from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.errors import UserError
from splicedex.splice.presence.calibration import calibrate
from tests.photos import make_embeddings, make_index, make_space

SPACE = make_space()
PHOTOS = make_embeddings(SPACE, 30)


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    made = make_index(tmp_path_factory.mktemp("vectors") / "made", "edge", SPACE, PHOTOS)
    yield made
    made.close()


def asked(index, query, encode_file=None):
    part = parse(query)
    meanings = {edit: resolve(SPACE, edit.text) for _, edit in part.edits}
    return image_vector(index, part, meanings, files(encode_file))


@given(st.integers(0, 29), st.integers(0, 79), st.floats(0.1, 3))
@settings(deadline=None)
def test_edits_are_the_formula(row, concept, factor):
    z, atom = PHOTOS[row], SPACE.atoms[concept]
    scale = np.linalg.norm(z - SPACE.image_mean)
    aligned = (z - SPACE.image_mean) / scale
    added = unit(SPACE.image_mean + scale * (aligned + factor * TOWARDS * atom))
    np.testing.assert_allclose(intervened(SPACE, z, [(factor, atom)]), added, atol=1e-5)
    gone = aligned - (max(0, aligned @ atom) + factor * AWAY) * atom
    np.testing.assert_allclose(
        intervened(SPACE, z, [(-factor, atom)]), unit(SPACE.image_mean + scale * gone), atol=1e-5
    )


def test_what_goes_goes_before_what_comes():
    edits = [(1.0, SPACE.atoms[3]), (-1.0, SPACE.atoms[5])]
    np.testing.assert_array_equal(
        intervened(SPACE, PHOTOS[0], edits), intervened(SPACE, PHOTOS[0], edits[::-1])
    )


def test_an_indexed_image_is_looked_up(index):
    vector, id_ = asked(index, "like:beach.jpg")
    np.testing.assert_allclose(vector, PHOTOS[1], atol=1e-6)
    assert id_ == index.lookup("beach.jpg").id
    again, _ = asked(index, f"like:{id_}")
    np.testing.assert_array_equal(again, vector)


def test_edits_use_the_whole_family(index):
    edited, _ = asked(index, "like:beach.jpg -dog +water^2")
    edits = [
        (-1.0, direction_of(resolve(SPACE, "dog"), SPACE.atoms)),
        (2.0, direction_of(resolve(SPACE, "water"), SPACE.atoms)),
    ]
    np.testing.assert_allclose(edited, intervened(SPACE, PHOTOS[1], edits), atol=1e-5)


def test_a_file_is_encoded(index, tmp_path):
    photo = tmp_path / "other.jpg"
    photo.write_bytes(b"any")
    vector, id_ = asked(index, f'like:"{photo}"', lambda path: 3 * PHOTOS[int(path == photo) + 1])
    np.testing.assert_allclose(vector, PHOTOS[2], atol=1e-6)
    assert id_ is None
    with pytest.raises(UserError, match="cannot encode it"):
        asked(index, f'like:"{photo}"')


@pytest.mark.parametrize("path", ["nowhere.jpg", "~nobody/x.jpg", "a\0b", "n" * 1900, "."])
def test_what_is_no_image_is_refused(index, path):
    with pytest.raises(UserError, match="is neither an image of the index nor a file"):
        image_vector(index, Like(path, 0), {}, files(lambda file: PHOTOS[0]))


def test_sentences_stay_as_they_are():
    np.testing.assert_allclose(
        text_vector(Text("dusk", 0), lambda text: 5 * SPACE.texts[3]), SPACE.texts[3], atol=1e-6
    )
    with pytest.raises(UserError, match="needs a text encoder"):
        text_vector(Text("dusk", 0), None)


@pytest.fixture(scope="module")
def real(data):
    """The real space, embeddings and presence (n, c)."""
    folder = data / "clip_vitb32"
    space = ConceptSpace.load(folder / "space")
    photos = unit(np.load(folder / "image_embeddings.npy"))
    return space, photos, calibrate(space, photos).probability(photos)


@pytest.mark.parametrize(
    ("away", "towards"), [("person", "bicycle"), ("car", "boat"), ("horse", "boat"), ("dog", None)]
)
def test_edits_change_what_is_found_in_real_photos(real, away, towards):
    space, photos, presence = real

    def mean_in_top_ten(word, vectors):
        scores = vectors @ photos.T
        scores[np.arange(len(rows)), rows] = -1
        return presence[:, space.ids[word]][np.argsort(-scores, axis=1)[:, :10]].mean()

    rows = np.argsort(-presence[:, space.ids[away]], kind="stable")[:20]
    edits = [(-1.0, direction_of(resolve(space, away), space.atoms))]
    if towards:
        edits.append((1.0, direction_of(resolve(space, towards), space.atoms)))
    edited = np.array([intervened(space, photos[row], edits) for row in rows])
    before = mean_in_top_ten(away, photos[rows])
    assert before > 0.4
    assert mean_in_top_ten(away, edited) < 0.7 * before
    if towards:
        assert mean_in_top_ten(towards, edited) > mean_in_top_ten(towards, photos[rows]) + 0.3
