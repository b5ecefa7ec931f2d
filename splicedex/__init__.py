"""Image search that can say why: every image as a handful of weighted concepts.

    import splicedex as sx

    sx.index("~/Pictures", "photos.idx", model="nano")
    with sx.open("photos.idx") as ix:
        for hit in ix.search("dog AND beach", limit=20):
            print(hit.path, hit.reasons)

The four folders beside this one in the repository are its parts. Imports go one way:
`api` -> `search` -> `indexer` -> `splice`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from splicedex.api.python.images.view import View
    from splicedex.api.python.index import Index, open  # noqa: A004
    from splicedex.api.python.indexing import index
    from splicedex.api.python.keeping import repair
    from splicedex.api.python.method import decompose, intervene, recompose
    from splicedex.api.python.query import Query, c, col, like, text
    from splicedex.splice.errors import UserError

__all__ = [
    "Index",
    "Query",
    "UserError",
    "View",
    "c",
    "col",
    "decompose",
    "index",
    "intervene",
    "like",
    "open",
    "recompose",
    "repair",
    "text",
]
_MODULES = {
    "index": ("Index", "open"),
    "indexing": ("index",),
    "keeping": ("repair",),
    "method": ("decompose", "intervene", "recompose"),
    "query": ("Query", "c", "col", "like", "text"),
    "images.view": ("View",),
}
_WHERE = {
    name: f"splicedex.api.python.{module}" for module, names in _MODULES.items() for name in names
}
_WHERE["UserError"] = "splicedex.splice.errors"
"""The module of each name. It is imported when the name is first used."""


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_WHERE[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
