"""Ten things a watcher asks, answered from the overview on: `python -m bench.watcher`.

A real Chromium clicks and reads on a day with seven sources broken and one question that nobody can
answer. What it read is compared with the API at that moment: a page that is quick and wrong fails.
Seconds are those of the browser, from opening the overview until the answer stands on the screen;
a person's reading comes on top. The table of `docs/dashboard.md` is written from it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import statistics
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.async_api import Browser, Page, async_playwright
from playwright.async_api import TimeoutError as Unanswered
from rich.console import Console
from rich.table import Table

from bench.processes import ROOT, free_port, process, wait_for
from bench.shots import BROKEN, broken, traffic
from bench.watcher_questions import QUESTIONS, Facts, Question, Visit

BEGIN, END = "<!-- watcher: written by python -m bench.watcher -->", "<!-- end of watcher -->"
_PAGE = ROOT / "docs" / "dashboard.md"
#: Beside the usual seven: the only source of value locked, so that a question has nobody left.
_ALONE = "defillama"
#: The next in order, so that requests needed it: was down, and is well when the watcher comes.
_RECOVERED = "coinbase_exchange"
#: A page that is one refresh behind the API gets as many looks more.
_LOOKS = 5
_PATIENCE_MS = 10_000
_LOOK_S = 2.0


@dataclass
class Result:
    """How one question was answered.

    Attributes:
        seconds: of each round in which the page agreed with the API.
        wrong: what the page did not say, of the last round that failed.
    """

    question: Question
    clicks: int = 0
    seconds: list[float] = field(default_factory=list)
    said: str = ""
    wrong: str = ""


async def _fail(client: httpx.AsyncClient, path: str, name: str) -> None:
    """Ask until the source is offline."""
    for _ in range(40):
        await client.get(path)
        health = (await client.get(f"/api/source-health/status/{name}")).json()
        if health["state"] == "OFFLINE":
            return
        await asyncio.sleep(0.25)
    raise RuntimeError(f"{name} did not go offline")


async def _prepare(client: httpx.AsyncClient) -> Facts:
    """The day: eight sources that are down, one that was, and a client whose request failed."""
    price = "/api/market/ticker?symbol=BTC/USDT&max_age_s=0&provider="
    await broken(client, (*BROKEN, _ALONE))
    await _fail(client, f"{price}{BROKEN[0]}", BROKEN[0])
    await _fail(client, "/api/defi/tvl?protocol=aave&max_age_s=0", _ALONE)
    await broken(client, (_RECOVERED,))
    await _fail(client, f"{price}{_RECOVERED}", _RECOVERED)
    async with traffic(client, 4):  # others answer for it meanwhile
        pass
    (await client.post(f"/api/drill/{_RECOVERED}", json={"fault": None})).raise_for_status()
    (await client.post(f"/api/source-health/test/{_RECOVERED}")).raise_for_status()
    return Facts(client=client, recovered=_RECOVERED, broken=BROKEN[0])


@contextlib.asynccontextmanager
async def _failing(facts: Facts) -> AsyncIterator[None]:
    """A client that insists on the broken source fails now and then."""

    async def ask() -> None:
        while True:
            answer = await facts.client.get(
                f"/api/market/trades?symbol=SOL/USDT&max_age_s=0&provider={facts.broken}"
            )
            facts.failed = answer.headers["x-request-id"]
            await asyncio.sleep(20)

    asking = asyncio.ensure_future(ask())
    try:
        yield
    finally:
        asking.cancel()


async def _ask(browser: Browser, address: str, facts: Facts, result: Result) -> None:
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, timezone_id="UTC", locale="en-GB"
    )
    page: Page = await context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    try:
        begun = time.perf_counter()
        await page.goto(f"{address}/")
        visit = Visit(page)
        for look in range(_LOOKS):
            try:
                said = await result.question.look(visit, facts)
            except Unanswered as error:
                said = f"nothing at {page.url}: {error.message.splitlines()[-1].strip()}"
            took = time.perf_counter() - begun
            missing = [one for one in await result.question.truth(facts) if not one.fits(said)]
            result.said, result.clicks = said, visit.clicks
            if not missing:
                result.seconds.append(took)
                return
            result.wrong = f"{' and '.join(one.words for one in missing)} not in {said!r}"
            await asyncio.sleep(_LOOK_S * (look + 1 < _LOOKS))
            visit = Visit(page)
            begun = time.perf_counter()
            await page.goto(f"{address}/")
    finally:
        await context.close()


async def _watch(address: str, rounds: int) -> list[Result]:
    results = [Result(one) for one in QUESTIONS]
    async with (
        httpx.AsyncClient(base_url=address, timeout=30) as client,
        async_playwright() as play,
    ):
        facts = await _prepare(client)
        async with traffic(client, 20), _failing(facts), facts.following():
            browser = await play.chromium.launch(
                executable_path=os.environ.get("CHROMIUM") or shutil.which("chromium"),
                args=["--no-sandbox"],
            )
            for _ in range(rounds):
                for result in results:
                    await _ask(browser, address, facts, result)
            await browser.close()
    return results


def lines(results: list[Result], rounds: int) -> str:
    """The table of the page."""
    rows = [
        f"| {one.question.asks} | {one.question.way} | {one.clicks} |"
        f" {statistics.median(one.seconds):.1f} |"
        for one in results
    ]
    head = ["| a watcher asks | where it is read | clicks | seconds |", "|---|---|---|---|"]
    return "\n".join([*head, *rows, "", f"Median of {rounds} rounds."])


def filled(page: str, text: str) -> str:
    """The page with this text between its marks."""
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.watcher")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dry", action="store_true", help="leave docs/dashboard.md as it is")
    told = parser.parse_args()
    port = free_port()
    arguments = ["-m", "coinmux", "serve", "--simulate", "--port", str(port)]
    with process([*arguments, "--env-file", os.devnull], LOG_LEVEL="ERROR"):
        wait_for(port)
        results = asyncio.run(_watch(f"http://127.0.0.1:{port}", told.rounds))
    table = Table(title="what a watcher asks")
    for column in ("question", "clicks", "seconds", "read"):
        table.add_column(column, overflow="fold")
    for one in results:
        seconds = f"{statistics.median(one.seconds):.1f}" if one.seconds else "WRONG"
        table.add_row(one.question.asks, str(one.clicks), seconds, one.said)
    Console(width=140).print(table)
    wrong = [one for one in results if len(one.seconds) < told.rounds]
    for one in wrong:
        print(f"{one.question.asks}: {one.wrong}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    if not told.dry:
        _PAGE.write_text(filled(Path(_PAGE).read_text(), lines(results, told.rounds)))


if __name__ == "__main__":
    main()
