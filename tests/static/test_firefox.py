"""The pages in Debian's Firefox: each loads, shows its main figures, and has nothing to say."""

import os

import pytest
import pytest_asyncio

from tests.static.firefox import FIREFOX, firefox

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
    "providers": "document.querySelectorAll('main table tbody tr').length > 30",
    "chart?ind=rsi": "document.querySelectorAll('#plot canvas').length > 1 && "
    "/[0-9],[0-9]{3}/.test(document.querySelector('#last').innerText)",
    "explain?capability=ticker&symbol=BTC/USDT": "document.body.innerText.includes('Binance') || "
    "document.body.innerText.includes('binance')",
    "config": "document.querySelectorAll('main table tbody tr').length > 30",
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
