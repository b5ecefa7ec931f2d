"""The methods of an index that curate a data set."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from splicedex.api.python.asking import asked
from splicedex.api.python.searching import Searching
from splicedex.api.python.selecting import Selecting, words_of
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.api.python.asking import Asking
    from splicedex.api.python.tables import results
    from splicedex.search.curation.export import Format
    from splicedex.search.curation.tagging import Value


class Curating(Selecting, ABC):
    """Statistics of sets of images, tags and exports.

    Each set is a query: its text, a value, or a view; an empty text is every image.
    """

    @overload
    def compare(
        self,
        first: str | Asking,
        second: str | Asking | None = None,
        *,
        order: Literal["share", "odds"] = "share",
        examples: int = 0,
        limit: int = 10,
    ) -> results.Comparison: ...
    @overload
    def compare(
        self,
        first: str | Asking = "",
        *,
        by: str,
        order: Literal["share", "odds"] = "share",
        examples: int = 0,
        limit: int = 10,
    ) -> results.Comparisons: ...
    def compare(
        self,
        first: str | Asking | None = None,
        second: str | Asking | None = None,
        *,
        by: str | None = None,
        order: Literal["share", "odds"] = "share",
        examples: int = 0,
        limit: int = 10,
    ) -> results.Comparison | results.Comparisons:
        """Compare two sets of images: the concepts in which they differ most.

        Only large differences are told that almost any half of the images has too. What the
        queries name is left out, in any form.

        Args:
            first: The first set; with `by`, the images to compare.
            second: The second set; by default all images that the first does not match.
            by: Compare each value of this column with all others, instead of two sets.
            order: Order by "share", the difference in share, or by "odds", the ratio.
            examples: Number of example images of each concept and set.
            limit: At most this many concepts.

        Raises:
            UserError: A query is not valid or matches nothing, both match the same images, or there
                is no such column.

        Example:
            >>> dogs = ix.view("dog")
            >>> ix.compare("dog", ~dogs).images == (len(dogs), len(~dogs))
            True
        """
        from splicedex.api.python.tables.results import Comparison, Comparisons, made
        from splicedex.search.curation.compare import compare, compare_by

        if by is not None and second is not None:
            raise UserError(
                "--by compares many sets, not two queries", "leave out the second query"
            )
        if by is None and first is None:
            raise UserError("nothing to compare", "give one or two queries, or --by COLUMN")
        query = "" if first is None else asked(first)
        other = None if second is None else asked(second)
        with self._session.searcher() as searcher:
            if by is None:
                found = compare(searcher, query, other, limit, order, examples)
                return made(Comparison, found)
            each = compare_by(searcher, by, query, limit, order, examples)
        return Comparisons(by, tuple(made(Comparison, one) for one in each))

    def spurious(
        self,
        label: str,
        *,
        split: str | None = None,
        part: str | None = None,
        inside: str | Asking = "",
        concepts: Sequence[str] = (),
        examples: int = 2,
        limit: int = 20,
    ) -> results.Suspicions:
        """Find spurious correlations: concepts that go with a label without a good reason.

        Args:
            label: Column of labels.
            split: Column of splits, such as train and test. What goes with a label in the other
                splits too belongs with it.
            part: Value of `split` to examine; by default train, or else the most frequent.
            inside: Use only images that match this query.
            concepts: Test only these, and tell them even if the difference is small or chance.
            examples: Number of counter-examples of each kind.
            limit: At most this many suspects.

        Raises:
            UserError: There is no such column or value, the column has too few or too many values,
                the query is not valid, or a concept is unknown.

        Example:
            >>> ix.spurious("label").images
            240
        """
        from splicedex.api.python.tables.results import Suspicions, made
        from splicedex.search.curation.spurious import spurious

        with self._session.searcher() as searcher, self._progress.counting("counting") as show:
            found = spurious(
                searcher,
                label,
                split=split,
                part=part,
                query=asked(inside),
                limit=limit,
                shown=examples,
                on_progress=show,
                concepts=words_of(concepts),
            )
            return made(Suspicions, found)

    def drift(
        self,
        first: str | Asking,
        second: str | Asking,
        *,
        to: Searching | str | PathLike[str] | None = None,
        permutations: int = 999,
        seed: int = 0,
        limit: int = 20,
    ) -> results.Drift:
        """Measure how much two sets of images differ in what they show, and what changed.

        Args:
            first: The first set.
            second: The second set.
            to: The index of the second set, open or by its address; by default this one.
            permutations: Number of random splits of the permutation test, 99 or more.
            seed: Seed of the random splits.
            limit: At most this many changed concepts.

        Raises:
            UserError: A query is not valid, the sets share images, or the indexes have different
                concepts.

        Example:
            >>> ix.drift("split:train", "split:test", permutations=99).p > 0
            True
        """
        from splicedex.api.python.tables.results import Drift, made
        from splicedex.search.curation.drift import drift

        with ExitStack() as stack:
            one = two = stack.enter_context(self._session.searcher())
            if to is not None and to is not self:
                other = to if isinstance(to, Searching) else stack.enter_context(self.sibling(to))
                two = stack.enter_context(other._session.searcher())
            found = drift((one, asked(first)), (two, asked(second)), limit, permutations, seed)
        return made(Drift, found)

    def export(
        self,
        query: str | Asking,
        to: str | PathLike[str],
        *,
        as_: Format | None = None,
        label: str | None = None,
        overwrite: bool = False,
        dry_run: bool = False,
    ) -> results.Export:
        """Write images as a table, or as a folder of links or copies.

        Args:
            query: The images.
            to: File of the table, or folder to fill.
            as_: A table: csv, jsonl, parquet or fiftyone; a folder: links, copies or imagefolder;
                by default by the suffix of `to`, or links.
            label: Column of classes: the folders of an imagefolder, the labels for FiftyOne.
            overwrite: Replace a table that exists.
            dry_run: Only say which files would be linked or copied. A table is always written.

        Raises:
            UserError: The query is not valid, the format or column is unknown, the target exists or
                cannot be written, or none of the files exists.

        Example:
            >>> ix.export("dog", folder / "dogs.csv").format
            'csv'
        """
        from splicedex.api.python.tables.results import Export, made
        from splicedex.search.curation.export import export

        with self._session.searcher() as searcher, self._progress.counting("exporting") as show:
            found = export(
                searcher,
                asked(query),
                Path(fspath(to)).expanduser(),
                as_,
                label,
                dry_run=dry_run,
                overwrite=overwrite,
                on_progress=show,
            )
        return made(Export, found)

    def tag(
        self, query: str | Asking, name: str, value: Value | None, *, dry_run: bool = False
    ) -> results.Tagging:
        """Write a column of your own to all images that match a query.

        Args:
            query: The images.
            name: The column; it is made if there is none.
            value: Its value; text that reads as a number, a date or a truth value becomes one. None
                removes the value.
            dry_run: Only count the images.

        Raises:
            UserError: The query is not valid, the name cannot be a column, or the value does not
                fit the column.

        Example:
            >>> ix.tag("dog NOT person", "good", True, dry_run=True).done
            False
        """
        from splicedex.api.python.tables.results import Tagging, made
        from splicedex.search.curation.tagging import tag

        with self._session.searcher() as searcher:
            return made(Tagging, tag(searcher, asked(query), name, value, dry_run=dry_run))

    def classify(
        self,
        names: Sequence[str] | Mapping[str, str] = (),
        *,
        names_from: str | None = None,
        truth: str | None = None,
        by: str | None = None,
        without: Sequence[str] = (),
        inside: str | Asking = "",
    ) -> results.Classification:
        """Classify images by name without training (zero-shot).

        Each image is classified by its embedding (dense) and by what its concepts add up to
        (recomposed), so that you see how much the concepts keep.

        Args:
            names: The names to choose from; or what to compare images with, by name:
                `{"automobile": "car"}`.
            names_from: Column whose values are names too.
            truth: Column of the true names, for the accuracy; by default `names_from`.
            by: Column of groups; the accuracy of each group is told.
            without: Concepts to take out; the results with and without them are compared.
            inside: Use only images that match this query.

        Raises:
            UserError: There are fewer than two names, a name has no embedding, a column or concept
                is unknown, or the query is not valid.

        Example:
            >>> ix.classify(["dog", "horse"], truth="label").methods
            ('dense', 'recomposed')
        """
        from splicedex.api.python.tables.results import Classification, made
        from splicedex.search.curation.classify import classify

        if isinstance(names, Mapping):
            names = [f"{name}={phrase}" for name, phrase in names.items()]
        with self._session.searcher() as searcher, self._progress.counting("classifying") as show:
            found = classify(
                searcher,
                names=words_of(names),
                names_from=names_from,
                truth=truth,
                by=by,
                query=asked(inside),
                without=words_of(without),
                on_progress=show,
            )
        return made(Classification, found)

    def probe(
        self,
        label: str,
        *,
        split: str | None = None,
        train: str = "train",
        by: str | None = None,
        without: Sequence[str] = (),
        inside: str | Asking = "",
        seed: int = 0,
        limit: int = 8,
    ) -> results.Probe:
        """Train a linear classifier (a probe) on concepts: the concepts that it uses.

        Args:
            label: Column of labels to predict.
            split: Column of splits; by default it is tested on a random fifth.
            train: Value of `split` to train on; all other images are for testing.
            by: Column of groups; the accuracy of each group is told.
            without: Train a second probe without these concepts, and test both.
            inside: Use only images that match this query.
            seed: Random seed.
            limit: At most this many concepts of each class.

        Raises:
            UserError: scikit-learn is missing, a column or concept is unknown, or there are too few
                images or classes.

        Example:
            >>> ix.probe("label", split="split").classes
            ('dog', 'horse')
        """
        from splicedex.api.python.tables.results import Probe, made
        from splicedex.search.curation.probe import probe

        with self._session.searcher() as searcher, self._progress.counting("reading") as show:
            found = probe(
                searcher,
                label,
                split=split,
                train=train,
                by=by,
                query=asked(inside),
                without=words_of(without),
                limit=limit,
                seed=seed,
                on_progress=show,
            )
        return made(Probe, found)

    @abstractmethod
    def sibling(self, to: str | PathLike[str]) -> AbstractContextManager[Searching]:
        """Open another index, which may be on the same server.

        Args:
            to: Its address.

        Raises:
            UserError: It cannot be opened.
        """
