"""What the curation commands share: options, tags for what was chosen, and a progress bar."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from splicedex.api.cli.render import console, errors, short_path, table
from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from splicedex.search.curation.statistics.accuracy import Accuracy
    from splicedex.search.curation.subsets.subset import Example
    from splicedex.search.searcher import Searcher

Inside: TypeAlias = Annotated[
    str, typer.Option("--in", help="A query: only among its matches.", show_default=False)
]
Seed: TypeAlias = Annotated[int, typer.Option(min=0, help="The same seed chooses the same.")]
Tag: TypeAlias = Annotated[
    str | None, typer.Option(help="NAME=VALUE, a column to write to the images chosen.")
]
Yes: TypeAlias = Annotated[
    bool, typer.Option("--yes", help="Do it; without, only say what would be done.")
]


def split_words(text: str | None) -> list[str]:
    """Comma-separated words."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def split_tag(text: str) -> tuple[str, str]:
    """NAME=VALUE.

    Raises:
        UserError: There is no `=`.
    """
    name, sign, value = text.partition("=")
    if not sign:
        raise UserError(f"{text!r} is no tag", "write NAME=VALUE")
    return name.strip(), value.strip()


def tag_chosen(searcher: Searcher, tag: str | None, ids: Sequence[str], *, yes: bool) -> str | None:
    """Write a tag to images, or say that it would be written.

    Raises:
        UserError: It is no tag, or does not fit its column.
    """
    if tag is None:
        return None
    from splicedex.search.curation.tagging import typed_value, write_tag

    name, value = split_tag(tag)
    typed = typed_value(searcher, name, value)
    if not yes:
        return f"would write {name}={value} to {len(ids):,} images; add --yes to do it"
    write_tag(searcher, ids, name, typed)
    return f"wrote {name}={value} to {len(ids):,} images"


@contextmanager
def watching(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on standard error; gives what to call with what is done and the total."""
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def with_kin(concept: str, family: Sequence[str]) -> str:
    """A concept and, in brackets, the other names of its family."""
    others = [name for name in family if name != concept]
    return f"{concept} ({', '.join(others)})" if others else concept


def show_images(images: Sequence[Example]) -> None:
    """Print images by name, one a line."""
    for image in images:
        console.print(short_path(image.path), highlight=False, markup=False, soft_wrap=True)


def show_accuracies(found: Sequence[Accuracy]) -> None:
    """Print accuracies, a row a group and a column a method."""
    methods = list(dict.fromkeys(one.method for one in found))
    shown = table("group", "images", *methods, right=["images", *methods])
    for group in dict.fromkeys(one.group for one in found):
        row = [one for one in found if one.group == group]
        cells = (
            f"{one.accuracy.value:.3f} ({one.accuracy.low:.3f} to {one.accuracy.high:.3f})"
            for one in row
        )
        shown.add_row(group or "all", f"{row[0].images:,}", *cells)
    console.print(shown)
