"""The slowest hundredth of answers: with a second source asked beside a slow first, and without."""

from __future__ import annotations

import asyncio
import random
import time

from coinmux import Gateway, ProviderInfo, RequestOptions, Ticker, TickerQuery, hookimpl
from coinmux.framework.plugins.discovery import in_process

_USUAL_S, _SLOW_S = 0.01, 1.5
_SLOW_SHARE = 0.02
_AT_ONCE = 16


class _Source:
    """Answers in ten milliseconds, and one time in fifty in a second and a half."""

    def __init__(self, name: str, priority: int) -> None:
        self.name = name
        self.calls = 0
        self._rng = random.Random(name)
        self._info = ProviderInfo(
            name=name, title=name, category="market", base_url=f"https://{name}.example",
            priority=priority,
        )  # fmt: skip

    @hookimpl
    def provider_info(self) -> ProviderInfo:
        return self._info

    @hookimpl
    async def fetch_ticker(self, query: TickerQuery, http: object) -> Ticker:
        self.calls += 1
        await asyncio.sleep(_SLOW_S if self._rng.random() < _SLOW_SHARE else _USUAL_S)
        return Ticker(symbol=query.symbol, last=5.0, timestamp=int(time.time() * 1000))


async def p99_ms(asked: int, *, hedge: bool) -> tuple[float, float]:
    """The 99th percentile in milliseconds, and calls of sources for each question."""
    sources = [_Source("first", 1), _Source("second", 2), _Source("third", 3)]
    environ = {"CHECKER": "off", "HEDGE": "on" if hedge else "off", "CONCURRENT_PER_SOURCE": "64"}
    found = [in_process(source.name, source) for source in sources]
    times: list[float] = []
    async with Gateway.from_env(None, environ=environ, found=found) as gateway:
        left = iter(range(asked))

        async def caller(number: int) -> None:
            for at in left:
                query = TickerQuery(symbol=f"A{number}X{at}/USDT")
                begun = time.perf_counter()
                await gateway.fetch("ticker", query, RequestOptions(max_age_s=0))
                times.append(time.perf_counter() - begun)

        await asyncio.gather(*(caller(number) for number in range(_AT_ONCE)))
    times.sort()
    return times[int(len(times) * 0.99)] * 1000, sum(s.calls for s in sources) / asked
