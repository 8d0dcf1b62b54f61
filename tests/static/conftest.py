"""A simulated server in a process of its own, and a real browser before it."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from tests.e2e.conftest import addresses_of

ROOT = Path(__file__).resolve().parents[2]
#: A key nobody may ever see again.
SECRET = "planted-7f3a91c2-never-shown"
CHROMIUM = (
    os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome") or ""
)


def pytest_collection_modifyitems(items):
    for item in items:
        if "page_of" in getattr(item, "fixturenames", ()):
            # One loop for them all, as the browser lives in it.
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)
    if CHROMIUM or os.environ.get("CI") == "true":
        return
    skip = pytest.mark.skip(reason="no Chromium: apt-get install chromium, or set CHROMIUM")
    for item in items:
        if "page_of" in getattr(item, "fixturenames", ()):
            item.add_marker(skip)


@contextmanager
def served(folder, *options, **environ):
    """A server of its own: its address, and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (sys.executable, "-m", "coinmux", "serve", "--port", str(port), *options)
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **environ}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environ, stdout=log, stderr=subprocess.STDOUT
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(240):
                try:
                    if httpx.get(f"{address}/healthz").status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                assert process.poll() is None, (folder / "log").read_text()
                time.sleep(0.25)
            yield SimpleNamespace(address=address, process=process)
        finally:
            process.kill()
            process.wait(20)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The address of a simulated server."""
    folder = tmp_path_factory.mktemp("served")
    with served(folder, "--simulate", ETHERSCAN_API_KEY=SECRET) as found:
        yield found.address


@pytest.fixture
def dead(tmp_path):
    """A simulated server that can be killed: `dead.address`, `dead.process.kill()`."""
    with served(tmp_path, "--simulate", DATA_DIR=str(tmp_path)) as found:
        yield found


#: What a bad day leaves nobody able to answer.
_ASKED = (
    "api/market/ticker?symbol=BTC/USDT", "api/market/candles?symbol=BTC/USDT", "api/market/global",
    "api/news", "api/sentiment/index", "api/chain/ethereum/gas", "api/chain/ethereum/head",
    "api/market/coins", "api/market/ticker?symbol=BTC/USD",
)  # fmt: skip


@pytest.fixture(scope="session")
def bad_day(tmp_path_factory):
    """The address of a server whose every source refuses connections, asked until they are offline.

    The sources are led to a port of this machine that is taken and not listened on.
    """
    folder = tmp_path_factory.mktemp("bad_day")
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{refusing.getsockname()[1]}"
        environ = {**addresses_of(nowhere), "DATA_DIR": str(folder)}
        with served(folder, **environ) as found, httpx.Client(base_url=found.address) as client:
            down = set()
            for _ in range(40):
                for target in _ASKED:
                    client.get(f"/{target}", timeout=30)
                # A source counts as usable shortly before it is tried again, so they take turns.
                states = client.get("/api/monitor").json()["capabilities"]
                down |= {one["name"] for one in states if not one["usable"]}
                if {"ticker", "candles", "news"} <= down:
                    break
                time.sleep(0.5)
            assert {"ticker", "candles", "news"} <= down, states
            yield found.address


@pytest.fixture
def api(server):
    """A client of the server."""
    with httpx.Client(base_url=server, timeout=20) as client:
        yield client


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser():
    """A Chromium that all tests of this process share, each with contexts of its own."""
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(
            executable_path=CHROMIUM or None, args=["--no-sandbox"]
        )
        yield made
        await made.close()


def is_left(request):
    """Whether a page ended a request or a stream itself, for another or as it is not seen.

    A pair that is chosen while another is still asked for ends that request; no browser writes
    that into its console.
    """
    kinds = ("eventsource", "fetch")
    return request.resource_type in kinds and request.failure == "net::ERR_ABORTED"


@pytest_asyncio.fixture(loop_scope="session")
async def page_of(server, browser):
    """`async with page_of("chart") as page`: the page in a browser, with what it complained of.

    `page.complaints` holds console messages, errors and failed requests, `page.refused` what was
    answered 4xx or 5xx. Options go to the browser's context; `before(page)` runs ahead of the
    navigation.
    """

    @asynccontextmanager
    async def make(path, *, before=None, base=None, **options):
        options = {"viewport": {"width": 1440, "height": 1000}, **options}
        context = await browser.new_context(**options)
        page = await context.new_page()
        page.complaints, page.refused = [], []
        page.on("console", lambda said: page.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "requestfailed",
            lambda one: is_left(one) or page.complaints.append(f"failed: {one.url}"),
        )
        page.on(
            "response",
            lambda one: one.status >= 400 and page.refused.append(f"{one.status} {one.url}"),
        )
        if before is not None:
            await before(page)
        await page.goto(f"{base or server}/{path}")
        try:
            yield page
        finally:
            if not page.is_closed():
                # What a test answers in the server's place may be on its way still.
                await page.unroute_all(behavior="ignoreErrors")
            await context.close()

    return make


@pytest.fixture
def altered(page_of):
    """`await altered(page, "**/api/monitor*", change)`: the server's real answer, changed."""

    async def make(page, pattern, change):
        async def answer(route):
            reply = await route.fetch()
            body = await reply.json()
            change(body)
            await route.fulfill(response=reply, json=body)

        await page.route(pattern, answer)

    return make


async def until(condition, seconds=60.0):
    """Wait for `await condition()`; what it gave last, true or not."""
    end = time.monotonic() + seconds
    while True:
        found = await condition()
        if found or time.monotonic() > end:
            return found
        await asyncio.sleep(0.1)


@pytest.fixture(name="until")
def until_fixture():
    return until


@pytest.fixture(name="secret")
def secret_fixture():
    return SECRET
