"""Models from a hub: read from the cache, else downloaded, else refused with a clear message."""

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
"""Seconds to wait for the hub. Its own client would retry for almost a minute."""


def load_from_hub(name: str, load: Callable[[], T]) -> T:
    """Load a model, downloading it first if needed.

    A model in the hub's cache is used without network access. So searching an index works offline,
    with exactly the weights that made the index.

    Args:
        name: Name of the model, for messages.
        load: Loads the model through the hub's client.

    Returns:
        What `load` returns.

    Raises:
        UserError: The hub cannot be reached, or it does not have the model.
    """
    try:
        with _offline():
            return load()
    except Exception as error:  # each library wraps a cache miss in its own exception
        if constants.is_offline_mode() or not _reachable():
            raise UserError(
                f"{name} is not in the cache and the model hub cannot be reached",
                "connect to the network, or use nano or local-dir:FOLDER, which work offline",
            ) from error
    return load_local(name, load)


def load_local(name: str, load: Callable[[], T]) -> T:
    """Load a model, and report a failure of the library in one line.

    Args:
        name: Name of the model, for messages.
        load: Loads the model.

    Returns:
        What `load` returns.

    Raises:
        UserError: The model cannot be loaded.
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
    logging.disable(logging.ERROR)  # a cache miss is expected
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
