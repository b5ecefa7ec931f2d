"""Charts as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from splicedex.splice.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".png", ".svg", ".pdf")


def check_chart(path: Path) -> None:
    """Check that a chart can have this name.

    Raises:
        UserError: The suffix is not one of an image.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(
            f"{path} is not the name of a chart", f"use a name that ends in {', '.join(SUFFIXES)}"
        )


def save_chart(axes: Axes, path: Path) -> None:
    """Save the figure of some axes.

    Args:
        axes: The axes.
        path: The image file to write; .png, .svg or .pdf.

    Raises:
        UserError: The suffix is not one of an image, or the file cannot be written.
    """
    check_chart(path)
    try:
        axes.get_figure(root=True).savefig(  # type: ignore[union-attr]
            path, dpi=150
        )
    except OSError as error:
        raise UserError(f"{path} cannot be written ({error})", "choose another file") from error
