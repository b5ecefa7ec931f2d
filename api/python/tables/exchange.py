"""Views for other libraries: datasets, torch, FiftyOne."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from splicedex.api.python.tables.optional import need

if TYPE_CHECKING:
    from splicedex.api.python.images.view import View

_OWN = frozenset({"id", "filepath", "tags", "metadata", "created_at", "last_modified_at"})
"""Fields that FiftyOne has itself."""


def to_datasets(view: View) -> Any:
    """A `datasets.Dataset` of the images of a view; images without a file are None.

    Raises:
        UserError: datasets is not installed.
    """
    datasets = need("datasets", "to_datasets")
    table = view.to_arrow()
    files = [path if Path(path).is_file() else None for path in table["path"].to_pylist()]
    made = datasets.Dataset(table)
    return made.add_column("image", files).cast_column("image", datasets.Image())


def to_torch(view: View, label: str | None, transform: Callable[[Any], Any] | None) -> Any:
    """A `torch.utils.data.Dataset` of the images of a view whose files are there.

    Raises:
        UserError: There is no such column.
    """
    from splicedex.api.python.tables.torch_images import TorchImages
    from splicedex.indexer.payload.columns import text_of
    from splicedex.search.curation.subsets.checks import check_column

    if label is not None:
        with view._index._session.searcher() as searcher:
            check_column(searcher.index, label)
    members = [member for member in view if Path(member.path).is_file()]
    paths = [member.path for member in members]
    if label is None:
        return TorchImages(paths, [member.id for member in members], (), transform)
    values = [text_of(member.columns.get(label)) for member in members]
    classes = tuple(sorted(set(values)))
    return TorchImages(paths, [classes.index(value) for value in values], classes, transform)


def to_fiftyone(view: View, name: str | None) -> Any:
    """A `fiftyone.Dataset` of the images of a view.

    Raises:
        UserError: fiftyone is not installed.
    """
    fiftyone = need("fiftyone", "to_fiftyone")
    made = fiftyone.Dataset(name)
    samples = []
    for member in view:
        columns = {
            f"{one}_" if one in _OWN else one: value
            for one, value in member.columns.items()
            if value is not None
        }
        shows = fiftyone.Classifications(
            classifications=[
                fiftyone.Classification(label=one.concept, confidence=one.probability)
                for one in member.shows
            ]
        )
        samples.append(
            fiftyone.Sample(filepath=member.path, splicedex_id=member.id, shows=shows, **columns)
        )
    made.add_samples(samples)
    return made
