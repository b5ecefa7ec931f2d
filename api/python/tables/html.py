"""Results as static HTML, for notebooks.

It has no script and no style sheet, loads nothing, and its colours are those around it: so it looks
right where it is saved, mailed or shown by a viewer that leaves only inline styles, in light and
dark. Pictures are in it, small, and few enough to keep a notebook small.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

MOST_CARDS = 24
"""Images that are shown."""
MOST_ROWS = 50
"""Rows of a table that are shown."""
MOST_BYTES = 400_000
"""Size of all pictures together, as they are written."""
LONGEST = 200
"""Characters of a cell, a name or a reason that are shown."""
SMALL = 128
"""Longest edge of a picture in pixels."""
_FAINT = "opacity:0.7"
_LINE = "1px solid rgba(128,128,128,0.4)"
_FONT = "font-family:sans-serif;font-size:13px;line-height:1.35;color:inherit"


@dataclass(frozen=True)
class Card:
    """An image to show.

    Args:
        path: Its file.
        title: What it is called.
        lines: What is said of it.
        faint: Whether it stands back, as a near miss does.
    """

    path: str
    title: str
    lines: Sequence[str] = ()
    faint: bool = False


@dataclass
class _Pictures:
    """Makes pictures until there are enough.

    Args:
        largest: Longest edge of a picture in pixels.
        left: How many bytes there may still be.
    """

    largest: int = SMALL
    left: int = field(default=MOST_BYTES)

    def of(self, path: str) -> str:
        """The picture of a file as HTML; a frame without it where it cannot be read."""
        box = f"width:{self.largest}px;height:{self.largest}px"
        data = self._data(Path(path)) if self.left > 0 else ""
        if not data or len(data) > self.left:
            return f'<div style="{box};border:{_LINE};box-sizing:border-box"></div>'
        self.left -= len(data)
        return f'<img alt="" src="{data}" style="{box};object-fit:contain;margin:0">'

    def _data(self, path: Path) -> str:
        from splicedex.indexer.sources.decoding.opened import AGAIN
        from splicedex.indexer.sources.decoding.shrink import shrink
        from splicedex.splice.errors import UserError

        with suppress(UserError, OSError, ValueError):
            if path.is_absolute():
                picture = shrink(path, self.largest, AGAIN)
                return f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
        return ""


def cards_html(cards: Sequence[Card], caption: str, *, of: int = 0, largest: int = SMALL) -> str:
    """Images side by side, each with what is said of it.

    Args:
        cards: The images; the first `MOST_CARDS` are shown.
        caption: What they are.
        of: How many there are, if there are more than `cards`.
        largest: Longest edge of a picture in pixels.
    """
    pictures = _Pictures(largest)
    shown = cards[:MOST_CARDS]
    parts = [_card(card, pictures) for card in shown]
    return _framed(caption, max(of, len(cards)) - len(shown), "".join(parts))


def table_html(records: Sequence[Mapping[str, Any]], caption: str) -> str:
    """Rows as a table; those that are an image have its picture.

    Args:
        records: The rows; the first `MOST_ROWS` are shown.
        caption: What they are.
    """
    pictures = _Pictures(SMALL // 2)
    shown = records[:MOST_ROWS]
    names = list(dict.fromkeys(name for row in shown for name in row))
    photos = {"id", "path"} <= set(names)
    side = f"text-align:left;padding:2px 8px;border-bottom:{_LINE};vertical-align:top"
    head = "".join(f'<th style="{side};{_FAINT}">{_short(name)}</th>' for name in names)
    lines = []
    for row in shown:
        cells = [_cell(row.get(name)) for name in names]
        first = [pictures.of(str(row["path"]))] if photos else []
        lines.append("".join(f'<td style="{side}">{cell}</td>' for cell in [*first, *cells]))
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    start = f'<th style="{side}"></th>' if photos else ""
    table = f'<table style="border-collapse:collapse;{_FONT}"><tr>{start}{head}</tr>{body}</table>'
    return _framed(caption, len(records) - len(shown), table)


def _card(card: Card, pictures: _Pictures) -> str:
    lines = "".join(f"<div>{_short(line)}</div>" for line in card.lines)
    box = "display:inline-block;vertical-align:top;margin:0 8px 8px 0;overflow-wrap:anywhere"
    width = f"width:{pictures.largest + 32}px"
    return (
        f'<div style="{box};{width}{";opacity:0.5" if card.faint else ""}">'
        f"{pictures.of(card.path)}"
        f'<div style="{_FAINT}">{_short(card.title, keep_end=True)}</div>{lines}</div>'
    )


def _framed(caption: str, more: int, inside: str) -> str:
    rest = f'<div style="{_FAINT}">and {more:,} more</div>' if more > 0 else ""
    told = caption.removeprefix("<").removesuffix(">")  # the brackets of a repr
    title = f'<div style="margin-bottom:6px">{_short(told)}</div>'
    return f'<div style="{_FONT}">{title}{inside}{rest}</div>'


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list):
        return _short(", ".join(map(_named, value)))
    return _short("" if value is None else str(value))


def _named(value: Any) -> str:
    """An entry of a list: a concept with its number, an image, a value."""
    if not isinstance(value, Mapping):
        return str(value)
    name = next((value[key] for key in ("concept", "path", "label") if key in value), None)
    number = next((one for one in value.values() if isinstance(one, float)), None)
    if name is None:
        return str(dict(value))
    return f"{name} {number:.2f}" if number is not None else str(name)


def _short(text: str, *, keep_end: bool = False) -> str:
    """Text as HTML, of bounded length."""
    if len(text) > LONGEST:
        text = f"…{text[1 - LONGEST :]}" if keep_end else f"{text[: LONGEST - 1]}…"
    plain = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
    return escape(plain.encode("utf-8", "replace").decode())
