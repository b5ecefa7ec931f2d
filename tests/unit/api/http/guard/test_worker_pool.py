import asyncio
import threading

import pytest

from splicedex.api.http.guard.problems import ProblemError
from splicedex.api.http.guard.worker_pool import Pool

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def test_calls_run_in_threads_and_come_back():
    pool = Pool("test", 2, 10)
    here = threading.get_ident()
    assert await pool.run(threading.get_ident) != here
    assert await pool.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await pool.run(divmod, 7, 0)
    pool.close()


async def test_what_waits_is_bounded():
    pool = Pool("test", 1, 2)
    go = threading.Event()
    held = [asyncio.create_task(pool.run(go.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    assert pool.pending == 3
    with pytest.raises(ProblemError) as refused:
        await pool.run(int)
    assert refused.value.status == 503
    assert "Retry-After" in refused.value.headers
    go.set()
    assert await asyncio.gather(*held) == [True] * 3
    assert await pool.run(int) == 0
    pool.close()


async def test_a_caller_that_gives_up_leaves_no_count_behind():
    pool = Pool("test", 1, 5)
    go = threading.Event()
    held = asyncio.create_task(pool.run(go.wait))
    waiting = asyncio.create_task(pool.run(int))
    await asyncio.sleep(0)
    waiting.cancel()
    go.set()
    await held
    with pytest.raises(asyncio.CancelledError):
        await waiting
    while pool.pending:
        await asyncio.sleep(0.01)
    pool.close()
