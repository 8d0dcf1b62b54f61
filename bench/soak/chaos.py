"""What goes wrong during a soak: faults of sources, workers killed, store and database away.

Most answers by REST name no pair, so that another market's is one only to who knows what the market
costs. Nobody can know that of a market that was never asked about, and a worker that begins while
the store is away knows nothing: `wrong_symbol` is ordered once every pair was asked for, while the
store is there, which stays until it is over.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import aiohttp
import psutil

from bench.soak.away import StoreAway
from bench.soak.questions import PAIRS
from coinmux.framework.simulator.faults import FEED_KINDS, KINDS

if TYPE_CHECKING:
    from bench.soak.upstream import Upstream
    from bench.soak.world import World

#: `sample` plays a named sample, which there are differs by source; `lie` is a whole answer whose
#: prices are off, which nothing but a consensus can tell from a true one.
_NOT_ORDERED = frozenset({"sample", "lie"})
_FAULT_EVERY_S, _FAULT_LASTS_S = 1.0, (1.0, 8.0)
#: Faults that only some feeds can tell: without numbers nobody knows that trades are missing.
#: A message about another market is one only where it names its own.
_OF_ONE: Mapping[str, str] = {
    "feed_gap": "order_book", "feed_silence": "ticker", "feed_wrong_symbol": "trades",
}  # fmt: skip
_NAMELESS = frozenset({"bitfinex", "bitstamp", "htx"})
_FEED_FAULT_EVERY_S = 2.0
_KILL_EVERY_S = 12.0
_STORE_EVERY_S, _DATABASE_EVERY_S = 17.0, 23.0
_AWAY_S = (1.0, 5.0)
#: Workers tell each other what markets cost within this; answers on their way end within it, too.
_KNOWN_S = 6.0
_AGAIN_S = 0.2
#: A worker that waits for the store learns so soon after it is there.
_LEARNED_S = 4.0


class Chaos:
    """Four tasks that break things and mend them again.

    Attributes:
        done: how often each was done.
        killed_at: when workers were killed.
        away: when the store was.
    """

    def __init__(self, world: World, seed: int, upstream: Upstream) -> None:
        self._world = world
        self._upstream = upstream
        self._rng = random.Random(seed)
        self._spared = world.workers()[0].pid
        self.done: Counter[str] = Counter()
        self.killed_at: list[float] = []
        self.away = StoreAway()
        self._is_known = False
        #: Faults at this moment that only who knows the market can tell; set while there are none.
        self._nameless = 0
        self._is_named = asyncio.Event()
        self._is_named.set()

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Until cancelled; everything is mended then."""
        tasks = [
            asyncio.ensure_future(one)
            for one in (
                self._faults(session),
                self._feed_faults(session),
                self._kills(),
                self._ask_all(session),
            )
        ]
        if self._world.store is not None:
            tasks.append(asyncio.ensure_future(self._store()))
        if self._world.database is not None:
            tasks.append(asyncio.ensure_future(self._database()))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            async with session.delete(f"{self._world.simulator}/_simulator/faults"):
                pass

    @property
    def spared(self) -> int:
        """The worker whose memory is watched, and which is never killed."""
        return self._spared

    async def _faults(self, session: aiohttp.ClientSession) -> None:
        base = f"{self._world.simulator}/_simulator/faults"
        lines = (await self._answer(session, "/api/providers"))["providers"]
        names = [one["name"] for one in lines if one["enabled"]]
        kinds = [kind for kind in KINDS if kind not in _NOT_ORDERED | FEED_KINDS]

        async def one() -> None:
            name, kind = self._rng.choice(names), self._rng.choice(kinds)
            order: dict[str, Any] = {"provider": name, "kind": kind}
            is_nameless = kind == "wrong_symbol"
            # Those that began while it was away have reached it by then; the rest knew before.
            if is_nameless and not (self._is_known and self.away.there_s > _LEARNED_S):
                return
            if is_nameless:
                self._nameless += 1
                self._is_named.clear()
            if kind == "status":
                order["code"] = self._rng.choice((400, 401, 403, 404, 418, 429, 451, 500, 502, 503))
            if kind == "delay":
                order["seconds"] = self._rng.choice((0.3, 1.0, 5.0))
            if kind == "rate_limit":
                order["retry_after"] = self._rng.choice((1, 3))
            async with session.post(base, json=order) as reply:
                if reply.status == 201:
                    self.done[f"fault {kind}"] += 1
            await asyncio.sleep(self._rng.uniform(*_FAULT_LASTS_S))
            async with session.delete(f"{base}/{name}"):
                pass
            if is_nameless:
                await asyncio.sleep(_KNOWN_S)
                self._nameless -= 1
                if not self._nameless:
                    self._is_named.set()

        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(one())
                await asyncio.sleep(self._rng.expovariate(1 / _FAULT_EVERY_S))

    async def _ask_all(self, session: aiohttp.ClientSession) -> None:
        """Ask once what every market costs."""
        for pair in PAIRS:
            await self._answer(session, f"/api/market/ticker?symbol={pair}&timeout_s=4")
        await asyncio.sleep(_KNOWN_S)
        self._is_known = self._world.store is not None

    async def _answer(self, session: aiohttp.ClientSession, path: str) -> Any:
        """What a worker answers; another is asked where that one was killed meanwhile."""
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(self._world.url + path) as reply:
                    return await reply.json()
            await asyncio.sleep(_AGAIN_S)

    async def _feed_faults(self, session: aiohttp.ClientSession) -> None:
        """Spoil the feeds of exchanges that are followed now."""
        base = f"{self._world.simulator}/_simulator/faults"
        kinds = sorted(FEED_KINDS - {"feed_lie"})
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _FEED_FAULT_EVERY_S))
            if not self._upstream.names:
                continue
            kind, provider = self._rng.choice(kinds), self._rng.choice(self._upstream.names)
            if kind == "feed_wrong_symbol" and provider in _NAMELESS:
                continue
            order: dict[str, Any] = {
                "provider": provider, "kind": kind,
                "count": self._rng.choice((1, 2, 20)),
            }  # fmt: skip
            if kind in _OF_ONE:
                order["capability"] = _OF_ONE[kind]
            if kind == "feed_ban":
                order["retry_after"] = self._rng.choice((1, 3))
            async with session.post(base, json=order) as reply:
                self.done[f"fault {kind}" if reply.status == 201 else f"refused {kind}"] += 1

    async def _kills(self) -> None:
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _KILL_EVERY_S))
            others = [one for one in self._world.workers() if one.pid != self._spared]
            if others:
                self.killed_at.append(time.monotonic())
                try:
                    self._rng.choice(others).kill()
                except psutil.NoSuchProcess:
                    continue
                self.done["worker killed"] += 1

    async def _store(self) -> None:
        store = self._world.store
        assert store is not None
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _STORE_EVERY_S))
            await self._is_named.wait()
            away = self._rng.uniform(*_AWAY_S)
            with self.away.away():
                if self._rng.random() < 0.5:
                    store.freeze()
                    try:
                        await asyncio.sleep(away)
                    finally:
                        store.thaw()
                    self.done["store frozen"] += 1
                else:
                    await asyncio.to_thread(store.kill)
                    try:
                        await asyncio.sleep(away)
                    finally:
                        store.start()
                    self.done["store killed"] += 1

    async def _database(self) -> None:
        database = self._world.database
        assert database is not None
        while True:
            await asyncio.sleep(self._rng.expovariate(1 / _DATABASE_EVERY_S))
            await asyncio.to_thread(database.stop)
            try:
                await asyncio.sleep(self._rng.uniform(*_AWAY_S))
            finally:
                await asyncio.shield(asyncio.to_thread(database.start))
            self.done["database stopped"] += 1
