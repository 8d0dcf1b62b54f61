"""What the pages cost a browser: `python -m bench.pages`, in a real Chromium.

First contentful paint, total blocking time and layout shift as Lighthouse defines them (web.dev),
script time a frame on the monitor under traffic, and its memory over a longer run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import statistics

import httpx
from playwright.async_api import Browser, CDPSession, Page, async_playwright
from rich.console import Console
from rich.table import Table

from bench.processes import free_port, process, wait_for

_PAGES = ("", "system-monitor", "incidents", "providers", "chart?ind=rsi", "explain", "config")
#: Watches what the browser says of itself, and how long each frame's callbacks run.
_WATCH = """
window.seen = { shift: 0, blocked: 0, longest: 0, frames: [] };
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) seen.shift += one.value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) {
    seen.blocked += Math.max(0, one.duration - 50);
    seen.longest = Math.max(seen.longest, one.duration);
  }
}).observe({ type: "longtask", buffered: true });
const ask = window.requestAnimationFrame.bind(window);
window.requestAnimationFrame = (work) => ask((at) => {
  const begun = performance.now();
  work(at);
  seen.frames.push(performance.now() - begun);
});
"""
_SETTLED_S = 5.0
_ASKED = (
    "/api/market/ticker?symbol=BTC/USDT&max_age_s=0",
    "/api/market/ticker?symbol=ETH/USDT",
    "/api/market/candles?symbol=SOL/USDT",
    "/api/chain/ethereum/gas?max_age_s=0",
    "/api/sentiment/index",
    "/api/news",
)


async def _load(browser: Browser, address: str) -> dict[str, float]:
    context = await browser.new_context(viewport={"width": 1440, "height": 1000})
    try:
        page = await context.new_page()
        await page.add_init_script(_WATCH)
        await page.goto(address)
        await asyncio.sleep(_SETTLED_S)
        painted: float = await page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        )
        seen = await page.evaluate("seen")
        return {"paint": painted, **seen}
    finally:
        await context.close()


async def _traffic(address: str, a_second: float) -> None:
    rng = random.Random(1)
    async with httpx.AsyncClient(base_url=address, timeout=20) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await client.get(rng.choice(_ASKED))
            await asyncio.sleep(1 / a_second)


async def _heap_mb(session: CDPSession) -> float:
    await session.send("HeapProfiler.collectGarbage")
    used = await session.send("Runtime.getHeapUsage")
    return float(used["usedSize"]) / 1_048_576


async def _long_run(
    page: Page, address: str, minutes: float
) -> tuple[dict[str, float], list[float]]:
    traffic = asyncio.ensure_future(_traffic(address, 20))
    try:
        await page.add_init_script(_WATCH)
        await page.goto(f"{address}/system-monitor")
        await asyncio.sleep(20)
        await page.evaluate("seen.frames = []; seen.blocked = 0; seen.longest = 0")
        session = await page.context.new_cdp_session(page)
        heap = [await _heap_mb(session)]
        for _ in range(max(2, round(minutes * 6))):
            await asyncio.sleep(10)
            heap.append(await _heap_mb(session))
        return await page.evaluate("seen"), heap
    finally:
        traffic.cancel()


async def _measure(address: str, minutes: float) -> None:
    table = Table(title="pages in Chromium (one run, one machine)")
    for column in ("page", "first contentful paint", "blocked in all", "longest task", "shift"):
        table.add_column(column)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        for path in _PAGES:
            told = [await _load(browser, f"{address}/{path}") for _ in range(3)]
            best = {
                name: min(one[name] for one in told) for name in ("paint", "blocked", "longest")
            }
            shift = max(one["shift"] for one in told)
            table.add_row(
                f"/{path}", f"{best['paint']:.0f} ms", f"{best['blocked']:.0f} ms",
                f"{best['longest']:.0f} ms", f"{shift:.3f}",
            )  # fmt: skip
        Console(width=110).print(table)
        page = await (
            await browser.new_context(viewport={"width": 1440, "height": 1000})
        ).new_page()
        seen, heap = await _long_run(page, address, minutes)
        await browser.close()
    frames = sorted(seen["frames"]) or [0.0]
    quarter = max(1, len(heap) // 4)
    print(
        f"monitor, 20 requests a second for {minutes:g} minutes: {len(frames)} frames, script"
        f" {statistics.fmean(frames):.2f} ms on average, 95 % under"
        f" {frames[int(len(frames) * 0.95)]:.2f} ms, longest {frames[-1]:.1f} ms;"
        f" longest task {seen['longest']:.0f} ms; memory {statistics.median(heap[:quarter]):.1f} MB"
        f" at first, {statistics.median(heap[-quarter:]):.1f} MB at the end"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.pages")
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    port = free_port()
    arguments = ["-m", "coinmux", "serve", "--simulate", "--port", str(port)]
    with process([*arguments, "--env-file", os.devnull], LOG_LEVEL="WARNING"):
        wait_for(port)
        asyncio.run(_measure(f"http://127.0.0.1:{port}", minutes))


if __name__ == "__main__":
    main()
