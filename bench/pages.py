"""What the pages cost a browser: `python -m bench.pages`, in a real Chromium.

First contentful paint, total blocking time and layout shift as Lighthouse defines them (web.dev) of
each page's first load; then frames, long tasks and memory of the monitor and the overview under
traffic, with sixty sources where thirteen are added (`--more 13`).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil

from playwright.async_api import Browser, async_playwright
from rich.console import Console
from rich.table import Table

from bench.more_sources import more_sources, names
from bench.page_run import VIEW, WATCH, run, traffic
from bench.processes import free_port, process, search_path, wait_for

_PAGES = (
    "", "system-monitor", "incidents", "providers", "chart?ind=rsi", "explain", "config", "docs",
)  # fmt: skip
_RUNS = ("system-monitor", "")
_SETTLED_S = 5.0
_A_SECOND = 20


async def _load(browser: Browser, address: str) -> dict[str, float]:
    context = await browser.new_context(viewport=VIEW)  # type: ignore[arg-type]
    received = 0.0

    def came(told: dict[str, float]) -> None:
        nonlocal received
        received += told["encodedDataLength"]

    try:
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        session.on("Network.loadingFinished", came)
        await session.send("Network.enable")
        await page.add_init_script(WATCH)
        await page.goto(address)
        await asyncio.sleep(_SETTLED_S)
        painted: float = await page.evaluate(
            "performance.getEntriesByName('first-contentful-paint')[0].startTime"
        )
        seen = await page.evaluate("seen")
        took = [one for _, one in seen["tasks"]]
        return {
            "paint": painted,
            "blocked": sum(max(0, one - 50) for one in took),
            "longest": max(took, default=0),
            "shift": seen["shift"],
            "kib": received / 1024,
        }
    finally:
        await context.close()


async def _loads(browser: Browser, address: str) -> Table:
    table = Table(title="pages in Chromium (one run, one machine)")
    for column in ("page", "first paint", "blocked in all", "longest task", "shift", "KiB"):
        table.add_column(column)
    for path in _PAGES:
        told = [await _load(browser, f"{address}/{path}") for _ in range(3)]
        best = {name: min(one[name] for one in told) for name in ("paint", "blocked", "longest")}
        table.add_row(
            f"/{path}", f"{best['paint']:.0f} ms", f"{best['blocked']:.0f} ms",
            f"{best['longest']:.0f} ms", f"{max(one['shift'] for one in told):.3f}",
            f"{max(one['kib'] for one in told):.0f}",
        )  # fmt: skip
    return table


async def _measure(address: str, told: argparse.Namespace) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        if told.loads:
            Console(width=110).print(await _loads(browser, address))
        for path in _RUNS if told.minutes else ():
            async with traffic(address, _A_SECOND, names(told.more)):
                seen = await run(browser, f"{address}/{path}", told.minutes, told.slow)
            print(
                f"/{path}, {_A_SECOND} requests a second for {told.minutes:g} minutes,"
                f" {told.workers} workers, {told.more} sources more, {told.slow:g} times slower:"
            )
            print(seen.said(), flush=True)
        await browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.pages")
    parser.add_argument("--minutes", type=float, default=10.0, help="of each run; 0 for none")
    parser.add_argument("--more", type=int, default=0, help="scripted sources beside the installed")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--slow", type=float, default=1, help="how much slower the processor is")
    parser.add_argument("--loads", action=argparse.BooleanOptionalAction, default=True)
    told = parser.parse_args()
    port = free_port()
    arguments = ["-m", "coinmux", "serve", "--simulate", "--port", str(port)]
    arguments += ["--workers", str(told.workers), "--env-file", os.devnull]
    with (
        more_sources(told.more) as folder,
        process(arguments, LOG_LEVEL="WARNING", PYTHONPATH=search_path(folder)),
    ):
        wait_for(port)
        asyncio.run(_measure(f"http://127.0.0.1:{port}", told))


if __name__ == "__main__":
    main()
