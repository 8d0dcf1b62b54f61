"""`python -m bench.soak`: callers, faults, kills; exit code 1 where something was not right."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import statistics
import time
from typing import TYPE_CHECKING

import aiohttp
from rich.console import Console
from rich.table import Table
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from bench.soak.callers import Callers
from bench.soak.chaos import Chaos
from bench.soak.core_waits import CoreWaits
from bench.soak.live import RESUMED_S, LiveReaders
from bench.soak.pace import Pace
from bench.soak.questions import wrong_candles
from bench.soak.upstream import Upstream, questions_of_channels, watch_upstream
from bench.soak.watch import Growth, watch
from bench.soak.world import World, build
from coinmux import Symbol
from coinmux.framework.archive.database import read_database_url
from coinmux.framework.simulator.price_model import PriceModel

if TYPE_CHECKING:
    from bench.soak.live import Heard

_MEND_S = 20.0
#: The simulator carries out an order within this time, however busy the machine.
_PATIENCE_S = 60.0
#: More than this, from the second quarter to the last, is no longer flat.
_GROWTH = 1.25


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.soak")
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--callers", type=int, default=64)
    parser.add_argument("--readers", type=int, default=16, help="of live feeds")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    world = build(given.workers)
    try:
        failed = asyncio.run(_soak(world, given))
    finally:
        world.close()
    if not failed:
        shutil.rmtree(world.folder, ignore_errors=True)
    raise SystemExit(1 if failed else 0)


async def _soak(world: World, given: argparse.Namespace) -> list[str]:
    growth, pace = Growth(), Pace()
    upstream = Upstream(await questions_of_channels(), pace)
    chaos = Chaos(world, given.seed, upstream)
    waits = CoreWaits(lambda: [one.pid for one in world.workers()])
    asking = Callers(world.url, chaos, waits, given.callers, given.seed)
    reading = LiveReaders(world.url, chaos, pace, given.readers, given.seed)
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=15)
    async with (
        aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_PATIENCE_S)) as orders,
    ):
        work = [
            asyncio.ensure_future(one)
            for one in (
                pace.run(),
                waits.run(),
                asking.run(session),
                chaos.run(orders),
                reading.run(session),
                watch(chaos.spared, world.url, session, growth),
                watch_upstream(world.simulator, session, upstream, chaos.away),
            )
        ]
        ended, _ = await asyncio.wait(
            work, timeout=given.minutes * 60, return_when=asyncio.FIRST_EXCEPTION
        )
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        for task in ended:
            task.result()
        mended_s = await _mended(world, session)
    code = await asyncio.to_thread(world.stop_server)
    kept, lies = await _archive(world)
    failed = _report(world, chaos, asking, growth, mended_s, code, kept, lies)
    failed += _live_report(reading.heard, upstream, given)
    for line in failed[:20]:
        Console(width=200).print(line, style="red", markup=False)
    if failed:
        print(f"the workers' log is {world.log}")
    return failed


async def _mended(world: World, session: aiohttp.ClientSession) -> float | None:
    """Seconds until everything answers again; None where it does not."""
    begun = time.monotonic()
    asked = (
        "/api/market/ticker?symbol=BTC/USDT&max_age_s=0",
        "/api/market/candles?symbol=ETH/USDT&max_age_s=0",
        "/api/chain/ethereum/gas?max_age_s=0",
        "/readyz",
    )
    while time.monotonic() - begun < _MEND_S:
        good = 0
        for path in asked:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(world.url + path) as reply:
                    good += reply.status == 200
        if good == len(asked):
            return time.monotonic() - begun
        await asyncio.sleep(0.2)
    return None


async def _archive(world: World) -> tuple[int, list[str]]:
    """Candles that were kept, and what of them the market never did."""
    engine = create_async_engine(read_database_url(world.database_url))
    market, lies, kept = PriceModel(), [], 0
    query = text(
        'SELECT symbol, "timestamp", "open", high, low, "close" FROM candles'
        ' WHERE "interval" = \'1h\' ORDER BY symbol, "timestamp"'
    )
    try:
        async with engine.connect() as connection:
            rows = (await connection.execute(query)).all()
    finally:
        await engine.dispose()
    pairs: dict[str, list[list[float]]] = {}
    for symbol, *row in rows:
        pairs.setdefault(symbol, []).append(list(row))
    for symbol, found in pairs.items():
        kept += len(found)
        wrong = wrong_candles(market, Symbol(symbol), found)
        if wrong is not None:
            lies.append(f"archive: {symbol}: {wrong}")
    return kept, lies


def _report(world, chaos, asking, growth, mended_s, code, kept, lies) -> list[str]:
    verdict = asking.verdict
    failed = [*verdict.wrong, *lies]
    table = Table(title="soak", show_header=False)
    table.add_row("asked", f"{verdict.asked}")
    table.add_row("answered", f"{verdict.answered} ({verdict.stale} stale, marked)")
    errors = ", ".join(f"{code} {count}" for code, count in verdict.errors.most_common())
    table.add_row("honest errors", errors or "none")
    table.add_row("connections broken by our kills", f"{verdict.broken}")
    table.add_row("wrong, dishonest or late", f"{len(verdict.wrong)}")
    table.add_row("latest after its deadline", f"{verdict.latest_s * 1000:.0f} ms (250 allowed)")
    times = sorted(verdict.times_s) or [0.0]
    table.add_row(
        "response times",
        f"median {statistics.median(times) * 1000:.0f} ms,"
        f" p99 {times[int(len(times) * 0.99)] * 1000:.0f} ms",
    )
    for name, values in (
        ("memory of a worker, MB", growth.rss_mb),
        ("its open files", growth.files),
        ("tasks", growth.tasks),
    ):
        warm, last = growth.told(values)
        table.add_row(name, f"{warm:.0f} when warm, {last:.0f} at the end")
        if last > max(warm * _GROWTH, warm + 20):
            failed.append(f"{name}: from {warm:.0f} to {last:.0f}")
    table.add_row("candles in the archive", f"{kept}, {len(lies)} markets untrue")
    table.add_row("the store away for a worker", f"{chaos.away.total_s:.0f} s")
    for name, count in sorted(chaos.done.items()):
        table.add_row(name, f"{count}")
    table.add_row("all well again after", "never" if mended_s is None else f"{mended_s:.1f} s")
    table.add_row("exit code", f"{code}")
    Console(width=120).print(table)
    if mended_s is None:
        failed.append("it did not recover")
    if code != 0:
        failed.append(f"the server ended with {code}")
    if not verdict.answered or not kept:
        failed.append("nothing was answered or kept")
    defects = [line for line in world.log.read_text().splitlines() if "internal_error" in line]
    failed += defects[:5]
    return failed


def _live_report(heard: Heard, upstream: Upstream, given: argparse.Namespace) -> list[str]:
    """What readers of live feeds were told."""
    if not given.readers:
        return []
    failed = heard.wrong[:]
    table = Table(title="live feeds", show_header=False)
    table.add_row("visits, events", f"{heard.visits}, {heard.events}")
    table.add_row("wrong", f"{len(heard.wrong)}")
    table.add_row(
        "said to readers",
        f"{heard.sources} times another source, {heard.gaps} gaps, {heard.stale} times old data,"
        f" {heard.dropped} dropped",
    )
    refused = ", ".join(f"{code} {count}" for code, count in heard.refused.most_common())
    table.add_row("refused", refused or "none")
    resumed, quiet = sorted(heard.resumed_s) or [0.0], sorted(heard.quiet_s) or [0.0]
    table.add_row(
        "told again after a kill",
        f"{len(heard.resumed_s)} times, median {statistics.median(resumed):.1f} s,"
        f" latest {resumed[-1]:.1f} s, {len(heard.late)} after more than {RESUMED_S:g} s",
    )
    table.add_row(
        "longest without data", f"median {statistics.median(quiet):.1f} s, most {quiet[-1]:.1f} s"
    )
    table.add_row(
        "followed at the exchanges",
        f"median {statistics.median(upstream.followed or [0]):.0f} channels, most of one"
        f" {upstream.most}; more than once in {upstream.twice} of {upstream.samples} samples,"
        f" {upstream.agreed_twice} of them while all had the store, {upstream.longest_s:.1f} s at"
        " most",
    )
    table.add_row("we stood still ourselves", f"{upstream.pace.stood_s:.1f} s in all")
    Console(width=120).print(table)
    failed += [f"told again too late: {one}" for one in heard.late]
    failed += [f"followed more than once: {one}" for one in upstream.too_long[:5]]
    if upstream.most > given.workers:
        failed.append(f"a channel was followed {upstream.most} times by {given.workers} workers")
    if not heard.events:
        failed.append("no reader was told anything")
    return failed


if __name__ == "__main__":
    main()
