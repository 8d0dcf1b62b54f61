"""Live feeds on the monitor: a row each, as the server tells of them; a quiet line without any."""

import re

import pytest

MONITOR = re.compile(r"/api/monitor(\?|$)")
READY = '[data-panel="providers"][data-panel-state="ready"]'
NOW = 1_764_000_000_000


def feed(subject, state="live", **fields):
    """One feed as `/api/feeds` tells it."""
    known = {
        "capability": "candles" if " " in subject else "ticker", "subject": subject, "query": {},
        "strategy": "priority", "state": state, "provider": "kraken", "title": "Kraken",
        "since": NOW - 60_000, "readers": 2, "messages": 100, "messages_per_s": 4.0, "events": 90,
        "lag_ms": 300, "last_message": NOW - 1_000, "failovers": 0, "reconnects": 0, "gaps": 0,
        "dropped": 0, "left_out": 0, "reason": None, "told_by": None,
    }  # fmt: skip
    return {**known, **fields}


SOCKET = {
    "provider": "kraken", "title": "Kraken", "socket": "", "state": "open", "channels": 3,
    "messages": 500, "messages_per_s": 12.5, "bytes": 81_000, "last_frame": NOW - 500,
    "opened": NOW - 90_000, "reconnects": 1, "reason": None,
}  # fmt: skip


@pytest.fixture
def fed_page(page_of, altered):
    """The monitor of a server with these feeds."""

    def make(feeds, sockets=(), path="system-monitor", **options):
        async def before(page):
            def some(body):
                body["feeds"] = {"total": len(feeds)}

            await altered(page, MONITOR, some)
            body = {"feeds": feeds, "sockets": list(sockets), "left_out": 0, "updated": NOW}
            await page.route("**/api/feeds", lambda route: route.fulfill(json=body))

        return page_of(path, before=before, **options)

    return make


async def cells(page, column):
    return await page.locator(f'#feeds td[data-column="{column}"]').all_inner_texts()


async def test_each_feed_has_a_row_and_the_worst_comes_first(fed_page):
    """State in colour, shape and word; why nobody tells it stands beside it."""
    feeds = [
        feed("BTC/USDT"),
        feed("ETH/USDT 1m", "polled", messages_per_s=0.2, reason="kraken: the connection was lost"),
        feed("SOL/USDT", "stale", provider=None, title=None, lag_ms=None, last_message=None),
    ]
    async with fed_page(feeds, [SOCKET]) as page:
        await page.wait_for_selector("#feeds tbody tr:nth-child(3)")
        assert await cells(page, "state") == ["stale", "polled", "live"]
        marks = page.locator("#feeds .how")
        forms = await marks.evaluate_all("all => all.map((one) => one.dataset.feed)")
        assert forms == ["stale", "polled", "live"]
        sources = await cells(page, "source")
        assert sources[0] == "—"
        assert "the connection was lost" in sources[1]
        assert await cells(page, "rate") == ["4", "0.2", "4"]
        assert await cells(page, "lag") == ["—", "300 ms", "300 ms"]
        note = await page.inner_text('[data-panel="feeds"] header .note')
        assert note == "1 live, 1 polled, 1 stale, 6 readers"
        chart = page.locator("#feeds a", has_text="ETH/USDT 1m")
        assert (await chart.get_attribute("href")).endswith("chart?symbol=ETH%2FUSDT&interval=1m")
        await page.click(".sockets summary")
        assert await page.inner_text(".sockets summary") == "1 connection, 13 messages a second"
        told = (await page.inner_text("#sockets tbody tr")).split("\t")
        assert told[:6] == ["Kraken", "open", "3", "13", "81K", told[5]]
        assert page.complaints == []
        await page.unroute_all(behavior="ignoreErrors")


async def test_a_name_with_markup_is_text(fed_page):
    """What a source says is never made part of the page."""
    odd = feed("BTC/USDT", "stale", reason="<b>bold</b>", title="<i>x</i>")
    async with fed_page([odd]) as page:
        await page.wait_for_selector("#feeds tbody tr")
        assert "<b>bold</b>" in (await cells(page, "source"))[0]
        assert await page.locator("#feeds :is(b, i)").count() == 0
        await page.unroute_all(behavior="ignoreErrors")


async def test_without_a_feed_there_is_a_line_and_nothing_is_loaded(fed_page):
    """The script of feeds is for those who have one."""
    loaded = []

    async with fed_page([]) as page:
        page.on("request", lambda one: loaded.append(one.url))
        await page.wait_for_selector(READY)
        panel = page.locator('[data-panel="feeds"]')
        await panel.locator(".empty").wait_for()
        assert "No live feed now" in await panel.inner_text()
        assert not [one for one in loaded if "feeds" in one]
        await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("width", [390, 768, 1440])
async def test_the_rows_fit_their_page(fed_page, width):
    """No page scrolls sideways for them."""
    feeds = [feed("BTC/USDT"), feed("ETH/USDT 1m", "polled", reason="kraken: " + "long " * 30)]
    size = {"width": width, "height": 900}
    async with fed_page(feeds, [SOCKET], viewport=size) as page:
        await page.wait_for_selector("#feeds tbody tr:nth-child(2)")
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await page.unroute_all(behavior="ignoreErrors")
