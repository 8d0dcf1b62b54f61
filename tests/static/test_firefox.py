"""The pages in Debian's Firefox: each loads, shows its main figures, and has nothing to say."""

import os

import httpx
import pytest
import pytest_asyncio

from tests.static.firefox import FIREFOX, firefox
from tests.static.strangers import foreign_site

pytestmark = pytest.mark.skipif(
    not FIREFOX and os.environ.get("CI") != "true",
    reason="no Firefox: apt-get install firefox-esr, or set FIREFOX",
)
#: Pages, and an expression that is true once the main figures of each are there.
FIGURES = {
    "": "document.querySelectorAll('#markets tbody tr').length >= 6 && "
    "/[0-9],[0-9]{3}/.test(document.querySelector('#markets tbody').innerText)",
    "system-monitor": "document.body.innerText.includes('questions can be answered')",
    "system-monitor?view=wall": "document.documentElement.dataset.view === 'wall' && "
    "document.body.innerText.length > 200",
    "incidents": "document.querySelector('[data-panel]:not([data-panel-state=loading])') && "
    "document.querySelector('#summary').innerText.length > 10",
    "providers": "document.querySelectorAll('main table tbody tr').length > 30",
    "chart?ind=rsi": "document.querySelectorAll('#plot canvas').length > 1 && "
    "/[0-9],[0-9]{3}/.test(document.querySelector('#last').innerText)",
    "explain?capability=ticker&symbol=BTC/USDT": "document.body.innerText.includes('Binance') || "
    "document.body.innerText.includes('binance')",
    "config": "document.querySelectorAll('main table tbody tr').length > 30",
    "docs": "document.body.innerText.includes('/api/market/ticker')",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def driven():
    async with firefox() as found:
        yield found


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path or "overview")
async def test_a_page_shows_its_figures_and_complains_of_nothing(driven, server, until, path):
    """On a good day."""
    async with driven.page(f"{server}/{path}") as page:

        async def is_filled():
            return await page.evaluate(FIGURES[path]) == "true"

        assert await until(is_filled, 20), await page.text("main")
        assert page.complaints == []


@pytest.mark.asyncio(loop_scope="module")
async def test_what_a_page_complains_of_is_noticed(driven, server, until):
    """The check itself: an error, a refusal and what the policy forbids."""
    async with driven.page(f"{server}/config") as page:
        await page.evaluate(
            "(setTimeout(() => { throw new Error('planted'); }), fetch('/api/nosuch'), "
            "fetch('https://other.example/').catch(() => 0), 1)"
        )

        async def all_three():
            said = " ".join(page.complaints)
            return "planted" in said and "404: " in said and "policy: connect-src" in said

        assert await until(all_three, 20), page.complaints


#: Pages that follow the stream of a market: what says how, and the price that moves.
FOLLOWED = {
    "chart?interval=1m": ("#facts .feed", "#last"),
    "?pairs=BTC/USDT,ETH/USDT": ("#followed", '#markets tr[data-pair="BTC/USDT"] .last > span'),
}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", FOLLOWED, ids=["chart", "overview"])
async def test_prices_move_by_the_stream(driven, server, until, path):
    """The page says that they are live, and shows one price after the other."""
    mark, price = FOLLOWED[path]
    async with driven.page(f"{server}/{path}") as page:
        seen = set()

        async def moves():
            how = await page.evaluate(f"document.querySelector('{mark}')?.dataset.feed ?? ''")
            if how == '"live"':
                seen.add(await page.text(price))
            return len(seen) >= 3

        assert await until(moves, 40), (seen, await page.text("main"))
        assert page.complaints == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_monitor_has_a_row_for_a_feed(driven, server, until):
    """What somebody follows is told with who tells it."""
    followed = f"{server}/api/pages/candles/stream?symbols=SOL/USDT&interval=5m"
    with httpx.stream("GET", followed, timeout=20):
        async with driven.page(f"{server}/system-monitor") as page:

            async def is_listed():
                return "SOL/USDT" in (await page.text("#feeds tbody") or "")

            assert await until(is_listed, 30), await page.text('[data-panel="feeds"]')
            assert page.complaints == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_widget_on_a_page_of_a_stranger(driven, server, until):
    """It says the state under hostile styles, opens, and tells what the public may know."""
    shadow = "document.querySelector('system-status')?.shadowRoot"
    with foreign_site(server) as site:
        async with driven.page(f"{site}/") as page:

            async def says():
                said = await page.evaluate(f"{shadow}?.querySelector('button')?.innerText ?? ''")
                return any(word in said for word in ("ONLINE", "DEGRADED"))

            assert await until(says, 20)
            await page.evaluate(f"({shadow}.querySelector('button').click(), 1)")
            assert "Sources healthy" in await page.evaluate(
                f"{shadow}.querySelector('[role=region], section, .panel').innerText"
            )
            assert [one for one in page.complaints if "img-src" not in one] == []
