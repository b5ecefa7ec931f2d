"""What the routes share, before the first request."""

import gc
from contextlib import closing

from splicedex.api.http.config import Settings
from splicedex.api.http.service import Service
from tests.planted import make_planted


def test_what_stays_is_not_looked_through_for_garbage(tmp_path):
    with closing(make_planted(tmp_path / "made", "edge")) as index:
        service = Service(index, Settings())
        before = gc.get_freeze_count()
        try:
            service.warm_up()
            assert gc.get_freeze_count() > before + 10_000
        finally:
            gc.unfreeze()
            service.close()
