"""The pages in a real Chromium: `python -m bench.shots` takes the pictures of `docs/images`.

`--look FOLDER` takes every page instead, on each kind of day, in both themes and at each width, to
be looked at: a page is judged by what is seen on it, and most of what is wrong shows on one kind
of day or at one width alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
from playwright.async_api import Browser, BrowserContext, async_playwright

from bench.processes import ROOT, free_port, process, wait_for

#: The pictures that the texts show, and those beside them.
_PAGES = {
    "dashboard": "",
    "system-monitor": "system-monitor",
    "wall": "system-monitor?view=wall",
    "incidents": "incidents",
    "providers": "providers",
    "chart": "chart?symbol=BTC/USDT&interval=1h&ind=bollinger-bands,rsi,macd",
    "explain": "explain?capability=ticker&symbol=BTC/USDT",
    "config": "config",
}
#: What is only looked at.
_MORE = {
    "drawer": "providers?name=kraken",
    "widget": "explain",
    "docs": "docs",
    "missing": "nowhere",
}
#: What is pressed before the picture, by the name of the page.
_PRESSED = {"widget": "system-status button"}
#: So many pages settle at a time.
_AT_ONCE = 4
_VIEWS = (("dark", 1440, 900), ("light", 1440, 900), ("390", 390, 844))
_SIZES = ((390, 844), (1440, 900), (1920, 1080), (2560, 1440))
_UPRIGHT = (1080, 1920)  # a screen on a wall that stands
#: Another height in the documents, where what the page is for lies lower.
_HEIGHT = {"system-monitor": 1240, "wall": 720}
_SETTLE_S = {"system-monitor": 9.0, "wall": 9.0}
#: Markets that somebody follows while the pages are looked at, so that live feeds are seen too.
_FOLLOWED = (
    "/api/market/ticker/stream?symbols=BTC/USDT,SOL/USDT",
    "/api/market/ticker/stream?symbols=ETH/USDT",
    "/api/market/trades/stream?symbols=XRP/USDT",
    "/api/market/candles/stream?symbols=SOL/USDT&interval=1m",
    "/api/market/order-book/stream?symbols=BTC/USDT",
)

_DAYS = ("fresh", "busy", "drill", "bad")
BROKEN = ("binance", "kraken", "okx", "coingecko", "rss_news", "evm_rpc", "alternative_me")
_ASKED = (
    "/api/market/ticker?symbol=BTC/USDT&max_age_s=0",
    "/api/market/ticker?symbol=ETH/USDT",
    "/api/market/tickers?symbols=BTC/USDT,ETH/USDT,SOL/USDT",
    "/api/market/candles?symbol=SOL/USDT",
    "/api/market/global",
    "/api/chain/ethereum/gas?max_age_s=0",
    "/api/sentiment/index",
    "/api/news",
    "/api/defi/tvl?protocol=aave",
)


async def _ask(client: httpx.AsyncClient) -> None:
    while True:
        for path in _ASKED:
            with contextlib.suppress(httpx.TransportError):
                await client.get(path)
            await asyncio.sleep(0.15)


async def _follow(client: httpx.AsyncClient, path: str) -> None:
    while True:
        with contextlib.suppress(httpx.TransportError):
            async with client.stream("GET", path, timeout=None) as events:
                events.raise_for_status()
                async for _ in events.aiter_bytes():
                    pass
        await asyncio.sleep(5)


@contextlib.asynccontextmanager
async def followed(client: httpx.AsyncClient) -> AsyncIterator[None]:
    """Follows a few markets for as long as the block lasts."""
    following = [asyncio.ensure_future(_follow(client, path)) for path in _FOLLOWED]
    try:
        yield
    finally:
        for one in following:
            one.cancel()


@contextlib.asynccontextmanager
async def traffic(client: httpx.AsyncClient, warm_s: float) -> AsyncIterator[None]:
    """Asks for as long as the block lasts, and enters it after `warm_s`."""
    asking = asyncio.ensure_future(_ask(client))
    try:
        await asyncio.sleep(warm_s)
        yield
    finally:
        asking.cancel()


async def broken(client: httpx.AsyncClient, names: tuple[str, ...]) -> None:
    for _ in range(100):  # plugins load beside the start
        if (await client.get(f"/api/providers/{names[0]}")).status_code == 200:
            break
        await asyncio.sleep(0.2)
    for name in names:
        told = await client.post(f"/api/drill/{name}", json={"fault": "status"})
        told.raise_for_status()
    for _ in range(4):
        await client.get(f"/api/market/ticker?symbol=BTC/USDT&provider={names[0]}&max_age_s=0")


async def _picture(
    context: BrowserContext, address: str, path: str, file: Path, name: str, *, whole: bool,
    shutter: asyncio.Lock,
) -> None:  # fmt: skip
    page = await context.new_page()
    await page.goto(f"{address}/{path}")
    await asyncio.sleep(_SETTLE_S.get(name, 4.0))
    # A busy machine may need longer: no picture is of a place that waits for what comes.
    await page.locator('[aria-busy="true"]:visible').first.wait_for(state="detached")
    async with shutter:  # a page behind another is not painted anew below its first screen
        await page.bring_to_front()
        if name in _PRESSED:
            await page.click(_PRESSED[name])
            await asyncio.sleep(0.5)
        await page.screenshot(path=file, full_page=whole)
    await page.close()


async def _pictures(
    browser: Browser, address: str, pages: dict[str, str], theme: str, size: tuple[int, int],
    folder: Path, label: str, *, whole: bool = False,
) -> None:  # fmt: skip
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="light" if theme == "light" else "dark",
    )
    names = list(pages)
    shutter = asyncio.Lock()
    for at in range(0, len(names), _AT_ONCE):
        await asyncio.gather(
            *(
                _picture(
                    context,
                    address,
                    pages[name],
                    folder / f"{name}-{label}.png",
                    name,
                    whole=whole,
                    shutter=shutter,
                )
                for name in names[at : at + _AT_ONCE]
            )
        )
    await context.close()


async def _take(address: str, folder: Path, day: str | None, pages: dict[str, str]) -> None:
    async with (
        httpx.AsyncClient(base_url=address, timeout=20) as client,
        contextlib.AsyncExitStack() as held,
        async_playwright() as play,
    ):
        if day is None:
            await broken(client, ("kraken",))
        elif day == "drill":
            await broken(client, BROKEN)
        if day in ("busy", "drill"):
            await held.enter_async_context(followed(client))
        if day != "fresh":
            await held.enter_async_context(traffic(client, 60 if day == "bad" else 30))
        browser = await play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        if day is None:
            for view, width, height in _VIEWS:
                for name, path in pages.items():
                    if (view, name) == ("390", "wall"):  # no wall is that small
                        continue
                    size = (width, height if view == "390" else _HEIGHT.get(name, height))
                    await _pictures(browser, address, {name: path}, view, size, folder, view)
        else:
            for theme in ("dark", "light"):
                for size in _SIZES:
                    label = f"{day}-{theme}-{size[0]}"
                    await _pictures(browser, address, pages, theme, size, folder, label, whole=True)
                wall = {name: path for name, path in pages.items() if name == "wall"}
                label = f"{day}-{theme}-{_UPRIGHT[0]}"
                await _pictures(browser, address, wall, theme, _UPRIGHT, folder, label)
        await browser.close()


def _served(folder: Path, day: str | None, pages: dict[str, str]) -> None:
    port = free_port()
    arguments = ["-m", "coinmux", "serve", "--port", str(port), "--env-file", os.devnull]
    if day != "bad":
        arguments.append("--simulate")
    with process(arguments, LOG_LEVEL="WARNING"):
        wait_for(port)
        asyncio.run(_take(f"http://127.0.0.1:{port}", folder, day, pages))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.shots")
    parser.add_argument("--look", type=Path, help="take every page into this folder instead")
    parser.add_argument("--day", choices=_DAYS, action="append", help="with --look: only this day")
    parser.add_argument("--page", choices=(*_PAGES, *_MORE), action="append", help="only this page")
    told = parser.parse_args()
    offered = _PAGES if told.look is None else _PAGES | _MORE
    pages = {name: path for name, path in offered.items() if not told.page or name in told.page}
    if told.look is None:
        _served(ROOT / "docs" / "images", None, pages)
        return
    told.look.mkdir(parents=True, exist_ok=True)
    for day in told.day or _DAYS:
        _served(told.look, day, pages)


if __name__ == "__main__":
    main()
