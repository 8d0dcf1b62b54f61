"""A page under traffic for some minutes: its frames, its long tasks and its memory."""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import httpx
from playwright.async_api import Browser, CDPSession, Page

from bench.more_sources import PAIR
from bench.page_tasks import CATEGORIES, Task, tasks_of

#: Watches what the browser says of itself, and how long each frame's callbacks run. Frames further
#: apart than a quarter of a second are two movements.
WATCH = """
window.seen = { shift: 0, tasks: [], frames: [], gaps: [], last: 0 };
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) seen.shift += one.value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) seen.tasks.push([one.startTime, one.duration]);
}).observe({ type: "longtask", buffered: true });
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (work) => ask((at) => {
  if (seen.last && at > seen.last && at - seen.last < 250) seen.gaps.push(at - seen.last);
  seen.last = at;
  const begun = performance.now();
  work(at);
  seen.frames.push(performance.now() - begun);
});
"""
VIEW = {"width": 1440, "height": 1000}
_ASKED = (
    "/api/market/ticker?symbol=BTC/USDT&max_age_s=0",
    "/api/market/ticker?symbol=ETH/USDT",
    "/api/market/candles?symbol=SOL/USDT",
    "/api/chain/ethereum/gas?max_age_s=0",
    "/api/sentiment/index",
    "/api/news",
)
_WARM_S = 20.0
_SAMPLE_S = 10.0
#: The trace is taken after the rest, as it costs the page time of its own.
_TRACE_S = 30.0


@dataclass(frozen=True, slots=True)
class Run:
    """How a page went.

    Attributes:
        frames: script of each animation frame, ms.
        gaps: from one frame to the next while something moved, ms.
        tasks: what held the page for 50 ms and more, ms, without what the measuring itself did.
        traced: the tasks of half a minute more, longest CPU time first.
        heap: MB after garbage was collected, oldest first.
    """

    frames: Sequence[float]
    gaps: Sequence[float]
    tasks: Sequence[float]
    traced: Sequence[Task]
    heap: Sequence[float]

    def said(self) -> str:
        """All of it in a few lines."""
        quarter = max(1, len(self.heap) // 4)
        lines = [
            f"{len(self.frames)} frames: script {_spread(self.frames)};"
            f" from frame to frame {_spread(self.gaps)}",
            f"{len(self.tasks)} tasks over 50 ms, longest {max(self.tasks, default=0):.0f} ms",
            f"memory {statistics.median(self.heap[:quarter]):.1f} MB at first,"
            f" {statistics.median(self.heap[-quarter:]):.1f} MB at the end",
        ]
        for task in self.traced[:4]:
            parts = ", ".join(f"{name} {spent:.0f}" for name, spent in task.parts.items())
            calls = "; ".join(dict.fromkeys(task.calls[:6]))
            lines.append(
                f"task: {task.cpu_ms:.0f} ms CPU, {task.wall_ms:.0f} ms: {parts} ({calls})"
            )
        return "\n".join(f"  {line}" for line in lines)


def _spread(values: Sequence[float]) -> str:
    ordered = sorted(values) or [0.0]
    return (
        f"{statistics.fmean(ordered):.2f} ms on average, median {statistics.median(ordered):.2f},"
        f" 95 % under {ordered[int(len(ordered) * 0.95)]:.2f}, longest {ordered[-1]:.1f}"
    )


@contextlib.asynccontextmanager
async def traffic(address: str, a_second: float, sources: Sequence[str]) -> AsyncIterator[None]:
    """Ask the server so often while the block lasts; every other time one of `sources`."""
    asking = asyncio.ensure_future(_ask(address, a_second, sources))
    try:
        yield
    finally:
        asking.cancel()


async def _ask(address: str, a_second: float, sources: Sequence[str]) -> None:
    rng = random.Random(1)
    scripted = [f"/api/market/ticker?symbol={PAIR}&provider={one}&max_age_s=0" for one in sources]
    async with httpx.AsyncClient(base_url=address, timeout=20) as client:
        while True:
            asked = scripted if scripted and rng.random() < 0.5 else _ASKED
            with contextlib.suppress(httpx.TransportError):
                await client.get(rng.choice(asked))
            await asyncio.sleep(1 / a_second)


async def _sampled(page: Page, session: CDPSession) -> tuple[float, float, float]:
    """The heap in MB, and when on the page's clock collecting garbage began and ended."""
    begun: float = await page.evaluate("performance.now()")
    await session.send("HeapProfiler.collectGarbage")
    used = await session.send("Runtime.getHeapUsage")
    ended: float = await page.evaluate("performance.now()")
    return float(used["usedSize"]) / 1_048_576, begun, ended


async def run(browser: Browser, address: str, minutes: float, slow: float = 1) -> Run:
    """Watch the page at `address`; `slow` is how many times slower than here its processor is."""
    context = await browser.new_context(viewport=VIEW)  # type: ignore[arg-type]
    page = await context.new_page()
    try:
        await page.add_init_script(WATCH)
        session = await context.new_cdp_session(page)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": slow})
        await page.goto(address)
        await asyncio.sleep(_WARM_S)
        await page.evaluate("Object.assign(seen, { frames: [], gaps: [], tasks: [] })")
        samples = [await _sampled(page, session)]
        for _ in range(max(2, round(minutes * 60 / _SAMPLE_S))):
            await asyncio.sleep(_SAMPLE_S)
            samples.append(await _sampled(page, session))
        seen = await page.evaluate("seen")
        await browser.start_tracing(page=page, categories=CATEGORIES)
        await asyncio.sleep(_TRACE_S)
        traced = tasks_of(await browser.stop_tracing())
    finally:
        await context.close()
    return Run(
        seen["frames"], seen["gaps"], _own(seen["tasks"], samples), traced,
        [heap for heap, _, _ in samples],
    )  # fmt: skip


def _own(
    tasks: Sequence[tuple[float, float]], samples: Sequence[tuple[float, float, float]]
) -> list[float]:
    """The tasks' lengths without those in which garbage was collected for the measure."""
    return [
        took
        for at, took in tasks
        if not any(at < ended and at + took > begun for _, begun, ended in samples)
    ]
