"""What shared state adds to a call, beside the client of the store doing one round trip."""

import asyncio
import tempfile
import time

import uvloop
from redis.asyncio import Redis

from coinmux import Gateway, ProviderInfo, RequestOptions, TickerQuery, hookimpl
from coinmux import models as m
from coinmux.framework.clock import SystemClock
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.servers import StoreServer, store_program

_PASSES = 6


class _Source:
    """A provider that answers at once, so that nothing but our own work is measured."""

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="at_once", title="At once", category="market", base_url="https://at-once.example"
        )

    @hookimpl
    async def fetch_ticker(self, query, http):
        return m.Ticker(symbol=query.symbol, last=5.0, timestamp=int(time.time() * 1000))


async def _call_us(url, at_once, calls):
    with tempfile.TemporaryDirectory() as folder:
        environ = {"CHECKER": "off", "DATA_DIR": folder}
        if url is not None:
            environ["STATE_URL"] = url
        gateway = Gateway.from_env(
            None, environ=environ, found=[in_process("at_once", _Source())], clock=SystemClock()
        )

        async def ask(caller, count):
            query = TickerQuery(symbol=f"C{caller}/USDT")
            for _ in range(count):
                await gateway.fetch("ticker", query, RequestOptions(max_age_s=0))

        async with gateway:
            if url is not None:
                await asyncio.wait_for(gateway.state.store.reached.wait(), 30)
            best = float("inf")
            for _ in range(_PASSES):
                begun = time.process_time()
                await asyncio.gather(*(ask(one, calls // at_once) for one in range(at_once)))
                used = time.process_time() - begun
                # A store that was lost meanwhile would have cost nothing.
                if url is None or gateway.state.store.online:
                    best = min(best, used)
                else:
                    await asyncio.wait_for(gateway.state.store.reached.wait(), 30)
            if best == float("inf"):
                raise RuntimeError("the store was lost in every pass")
    return best / (calls // at_once * at_once) * 1e6


async def _round_trip_us(url, calls):
    client = Redis.from_url(url)
    digest = await client.script_load("return {1, 0}")
    best = float("inf")
    for _ in range(_PASSES):
        begun = time.process_time()
        for _ in range(calls):
            await client.evalsha(digest, 1, "key", 1)
        best = min(best, time.process_time() - begun)
    await client.aclose()
    return best / calls * 1e6


def shared_us(*, calls=400):
    """CPU of an uncached call, with a store and without one; None where no store is installed.

    Returns:
        `alone` and `shared` of one caller, `alone_16` and `shared_16` of sixteen with a market
        each, and `round_trip`: one script by the store's client alone. All in microseconds.
    """
    program = store_program()
    if program is None:
        return None
    server = StoreServer(program)
    try:
        return {
            "alone": uvloop.run(_call_us(None, 1, calls)),
            "shared": uvloop.run(_call_us(server.url, 1, calls)),
            "alone_16": uvloop.run(_call_us(None, 16, calls)),
            "shared_16": uvloop.run(_call_us(server.url, 16, calls)),
            "round_trip": uvloop.run(_round_trip_us(server.url, calls)),
        }
    finally:
        server.close()
