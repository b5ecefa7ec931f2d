"""Libraries that are only needed for what they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from splicedex.splice.errors import UserError

INSTALLS = {
    "pandas": "splicedex[notebook]",
    "polars": "splicedex[notebook]",
    "pyarrow": "splicedex[parquet]",
    "datasets": "splicedex[notebook]",
    "matplotlib": "splicedex[curation]",
}
"""What to install for a library, where it is not the library itself."""


def need(library: str, what: str) -> Any:
    """Import a library.

    Args:
        library: Its name; a module in it is imported as well.
        what: What needs it, for the message.

    Raises:
        UserError: It is not installed.
    """
    try:
        return import_module(library)
    except ImportError as error:
        name = library.partition(".")[0]
        raise UserError(
            f"{what} needs {name}", f"run `pip install '{INSTALLS.get(name, name)}'`"
        ) from error
