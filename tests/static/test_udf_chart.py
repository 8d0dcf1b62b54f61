"""`examples/udf-chart`: a page of another origin that draws what `/udf` tells it."""

import functools
import http.server
import threading

import pytest

from tests.static.conftest import ROOT, served


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files, and writes no line for each."""

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def page_address(tmp_path_factory):
    """The example's address, with a simulated server that lets it ask."""
    handler = functools.partial(Quiet, directory=ROOT / "examples" / "udf-chart")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, daemon=True).start()
        own = f"http://127.0.0.1:{files.server_address[1]}"
        folder = tmp_path_factory.mktemp("udf")
        with served(folder, "--simulate", CORS_ORIGINS=own) as server:
            yield own, server.address
        files.shutdown()


async def bars(page, least):
    """Wait until so many bars are shown; how many there are."""
    note = page.locator("#note", has_text="bars")
    await note.wait_for()
    await page.wait_for_function(
        "least => parseInt(document.querySelector('#note').textContent) >= least", arg=least
    )
    return int((await note.inner_text()).split()[0])


async def test_it_draws_a_market_and_older_bars_as_they_are_reached(page_of, page_address):
    own, server = page_address
    async with page_of(f"?server={server}&symbol=KRAKEN:BTC/USD", base=own) as page:
        shown = await bars(page, 100)
        assert "simulated, by kraken" in await page.inner_text("#note")
        assert (await page.inner_text("#title")).startswith("KRAKEN:BTC/USD ")
        painted = await page.evaluate(
            """() => {
              const canvas = document.querySelector("canvas");
              const seen = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
              return seen.data.some((value) => value > 0);
            }"""
        )
        assert painted
        await page.focus("canvas")
        for _ in range(30):
            await page.keyboard.press("ArrowLeft")
        assert await bars(page, shown + 1) > shown
        assert page.complaints == []


async def test_what_is_wrong_is_said_and_mended_by_another_market(page_of, page_address):
    own, server = page_address
    async with page_of(f"?server={server}&symbol=BTC/NOPE", base=own) as page:
        wrong = page.locator("#note[role=alert]")
        await wrong.wait_for()
        assert "unknown_symbol" in await wrong.inner_text()
        await page.fill("[name=symbol]", "ETH/USDT")
        await page.press("[name=symbol]", "Enter")
        await bars(page, 100)
        assert await wrong.count() == 0
        assert (await page.inner_text("#title")).startswith("ETH/USDT ")
        assert page.complaints == []
