"""Over HTTP: our server beside a bare ASGI app and a minimal proxy, each alone on one core."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from bench.figure import Figure, Plan, Reading, Series, ratio
from bench.figures.inprocess import AT_ONCE, SYMBOLS, environ
from bench.load import run
from bench.processes import cpu_s, free_port, process, settled, wait_for
from bench.rounds import interleaved

#: As our own server runs it.
UVICORN = (
    "-m", "uvicorn", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level",
    "error",
)  # fmt: skip
CACHED = "/api/market/ticker?symbol=BTC/USDT"
UNCACHED = [f"/api/market/ticker?symbol={symbol}&max_age_s=0" for symbol in SYMBOLS]
_ROUNDS = 7
_SECONDS = 2.0
_WARM_S = 0.3


@contextlib.contextmanager
def yardstick(app: str, **environment: str) -> Iterator[tuple[int, int]]:
    """Port and process of an app of `bench.apps`."""
    port = free_port()
    arguments = [*UVICORN, "--port", str(port), f"bench.apps:{app}"]
    with process(arguments, core=0, environ=environment) as child:
        wait_for(port)
        yield port, child.pid


@contextlib.contextmanager
def ours(upstream: str, **more: str) -> Iterator[tuple[int, int]]:
    """Port and process of our server, whose only source is the loopback's."""
    port = free_port()
    settings = environ(upstream, PROVIDERS_ONLY="binance", LOG_LEVEL="WARNING", **more)
    arguments = ["-m", "coinmux", "serve", "--port", str(port), "--env-file", "/dev/null"]
    with (
        tempfile.TemporaryDirectory() as folder,
        process(arguments, core=0, environ={"DATA_DIR": folder, **settings}) as child,
    ):
        settled(port)
        yield port, child.pid


def get(port: int, target: str) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{target}", timeout=30) as answer:
        body: bytes = answer.read()
        return body


def load(
    port: int,
    pid: int,
    targets: list[str],
    *,
    connections: int,
    seconds: float,
    of: str,
    apart: bool = True,
) -> Reading:
    """One round of load; `of` is "rate", or "cpu" for the server's microseconds a request."""
    encoded = [target.encode() for target in targets]
    ask = partial(run, port, encoded, connections=connections, apart=apart)
    asyncio.run(ask(seconds=_WARM_S))
    before = cpu_s(pid)
    count, bad, taken = asyncio.run(ask(seconds=seconds))
    used = (cpu_s(pid) - before) / count * 1e6
    if bad:
        raise RuntimeError(f"{bad} of {count} answers were not 200")
    return Reading(count / taken if of == "rate" else used, used, taken / count * 1e6)


def measure(plan: Plan) -> Series:
    """Servers at once, of which one is under load at a time."""
    with tempfile.TemporaryDirectory() as folder, ours(plan.upstream) as (port, pid):
        body = Path(folder) / "body"
        body.write_bytes(get(port, CACHED))
        for target in UNCACHED:
            get(port, target)
        with (
            yardstick("bare", BENCH_BODY=str(body)) as (bare_port, bare_pid),
            yardstick("proxy", BENCH_UPSTREAM=plan.upstream) as (proxy_port, proxy_pid),
            yardstick("reader", BENCH_UPSTREAM=plan.upstream) as (reader_port, reader_pid),
        ):
            seconds = plan.seconds(_SECONDS)

            def side(
                port: int, pid: int, targets: list[str], of: str, *, apart: bool = True
            ) -> Callable[[], Reading]:
                return partial(
                    load,
                    port,
                    pid,
                    targets,
                    connections=AT_ONCE,
                    seconds=seconds,
                    of=of,
                    apart=apart,
                )

            work = {
                "bare ASGI": side(bare_port, bare_pid, [CACHED], "rate"),
                "ours cached": side(port, pid, [CACHED], "rate"),
                "reading proxy": side(reader_port, reader_pid, UNCACHED, "cpu"),
                "aiohttp proxy": side(proxy_port, proxy_pid, UNCACHED, "cpu"),
                "ours uncached": side(port, pid, UNCACHED, "cpu", apart=False),
                "ours uncached, apart": side(port, pid, UNCACHED, "cpu"),
            }
            return interleaved(work, plan, _ROUNDS)


FIGURES = (
    Figure(
        "cached-http", "cached ticker over HTTP, 32 at once", "/s", "ours cached", measure,
        "bare ASGI", ratio(0.7), "more",
    ),
    Figure(
        "uncached-http", "uncached ticker over HTTP, server CPU", "us", "ours uncached", measure,
        "aiohttp proxy", ratio(1.8),
    ),
    Figure(
        "uncached-http-apart", "uncached over HTTP, no two ask the same, CPU", "us",
        "ours uncached, apart", measure, "aiohttp proxy", ratio(1.8),
    ),
    Figure(
        "floor-uncached-http-apart", "uncached, no two alike, beside a proxy that reads it, CPU",
        "us", "ours uncached, apart", measure, "reading proxy", ratio(2),
    ),
)  # fmt: skip
