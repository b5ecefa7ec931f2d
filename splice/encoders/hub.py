"""Models kept on a hub: from the cache at once, else over the network, else a clear word."""

from __future__ import annotations

import logging
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from huggingface_hub import constants

from splicedex.splice.errors import UserError

T = TypeVar("T")

TIMEOUT = 5.0
"""Seconds to wait for the hub's first answer; its own client retries for most of a minute."""


def load_from_hub(name: str, load: Callable[[], T]) -> T:
    """Load a model that may have to be downloaded first.

    What is in the hub's cache is used without asking the network, so that searching an index
    works offline, and loads the very weights that made it.

    Args:
        name: The model, for messages.
        load: Loads it, through the hub's client.

    Raises:
        UserError: The hub cannot be reached, or does not have the model.
    """
    try:
        with _offline():
            return load()
    except Exception as error:  # the libraries wrap a cache miss in whatever they like
        if constants.is_offline_mode() or not _reachable():
            raise UserError(
                f"{name} is not in the cache and the model hub cannot be reached",
                "connect to the network, or use nano or local-dir:FOLDER, which need none",
            ) from error
    return load_local(name, load)


def load_local(name: str, load: Callable[[], T]) -> T:
    """Load a model, turning a library's failure into one line.

    Raises:
        UserError: It cannot be loaded.
    """
    try:
        return load()
    except UserError:
        raise
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise UserError(
            f"cannot load {name}: {reason}", "check the model's files, or try nano"
        ) from error


@contextmanager
def _offline() -> Iterator[None]:
    before = constants.HF_HUB_OFFLINE, logging.root.manager.disable
    constants.HF_HUB_OFFLINE = True
    logging.disable(logging.ERROR)  # a cache miss is no news
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE, logging.root.manager.disable = before


def _reachable() -> bool:
    request = urllib.request.Request(constants.ENDPOINT, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
