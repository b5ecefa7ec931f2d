"""Answers with hits are written without their models: they must still be what the models say."""

from contextlib import closing
from dataclasses import replace

import orjson
import pytest

from splicedex.api.http import answers
from splicedex.api.http.models import SearchAnswer
from splicedex.search.results import Options
from splicedex.search.searcher import Searcher
from tests.planted import make_planted


@pytest.fixture(scope="module")
def searcher(tmp_path_factory):
    with closing(make_planted(tmp_path_factory.mktemp("made") / "index", "edge")) as index:
        yield Searcher(index, browse=True)


@pytest.mark.parametrize("options", [Options(), Options(near=True), Options(count=False)])
@pytest.mark.parametrize("query", ["dog", "dog AND NOT car", "(dog OR car) NOT person", ""])
def test_an_answer_is_what_its_model_says(searcher, query, options):
    written = answers.to_json(answers.search_answer(searcher.search(query, options))).body
    read = SearchAnswer.model_validate_json(bytes(written), strict=True)
    assert read.model_dump() == orjson.loads(written)
    assert read.hits


def test_what_json_lacks_is_null_or_text(searcher):
    results = searcher.search("dog")
    first = results.hits[0]
    odd = replace(
        first, payload={**first.payload, "big": 2**64 - 1, "nan": float("nan"), "é": "\0"}
    )
    [hit] = orjson.loads(
        answers.to_json(answers.search_answer(replace(results, hits=(odd,)))).body
    )["hits"]
    assert hit["columns"]["big"] == 2**64 - 1
    assert hit["columns"]["nan"] is None
    assert hit["columns"]["é"] == "\0"
