"""Printing the results of a benchmark as Markdown tables, and saving them as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


def markdown(rows: Sequence[Row]) -> str:
    """Format rows as a table; floats have three significant digits.

    Args:
        rows: Mappings with the same keys, which are the columns, in the same order.
    """
    names = list(rows[0])
    numeric = [all(isinstance(row[name], int | float | None) for row in rows) for name in names]
    lines = [names, ["---:" if right else "---" for right in numeric]]
    lines += [[_cell(row[name]) for name in names] for row in rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def publish(
    title: str, machine: Row, tables: Mapping[str, Sequence[Row]], json_path: Path | None
) -> None:
    """Print the machine and the tables, and save them as JSON.

    Args:
        title: What was measured.
        machine: The description of the machine, from `machine.machine`.
        tables: The rows of each table by its heading.
        json_path: The JSON file to write; None writes none.
    """
    print(f"## {title}\n\n" + ", ".join(f"{key} {value}" for key, value in machine.items()))
    for heading, rows in tables.items():
        print(f"\n### {heading}\n\n{markdown(rows)}")
    if json_path is not None:
        everything = {"title": title, "machine": dict(machine), "tables": dict(tables)}
        json_path.write_text(json.dumps(everything, indent=2, default=list) + "\n")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
