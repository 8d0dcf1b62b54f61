"""One market, and 1 to 5,000 readers of it over server-sent events, beside a bare fan-out."""

from __future__ import annotations

import asyncio
import resource
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen

import psutil
import uvloop

from bench.figure import Figure, Plan, Reading, Series, ratio
from bench.figures.http import UVICORN, ours
from bench.live.fan import MARK
from bench.live.readers import Readers, readers
from bench.processes import cpu_s, free_port, pinned, process, wait_for
from bench.rounds import in_turn

PATH = "/api/market/ticker/stream?symbols=BTC/USDT"
#: Readers, and messages a second: so many that a server has work, and not more than a core can do.
LOADS = {1: 300.0, 100: 200.0, 1_000: 20.0, 5_000: 4.0}
MOST = max(LOADS)
_ROUNDS, _SECONDS, _WARM_S = 5, 2.0, 0.3
#: Messages a second of which the delay is measured.
_RATE, _RATE_SECONDS = 500.0, 2.0
_OPEN_FILES = MOST * 2 + 1_000


@dataclass(slots=True)
class Server:
    """One side: a server, its readers, and by what name the exchange knows it."""

    who: str
    pid: int
    readers: Readers

    def memory_kb(self) -> float:
        """What it holds, in kB."""
        return psutil.Process(self.pid).memory_info().rss / 1_000


class Loopback:
    """The exchange's process.

    Attributes:
        socket, plain: ports.
    """

    def __init__(self, child: Popen[str]) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._to, self._from = child.stdin, child.stdout
        self.socket, self.plain = map(int, self._from.readline().split())

    def say(self, who: str, rate: float) -> int:
        """From now on tell these so often a second; how many were told before."""
        self._to.write(f"{who} {rate}\n")
        self._to.flush()
        return int(self._from.readline())


@contextmanager
def loopback() -> Iterator[Loopback]:
    """The exchange, on the core of the load."""
    with process(["-m", "bench.live.loopback"], core=1) as child:
        yield Loopback(child)


@contextmanager
def many_files() -> Iterator[None]:
    """As many connections as are opened may be, here and in processes that are started."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@asynccontextmanager
async def servers(exchange: Loopback, upstream: str) -> AsyncIterator[tuple[Server, ...]]:
    """Ours and the bare ones on one core, each with a reader; one is at work at a time."""
    more = {
        "BINANCE_WS_URL": f"ws://127.0.0.1:{exchange.socket}/stream",
        "LIVE_STREAMS": str(MOST + 100),
        "MAX_IN_FLIGHT": str(MOST + 100),
    }
    with ours(upstream, **more) as (port, pid), tempfile.TemporaryDirectory() as folder:
        async with readers(port, PATH) as mine:
            await mine.grow(1)
            body = Path(folder) / "event"
            body.write_bytes(await _event(port, exchange))
            async with (
                _bare("bare", "fan", body, exchange) as bare,
                _bare("reading", "reading_fan", body, exchange) as reading,
            ):
                yield Server("ours", pid, mine), bare, reading


@asynccontextmanager
async def _bare(who: str, app: str, body: Path, exchange: Loopback) -> AsyncIterator[Server]:
    """A bare fan-out with one reader."""
    port = free_port()
    arguments = [*UVICORN, "--port", str(port), f"bench.live.fan:{app}"]
    environ = {
        "BENCH_BODY": str(body),
        "BENCH_PLAIN": str(exchange.plain),
        "BENCH_SOCKET": str(exchange.socket),
    }
    with process(arguments, core=0, environ=environ) as child:
        wait_for(port)
        async with readers(port, "/") as theirs:
            await theirs.grow(1)
            yield Server(who, child.pid, theirs)


async def _event(port: int, exchange: Loopback) -> bytes:
    """One event as ours is sent, with a mark in place of the moment."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    exchange.say("ours", 20)
    await reader.readuntil(b"\n\n")
    text = (await reader.readuntil(b"\n\n"))[:-2]
    writer.close()
    exchange.say("nobody", 0)
    event = text[text.index(b"id: ") :] + b"\n\n"
    head, _, rest = event.partition(b'"volume_base":')
    return head + b'"volume_base":' + MARK + rest[rest.index(b",") :]


async def _load(server: Server, exchange: Loopback, rate: float, seconds: float) -> Reading:
    """CPU of the server for each event that a reader got."""
    exchange.say(server.who, rate)
    await asyncio.sleep(_WARM_S)
    cpu, count = cpu_s(server.pid), server.readers.count
    await asyncio.sleep(seconds)
    used, got = cpu_s(server.pid) - cpu, server.readers.count - count
    exchange.say("nobody", 0)
    await asyncio.sleep(_WARM_S)
    return Reading(used / got * 1e6, used / got * 1e6, seconds / got * 1e6)


async def _measure(plan: Plan) -> Series:
    series = Series()
    with loopback() as exchange:
        async with servers(exchange, plan.upstream) as sides:
            *pair, _ = sides
            first = {one.who: one.memory_kb() for one in pair}
            for size, rate in LOADS.items():
                for one in pair:
                    await one.readers.grow(size)
                # What reading the exchange costs counts where there is one reader.
                shown = sides if size == 1 else pair
                for who in in_turn([one.who for one in shown], plan.rounds(_ROUNDS)):
                    one = next(server for server in shown if server.who == who)
                    reading = await _load(one, exchange, rate, plan.seconds(_SECONDS))
                    series.add(f"{who}, {size}", reading)
            for one in pair:
                grown = one.memory_kb() - first[one.who]
                series.add(f"{one.who}, memory", Reading(grown / (MOST - 1)))
    return series


def measure(plan: Plan) -> Series:
    """Servers on one core; exchange and readers on the other."""
    with many_files(), pinned(1):
        return uvloop.run(_measure(plan))


async def _delays(plan: Plan) -> Series:
    series = Series()
    with loopback() as exchange:
        async with servers(exchange, plan.upstream) as pair:
            for who in in_turn(("ours", "bare"), plan.rounds(_ROUNDS)):
                one = next(server for server in pair if server.who == who)
                exchange.say(who, _RATE)
                await asyncio.sleep(_WARM_S)
                one.readers.delays.clear()
                await asyncio.sleep(plan.seconds(_RATE_SECONDS))
                delays = sorted(one.readers.delays)
                exchange.say("nobody", 0)
                for name, value in percentiles(delays).items():
                    series.add(f"{who}, {name}", value)
    return series


def percentiles(delays: list[float]) -> dict[str, Reading]:
    """The median and the slowest hundredth, in milliseconds."""
    ordered = sorted(delays)
    return {
        name: Reading(ordered[int(len(ordered) * share)] * 1e3)
        for name, share in (("p50", 0.5), ("p99", 0.99))
    }


def measure_delays(plan: Plan) -> Series:
    """As `measure`, with one reader."""
    with many_files(), pinned(1):
        return uvloop.run(_delays(plan))


def _of_readers(size: int) -> Figure:
    return Figure(
        f"live-readers-{size}", f"an event to each of {size:,} over HTTP, CPU a reader", "us",
        f"ours, {size}", measure, f"bare, {size}", ratio(1.5),
    )  # fmt: skip


_TO_ONE = "an event to one reader over HTTP, CPU, beside a fan-out"


def _of_delays(name: str, words: str) -> Figure:
    return Figure(
        f"live-delay-http-{name}", f"exchange to reader over HTTP, 500 a second, {words}",
        "ms", f"ours, {name}", measure_delays, f"bare, {name}",
    )  # fmt: skip


FIGURES = (
    _of_delays("p50", "median"),
    _of_delays("p99", "slowest hundredth"),
    Figure(
        "live-readers-1", f"{_TO_ONE} that reads the exchange too", "us", "ours, 1", measure,
        "reading, 1", ratio(1.5),
    ),
    Figure("live-readers-1-lines", f"{_TO_ONE} of lines", "us", "ours, 1", measure, "bare, 1"),
    *(_of_readers(size) for size in LOADS if size > 1),
    Figure(
        "live-reader-memory", "resident memory of each of 5,000 readers", "kB", "ours, memory",
        measure, "bare, memory", ratio(1.5),
    ),
)  # fmt: skip
