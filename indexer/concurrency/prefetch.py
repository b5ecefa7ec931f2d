"""Stages that overlap: each draws from the one before in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_PAUSE = 0.1
"""Seconds between looks at whether anybody still wants what is made."""


@dataclass(frozen=True)
class _Ended:
    """The last thing out of a stage: what ended it, if not its own end."""

    error: BaseException | None = None


def ahead(items: Iterable[T], waiting: int = 1) -> Generator[T]:
    """Draw from an iterable in another thread, some items ahead.

    Whatever ends the iterable is raised here, after the items before. Closing this closes it, if it
    is a generator, and waits until it has let go.

    Args:
        items: Drawn from in that thread alone.
        waiting: Items that may lie ready, beside the one that is being made.
    """
    ready: queue.Queue[Any] = queue.Queue(waiting)
    unwanted = threading.Event()

    def hand_over(thing: T | _Ended) -> bool:
        while not unwanted.is_set():
            try:
                ready.put(thing, timeout=_PAUSE)
            except queue.Full:
                continue
            return True
        return False

    def draw() -> None:
        ended = _Ended()
        try:
            for item in items:
                if not hand_over(item):
                    break
        except BaseException as error:
            ended = _Ended(error)
        if isinstance(items, Generator):
            items.close()
        hand_over(ended)

    thread = threading.Thread(target=draw, name="stage", daemon=True)
    thread.start()
    try:
        while True:
            thing = ready.get()
            if isinstance(thing, _Ended):
                if thing.error is not None:
                    raise thing.error
                return
            yield thing
    finally:
        unwanted.set()
        thread.join()
