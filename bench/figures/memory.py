"""What a cached answer costs in memory, beside the least that keeps the same."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import psutil

from bench.figure import Figure, Plan, Reading, Series, plain, ratio
from bench.figures.http import UNCACHED
from bench.figures.inprocess import environ
from bench.figures.startup import as_installed
from bench.load import run
from bench.processes import free_port, process, search_path, settled

_CACHED = 10_000
_AT_ONCE = 16
_WARM_S = 3.0
_ROUNDS = 3


async def _each_once(port: int, targets: list[str]) -> None:
    """Ask each target once, and some of them twice."""
    done = 0
    encoded = [target.encode() for target in targets]
    for at in range(0, len(encoded), _AT_ONCE):
        count, bad, _ = await run(
            port, encoded[at : at + _AT_ONCE], connections=_AT_ONCE, seconds=0
        )
        done += count - bad
    if done < len(targets):
        raise RuntimeError(f"{len(targets) - done} of {len(targets)} were not answered")


def _one(upstream: str, folder: str, entries: int) -> Reading:
    port = free_port()
    settings = environ(
        upstream, PROVIDERS_ONLY="binance", LOG_LEVEL="WARNING", CACHE_ENTRIES=str(2 * entries)
    )
    arguments = ["-m", "coinmux", "serve", "--port", str(port), "--env-file", os.devnull]
    with process(arguments, cwd=folder, environ=settings) as child:
        settled(port)
        # What has a bound of its own, such as the monitor's records, is full first.
        warm = [target.encode() for target in UNCACHED]
        asyncio.run(run(port, warm, connections=_AT_ONCE, seconds=_WARM_S))
        server = psutil.Process(child.pid)
        before = server.memory_info().rss
        asyncio.run(
            _each_once(port, [f"/api/market/ticker?symbol=A{at}/USDT" for at in range(entries)])
        )
        return Reading((server.memory_info().rss - before) / entries / 1000)


def _least(folder: str, entries: int) -> Reading:
    done = subprocess.run(
        [sys.executable, "-m", "bench.floors", "cache", str(entries)], cwd=folder, check=True,
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": search_path(folder)},
    )  # fmt: skip
    return Reading(float(done.stdout))


def measure(plan: Plan) -> Series:
    """Resident memory before and after so many pairs were asked once."""
    series = Series()
    with as_installed() as folder:
        for _ in range(plan.rounds(_ROUNDS)):
            series.add("a cached ticker", _one(plan.upstream, folder, _CACHED))
            series.add("least cached ticker", _least(folder, _CACHED))
    return series


FIGURES = (
    Figure(
        "memory-cached", "each of 10,000 cached tickers", "kB", "a cached ticker", measure,
        limit=plain(2),
    ),
    Figure(
        "floor-cached", "each of 10,000 cached tickers, beside the least cache", "kB",
        "a cached ticker", measure, "least cached ticker", ratio(2),
    ),
)  # fmt: skip
