"""A set of images: composed like a set, in an order, and read when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal, overload

from splicedex.api.python.asking import asked
from splicedex.api.python.images.members import Member, ids_in_order, member_of
from splicedex.api.python.images.set_trees import EVERYTHING, either, opposite, parts_of
from splicedex.api.python.query import Query
from splicedex.api.python.tables.table import Table, plain
from splicedex.search.query.asked import Asked
from splicedex.search.query.nodes import AllOf, Among, Node, NoneOf
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.api.python.asking import Asking
    from splicedex.api.python.images.hits import Hits
    from splicedex.api.python.index import Index
    from splicedex.api.python.tables import results
    from splicedex.search.curation.export import Format
    from splicedex.search.curation.tagging import Value
    from splicedex.search.searcher import Searcher

REASONS = 4
"""Concepts that are told of an image in a notebook."""


class View(Table):
    """A set of images of an index; `Index.view` makes it.

    `v & w`, `v | w`, `v - w` and `~v` make other sets. A view holds no images: it asks the index
    each time, so that it follows changes; `sample`, `limit` and slices choose their images once,
    when they are first used. A view goes wherever a query goes: `ix.compare(v, w)`.

    Args:
        index: The index.
        make: Makes the tree of its query.
        order: The column that it is sorted by, and whether largest is first; None for no order.
    """

    ROWS = "members"

    def __init__(
        self, index: Index, make: Callable[[], Node], order: tuple[str, bool] | None = None
    ) -> None:
        self._index = index
        self._make = make
        self._order = order
        self._tree: Node | None = None

    @property
    def tree(self) -> Node:
        """The tree of its query."""
        if self._tree is None:
            self._tree = self._make()
        return self._tree

    @property
    def query(self) -> str:
        """Its query as text; empty for every image."""
        return str(Asked(self.tree))

    # --- sets ---

    def _opposite(self, node: Node) -> Node:
        """The tree for all other images; where none says it, the images are told one by one."""
        return opposite(node) or NoneOf(Among(tuple(View(self._index, lambda: node).ids)), 0)

    def __and__(self, other: str | Asking) -> View:
        """The images that are in both."""
        return self._composed(other, lambda one, two: AllOf((*parts_of(one), *parts_of(two))))

    def __or__(self, other: str | Asking) -> View:
        """The images that are in one of them, or in both."""
        return self._composed(other, either)

    def __sub__(self, other: str | Asking) -> View:
        """The images that are here and not there."""
        return self._composed(other, lambda one, two: AllOf((*parts_of(one), self._opposite(two))))

    def __rand__(self, other: str | Asking) -> View:
        """The images that are in both."""
        return view_of(self._index, other) & self

    def __ror__(self, other: str | Asking) -> View:
        """The images that are in one of them, or in both."""
        return view_of(self._index, other) | self

    def __rsub__(self, other: str | Asking) -> View:
        """The images that are there and not here."""
        return view_of(self._index, other) - self

    def __invert__(self) -> View:
        """All other images."""
        return View(self._index, lambda: self._opposite(self.tree), self._order)

    def search(self, query: str | Asking, **options: Any) -> Hits:
        """Find images of this set by a query; see `Index.search` for its options.

        Args:
            query: The query.
            **options: Options of the search.
        """
        with self._index._session.searcher() as searcher:
            tree = _tree_of(searcher, asked(query))
        return self._index.search(Query(AllOf((*parts_of(tree), *parts_of(self.tree)))), **options)

    # --- order and choice ---

    def sort(self, column: str) -> View:
        """The same images in the order of a column; those without a value are last.

        Args:
            column: The column; `-taken` has the largest value first. `path` is one.

        Raises:
            UserError: There is no such column.
        """
        from splicedex.search.curation.subsets.checks import check_column

        name = column.removeprefix("-")
        with self._index._session.searcher() as searcher:
            check_column(searcher.index, name)
        return View(self._index, lambda: self.tree, (name, column != name))

    def sample(self, n: int, *, seed: int = 0) -> View:
        """Some of the images, chosen at random: the same for the same seed.

        Args:
            n: How many, at least 1; all if there are fewer.
            seed: Random seed, 0 or more.

        Raises:
            UserError: A number is out of range.
        """
        from splicedex.search.curation.subsets.checks import check_draw
        from splicedex.search.curation.subsets.selection import draw

        check_draw(n, seed)
        return View(self._index, lambda: Among(tuple(draw(self.ids, n, seed))), self._order)

    def limit(self, n: int) -> View:
        """The first images in their order.

        Args:
            n: At most this many.

        Raises:
            UserError: It is below 0.
        """
        if n < 0:
            raise UserError(f"limit {n} is below 0", "ask for 0 or more")
        return self[:n]

    # --- reading ---

    @property
    def ids(self) -> list[str]:
        """The point ids of its images, in their order."""
        from splicedex.indexer.payload.columns import fields_of
        from splicedex.search.curation.subsets.reading import read_ids

        with self._index._session.searcher() as searcher:
            passing = searcher.plan(asked(self)).filter
            if self._order is None:
                return list(read_ids(searcher.index, passing))
            column, descending = self._order
            fields = fields_of(column)
            points = list(searcher.index.engine.scroll(passing, with_payload=fields))
            return ids_in_order(points, column, searcher, descending=descending)

    @property
    def members(self) -> Sequence[Member]:
        """All its images."""
        return list(self)

    @property
    def rows(self) -> Sequence[Member]:
        """All its images."""
        return self.members

    def __len__(self) -> int:
        with self._index._session.searcher() as searcher:
            return searcher.index.engine.count(searcher.plan(asked(self)).filter)

    def __iter__(self) -> Iterator[Member]:
        return self._read(self.ids)

    @overload
    def __getitem__(self, at: int) -> Member: ...
    @overload
    def __getitem__(self, at: slice) -> View: ...
    def __getitem__(self, at: int | slice) -> Member | View:
        if isinstance(at, slice):
            return View(self._index, lambda: Among(tuple(self.ids[at])), self._order)
        return next(self._read([self.ids[at]]))

    def to_dict(self) -> dict[str, Any]:
        """The query, the number of images, and the images, as plain values."""
        found = self.to_list()
        return {"query": self.query, "images": len(found), "members": found}

    def to_list(self) -> list[dict[str, Any]]:
        """The images as plain values."""
        return [plain(member) for member in self]

    def records(self) -> list[dict[str, Any]]:
        """The images as data frames have them: columns beside the rest."""
        records = []
        for row in self.to_list():
            columns = row.pop("columns")
            first = {name: row.pop(name) for name in ("path", "name", "id", "cosine")}
            records.append(first | columns | row)
        return records

    # --- curation ---

    def facets(self, *, limit: int = 12) -> results.Facets:
        """What the images show, and the values of their columns; see `Index.facets`."""
        return self._index.facets(self, limit=limit)

    def concepts(
        self, *, order: Literal["share", "weight", "lift"] = "share", limit: int = 10
    ) -> results.Distribution:
        """What the images show, with intervals; see `Index.concepts`."""
        return self._index.concepts(inside=self, order=order, limit=limit)

    def compare(
        self,
        other: str | Asking | None = None,
        *,
        order: Literal["share", "odds"] = "share",
        examples: int = 0,
        limit: int = 10,
    ) -> results.Comparison:
        """The concepts in which this set and another differ; see `Index.compare`."""
        return self._index.compare(self, other, order=order, examples=examples, limit=limit)

    def drift(self, other: str | Asking, **options: Any) -> results.Drift:
        """How much this set and another differ in what they show; see `Index.drift`."""
        return self._index.drift(self, other, **options)

    def tag(self, *, dry_run: bool = False, **values: Value | None) -> tuple[results.Tagging, ...]:
        """Write columns of your own to the images; see `Index.tag`.

        Args:
            dry_run: Only count the images.
            **values: A value for each column.

        Returns:
            What was written, for each column.

        Raises:
            UserError: No column is given, a name cannot be a column, or a value does not fit.
        """
        if not values:
            raise UserError("there is nothing to tag with", "name a column: v.tag(good=True)")
        # What is written may change what matches.
        chosen: Asking = self if len(values) == 1 else self[:]
        return tuple(
            self._index.tag(chosen, name, value, dry_run=dry_run) for name, value in values.items()
        )

    def untag(self, *columns: str, dry_run: bool = False) -> tuple[results.Tagging, ...]:
        """Remove the values of columns from the images.

        Args:
            *columns: The columns.
            dry_run: Only count the images.
        """
        return self.tag(dry_run=dry_run, **dict.fromkeys(columns))

    def export(
        self,
        to: str | PathLike[str],
        *,
        as_: Format | None = None,
        label: str | None = None,
        overwrite: bool = False,
        dry_run: bool = False,
    ) -> results.Export:
        """Write the images as a table or folder, in the order of their ids; see `Index.export`."""
        return self._index.export(
            self, to, as_=as_, label=label, overwrite=overwrite, dry_run=dry_run
        )

    # --- other libraries ---

    def to_datasets(self) -> Any:
        """The images as a `datasets.Dataset` of Hugging Face, with a column `image`.

        Raises:
            UserError: datasets is not installed.
        """
        from splicedex.api.python.tables.exchange import to_datasets

        return to_datasets(self)

    def to_torch(
        self, *, label: str | None = None, transform: Callable[[Any], Any] | None = None
    ) -> Any:
        """The images as a `torch.utils.data.Dataset`; it can be sent to the workers of a loader.

        Args:
            label: A column of classes.
            transform: Applied to each image, a PIL image that is upright and in RGB.

        Returns:
            Items are pairs: the image, and the number of its class in `classes`, or without a label
            its id.

        Raises:
            UserError: There is no such column.
        """
        from splicedex.api.python.tables.exchange import to_torch

        return to_torch(self, label, transform)

    def to_fiftyone(self, name: str | None = None) -> Any:
        """The images as a `fiftyone.Dataset`: columns as fields, what they show as labels.

        Args:
            name: Name of the data set; by default FiftyOne chooses one.

        Raises:
            UserError: fiftyone is not installed.
        """
        from splicedex.api.python.tables.exchange import to_fiftyone

        return to_fiftyone(self, name)

    # --- how ---

    def __repr__(self) -> str:
        if not self._index._session.is_open:
            return "<View of a closed index>"
        order = f", by {'-' if self._order[1] else ''}{self._order[0]}" if self._order else ""
        return f"<View of {self.query or 'every image'}{order}: {len(self):,} images>"

    def _repr_html_(self) -> str:
        from splicedex.api.python.tables.html import MOST_CARDS, Card, cards_html

        ids = self.ids
        cards = [
            Card(
                one.path,
                one.name,
                [f"{a.concept} {a.probability:.2f}" for a in one.shows][:REASONS],
            )
            for one in self._read(ids[:MOST_CARDS])
        ]
        return cards_html(cards, repr(self), of=len(ids))

    def _kinds(self) -> Mapping[str, Any]:
        return self._index._kinds()

    def _read(self, ids: Sequence[str]) -> Iterator[Member]:
        """The images with these ids, in their order; those that are gone are left out."""
        from splicedex.indexer.sources.base import blocks

        for block in blocks(ids):
            with self._index._session.searcher() as searcher:
                points = searcher.index.engine.retrieve(block, with_concepts=True)
                members = [member_of(point, searcher) for point in points]
            yield from members

    def _composed(self, other: str | Asking, compose: Callable[[Node, Node], Node]) -> View:
        if isinstance(other, View) and other._index is not self._index:
            raise UserError("the views are of two indexes", "compare them with Index.drift")
        two = other if isinstance(other, View) else view_of(self._index, other)
        return View(self._index, lambda: compose(self.tree, two.tree), self._order)


def view_of(index: Index, query: str | Asking) -> View:
    """The set of images that match a query.

    Args:
        index: The index.
        query: The query; empty for every image.

    Raises:
        UserError: It is not valid, or ranks, so that it is no set.
    """
    if isinstance(query, View):
        return query
    text = asked(query)
    with index._session.searcher() as searcher:
        tree = _tree_of(searcher, text)
        if searcher.plan(Asked(tree)).ranks_by_vectors:
            raise UserError(
                f"{text!r} ranks images; a set needs a query that an image matches or not",
                "use concepts and columns, without text: and like:",
            )
    return View(index, lambda: tree)


def _tree_of(searcher: Searcher, query: str) -> Node:
    if not query.strip():
        return EVERYTHING
    reading = searcher.plan(query).reading
    assert reading is not None
    return reading.tree
