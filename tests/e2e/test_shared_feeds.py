"""Live feeds of workers that are processes and share a store, read over HTTP."""

import asyncio
import json
import signal
from contextlib import suppress

import httpx

from tests.e2e.conftest import coinmux
from tests.e2e.test_worker_figures import scrape
from tests.e2e.test_workers import QUIET, healthy, workers_of

STREAM = "/api/market/ticker/stream?symbols=BTC/USDT"
READERS = 8


def feeds(server, state):
    """How many feeds of prices are in that state, of all workers."""
    return sum(
        value
        for (name, *labels), value in scrape(server).items()
        if name == "coinmux_feeds" and ("state", state) in labels
    )


class Reader:
    """One stream of events, until its worker ends."""

    def __init__(self, client):
        self.ids, self.prices = [], []
        self.is_over = False
        self.task = asyncio.ensure_future(self._read(client))

    async def _read(self, client):
        with suppress(httpx.HTTPError):
            async with client.stream("GET", STREAM) as response:
                async for line in response.aiter_lines():
                    if line.startswith("id: "):
                        self.ids.append(line[4:])
                    elif line.startswith("data: {"):
                        data = json.loads(line[6:]).get("data")
                        if data is not None:
                            self.prices.append(data["last"])
        self.is_over = True


async def came(condition, within_s=30):
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - it is asked over HTTP
            await asyncio.sleep(0.1)


async def go_on(readers):
    """Wait until each whose worker lives was told two prices more."""
    seen = [len(one.prices) for one in readers]

    def so():
        pairs = zip(readers, seen, strict=True)
        return all(one.is_over or len(one.prices) >= before + 2 for one, before in pairs)

    await came(so)


async def test_readers_of_two_workers_hear_one_feed_and_outlive_its_process(store):
    """One subscription for both; whichever worker is killed, the other's readers go on."""
    with coinmux("serve", "--simulate", "--workers", "2", STATE_URL=store.url, **QUIET) as server:
        await came(lambda: len(workers_of(server)) == 2 and healthy(server, 6))
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as client:
            readers = []

            async def more(count):
                readers.extend(Reader(client) for _ in range(count))
                await came(lambda: all(one.is_over or len(one.prices) >= 2 for one in readers))

            await more(READERS)
            # Which worker takes a connection is chance: more, until both read.
            while len(readers) < 5 * READERS and feeds(server, "heard") == 0:
                await more(1)
            await came(lambda: (feeds(server, "live"), feeds(server, "heard")) == (1, 1))
            common = set.intersection(*(set(one.ids) for one in readers))
            assert common, "all are told the same events"
            for _ in range(2):
                workers_of(server)[0].send_signal(signal.SIGKILL)
                await came(lambda: any(one.is_over for one in readers))
                readers[:] = [one for one in readers if not one.is_over]
                await go_on(readers)
                for one in readers:
                    assert len(set(one.ids)) == len(one.ids)
                await came(lambda: len(workers_of(server)) == 2 and healthy(server, 4))
                await more(READERS)
                await came(lambda: feeds(server, "live") == 1)
            for one in readers:
                one.task.cancel()
            await asyncio.gather(*(one.task for one in readers), return_exceptions=True)
