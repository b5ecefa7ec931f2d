"""Runs an iterable in another thread, so that pipeline stages overlap."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_POLL_SECONDS = 0.1
"""How often a thread that waits for room checks whether its items are still wanted."""


@dataclass(frozen=True)
class _End:
    """Marks the end of the items. Holds the error that ended them, if there was one."""

    error: BaseException | None = None


def prefetch(items: Iterable[T], waiting: int = 1, *, name: str = "prefetch") -> Generator[T]:
    """Draw items in another thread before they are needed.

    An error of the iterable is raised here, after the items that came before it. Closing this
    generator also closes the iterable if it is a generator, and waits until its thread has ended.

    Args:
        items: Items. Only the new thread draws them.
        waiting: How many finished items may wait, in addition to the one being made.
        name: Name of the thread.

    Yields:
        The items, in their order.
    """
    ready: queue.Queue[Any] = queue.Queue(waiting)
    unwanted = threading.Event()

    def hand_over(thing: T | _End) -> bool:
        while not unwanted.is_set():
            try:
                ready.put(thing, timeout=_POLL_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def draw() -> None:
        end = _End()
        try:
            for item in items:
                if not hand_over(item):
                    break
        except BaseException as error:
            end = _End(error)
        if isinstance(items, Generator):
            items.close()
        hand_over(end)

    thread = threading.Thread(target=draw, name=name, daemon=True)
    thread.start()
    try:
        while True:
            thing = ready.get()
            if isinstance(thing, _End):
                if thing.error is not None:
                    raise thing.error
                return
            yield thing
    finally:
        unwanted.set()
        thread.join()
