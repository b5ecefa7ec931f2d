"""What commands find in many images: the results of `search.curation`, as tables."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar

from splicedex.api.python.tables.located import Image
from splicedex.api.python.tables.table import Table, plain
from splicedex.search.browse import facets
from splicedex.search.curation import (
    balance,
    classify,
    distribution,
    drift,
    duplicates,
    export,
    outliers,
    probe,
    tagging,
)
from splicedex.search.curation.output.charts import Bars, draw_bars, shorten
from splicedex.search.curation.reports import comparison, suspicion
from splicedex.search.curation.subsets import selection

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Made = TypeVar("Made", bound=Table)


def made(kind: type[Made], found: Any, **more: Any) -> Made:
    """A result as a table.

    Args:
        kind: The class of the table, which extends that of the result.
        found: The result.
        **more: The fields that the table has beside.
    """
    return kind(**{one.name: getattr(found, one.name) for one in fields(found)}, **more)


class Choice(Table, ABC):
    """Images that were chosen, to look at or to tag."""

    __slots__ = ()
    tagged: str | None
    """What was tagged, or would be; None without a tag."""

    @abstractmethod
    def images_found(self) -> Sequence[Image]:
        """The images that `--paths` lists and `tag` marks."""


@dataclass(frozen=True, slots=True, repr=False)
class Selection(Choice, selection.Selection):
    """Images chosen at random; see `search.curation.subsets.selection`.

    Args:
        tagged: What was tagged, or would be; None without a tag.
    """

    ROWS = "chosen"
    chosen: tuple[Image, ...] = ()
    tagged: str | None = None

    def images_found(self) -> Sequence[Image]:
        """The images that were chosen."""
        return self.chosen


@dataclass(frozen=True, slots=True, repr=False)
class Balance(Choice, balance.Balance):
    """A balanced selection; its rows are the images. See `search.curation.balance`.

    Args:
        tagged: What was tagged, or would be; None without a tag.
    """

    ROWS = "chosen"
    tagged: str | None = None

    @property
    def chosen(self) -> tuple[Image, ...]:
        """The images that were chosen."""
        return self.selection.chosen  # type: ignore[return-value]

    def images_found(self) -> Sequence[Image]:
        """The images that were chosen."""
        return self.chosen


@dataclass(frozen=True, slots=True, repr=False)
class Duplicates(Choice, duplicates.Duplicates):
    """Groups of duplicates; see `search.curation.duplicates`.

    In data frames there is a row for each image that can go.

    Args:
        tagged: What was tagged, or would be; None without a tag.
    """

    ROWS = "groups"
    tagged: str | None = None

    def images_found(self) -> Sequence[Image]:
        """All images but the one to keep of each group."""
        return [copy.image for group in self.groups for copy in group.others]  # type: ignore[misc]

    def records(self) -> list[dict[str, Any]]:
        """A row for each image that can go."""
        return [
            {
                "group": number,
                "keep": group.keep.path,
                **plain(copy.image),
                **{name: plain(getattr(copy, name)) for name in ("cosine", "kinds", "says")},
            }
            for number, group in enumerate(self.groups)
            for copy in group.others
        ]


@dataclass(frozen=True, slots=True)
class Outlier(outliers.Outlier):
    """An image that is unlike the others; see `search.curation.outliers`. `path` is its file.

    Args:
        name: Its name in the index.
    """

    name: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Outliers(Choice):
    """The images that are least like the others.

    Args:
        outliers: The images, least like the others first.
        tagged: What was tagged, or would be; None without a tag.
    """

    ROWS = "outliers"
    outliers: tuple[Outlier, ...]
    tagged: str | None = None

    def images_found(self) -> Sequence[Image]:
        """The images."""
        return [Image(one.id, one.path, one.name) for one in self.outliers]


@dataclass(frozen=True, slots=True, repr=False)
class Distribution(Table, distribution.Distribution):
    """What the images of a set show; see `search.curation.distribution`.

    Args:
        order: What the concepts are ordered by.
    """

    ROWS = "concepts"
    order: distribution.Order = field(default="share", kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """All of it, without the order that was asked for."""
        names = [one.name for one in fields(distribution.Distribution)]
        return {name: plain(getattr(self, name)) for name in names}

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the concepts as horizontal bars with intervals.

        Args:
            ax: Where to draw; by default on a figure of its own.

        Raises:
            UserError: Matplotlib is missing, or there are no concepts.
        """
        weights = self.order == "weight"
        bars = Bars([one.weight if weights else one.share for one in self.concepts])
        what = "mean SpLiCE weight" if weights else "share of images"
        title = f"{shorten(self.query or 'all images')} ({self.images:,} images)"
        return draw_bars([one.concept for one in self.concepts], [bars], what, title, ax)


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Table, comparison.Comparison):
    """The concepts in which two sets differ; see `search.curation.reports.comparison`."""

    ROWS = "concepts"
    PAIRS = frozenset({"images", "shares", "examples"})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shares of both sets as horizontal bars with intervals.

        Args:
            ax: Where to draw; by default on a figure of its own.

        Raises:
            UserError: Matplotlib is missing, or nothing differs.
        """
        bars = [
            Bars([one.shares[side] for one in self.concepts], query)
            for side, query in enumerate(self.queries)
        ]
        return draw_bars([one.concept for one in self.concepts], bars, "share of images", "", ax)


@dataclass(frozen=True, slots=True, repr=False)
class Comparisons(Table):
    """A comparison of each value of a column with all others.

    Args:
        column: The column.
        comparisons: One for each value.
    """

    ROWS = "comparisons"
    column: str
    comparisons: tuple[Comparison, ...]

    def records(self) -> list[dict[str, Any]]:
        """A row for each value and concept."""
        return [
            {"value": one.queries[0], **row} for one in self.comparisons for row in one.records()
        ]


@dataclass(frozen=True, slots=True, repr=False)
class Suspicions(Table, suspicion.Suspicions):
    """What goes with labels; its rows are suspicious. See `search.curation.reports.suspicion`."""

    ROWS = "suspects"


@dataclass(frozen=True, slots=True, repr=False)
class Drift(Table, drift.Drift):
    """How much two sets differ; see `search.curation.drift`. Its rows are what changed."""

    ROWS = "moved"
    PAIRS = frozenset({"images", "shares"})

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw how much the share of each concept changed, with intervals.

        Args:
            ax: Where to draw; by default on a figure of its own.

        Raises:
            UserError: Matplotlib is missing, or nothing changed.
        """
        bars = Bars([one.difference for one in self.moved])
        title = f"from {shorten(self.names[0])} to {shorten(self.names[1])}"
        return draw_bars([one.concept for one in self.moved], [bars], "change of share", title, ax)


@dataclass(frozen=True, slots=True, repr=False)
class Export(Table, export.Export):
    """What was written; see `search.curation.export`."""


@dataclass(frozen=True, slots=True, repr=False)
class Tagging(Table, tagging.Tagging):
    """What a tag changed; see `search.curation.tagging`."""


@dataclass(frozen=True, slots=True, repr=False)
class Classification(Table, classify.Classification):
    """The predicted names of images; see `search.curation.classify`.

    Its rows are the accuracies. In data frames there is a row for each name, with the numbers of
    images that each method gives it.
    """

    ROWS = "accuracies"

    def records(self) -> list[dict[str, Any]]:
        """A row for each name."""
        return [
            {"name": name, **{one: self.predicted[one].get(name, 0) for one in self.methods}}
            for name in self.names
        ]


@dataclass(frozen=True, slots=True, repr=False)
class Probe(Table, probe.Probe):
    """Trained probes; see `search.curation.probe`. Its rows are the concepts of each class."""

    ROWS = "words"


@dataclass(frozen=True, slots=True, repr=False)
class Facets(Table, facets.Facets):
    """What the images of a set show, and the values of their columns; see `search.browse.facets`.

    Its rows are the concepts.
    """

    ROWS = "concepts"
