"""What the routes share: the open index, the threads that work on it, and what is remembered."""

from __future__ import annotations

import gc
from functools import cached_property
from importlib.metadata import version
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from splicedex.api.http.config import Settings
from splicedex.api.http.guard.worker_pool import Pool
from splicedex.api.http.images.thumbnails import Thumbnails
from splicedex.api.http.images.uploads import Uploads
from splicedex.indexer.store.index import Index
from splicedex.search.browse.concept_frequency import Frequencies
from splicedex.search.encoding import QueryEncoder
from splicedex.search.searcher import Searcher
from splicedex.splice.download import cache_folder

DECODERS = 2
"""Threads that make thumbnails and read uploads."""


class Service:
    """Everything a request may need.

    Args:
        index: Open index; whoever opened it closes it, after `close`.
        settings: How to serve.
    """

    def __init__(self, index: Index, settings: Settings) -> None:
        self.index = index
        self.settings = settings
        self.encoder = None if index.manifest.encoder is None else QueryEncoder(index)
        self.uploads = Uploads(
            index,
            self.encoder,
            most=settings.uploads,
            seconds=settings.upload_seconds,
            most_pixels=settings.most_pixels,
        )
        self.thumbnails = Thumbnails(
            cache_folder() / "thumbnails", settings.thumbnail_bytes, settings.most_pixels
        )
        self.frequencies = Frequencies(index)
        self.searcher = Searcher(
            index,
            self.encoder.text if self.encoder else None,
            self.uploads.outside,
            browse=True,
        )
        self.searching = Pool("search", settings.searches, settings.waiting)
        self.decoding = Pool("decode", DECODERS, settings.waiting)
        self.curating = Pool("curate", 1, settings.waiting)  # minutes of work never hold up search

    @cached_property
    def version(self) -> str:
        """Of splicedex."""
        return version("splicedex")

    def warm_up(self) -> None:
        """Load what every search needs, before the first comes."""
        _ = self.searcher.context, self.index.calibration, self.index.space.atoms
        # What stays for good need not be looked through for garbage: that held every request up
        # for 60 ms every few seconds.
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Finish what runs and let go of everything but the index."""
        self.searching.close()
        self.decoding.close()
        self.curating.close()
        self.uploads.close()


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Served: TypeAlias = Annotated[Service, Depends(_service)]
"""The service, as a route asks for it."""
