"""The methods of an index that choose images, to look at or to tag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from splicedex.api.python.asking import asked
from splicedex.api.python.searching import Searching

if TYPE_CHECKING:
    from splicedex.api.python.asking import Asking
    from splicedex.api.python.tables import results
    from splicedex.search.curation.duplicates import Keep
    from splicedex.search.curation.tagging import Value
    from splicedex.search.searcher import Searcher

Found = TypeVar("Found", bound="results.Choice")


class Selecting(Searching):
    """Choices of images. Each can be tagged at once."""

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
        from splicedex.api.python.tables.located import files_of
        from splicedex.api.python.tables.results import Outlier, Outliers
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
        from splicedex.api.python.tables.located import located
        from splicedex.api.python.tables.results import Duplicates, made
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
        from splicedex.api.python.tables.located import located
        from splicedex.api.python.tables.results import Balance, made
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
        from splicedex.api.python.tables.located import located
        from splicedex.api.python.tables.results import Selection, made
        from splicedex.search.curation.sample import sample

        with self._session.searcher() as searcher:
            found = sample(searcher, asked(query), n, seed)
            table = made(Selection, located(searcher, found))
            return self._tagged(searcher, table, tag, dry_run=dry_run)

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


def words_of(given: str | Sequence[str]) -> list[str]:
    """Several words as a list; one text is one word."""
    return [given] if isinstance(given, str) else list(given)
