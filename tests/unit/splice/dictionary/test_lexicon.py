import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from splicedex.splice.align import unit
from splicedex.splice.dictionary.kinds import kinds_of
from splicedex.splice.dictionary.lexicon import RARITY, Lexicon
from splicedex.splice.dictionary.space import ConceptSpace
from splicedex.splice.dictionary.word_frequency import UNKNOWN, WordFrequency
from splicedex.splice.errors import UserError

NAMES = ("dog", "collie", "couch", "sofa", "tree", "nosebag")
SHARES = {"dog": 0.1, "collie": 0.02, "couch": 0.05, "sofa": 0.01, "tree": 0.1}


@pytest.fixture(scope="module")
def space():
    texts = np.random.default_rng(5).normal(size=(len(NAMES), 16)).astype(np.float32)
    return ConceptSpace(NAMES, unit(texts), np.zeros(16, np.float32))


@pytest.fixture(scope="module")
def lexicon(space):
    return Lexicon.of_space(space, WordFrequency("test", SHARES))


def test_it_holds_what_is_known_of_the_words(space, lexicon):
    assert lexicon.frequency[NAMES.index("dog")] == pytest.approx(0.1 + UNKNOWN)
    assert lexicon.frequency[NAMES.index("nosebag")] == pytest.approx(UNKNOWN)
    assert (lexicon.kinds != kinds_of(space)).nnz == 0


def test_a_thing_has_its_most_frequent_name(lexicon):
    names = [NAMES[i] for i in lexicon.names]
    assert names == ["dog", "collie", "couch", "couch", "tree", "nosebag"]


def test_of_equally_frequent_names_one_is_said(space):
    lexicon = Lexicon.of_space(space, WordFrequency("test", SHARES | {"sofa": 0.05}))
    assert [NAMES[i] for i in lexicon.names].count("couch") == 2


def test_rare_words_have_a_higher_penalty(lexicon):
    penalties = dict(zip(NAMES, lexicon.penalties.tolist(), strict=True))
    assert penalties["dog"] == penalties["tree"] < penalties["couch"] < penalties["nosebag"]
    assert lexicon.penalties.mean() == pytest.approx(1)
    rarity = np.log(lexicon.frequency[0] / lexicon.frequency[-1])
    assert penalties["nosebag"] / penalties["dog"] == pytest.approx(1 + RARITY * rarity)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=50))
def test_penalties_are_positive_with_mean_one(shares):
    count = len(shares)
    ones = csr_array((np.ones(count), (range(count), range(count))), shape=(count, count))
    penalties = Lexicon(np.array(shares, np.float32), ones).penalties
    assert (penalties > 0).all()
    assert penalties.mean() == pytest.approx(1, rel=1e-4)


def test_saved_and_loaded(lexicon, tmp_path):
    lexicon.save(tmp_path / "lexicon.npz")
    loaded = Lexicon.load(tmp_path / "lexicon.npz", len(NAMES))
    assert np.array_equal(loaded.frequency, lexicon.frequency)
    assert (loaded.kinds != lexicon.kinds).nnz == 0
    assert [file.name for file in tmp_path.iterdir()] == ["lexicon.npz"]


def test_a_damaged_file_is_refused(lexicon, tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        Lexicon.load(tmp_path / "none.npz", len(NAMES))
    (tmp_path / "bad.npz").write_bytes(b"not a zip file")
    with pytest.raises(UserError, match="splicedex repair"):
        Lexicon.load(tmp_path / "bad.npz", len(NAMES))
    lexicon.save(tmp_path / "lexicon.npz")
    with pytest.raises(UserError, match="not of 7 concepts"):
        Lexicon.load(tmp_path / "lexicon.npz", 7)
