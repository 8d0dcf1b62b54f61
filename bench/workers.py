"""Several workers: what shared state adds to a call, and how two workers answer beside one."""

import asyncio
import gc
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import psutil
import uvloop
from redis.asyncio import Redis

from bench.load import run
from bench.processes import free_port, process, wait_for
from coinmux import Gateway, ProviderInfo, RateLimit, RequestOptions, TickerQuery, hookimpl
from coinmux import models as m
from coinmux.framework.clock import SystemClock
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.servers import StoreServer, store_program

_PASSES = 6
_CACHED = "/api/market/ticker?symbol=BTC/USDT"
#: Loads until every worker answers, which a port that listens does not say.
_MOST_TRIES = 20


class _Source:
    """A provider that takes its permit and answers at once, so that only our work is measured."""

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="at_once",
            title="At once",
            category="market",
            base_url="https://at-once.example",
            rate_limits=(RateLimit(1_000_000, 60.0),),
        )

    @hookimpl
    async def fetch_ticker(self, query, http):
        # As a request by `http` does, whose limits all workers share.
        gate = http._source.gate
        await gate.enter()
        gate.leave()
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
            # What the figures before have left would be searched for garbage again and again.
            gc.collect()
            gc.freeze()
            for _ in range(_PASSES):
                begun = time.process_time()
                await asyncio.gather(*(ask(one, calls // at_once) for one in range(at_once)))
                used = time.process_time() - begun
                # A store that was lost meanwhile would have cost nothing.
                if url is None or gateway.state.store.online:
                    best = min(best, used)
                else:
                    await asyncio.wait_for(gateway.state.store.reached.wait(), 30)
            gc.unfreeze()
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


def cached(*, seconds=2.0):
    """Cached answers a second and CPU microseconds each, all processes of the server together.

    The load takes a core of its own, so that on two cores two workers cannot answer twice as many:
    what a bare ASGI app gains from its second worker is what can be gained here.

    Returns:
        `ours 1`, `ours 2`, `bare 1`, `bare 2`: rate, CPU, and the largest worker's share of it.
        None where no store is installed.
    """
    program = store_program()
    if program is None:
        return None
    server = StoreServer(program)
    figures = {}
    try:
        with tempfile.TemporaryDirectory() as folder:
            body = Path(folder) / "body"
            for workers in (1, 2):
                environ = {
                    "STATE_URL": server.url, "DATA_DIR": f"{folder}/{workers}",
                    "LOG_LEVEL": "WARNING", "CHECKER": "off",
                }  # fmt: skip
                arguments = ["-m", "coinmux", "serve", "--simulate", "--env-file", "/dev/null"]
                with _serving(arguments, workers, environ) as (port, pid):
                    url = f"http://127.0.0.1:{port}{_CACHED}"
                    with urllib.request.urlopen(url, timeout=10) as answer:
                        body.write_bytes(answer.read())
                    figures[f"ours {workers}"] = _load(port, pid, workers, seconds)
            for workers in (1, 2):
                arguments = ["-m", "uvicorn", "--loop", "uvloop", "--http", "httptools"]
                arguments += ["--no-access-log", "--log-level", "error", "bench.apps:bare"]
                with _serving(arguments, workers, {"BENCH_BODY": str(body)}) as (port, pid):
                    figures[f"bare {workers}"] = _load(port, pid, workers, seconds)
    finally:
        server.close()
    return figures


@contextmanager
def _serving(arguments, workers, environ):
    port = free_port()
    more = ["--workers", str(workers), "--port", str(port)]
    with process([*arguments, *more], environ=environ) as child:
        wait_for(port, 30)
        yield port, child.pid


def _load(port, pid, workers, seconds):
    targets = [_CACHED.encode()]
    for _ in range(_MOST_TRIES):
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        before = [_cpu(one) for one in family]
        asyncio.run(run(port, targets, connections=32, seconds=0.5))
        busy = [_cpu(one) - was > 0.05 for one, was in zip(family, before, strict=True)]
        if sum(busy) >= workers:
            break
    before = [_cpu(one) for one in family]
    count, bad, taken = asyncio.run(run(port, targets, connections=32, seconds=seconds))
    used = [_cpu(one) - was for one, was in zip(family, before, strict=True)]
    if bad:
        raise RuntimeError(f"{bad} of {count} answers were not 200")
    return count / taken, sum(used) / count * 1e6, max(used) / sum(used)


def _cpu(one):
    times = one.cpu_times()
    return times.user + times.system
