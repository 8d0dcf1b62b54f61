"""In one process: our gateway, ccxt's async client and a bare aiohttp GET on the same source."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import uvloop

from bench.figure import Figure, Plan, Reading, Series, ratio
from bench.processes import pinned
from bench.rounds import interleaved_async, timed_together
from coinmux import Gateway, Interval, RequestOptions, Symbol
from coinmux.framework.models.candles import CandlesQuery
from coinmux.framework.models.market import TickerQuery
from coinmux.framework.plugins.discovery import Found, PluginLoader

AT_ONCE = 32
NO_CACHE = RequestOptions(max_age_s=0)
SYMBOLS = [Symbol.of(f"COIN{at}", "USDT") for at in range(AT_ONCE)]
_ROUNDS = 7
_TICKERS, _CANDLES = 3_000, 400

Call = Callable[[Symbol], Awaitable[object]]


def binance_only() -> list[Found]:
    """Binance as it is installed: a plugin of another's is checked value by value besides."""
    return PluginLoader().discover(allow=["binance"])


def environ(upstream: str, **more: str) -> dict[str, str]:
    """Settings under which Binance is the loopback source, and nothing is limited."""
    return {
        "BINANCE_BASE_URL": upstream,
        "BINANCE_RATE_LIMIT": "off",
        "CONCURRENT_PER_SOURCE": "64",
        "CHECKER": "off",
        **more,
    }


def _market(symbol: str) -> dict[str, Any]:
    base, quote = symbol.split("/")
    return {
        "id": base + quote, "symbol": symbol, "base": base, "quote": quote, "baseId": base,
        "quoteId": quote, "type": "spot", "spot": True, "active": True, "contract": False,
        "precision": {"amount": 1e-8, "price": 1e-8}, "limits": {}, "info": {},
    }  # fmt: skip


class _Ours:
    def __init__(self, upstream: str) -> None:
        self._gateway = Gateway.from_env(None, environ=environ(upstream), found=binance_only())

    async def __aenter__(self) -> dict[str, Call]:
        await self._gateway.__aenter__()
        return {"our ticker": self._ticker, "our candles": self._candles}

    async def __aexit__(self, *_: object) -> None:
        await self._gateway.close()

    async def _ticker(self, symbol: Symbol) -> object:
        return await self._gateway.fetch("ticker", TickerQuery(symbol=symbol), NO_CACHE)

    async def _candles(self, symbol: Symbol) -> object:
        query = CandlesQuery(symbol=symbol, interval=Interval("1h"), limit=500)
        return await self._gateway.fetch("candles", query, NO_CACHE)


class _Ccxt:
    """With its markets given, so that it reads no list of them, and no limit of rate."""

    def __init__(self, upstream: str) -> None:
        import ccxt.async_support as ccxt

        self._exchange = ccxt.binance({"enableRateLimit": False})
        self._exchange.set_markets([_market(str(symbol)) for symbol in SYMBOLS])
        for name in ("public", "v1", "v3"):
            self._exchange.urls["api"][name] = f"{upstream}/api/v3"
        self._exchange.options["fetchMarkets"] = {"types": ["spot"]}

    async def __aenter__(self) -> dict[str, Call]:
        return {"ccxt ticker": self._ticker, "ccxt candles": self._candles}

    async def __aexit__(self, *_: object) -> None:
        await self._exchange.close()

    async def _ticker(self, symbol: Symbol) -> object:
        return await self._exchange.fetch_ticker(str(symbol))

    async def _candles(self, symbol: Symbol) -> object:
        return await self._exchange.fetch_ohlcv(str(symbol), "1h", limit=500)


class _Bare:
    """One aiohttp GET and `json.loads`."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream

    async def __aenter__(self) -> dict[str, Call]:
        import aiohttp

        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))
        return {"aiohttp ticker": self._ticker, "aiohttp candles": self._candles}

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def _get(self, path: str) -> object:
        async with self._session.get(f"{self._upstream}/api/v3/{path}") as response:
            return json.loads(await response.read())

    async def _ticker(self, symbol: Symbol) -> object:
        return await self._get(f"ticker/24hr?symbol={symbol.join()}")

    async def _candles(self, symbol: Symbol) -> object:
        return await self._get(f"klines?symbol={symbol.join()}&interval=1h&limit=500")


async def _measure(plan: Plan) -> Series:
    async with (
        _Ours(plan.upstream) as ours,
        _Ccxt(plan.upstream) as theirs,
        _Bare(plan.upstream) as bare,
    ):
        sides: dict[str, Call] = {}
        for kind in ("ticker", "candles"):
            sides |= {name: one for name, one in (bare | theirs | ours).items() if kind in name}
        work: dict[str, Callable[[], Awaitable[Reading]]] = {}
        for name, one in sides.items():
            calls = plan.calls(_TICKERS if "ticker" in name else _CANDLES)
            work[name] = partial(timed_together, one, SYMBOLS, calls)
            if plan.wants(name):
                await timed_together(one, SYMBOLS, 64)
        return await interleaved_async(work, plan, _ROUNDS)


def measure(plan: Plan) -> Series:
    """All on one core and one event loop, 32 calls in flight."""
    with pinned(0):
        return uvloop.run(_measure(plan))


def _figure(name: str, title: str, kind: str, yardstick: str, most: float) -> Figure:
    return Figure(
        name, f"{title}, CPU", "us", f"our {kind}", measure, f"{yardstick} {kind}", ratio(most)
    )


FIGURES = (
    _figure("ticker-ccxt", "uncached ticker in process", "ticker", "ccxt", 0.9),
    _figure("ticker-aiohttp", "uncached ticker in process", "ticker", "aiohttp", 2.2),
    _figure("candles-ccxt", "500 candles in process", "candles", "ccxt", 0.25),
    _figure("candles-aiohttp", "500 candles in process", "candles", "aiohttp", 1.25),
)
