"""The methods of an index that curate a data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, overload

from splicedex.api.python.asking import asked
from splicedex.api.python.searching import Searching
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.api.python import results
    from splicedex.api.python.asking import Asking
    from splicedex.search.curation.duplicates import Keep
    from splicedex.search.curation.export import Format
    from splicedex.search.curation.tagging import Value
    from splicedex.search.searcher import Searcher

Found = TypeVar("Found", bound="results.Choice")


class Curating(Searching):
    """Statistics of sets of images, selections, tags and exports.

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
        from splicedex.api.python.results import Comparison, Comparisons, made
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
        from splicedex.api.python.results import Suspicions, made
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
        from splicedex.api.python.results import Drift, made
        from splicedex.search.curation.drift import drift

        with ExitStack() as stack:
            one = two = stack.enter_context(self._session.searcher())
            if to is not None and to is not self:
                other = to if isinstance(to, Searching) else stack.enter_context(self._sibling(to))
                two = stack.enter_context(other._session.searcher())
            found = drift((one, asked(first)), (two, asked(second)), limit, permutations, seed)
        return made(Drift, found)

    def outliers(
        self,
        inside: str | Asking = "",
        *,
        order: Literal["surprise", "cosine"] = "surprise",
        tag: Mapping[str, Value] | None = None,
        dry_run: bool = False,
        limit: int = 20,
    ) -> results.Outliers:
        """Find the images that are least like the others.

        Args:
            inside: Use only images that match this query.
            order: By "surprise" (what an image shows is rare among the images), in bits, or by
                "cosine" (its concepts describe it badly).
            tag: A column and the value to write to the images found.
            dry_run: Only say what would be tagged.
            limit: At most this many images.

        Raises:
            UserError: The query is not valid or matches nothing, or the tag does not fit.

        Example:
            >>> len(ix.outliers(limit=3))
            3
        """
        from splicedex.api.python.located import files_of
        from splicedex.api.python.results import Outlier, Outliers
        from splicedex.indexer.sources.location import printable
        from splicedex.search.curation.outliers import outliers

        with self._session.searcher() as searcher:
            found = outliers(searcher, asked(inside), limit, order)
            files = files_of(searcher, [one.id for one in found])
            images = tuple(
                Outlier(
                    one.id,
                    printable(str(files.get(one.id, one.path))),
                    one.surprise,
                    one.cosine,
                    one.shows,
                    one.path,
                )
                for one in found
            )
            return self._tagged(searcher, Outliers(images), tag, dry_run=dry_run)

    def duplicates(
        self,
        inside: str | Asking = "",
        *,
        kinds: Sequence[str] = (),
        above: float | None = None,
        keep: Keep = "largest",
        exact: bool | None = None,
        tag: Mapping[str, Value] | None = None,
        dry_run: bool = False,
    ) -> results.Duplicates:
        """Find copies of images: turned, mirrored, cropped, greyed, shrunk; and which to keep.

        Args:
            inside: Use only images that match this query.
            kinds: Only copies of these kinds: identical, re-encoded, mirrored, turned, cropped,
                greyed, shrunk, enlarged; alike is for images that are no copies but look the same
                to the model.
            above: Also images that look alike, with at least this cosine.
            keep: Which image of each group to keep: the "first" by path, the "largest" in pixels,
                the "oldest" file, or the "central" one.
            exact: Compare every pair (True) or use the graph (False); by default the number of
                images decides.
            tag: A column and the value to write to all images but the one to keep.
            dry_run: Only say what would be tagged.

        Raises:
            UserError: The query is not valid or matches nothing, an option is not valid, or the
                tag does not fit.

        Example:
            >>> ix.duplicates(above=0.999).images
            240
        """
        from splicedex.api.python.located import located
        from splicedex.api.python.results import Duplicates, made
        from splicedex.search.curation.duplicates import duplicates

        with self._session.searcher() as searcher:
            with self._progress.counting("comparing") as show:
                found = duplicates(
                    searcher, asked(inside), above, keep, show, exact, words_of(kinds)
                )
            table = made(Duplicates, located(searcher, found))
            return self._tagged(searcher, table, tag, dry_run=dry_run)

    def balance(
        self,
        query: str | Asking,
        n: int,
        *,
        by: Sequence[str | Asking] = (),
        seed: int = 0,
        tag: Mapping[str, Value] | None = None,
        dry_run: bool = False,
    ) -> results.Balance:
        """Choose images so that several queries match equally many of them.

        Args:
            query: The images to choose from.
            n: How many to choose.
            by: The queries of the parts, 2 to 16; an image can match several. By default the
                concepts that most images show.
            seed: Random seed; the same seed gives the same result.
            tag: A column and the value to write to the images chosen.
            dry_run: Only say what would be tagged.

        Raises:
            UserError: A query is not valid or matches nothing, or the tag does not fit.

        Example:
            >>> [part.chosen for part in ix.balance("", 10, by=["beach", "snow"]).parts]
            [5, 5]
        """
        from splicedex.api.python.located import located
        from splicedex.api.python.results import Balance, made
        from splicedex.search.curation.balance import balance

        with self._session.searcher() as searcher:
            found = balance(searcher, asked(query), [asked(one) for one in by], n, seed)
            table = made(Balance, located(searcher, found))
            return self._tagged(searcher, table, tag, dry_run=dry_run)

    def sample(
        self,
        query: str | Asking,
        n: int,
        *,
        seed: int = 0,
        tag: Mapping[str, Value] | None = None,
        dry_run: bool = False,
    ) -> results.Selection:
        """Choose images at random. The same seed chooses the same, in whatever index they are.

        Args:
            query: The images to choose from.
            n: How many to choose.
            seed: Random seed.
            tag: A column and the value to write to the images chosen.
            dry_run: Only say what would be tagged.

        Raises:
            UserError: The query is not valid or matches nothing, or the tag does not fit.

        Example:
            >>> len(ix.sample("dog", 5))
            5
        """
        from splicedex.api.python.located import located
        from splicedex.api.python.results import Selection, made
        from splicedex.search.curation.sample import sample

        with self._session.searcher() as searcher:
            found = sample(searcher, asked(query), n, seed)
            table = made(Selection, located(searcher, found))
            return self._tagged(searcher, table, tag, dry_run=dry_run)

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
        from splicedex.api.python.results import Export, made
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
        from splicedex.api.python.results import Tagging, made
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
        from splicedex.api.python.results import Classification, made
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
        from splicedex.api.python.results import Probe, made
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

    # --- how ---

    def _tagged(
        self,
        searcher: Searcher,
        found: Found,
        tag: Mapping[str, Any] | None,
        *,
        dry_run: bool,
    ) -> Found:
        """Tag the images that were found, or not, and say so."""
        from splicedex.search.curation.tagging import typed_value, write_tag

        if tag is None:
            return found
        ids = [image.id for image in found.images_found()]
        typed = {name: typed_value(searcher, name, value) for name, value in tag.items()}
        written = " ".join(f"{name}={value}" for name, value in tag.items())
        if dry_run:
            said = f"would write {written} to {len(ids):,} images; add --yes to do it"
        else:
            for name, value in typed.items():
                write_tag(searcher, ids, name, value)
            said = f"wrote {written} to {len(ids):,} images"
        return replace(found, tagged=said)  # type: ignore[type-var]

    def _sibling(self, to: str | PathLike[str]) -> Any:
        raise NotImplementedError


def words_of(given: str | Sequence[str]) -> list[str]:
    """Several words as a list; one text is one word."""
    return [given] if isinstance(given, str) else list(given)
