"""In one process: our gateway, ccxt's async client and a bare aiohttp GET on the same upstream."""

import asyncio
import json
import time

import aiohttp
import ccxt.async_support as ccxt

from coinmux.framework.gateway import Gateway
from coinmux.framework.models.candles import CandlesQuery
from coinmux.framework.models.market import TickerQuery
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.routing.options import RequestOptions

AT_ONCE = 32
NO_CACHE = RequestOptions(max_age_s=0)
SYMBOLS = [Symbol.of(f"COIN{at}", "USDT") for at in range(AT_ONCE)]


def binance_only():
    from coinmux.plugins.providers import binance

    return [in_process("binance", binance)]


def environ(upstream: str, **more: str) -> dict[str, str]:
    return {
        "BINANCE_BASE_URL": upstream,
        "BINANCE_RATE_LIMIT": "off",
        "CONCURRENT_PER_SOURCE": "64",
        "CHECKER": "off",
        **more,
    }


def market(symbol: str) -> dict:
    base, quote = symbol.split("/")
    return {
        "id": base + quote, "symbol": symbol, "base": base, "quote": quote, "baseId": base,
        "quoteId": quote, "type": "spot", "spot": True, "active": True, "contract": False,
        "precision": {"amount": 1e-8, "price": 1e-8}, "limits": {}, "info": {},
    }  # fmt: skip


async def cpu_us(calls: int, one) -> float:
    """CPU microseconds of this process per call, with AT_ONCE in flight."""
    left = iter(range(calls))

    async def caller(symbol):
        for _ in left:
            await one(symbol)

    begun = time.process_time()
    await asyncio.gather(*(caller(symbol) for symbol in SYMBOLS))
    return (time.process_time() - begun) / calls * 1e6


async def measure(upstream: str, *, rounds: int, tickers: int, candles: int) -> dict[str, float]:
    exchange = ccxt.binance({"enableRateLimit": False})
    exchange.set_markets([market(str(symbol)) for symbol in SYMBOLS])
    for name in ("public", "v1", "v3"):
        exchange.urls["api"][name] = f"{upstream}/api/v3"
    exchange.options["fetchMarkets"] = {"types": ["spot"]}
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=64))
    gateway = Gateway.from_env(None, environ=environ(upstream), found=binance_only())

    async def bare(symbol):
        url = f"{upstream}/api/v3/ticker/24hr?symbol={symbol.join()}"
        async with session.get(url) as response:
            json.loads(await response.read())

    async def theirs(symbol):
        await exchange.fetch_ticker(str(symbol))

    async def ours(symbol):
        await gateway.fetch("ticker", TickerQuery(symbol=symbol), NO_CACHE)

    async def bare_candles(symbol):
        url = f"{upstream}/api/v3/klines?symbol={symbol.join()}&interval=1h&limit=500"
        async with session.get(url) as response:
            json.loads(await response.read())

    async def their_candles(symbol):
        await exchange.fetch_ohlcv(str(symbol), "1h", limit=500)

    async def our_candles(symbol):
        query = CandlesQuery(symbol=symbol, interval=Interval("1h"), limit=500)
        await gateway.fetch("candles", query, NO_CACHE)

    work = {
        "bare ticker": (tickers, bare),
        "ccxt ticker": (tickers, theirs),
        "our ticker": (tickers, ours),
        "bare candles": (candles, bare_candles),
        "ccxt candles": (candles, their_candles),
        "our candles": (candles, our_candles),
    }
    best: dict[str, float] = {}
    try:
        async with gateway:
            for _, one in work.values():
                await cpu_us(64, one)
            for _ in range(rounds):
                for name, (calls, one) in work.items():
                    taken = await cpu_us(calls, one)
                    best[name] = min(best.get(name, taken), taken)
    finally:
        await exchange.close()
        await session.close()
    return best


def ranking_us(providers: int) -> float:
    """Microseconds to rank so many sources once."""
    from coinmux.framework.health.tracker import State
    from coinmux.framework.routing.ranking import SourceScore, rank

    scores = [
        SourceScore(f"p{at}", State.HEALTHY, at % 2, at % 7, (at * 37 % 101) / 1000)
        for at in range(providers)
    ]
    taken = []
    for _ in range(50):
        begun = time.perf_counter()
        rank(scores, "priority")
        taken.append(time.perf_counter() - begun)
    return min(taken) * 1e6
