"""Messages for mistakes in the arguments."""

import pytest

from splicedex.search.curation.compare import compare, compare_by
from splicedex.search.curation.distribution import distribution
from splicedex.search.curation.drift import drift
from splicedex.search.curation.spurious import spurious
from splicedex.search.curation.subsets.subset import subset
from splicedex.splice.errors import UserError


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda s: subset(s, "like:a/000.jpg"), "ranks images"),
        (lambda s: subset(s, "number>9999"), "no image matches"),
        (lambda s: distribution(s, "", order="size"), "--order size is unknown"),
        (lambda s: compare(s, "dog", "dog"), "the same images"),
        (lambda s: compare(s, ""), "matches every image"),
        (lambda s: compare(s, "dog", order="q"), "--order q is unknown"),
        (lambda s: compare_by(s, "colour"), "no text column 'colour'"),
        (lambda s: compare_by(s, "number"), "no text column 'number'"),
        (lambda s: compare_by(s, "path"), "over 100 values"),
        (lambda s: spurious(s, "label", "label"), "both label and split"),
        (lambda s: spurious(s, "label", None, "train"), "needs a column of splits"),
        (lambda s: spurious(s, "label", "split", "dev"), "no image has split:dev"),
        (lambda s: spurious(s, "label", query="label:dog"), "1 values"),
        (lambda s: drift((s, "dog"), (s, "dog beach")), "are in both sets"),
    ],
)
def test_mistakes(searcher, ask, message):
    with pytest.raises(UserError, match=message):
        ask(searcher)
