"""The slowest hundredth of answers: with a second source asked beside a slow first, and without."""

from __future__ import annotations

import asyncio
import random
import time
from functools import partial

import uvloop

from bench.figure import Figure, Plan, Reading, Series, ratio
from bench.rounds import interleaved
from coinmux import Gateway, ProviderInfo, RequestOptions, Ticker, TickerQuery, hookimpl
from coinmux.framework.plugins.discovery import in_process

_USUAL_S, _SLOW_S = 0.01, 1.5
_SLOW_SHARE = 0.02
_AT_ONCE = 16
_ASKED = 1_500
_MOST_CALLS = 1.06


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


async def _p99_ms(asked: int, *, hedge: bool) -> Reading:
    """The 99th percentile in milliseconds."""
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
    # Within their budget, or the comparison is none: one hedge for twenty questions.
    if sum(source.calls for source in sources) > _MOST_CALLS * asked:
        raise RuntimeError("more calls of sources than hedging may cost")
    return Reading(times[int(len(times) * 0.99)] * 1000)


def measure(plan: Plan) -> Series:
    """Wall time, which is what is waited for; the sources only sleep."""

    def one_round(*, hedge: bool) -> Reading:
        return uvloop.run(_p99_ms(max(400, plan.calls(_ASKED)), hedge=hedge))

    work = {
        name: partial(one_round, hedge=on) for name, on in (("hedged", True), ("not hedged", False))
    }
    return interleaved(work, plan, 3)


FIGURES = (
    Figure(
        "hedging", "slowest hundredth of answers, hedged", "ms", "hedged", measure, "not hedged",
        ratio(0.5),
    ),
)  # fmt: skip
