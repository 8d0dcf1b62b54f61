"""The console of a browser says nothing, whatever the day is like and whatever is asked.

A page never asks a route that may answer 4xx or 5xx but for a defect.
"""

import asyncio

import pytest

from tests.static.page_time import passing, with_clock

#: Every page, and the widest of its views.
PAGES = [
    "",
    "system-monitor",
    "system-monitor?view=wall",
    "incidents",
    "providers",
    "chart",
    "explain",
    "config",
]
#: What a viewer may write into an address by mistake.
SLIPS = [
    "?pairs=NOPE/USDT,B/B,,BTC/USDT",
    "chart?symbol=NOPE/USDT",
    "chart?symbol=!!",
    "chart?symbol=BTC/USDT&interval=7x",
    "chart?symbol=BTC/USDT&ind=nosuch,rsi:period=abc,rsi:nosuch=1",
    "chart?symbol=BTC/USDT&ind=rsi;period=abc",
    "explain?request=nosuch",
    "explain?capability=nosuch",
    "explain?capability=ticker&symbol=B/B",
    "explain?capability=balance",
    "providers?name=nonsense",
    "incidents?id=nosuch",
    "incidents?source=nosuch&capability=nosuch",
    "config?nosuch=1",
]


def each(paths):
    """A case for each path."""
    return [pytest.param(path, id=path or "overview") for path in paths]


@pytest.mark.parametrize("path", each(PAGES))
async def test_a_bad_day_leaves_the_console_empty(page_of, bad_day, path):
    """Two minutes on each page while nothing can be answered."""
    async with page_of(path, base=bad_day, before=with_clock) as page:
        await passing(page, 120)
        assert page.refused == []
        assert page.complaints == []


@pytest.mark.parametrize("path", each(PAGES))
async def test_a_good_day_leaves_the_console_empty(page_of, path):
    """Two minutes on each page."""
    async with page_of(path, before=with_clock) as page:
        await passing(page, 120)
        assert page.refused == []
        assert page.complaints == []


@pytest.mark.parametrize("path", each(SLIPS))
async def test_a_slip_of_the_viewer_leaves_the_console_empty(page_of, path):
    """A wrong pair, id, name or parameter is said on the page and not in the console."""
    async with page_of(path, before=with_clock) as page:
        await passing(page, 30)
        assert page.refused == []
        assert page.complaints == []


async def test_a_refusal_is_noticed(page_of, until):
    """The check itself: a page that asks what is not there is found out."""
    async with page_of("config") as page:
        await page.evaluate("fetch('/api/market/ticker?symbol=NOPE/USDT')")

        async def both():
            return page.refused and page.complaints

        assert await until(both, 10)
        assert page.refused[0].startswith("404 ")


@pytest.mark.parametrize("path", each(PAGES))
async def test_a_page_asks_no_route_that_answers_for_sources(page_of, bad_day, path):
    """Their codes are for clients; pages have routes of their own."""
    asked = set()

    async def listening(page):
        await with_clock(page)
        page.on("request", lambda one: asked.add(one.url.removeprefix(bad_day).partition("?")[0]))

    async with page_of(path, base=bad_day, before=listening) as page:
        await passing(page, 30)
    assert any(one.endswith("/shared/js/shell.js") for one in asked)
    of_sources = ("/api/market/", "/api/news", "/api/sentiment/", "/api/chain/", "/api/onchain")
    assert [one for one in sorted(asked) if one.startswith(of_sources)] == []


async def _is_whole(page):
    """Whether the scripts came that a page fetches later."""
    return await page.evaluate(
        """() => Boolean(customElements.get("system-status"))
             && !document.querySelector("#plot:empty")
             && !document.querySelector("[data-panel][aria-busy='true']")"""
    )


@pytest.mark.parametrize("path", ["system-monitor", "providers", "chart", "config"])
async def test_a_killed_server_leaves_refused_connections_and_nothing_else(
    page_of, dead, path, until
):
    """Those a browser notes itself; no page breaks of them, nor asks without end."""
    async with page_of(path, base=dead.address, before=with_clock) as page:
        await passing(page, 4)
        # What a page fetches later, a busy machine brings later still.
        assert await until(lambda: _is_whole(page), 30)
        assert page.complaints == []
        dead.process.kill()
        await asyncio.to_thread(dead.process.wait, 20)
        await passing(page, 60)
        assert page.complaints
        noted = ("failed: ", "error: Failed to load resource: net::ERR_")
        assert [one for one in page.complaints if not one.startswith(noted)] == []
        assert len(page.complaints) < 60


#: A page, a script it fetches later, and what is there once that came.
LATER = [
    pytest.param("chart", "view.js", "#plot canvas", id="chart"),
    pytest.param("system-monitor", "monitor.js", "#providers tbody tr", id="monitor"),
    pytest.param("system-monitor", "later.js", "#providers tbody tr", id="later"),
]


@pytest.mark.parametrize(("path", "name", "found"), LATER)
async def test_a_script_that_was_lost_is_fetched_once_the_server_answers(
    page_of, until, path, name, found
):
    """A browser remembers that a script did not come: the page is loaded anew."""
    lost = []

    async def losing(page):
        async def lose(route):
            if lost:
                await route.continue_()
            else:
                lost.append(route.request.url)
                await route.abort()

        await with_clock(page)
        await page.route(f"**/{name}", lose)

    async with page_of(path, before=losing) as page:

        async def whole():
            await passing(page, 2)
            return await page.locator(found).count()

        assert await until(whole, 60)
        assert len(lost) == 1
        noted = ("failed: ", "error: Failed to load resource: net::ERR_")
        assert [one for one in page.complaints if not one.startswith(noted)] == []
