"""Words of a sentence that name nothing in a photo, and words that mean NOT."""

from __future__ import annotations

PASSED_OVER = frozenset(
    line.strip()
    for line in """
    a, an, the, some, any, this, that, these, those, there, here
    of, on, in, at, by, to, from, for, into, onto, upon, over, under, above, below, beneath, behind
    beside, besides, between, among, amongst, across, along, around, through, during, near, against
    towards, toward, within, as, than
    next to, close to, in front of, on top of, at the side of, a lot of, lots of, a couple of
    a pair of, a group of, a bunch of, full of, made of, as well as, together with, along with
    with, but, while, where, when, which, who, whose, also, too, both, either, plus, then
    is, are, was, were, am, be, being, been, has, have, had, having, does, do, did, could, will
    i, you, he, she, it, we, they, me, him, her, them, my, your, his, its, our, their
    show me, find me, search for, look for, give me, please
    photo of, photos of, picture of, pictures of, image of, images of, photograph of
    photographs of, pic of, pics of, snapshot of, snapshots of
    """.replace("\n", ",").split(",")
    if line.strip()
)
NEGATING = frozenset({"without", "no", "except", "excluding", "neither", "nor"})
"""Words that mean NOT before what is not plain words, as in `no "hot dog"`."""
LONGEST = max(len(words.split()) for words in PASSED_OVER)
