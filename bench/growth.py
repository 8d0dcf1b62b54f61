"""What a request costs as things grow: `python -m bench.growth`, one picture of four.

Sources from 1 to 2,000, cached keys and candles from a hundred to a million, workers 1, 2 and 4.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import uvloop

from bench import growth_picture, indicators, machine
from bench.figure import Plan, Reading
from bench.figures.http import CACHED, get, load
from bench.figures.inprocess import environ
from bench.figures.routing import cpu_us
from bench.figures.sources import QUERY, gateway_of, opened, sources
from bench.figures.startup import as_installed
from bench.processes import ROOT, free_port, loopback_source, pinned, process, settled
from bench.results import side
from bench.rounds import timed
from coinmux import Candles, Gateway, TickerQuery
from coinmux.framework.dispatch.request import key_of
from coinmux.framework.indicators.frame import Frame
from coinmux.framework.routing.options import RequestOptions
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.random_candles import random_candles
from coinmux.framework.testing.servers import StoreServer, store_program

RESULTS = ROOT / "bench" / "growth.json"
PICTURE = ROOT / "docs" / "images" / "growth.svg"
_ROUNDS = 5
#: So many of the cached keys are asked for.
_ASKED = 2_000
_POWERS = (100, 1_000, 10_000, 100_000, 1_000_000)

#: Readings of microseconds a request, at each size.
Measured = list[tuple[int, list[Reading]]]


@dataclass(frozen=True, slots=True)
class Growth:
    """What grows, and what a request costs then."""

    name: str
    title: str
    grows: str
    measure: Callable[[Plan], Measured]


def providers(plan: Plan) -> Measured:
    """A routed call whose hook returns at once."""

    async def run(count: int) -> list[Reading]:
        async with opened(sources(count)) as gateway:
            await cpu_us(gateway, 200)
            calls = plan.calls(2_000)
            return [await cpu_us(gateway, calls) for _ in range(plan.rounds(_ROUNDS))]

    with pinned(0):
        return [(count, uvloop.run(run(count))) for count in (1, 10, 100, 300, 1_000, 2_000)]


def cached(plan: Plan) -> Measured:
    """A cached call. All keys share one answer, so that only their number grows."""

    async def run(count: int) -> list[Reading]:
        # Time stands still, so that nothing expires while the cache is filled.
        gateway = gateway_of(sources(1), FakeClock(), CACHE_ENTRIES="1000000", CACHE_MB="65536")
        async with gateway:
            row, usual = gateway.capability("ticker"), RequestOptions()
            await gateway.fetch("ticker", QUERY)
            answer = gateway.cache.get(key_of(row, QUERY, usual))
            assert answer is not None
            every = max(1, count // _ASKED)
            asked = []
            for at in range(count):
                query = TickerQuery(symbol=f"A{at}/USDT")
                gateway.cache.put(key_of(row, query, usual), answer)
                if at % every == 0:
                    asked.append(query)
            before = gateway.cache.hits
            readings = [await _fetched(gateway, asked) for _ in range(plan.rounds(_ROUNDS))]
            if gateway.cache.hits - before != len(readings) * len(asked):
                raise RuntimeError("not every answer came from the cache")
            return readings

    with pinned(0):
        return [(count, uvloop.run(run(count))) for count in _sizes(plan)]


async def _fetched(gateway: Gateway, asked: list[TickerQuery]) -> Reading:
    cpu = time.process_time()
    for query in asked:
        await gateway.fetch("ticker", query)
    used = (time.process_time() - cpu) / len(asked) * 1e6
    return Reading(used, used)


def candles(plan: Plan) -> Measured:
    """An RSI of so many candles, and its JSON."""
    rsi = indicators.catalogue().plan("rsi")
    head = {"symbol": "BTC/USDT", "interval": "1m", "last_closed": False}
    measured = []
    with pinned(0):
        for count in _sizes(plan):
            held = random_candles(count, interval="1m")

            def one(count: int = count, held: Candles = held) -> object:
                return rsi.run(Frame.of(held)).encode(head, count)

            one()
            times = max(1, 200_000 // count)
            measured.append((count, [timed(one, times) for _ in range(plan.rounds(_ROUNDS))]))
    return measured


def workers(plan: Plan) -> Measured:
    """CPU of all processes for a cached ticker over HTTP, with a store that they share."""
    program = store_program()
    if program is None:
        return []
    measured = []
    for count in (1, 2, 4):
        store = StoreServer(program)
        try:
            port = free_port()
            settings = environ(
                plan.upstream, PROVIDERS_ONLY="binance", LOG_LEVEL="WARNING", STATE_URL=store.url
            )
            arguments = ["-m", "coinmux", "serve", "--workers", str(count), "--port", str(port)]
            with (
                as_installed() as folder,
                process(
                    [*arguments, "--env-file", os.devnull], cwd=folder, environ=settings
                ) as child,
            ):
                settled(port)
                get(port, CACHED)
                one = partial(
                    load, port, child.pid, [CACHED], connections=32, seconds=plan.seconds(2),
                    of="cpu",
                )  # fmt: skip
                measured.append((count, [one() for _ in range(plan.rounds(_ROUNDS))]))
        finally:
            store.close()
    return measured


def _sizes(plan: Plan) -> tuple[int, ...]:
    return _POWERS[:3] if plan.quick else _POWERS


ALL = (
    Growth("providers", "a routed call, no HTTP", "sources", providers),
    Growth("cached", "a cached call, no HTTP", "cached keys", cached),
    Growth("candles", "an RSI with its JSON", "candles", candles),
    Growth("workers", "a cached ticker over HTTP, all processes", "workers", workers),
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.growth", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, for a look")
    parser.add_argument("--only", choices=[one.name for one in ALL], action="append")
    parser.add_argument("--out", type=Path, help="where results go; nowhere with --quick")
    given = parser.parse_args()
    panels = []
    with loopback_source() as upstream:
        plan = Plan(upstream, quick=given.quick)
        for growth in ALL:
            if given.only and growth.name not in given.only:
                continue
            print(f"measuring {growth.name}", file=sys.stderr, flush=True)
            points = [{"at": at, **side(readings)} for at, readings in growth.measure(plan)]
            panels.append(
                {
                    "name": growth.name, "title": growth.title, "grows": growth.grows, "unit": "us",
                    "points": points,
                }
            )  # fmt: skip
            for point in points:
                print(f"{point['at']:>9,} {growth.grows}: {point['median']:,.1f} us a request")
    out = given.out or (None if given.quick or given.only else RESULTS)
    if out is not None:
        kept = {"run": machine.run(quick=given.quick), "panels": panels}
        out.write_text(json.dumps(kept, indent=1) + "\n")
        picture = PICTURE if out.resolve() == RESULTS else out.with_suffix(".svg")
        picture.write_text(growth_picture.draw(kept))


if __name__ == "__main__":
    main()
