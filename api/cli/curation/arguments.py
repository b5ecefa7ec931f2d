"""Arguments and options that several curation commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from splicedex.splice.errors import UserError

Query: TypeAlias = Annotated[
    str, typer.Argument(help='Query that the images have to match; "" for every image.')
]
Inside: TypeAlias = Annotated[
    str,
    typer.Option("--in", help="Use only images that match this query.", show_default=False),
]
Number: TypeAlias = Annotated[
    int, typer.Option("--n", min=1, help="Number of images to choose.", show_default=False)
]
Seed: TypeAlias = Annotated[
    int, typer.Option(min=0, help="Random seed; the same seed gives the same result.")
]
Tag: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Write this value into a column of the images found. Needs --yes.",
    ),
]
Yes: TypeAlias = Annotated[
    bool, typer.Option("--yes", help="Write the changes. Without it, only say what would change.")
]
Without: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="Concepts to take out, separated by commas: forest,bamboo. "
        "The results with and without them are compared."
    ),
]
GroupBy: TypeAlias = Annotated[
    str | None, typer.Option(help="Column of groups; the accuracy of each group is shown.")
]
Chart: TypeAlias = Annotated[
    Path | None, typer.Option(help="Save a bar chart to this file: .png, .svg or .pdf.")
]


def split_words(text: str | None) -> list[str]:
    """Split a list of words at its commas."""
    return [word.strip() for word in (text or "").split(",") if word.strip()]


def split_assignment(text: str) -> tuple[str, str]:
    """Split NAME=VALUE.

    Raises:
        UserError: There is no `=`.
    """
    name, sign, value = text.partition("=")
    if not sign:
        raise UserError(f"{text!r} has no =", "write NAME=VALUE, such as reviewed=yes")
    return name.strip(), value.strip()
