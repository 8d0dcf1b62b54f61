"""The chart by the stream: it moves without asking, heals, and asks where there is no stream."""

import re

import httpx

READY = '[data-panel="chart"][data-panel-state="ready"]'
STREAM = re.compile(r"/api/pages/candles/stream")
ASKED = "/api/pages/chart"


def fed(page):
    """How the market is followed, as the mark says it: its form, and its word."""

    async def state():
        mark = page.locator("#facts .feed")
        return await mark.get_attribute("data-feed"), await mark.inner_text()

    return state


async def follows(page, until, form="live"):
    state = fed(page)

    async def there():
        return (await state())[0] == form

    assert await until(there, 40), await state()


async def test_the_price_moves_without_a_question(page_of, until):
    """Headline, legend, title and the line's label, by what the source pushes; the page says so."""
    async with page_of("chart?interval=1m") as page:
        await page.wait_for_selector(READY)
        await follows(page, until)
        asked = []
        page.on("request", lambda one: ASKED in one.url and asked.append(one.url))
        seen = set()

        async def moves():
            if asked:
                # What it asks for while it is followed, now and then: counted from there.
                asked.clear()
                seen.clear()
            seen.add(await page.inner_text("#last"))
            return len(seen) >= 3

        assert await until(moves, 40)
        assert asked == []
        price = await page.inner_text("#last")

        async def same():
            return await page.inner_text("#last") == await page.inner_text("#at-close")

        assert await until(same, 5)
        assert re.search(r"\d", price)
        assert (await fed(page)())[1] == "live"
        assert await page.inner_text("#facts a") == "Binance"
        assert page.complaints == []


async def test_a_second_market_and_another_pair_are_followed_too(page_of, until):
    """One stream for what is shown; the one before is left."""
    asked = []

    async def listening(page):
        page.on("request", lambda one: STREAM.search(one.url) and asked.append(one.url))

    async with page_of("chart?interval=1m&vs=ETH/USDT", before=listening) as page:
        await page.wait_for_selector(READY)
        await follows(page, until)
        seen = set()

        async def moves():
            seen.add(await page.inner_text("#versus"))
            return len(seen) >= 3

        assert await until(moves, 40)
        assert "symbols=BTC%2FUSDT%2CETH%2FUSDT" in asked[-1]
        await page.fill("#symbol", "SOL/USDT")
        await page.press("#symbol", "Enter")

        async def other():
            return "symbols=SOL%2FUSDT%2CETH%2FUSDT" in asked[-1]

        assert await until(other, 20)
        await follows(page, until)
        assert float((await page.inner_text("#last")).replace(",", "")) < 10_000
        assert page.complaints == []
        assert page.refused == []


async def test_a_broken_feed_is_replaced_and_the_page_says_who_tells(page_of, dead, until):
    """The source's connections are cut: another takes over, the chart stays right and goes on."""
    async with page_of("chart?interval=1m", base=dead.address) as page:
        await page.wait_for_selector(READY)
        await follows(page, until)
        assert await page.inner_text("#facts a") == "Binance"
        drill = f"{dead.address}/api/drill/binance"
        async with httpx.AsyncClient() as client:
            (await client.post(drill, json={"fault": "feed_drop"})).raise_for_status()

        async def replaced():
            return await page.inner_text("#facts a") != "Binance"

        assert await until(replaced, 40)
        await follows(page, until)
        seen = set()

        async def moves():
            seen.add(await page.inner_text("#last"))
            return len(seen) >= 3

        assert await until(moves, 60)
        assert page.complaints == []
        assert page.refused == []


async def test_asking_takes_over_where_the_stream_is_cut_and_gives_it_back(page_of, until):
    """A proxy that lets no stream through leaves a chart that is asked for, and says so."""
    async with page_of("chart?interval=1m") as page:
        await page.wait_for_selector(READY)
        await follows(page, until)
        asked = []
        page.on("request", lambda one: ASKED in one.url and asked.append(one.url))
        await page.route(STREAM, lambda route: route.abort())
        for name in ("Live: pause this page", "Paused: go on"):
            await page.get_by_role("button", name=name).click()
        await follows(page, until, "off")
        assert (await fed(page)())[1] == "polled"

        async def asks():
            return len(asked) >= 2

        assert await until(asks, 20)
        await page.unroute(STREAM)
        await follows(page, until)
        assert (await fed(page)())[1] == "live"


async def test_a_page_that_is_paused_follows_nothing(page_of, until):
    """Its stream is closed, and opened anew when it goes on."""
    async with page_of("chart?interval=1m") as page:
        await page.wait_for_selector(READY)
        await follows(page, until)
        await page.get_by_role("button", name="Live: pause this page").click()
        await page.wait_for_timeout(1_000)
        shown = await page.inner_text("#last")
        await page.wait_for_timeout(3_000)
        assert await page.inner_text("#last") == shown
        assert (await fed(page)())[0] != "live"
        await page.get_by_role("button", name="Paused: go on").click()
        await follows(page, until)


async def test_tabs_that_show_the_same_share_a_stream(page_of, server, until):
    """Two charts of one market are one reader of its feed; the other takes over."""
    async with page_of("chart?interval=3m&symbol=XRP/USDT") as first:
        await first.wait_for_selector(READY)
        await follows(first, until)
        second = await first.context.new_page()
        asked = []
        second.on("request", lambda one: STREAM.search(one.url) and asked.append(one.url))
        await second.goto(f"{server}/chart?interval=3m&symbol=XRP/USDT")
        await second.wait_for_selector(READY)
        await follows(second, until)
        assert asked == []
        assert await second.inner_text("#facts a") == await first.inner_text("#facts a")
        await first.close()

        async def leads():
            return asked

        assert await until(leads, 20)
        await follows(second, until)


async def test_what_is_asked_late_does_not_undo_what_the_stream_told(page_of):
    """The newer of an answer and of the stream holds, in candles and in who they are from."""
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        found = await page.evaluate(
            """async () => {
              const place = new URL("static/pages/chart/market.js", location.href);
              const { Market } = await import(place);
              const market = new Market("BTC/USDT", "1m");
              const answer = (close, at, provider) => ({
                data: { columns: [], rows: [[0, 1, 1, 1, 1, 1], [60000, 1, 1, 1, close, 1]] },
                meta: { provider, fetched_at: at }, source: provider.toUpperCase(),
              });
              const seen = () => [market.rows.at(-1)[4], market.source, market.meta.fetched_at];
              market.take(answer(5, 1000, "a"));
              const move = (row, at) => market.move([row], { provider: "b", received_at: at }, "B");
              const begun = move([60000, 1, 7, 1, 7, 2], 3000);
              const moved = seen();
              market.take(answer(6, 2000, "a"));
              const behind = seen();
              market.take(answer(8, 4000, "a"));
              const ahead = seen();
              const next = move([120000, 8, 8, 8, 9, 1], 5000);
              return { begun, moved, behind, ahead, next, rows: market.rows.length };
            }"""
        )
        assert found == {
            "begun": False,
            "moved": [7, "B", 3000],
            "behind": [7, "B", 3000],
            "ahead": [8, "A", 4000],
            "next": True,
            "rows": 3,
        }
