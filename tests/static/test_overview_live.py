"""The overview's prices by the stream."""

import re

ROW = '#markets tr[data-pair="{}"]'
MARKETS = '[data-panel="markets"][data-panel-state="ready"]'


async def test_prices_move_without_a_question_and_the_page_says_so(page_of, until):
    """Each pair the viewer chose; what the stream does not tell is asked for now and then."""
    async with page_of("?pairs=BTC/USDT,ETH/USDT") as page:
        await page.wait_for_selector(MARKETS)

        async def live():
            return await page.get_attribute("#followed", "data-feed") == "live"

        assert await until(live, 40)
        asked = []
        page.on("request", lambda one: "/api/pages/overview" in one.url and asked.append(one.url))
        seen = set()

        async def moves():
            if asked:
                asked.clear()
                seen.clear()
            seen.add(await page.inner_text(f"{ROW.format('BTC/USDT')} .last > span"))
            return len(seen) >= 3

        assert await until(moves, 40)
        assert asked == []
        assert await page.inner_text("#followed") == "live"
        assert page.complaints == []


async def test_a_pair_that_is_none_is_left_out_of_the_stream(page_of, until):
    """It would be refused; the others are followed, and a pair that is added too."""
    streams = []

    async def listening(page):
        page.on("request", lambda one: "/ticker/stream" in one.url and streams.append(one.url))

    async with page_of("?pairs=B/B,BTC/USDT", before=listening) as page:
        await page.wait_for_selector(MARKETS)

        async def live():
            return await page.get_attribute("#followed", "data-feed") == "live"

        assert await until(live, 40)
        assert re.search(r"symbols=BTC%2FUSDT$", streams[-1])
        await page.fill("#pairs input", "SOL/USDT")
        await page.press("#pairs input", "Enter")

        async def followed():
            return re.search(r"symbols=BTC%2FUSDT%2CSOL%2FUSDT$", streams[-1])

        assert await until(followed, 20)
        assert await until(live, 40)
        assert page.complaints == []
        assert page.refused == []
