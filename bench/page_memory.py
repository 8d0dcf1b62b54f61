"""Whether open pages grow: `python -m bench.page_memory --minutes 60`, in a real Chromium.

The monitor and a chart that follows its market stay open before a simulated server on a busy day
with seven sources broken and one that comes and goes. Each minute, after garbage was collected, the
heap of their script, the nodes of their documents and their listeners are counted, and written to
`--samples` at once: what was seen is kept where the run is ended early.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
from playwright.async_api import Browser, BrowserContext, CDPSession, async_playwright
from rich.console import Console
from rich.table import Table

from bench.page_run import VIEW, traffic
from bench.processes import free_port, process, wait_for
from bench.shots import BROKEN, broken

_PAGES = ("system-monitor?tab=requests", "chart?interval=1m&ind=rsi")
_TURNING = "coinbase_exchange"
_TURN_S = 120.0
_EVERY_S = 60.0
#: Lists of what happened fill up to their bounds meanwhile; growth is judged after it.
WARM_MIN = 10.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at one page.

    Attributes:
        minute: since the page was opened.
        heap_mb: of its script, after garbage was collected.
        nodes: of its documents.
        listeners: its own and its libraries'.
    """

    minute: float
    heap_mb: float
    nodes: int
    listeners: int


@dataclass(frozen=True, slots=True)
class Growth:
    """How one figure went after the first ten minutes.

    Attributes:
        first: median of the first fifth.
        last: median of the last fifth.
        most: the most of all.
        an_hour: slope of the line through all of them, for an hour.
    """

    first: float
    last: float
    most: float
    an_hour: float


def growth(minutes: Sequence[float], values: Sequence[float]) -> Growth | None:
    """How these values went; None while there are too few to judge by."""
    late = [(at, one) for at, one in zip(minutes, values, strict=True) if at >= WARM_MIN]
    if len(late) < 3:
        return None
    times, figures = zip(*late, strict=True)
    part = max(1, len(late) // 5)
    return Growth(
        first=statistics.median(figures[:part]),
        last=statistics.median(figures[-part:]),
        most=max(figures),
        an_hour=statistics.linear_regression(times, figures).slope * 60,
    )


class _Watched:
    """An open page, and what was seen of it."""

    def __init__(self, path: str, context: BrowserContext, session: CDPSession) -> None:
        self.path = path
        self.context = context
        self.begun = time.monotonic()
        self.samples: list[Sample] = []
        self.said = 0
        self._session = session

    async def look(self) -> Sample:
        await self._session.send("HeapProfiler.collectGarbage")
        used = await self._session.send("Runtime.getHeapUsage")
        counted = await self._session.send("Memory.getDOMCounters")
        sample = Sample(
            minute=(time.monotonic() - self.begun) / 60,
            heap_mb=float(used["usedSize"]) / 1_048_576,
            nodes=int(counted["nodes"]),
            listeners=int(counted["jsEventListeners"]),
        )
        self.samples.append(sample)
        return sample


async def _open(browser: Browser, address: str, path: str) -> _Watched:
    context = await browser.new_context(viewport=VIEW)  # type: ignore[arg-type]
    page = await context.new_page()
    watched = _Watched(path, context, await context.new_cdp_session(page))

    def spoke(_: object) -> None:
        watched.said += 1

    page.on("console", spoke)
    page.on("pageerror", spoke)
    await page.goto(f"{address}/{path}")
    return watched


@contextlib.asynccontextmanager
async def _turning(client: httpx.AsyncClient) -> AsyncIterator[None]:
    """One more source is broken and mended in turn, so that there are changes all the time."""

    async def turn() -> None:
        fault: str | None = "status"
        while True:
            with contextlib.suppress(httpx.TransportError):
                await client.post(f"/api/drill/{_TURNING}", json={"fault": fault})
            fault = None if fault else "status"
            await asyncio.sleep(_TURN_S)

    turns = asyncio.ensure_future(turn())
    try:
        yield
    finally:
        turns.cancel()


def table(pages: Sequence[tuple[str, Sequence[Sample], int]]) -> Table:
    """Each page's figures; the last column is what its console said."""
    shown = Table(title=f"open pages after their first {WARM_MIN:g} minutes")
    for column in ("page", "of", "first", "last", "most", "an hour", "minutes", "console"):
        shown.add_column(column)
    for path, samples, said in pages:
        minutes = [one.minute for one in samples]
        for name, digits in (("heap_mb", 2), ("nodes", 0), ("listeners", 0)):
            went = growth(minutes, [getattr(one, name) for one in samples])
            if went is None:
                continue
            seen = (f"{one:.{digits}f}" for one in (went.first, went.last, went.most))
            grew = f"{went.an_hour:+.{digits}f}"
            shown.add_row(f"/{path}", name, *seen, grew, f"{minutes[-1]:.0f}", str(said))
    return shown


async def _watch(address: str, told: argparse.Namespace) -> None:
    async with (
        httpx.AsyncClient(base_url=address, timeout=20) as client,
        async_playwright() as play,
    ):
        await broken(client, BROKEN)
        browser = await play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        async with traffic(address, told.rate, ()), _turning(client):
            pages = [await _open(browser, address, path) for path in told.page or _PAGES]
            end = time.monotonic() + told.minutes * 60
            while time.monotonic() < end:
                await asyncio.sleep(min(_EVERY_S, max(0.0, end - time.monotonic())))
                for one in pages:
                    _keep(told.samples, one.path, await one.look())
        Console(width=120).print(table([(one.path, one.samples, one.said) for one in pages]))
        for one in pages:
            await one.context.close()
        await browser.close()


def _keep(file: Path | None, path: str, one: Sample) -> None:
    if file is None:
        return
    with file.open("a") as kept:
        print(f"{one.minute:.2f},{path},{one.heap_mb:.3f},{one.nodes},{one.listeners}", file=kept)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.page_memory")
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=10.0, help="requests a second")
    parser.add_argument("--page", action="append", help="watched in place of the usual two")
    parser.add_argument("--samples", type=Path, help="a file that each look is added to")
    parser.add_argument("--workers", type=int, default=1)
    told = parser.parse_args()
    port = free_port()
    arguments = ["-m", "coinmux", "serve", "--simulate", "--port", str(port)]
    arguments += ["--workers", str(told.workers), "--env-file", os.devnull]
    with process(arguments, LOG_LEVEL="ERROR"):
        wait_for(port)
        asyncio.run(_watch(f"http://127.0.0.1:{port}", told))


if __name__ == "__main__":
    main()
