"""The pictures of `docs/images`: `python -m bench.shots`, every page in a real Chromium.

A simulated server with some traffic, one source that is offline and one that degrades, so that what
is to be seen is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil

import httpx
from playwright.async_api import async_playwright

from bench.processes import ROOT, free_port, process, wait_for

_PAGES = {
    "dashboard": "",
    "system-monitor": "system-monitor",
    "providers": "providers",
    "chart": "chart?symbol=BTC/USDT&interval=1h&ind=bollinger-bands,rsi,macd",
    "explain": "explain?capability=ticker&symbol=BTC/USDT",
    "config": "config",
}
_VIEWS = (("dark", 1440, 900), ("light", 1440, 900), ("390", 390, 844))
_ASKED = (
    "/api/market/ticker?symbol=BTC/USDT&max_age_s=0",
    "/api/market/ticker?symbol=ETH/USDT",
    "/api/market/candles?symbol=SOL/USDT",
    "/api/chain/ethereum/gas?max_age_s=0",
    "/api/sentiment/index",
    "/api/news",
    "/api/defi/tvl?protocol=aave",
)


async def _traffic(client: httpx.AsyncClient) -> None:
    while True:
        for path in _ASKED:
            with contextlib.suppress(httpx.TransportError):
                await client.get(path)
            await asyncio.sleep(0.15)


async def _take(address: str) -> None:
    folder = ROOT / "docs" / "images"
    async with (
        httpx.AsyncClient(base_url=address, timeout=20) as client,
        async_playwright() as play,
    ):
        for _ in range(100):  # plugins load beside the start
            if (await client.get("/api/providers/kraken")).status_code == 200:
                break
            await asyncio.sleep(0.2)
        told = await client.post("/api/drill/kraken", json={"fault": "status"})
        told.raise_for_status()
        for _ in range(4):
            await client.get("/api/market/ticker?symbol=BTC/USDT&provider=kraken&max_age_s=0")
        traffic = asyncio.ensure_future(_traffic(client))
        browser = await play.chromium.launch(
            executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
            args=["--no-sandbox"],
        )
        await asyncio.sleep(30)
        for view, width, height in _VIEWS:
            context = await browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme="light" if view == "light" else "dark",
            )
            for name, path in _PAGES.items():
                page = await context.new_page()
                await page.goto(f"{address}/{path}")
                await asyncio.sleep(9 if name == "system-monitor" else 4)
                await page.screenshot(path=folder / f"{name}-{view}.png")
                await page.close()
            await context.close()
        await browser.close()
        traffic.cancel()


def main() -> None:
    port = free_port()
    arguments = ["-m", "coinmux", "serve", "--simulate", "--port", str(port)]
    with process([*arguments, "--env-file", os.devnull], LOG_LEVEL="WARNING"):
        wait_for(port)
        asyncio.run(_take(f"http://127.0.0.1:{port}"))


if __name__ == "__main__":
    main()
