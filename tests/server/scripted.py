"""A provider whose answers a test writes down."""

import asyncio
import math

from coinmux import (
    Candles,
    Gas,
    News,
    NewsItem,
    ProviderInfo,
    Ticker,
    TokenBalances,
    Transactions,
    UnknownSymbol,
    hookimpl,
)


class ScriptedProvider:
    """Answers each ticker with the next outcome, the last one for good: a price, or an error.

    A pair is seconds to wait, or an event to wait for, and the outcome.

    `hang` waits until it is cancelled, and counts that it was.
    """

    def __init__(self, name, outcomes, clock, **info):
        self.outcomes = list(outcomes)
        self.clock = clock
        self.calls = 0
        self.cancelled = 0
        self.candle_calls = 0
        #: Candles the market has, pairs it has not, and what becomes of a question for candles.
        self.life = 1000
        self.unlisted = frozenset()
        self.candle_error = None
        self.after_each = lambda: None
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
        outcome = self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]
        if outcome == "unknown":
            raise UnknownSymbol(query.symbol)
        if outcome == "hang":
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        if isinstance(outcome, tuple):
            until, outcome = outcome
            await (until.wait() if isinstance(until, asyncio.Event) else asyncio.sleep(until))
        if isinstance(outcome, BaseException):
            raise outcome
        return Ticker(symbol=query.symbol, last=outcome, timestamp=self.clock.wall_ms())

    @hookimpl
    async def fetch_candles(self, query, http):
        self.candle_calls += 1
        self.after_each()
        if self.candle_error is not None:
            raise self.candle_error
        if query.symbol in self.unlisted:
            raise UnknownSymbol(query.symbol)
        now = self.clock.wall_ms() // query.interval.ms * query.interval.ms
        rows = [
            [now - back * query.interval.ms, 1.0, 2.0, 0.5, 1.5 + 0.2 * math.sin(back), 10.0]
            for back in range(min(query.limit, self.life))
        ]
        return Candles.from_rows(query, rows)

    @hookimpl
    async def fetch_gas(self, query, http):
        unit = "sat/vB" if query.chain == "bitcoin" else "gwei"
        return Gas(chain=query.chain, unit=unit, standard=1.0, timestamp=self.clock.wall_ms())

    @hookimpl
    async def fetch_transactions(self, query, http):
        return Transactions(
            chain=query.chain,
            address=query.address,
            transactions=[
                {"hash": "0x1", "sender": "0xa", "to": "0xb", "asset": "ETH", "raw": "1",
                 "amount": 1e-18, "timestamp": self.clock.wall_ms()}
            ],
        )  # fmt: skip

    @hookimpl
    async def fetch_token_balances(self, query, http):
        return TokenBalances(chain=query.chain, address=query.address, tokens=[])

    @hookimpl
    async def fetch_news(self, query, http):
        item = NewsItem(id="1", title=f"on {query.asset}", url="https://news.example/1", source="x")
        return News(items=[item])
