"""Sources in this process whose hook answers or fails at once, so that only the routing is left."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from coinmux import Gateway, ProviderInfo, Ticker, TickerQuery, Unreachable, hookimpl
from coinmux.framework.clock import Clock, SystemClock
from coinmux.framework.plugins.discovery import Found
from coinmux.framework.plugins.hookspecs import PROJECT

QUERY = TickerQuery(symbol="BTC/USDT")
#: An answer is made again after so long, as one with an old time is doubted.
_ANEW_S = 5.0


class AtOnce:
    """Answers with a ticker made before, or fails while it is told to."""

    failing = False

    def __init__(self, name: str, priority: int) -> None:
        self.info = ProviderInfo(
            name=name, title=name, category="market", base_url=f"https://{name}.example",
            priority=priority,
        )  # fmt: skip
        self._made = -_ANEW_S
        self._clock: Clock = SystemClock()

    def tell_time(self, clock: Clock) -> None:
        self._clock = clock

    @hookimpl
    def provider_info(self) -> ProviderInfo:
        return self.info

    @hookimpl
    async def fetch_ticker(self, query: TickerQuery, http: object) -> Ticker:
        if self.failing:
            raise Unreachable("refused")
        now = self._clock.monotonic()
        if now - self._made >= _ANEW_S:
            self._made = now
            self._answer = Ticker(
                symbol=query.symbol, last=73_346.14, timestamp=self._clock.wall_ms()
            )
        return self._answer


def sources(count: int) -> list[AtOnce]:
    """So many, the first with the best priority."""
    return [AtOnce(f"source{at}", min(1 + at, 100)) for at in range(count)]


def gateway_of(made: list[AtOnce], clock: Clock | None = None, **more: str) -> Gateway:
    environ = {"CHECKER": "off", "CONCURRENT_PER_SOURCE": "64", **more}
    if clock is not None:
        for one in made:
            one.tell_time(clock)
    found = [_built_in(one) for one in made]
    return Gateway.from_env(None, environ=environ, found=found, clock=clock)


def _built_in(source: AtOnce) -> Found:
    """As our own plugins: one of another's is checked value by value besides."""
    return Found(source.info.name, PROJECT, "", built_in=True, load=lambda: source)


@asynccontextmanager
async def opened(made: list[AtOnce]) -> AsyncIterator[Gateway]:
    async with gateway_of(made) as gateway:
        yield gateway
