"""Groups of near-synonyms."""

import numpy as np

from splicedex.search.curation.concepts.synonyms import synonym_groups
from splicedex.splice.align import unit
from splicedex.splice.dictionary.space import ConceptSpace


def test_names_of_one_thing_are_one_group():
    random = np.random.default_rng(1)
    names = ("boot", "boots", "icecream", "ice cream", "short", "shorts", "a", "b", "c")
    rows = random.normal(size=(len(names), 64))
    rows[1] = rows[0] + 0.7 * rows[1]
    rows[3] = rows[2] + 0.3 * rows[3]
    rows[7] = rows[6] + 0.5 * rows[7]
    rows[8] = rows[7] + 0.5 * rows[8]  # near b, not a: no chain makes a and c one
    space = ConceptSpace(names, unit(rows.astype(np.float32)), np.zeros(64, np.float32))
    of = synonym_groups(space)
    together = {frozenset(names[i] for i in np.flatnonzero(of == one)) for one in of}
    assert frozenset({"boot", "boots"}) in together
    assert frozenset({"icecream", "ice cream"}) in together
    assert {frozenset({"short"}), frozenset({"shorts"})} <= together
    assert not any({"a", "c"} <= names for names in together)
