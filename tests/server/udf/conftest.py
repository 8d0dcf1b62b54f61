"""A market with a beginning, asked as a chart asks."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest

from coinmux import Candles, ProviderInfo, Ticker, UnknownSymbol, hookimpl
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.sources.market_list import MarketList

HOUR_MS = 3_600_000
#: Hours that the market has, from its first on.
LIFE = 2_600


class Exchange:
    """Hourly and daily candles of a few pairs, from a first hour on; at most 500 at once."""

    def __init__(self, name, clock, *, volume=10.0, price=20_000.0):
        self.clock = clock
        self.volume = volume
        self.price = price
        self.error = None
        self.asked = []
        self.missing = range(0)
        self.info = ProviderInfo(
            name=name, title=name.title(), category="market", base_url=f"https://{name}.example"
        )

    @hookimpl
    def provider_info(self):
        return self.info

    def row(self, opens_ms):
        close = self.price + opens_ms // HOUR_MS % 7
        return [opens_ms, close - 1, close + 2, close - 3, close, self.volume]

    @hookimpl
    async def fetch_candles(self, query, http):
        self.asked.append(query)
        if self.error is not None:
            raise self.error
        if query.symbol.base not in ("BTC", "ETH"):
            raise UnknownSymbol(query.symbol)
        step, now = query.interval.ms, self.clock.wall_ms()
        first = (now // HOUR_MS - LIFE) * HOUR_MS // step * step
        last = (now if query.end is None else min(now, query.end)) // step * step
        times = [
            at
            for at in range(first, last + 1, step)
            if at // step - first // step not in self.missing
        ]
        return Candles.from_rows(query, [self.row(at) for at in times[-query.limit :]])

    @hookimpl
    async def fetch_ticker(self, query, http):
        if self.error is not None:
            raise self.error
        return Ticker(
            symbol=query.symbol,
            last=self.price,
            open=self.price - 100,
            timestamp=self.clock.wall_ms(),
        )


@pytest.fixture
def chart(app_of, clock):
    """`async with chart() as udf`: `await udf("history", ...)`, its sources in `udf.exchanges`."""

    @asynccontextmanager
    async def make(*names, **options):
        exchanges = {name: Exchange(name, clock, **options) for name in names or ("kraken",)}
        found = [in_process(name, one) for name, one in exchanges.items()]
        async with app_of(_found=found) as world:

            async def get(route, **values):
                reply = await world.client.get(f"/udf/{route}", params=values)
                assert reply.status_code == 200, reply.text
                return reply.json()

            yield SimpleNamespace(get=get, exchanges=exchanges, world=world)

    return make


@pytest.fixture
def lists():
    """`lists(world, kraken=("BTC/USD",))`: what each source lists, and that this is all of it."""

    def give(world, **pairs):
        for name, own in pairs.items():
            made = frozenset(own)
            world.gateway.sources[name].listed = MarketList(
                made, made, is_whole=True, read_at=world.clock.monotonic()
            )

    return give
