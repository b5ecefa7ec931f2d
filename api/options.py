"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

IndexFolder: TypeAlias = Annotated[
    Path,
    typer.Option("--index", envvar="SPLICEDEX_INDEX", help="Index folder.", show_default=False),
]
Json: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Limit: TypeAlias = Annotated[int, typer.Option("--limit", "-n", min=1, help="At most this many.")]
