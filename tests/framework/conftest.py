"""Plugins made on the spot, and gateways of them, for tests without sockets."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from coinmux import (
    Candles,
    Gateway,
    ProviderInfo,
    Ticker,
    UnknownSymbol,
    Unreachable,
    hookimpl,
)
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.clock import FakeClock


class ScriptedProvider:
    """A provider of tickers that answers from a list: prices, errors to raise, awaitables.

    The last outcome repeats.
    """

    def __init__(self, name, outcomes, clock, **info):
        self.name = name
        self.outcomes = list(outcomes)
        self.clock = clock
        self.calls = 0
        self.late_s = 0.0
        #: A result to return as it is, in place of the outcomes.
        self.made = None
        self.info = ProviderInfo(
            **{
                "name": name,
                "title": name.title(),
                "category": "market",
                "base_url": f"https://{name}.example",
                **info,
            }
        )

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    async def fetch_ticker(self, query, http):
        self.calls += 1
        if self.made is not None:
            return self.made
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome == "unknown":
            raise UnknownSymbol(query.symbol)
        if outcome == "hang":
            await asyncio.sleep(3600)
        if outcome == "slow":
            await asyncio.sleep(0.02)
            outcome = 5.0
        if outcome in ("late", "late failure"):
            await asyncio.sleep(self.late_s)
            outcome = 6.0 if outcome == "late" else Unreachable("late")
        if isinstance(outcome, BaseException):
            raise outcome
        if isinstance(outcome, dict):
            return Ticker(**{"symbol": query.symbol, "last": 1, **outcome})
        return Ticker(symbol=query.symbol, last=outcome, timestamp=self.clock.wall_ms())


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def gateway_of(clock):
    """`async with gateway_of(a=[1.0], b=[Empty()]) as world`: world.gateway and world.plugins."""

    @asynccontextmanager
    async def make(_settings=None, _info=None, **scripts):
        plugins = {
            name: ScriptedProvider(
                name, script, clock, priority=at * 10, **(_info or {}).get(name, {})
            )
            for at, (name, script) in enumerate(scripts.items())
        }
        environ = {"CHECKER": "off", **(_settings or {})}
        found = [in_process(name, plugin) for name, plugin in plugins.items()]
        gateway = Gateway.from_env(None, environ=environ, found=found, clock=clock)
        async with gateway:
            yield SimpleNamespace(gateway=gateway, plugins=plugins, clock=clock)

    return make


class CandleSource:
    """A provider of candles of one market, from a list of opening times, with a fault to choose.

    Args:
        times: opening times of every row it has; each row has a volume of 1 and prices about 10.
        most: rows of one answer, as declared and as kept.
        ignores_start: tells the latest rows whatever was asked, as some sources do.
        counts: "rows" from `start` on, or the "time" that so many intervals take.
    """

    def __init__(self, name, times, *, most=1000, counts="rows", ignores_start=False, **info):
        self.name, self.times, self.most = name, list(times), most
        self.counts, self.ignores_start = counts, ignores_start
        self.fails = None
        self.asked = []
        info = {"intervals": {"1m": "1m", "1h": "1h"}, "priority": 10, **info}
        self.info = ProviderInfo(
            name=name, title=name, category="market", base_url=f"https://{name}.example",
            max_candles=most, **info,
        )  # fmt: skip

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    async def fetch_candles(self, query, http):
        self.asked.append(query)
        if self.fails is not None and len(self.asked) >= self.fails:
            raise Unreachable("gone")
        count = min(query.limit, self.most)
        times = self.times
        if not self.ignores_start and query.start is not None:
            times = [time for time in times if time >= query.start]
            if self.counts == "time":
                until = query.start + count * query.interval.ms
                times = [time for time in times if time < until]
        if not self.ignores_start and query.end is not None:
            times = [time for time in times if time <= query.end]
        newest_first = self.ignores_start or query.start is None
        times = times[-count:] if newest_first else times[:count]
        return Candles.from_rows(query, [[time, 10, 12, 9, 11, 1] for time in times])


@pytest.fixture
def candle_source():
    return CandleSource


@pytest.fixture
def gateway_with(clock):
    """`async with gateway_with(plugin, …) as gateway`: open, routing among these plugins."""

    @asynccontextmanager
    async def make(*plugins, **environ):
        found = [in_process(plugin.name, plugin) for plugin in plugins]
        environ = {"CHECKER": "off", **environ}
        gateway = Gateway.from_env(None, environ=environ, found=found, clock=clock)
        async with gateway:
            yield gateway

    return make
