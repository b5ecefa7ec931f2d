"""What the routes share: the open index, thread pools, uploads and caches."""

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
from splicedex.search.browse.concept_frequency import FrequencyCache
from splicedex.search.encoding import QueryEncoder
from splicedex.search.searcher import Searcher
from splicedex.splice.download import cache_folder

DECODERS = 2
"""Number of threads that make thumbnails and read uploads."""


class Service:
    """All that routes need to answer requests.

    Args:
        index: Open index. The caller closes it, after `close`.
        settings: Limits and access rules.
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
        self.thumbnails = Thumbnails(cache_folder() / "thumbnails", settings.thumbnail_bytes)
        self.frequencies = FrequencyCache(index)
        self.searcher = Searcher(
            index,
            self.encoder.text if self.encoder else None,
            self.uploads.embedding_of,
            browse=True,
        )
        self.searching = Pool("search", settings.searches, settings.waiting)
        self.decoding = Pool("decode", DECODERS, settings.waiting)
        self.curating = Pool("curate", 1, settings.waiting)  # slow; must not delay searches

    @cached_property
    def version(self) -> str:
        """Version of splicedex."""
        return version("splicedex")

    def warm_up(self) -> None:
        """Load what every search needs before the first request."""
        _ = self.searcher.context, self.index.calibration, self.index.space.atoms
        # Exclude long-lived objects from garbage collection, which otherwise delays every request
        # by 60 ms every few seconds.
        gc.collect()
        gc.freeze()

    def close(self) -> None:
        """Finish running calls and release everything except the index."""
        self.searching.close()
        self.decoding.close()
        self.curating.close()
        self.uploads.close()


def service_of(request: Request) -> Service:
    """The service of the application that a request came to."""
    service: Service = request.app.state.service
    return service


async def _service(request: Request) -> Service:  # not async, FastAPI would call it in a thread
    return service_of(request)


Served: TypeAlias = Annotated[Service, Depends(_service)]
"""The service as a parameter of a route."""
