"""The chart's address: back, forward and a shared link restore what was looked at."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

READY = '[data-panel="chart"][data-panel-state="ready"]'


def given(page, name):
    return parse_qs(urlsplit(page.url).query).get(name, [None])[0]


def minute(ms):
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%dT%H:%M}Z"


async def test_the_pair_is_written_as_sources_know_it_in_box_and_address(page_of, until):
    async with page_of("chart?symbol=eth-usdt") as page:
        await page.wait_for_selector(READY)

        async def written():
            return given(page, "symbol") == "ETH/USDT"

        assert await until(written)
        assert await page.input_value("#symbol") == "ETH/USDT"
        assert await page.inner_text("#market-title") == "ETH/USDT"


async def test_back_and_forward_go_through_pairs_and_intervals(page_of, until):
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        await page.click('#quick [value="4h"]')
        await page.fill("#symbol", "SOL/USDT")
        await page.press("#symbol", "Enter")

        async def is_at(symbol, interval):
            async def check():
                state = await page.get_attribute('[data-panel="chart"]', "data-panel-state")
                title = await page.inner_text("#market-title")
                shown = await page.inner_text("#title-interval")
                return state == "ready" and title == symbol and shown == interval

            assert await until(check, 20)
            assert await page.input_value("#symbol") == symbol
            assert await page.input_value("#interval") == interval
            assert symbol in await page.title()

        await is_at("SOL/USDT", "4h")
        await page.go_back()
        await is_at("BTC/USDT", "4h")
        await page.go_back()
        await is_at("BTC/USDT", "1h")
        await page.go_forward()
        await is_at("BTC/USDT", "4h")


async def test_a_shared_link_restores_all_that_was_looked_at(page_of, api, until):
    rows = api.get("/api/market/candles?symbol=ETH/USDT&interval=15m&limit=1000").json()["data"]
    # Older than the first answer reaches.
    first, last = rows["rows"][150][0], rows["rows"][250][0]

    link = (
        f"chart?symbol=ETH/USDT&interval=15m&ind=rsi:period=9,rsi:period=21&vs=BTC/USDT"
        f"&scale=log&table=1&from={minute(first)}&to={minute(last)}"
    )
    async with page_of(link) as page:
        await page.wait_for_selector(READY)
        chips = page.locator("#chips .chip .name")
        assert await chips.all_inner_texts() == ["rsi 9", "rsi 21"]
        assert "BTC/USDT" in await page.inner_text("#versus")
        assert await page.get_attribute("#percent", "aria-pressed") == "true"
        assert await page.locator("#candles tbody tr").count() == 200

        async def seen():
            found = [
                await page.get_attribute("#plot", name) or 0 for name in ("data-from", "data-to")
            ]
            return [int(one) for one in found] == [first, last]

        assert await until(seen, 20)
        # Without the second market the chosen scale is there again.
        await page.get_by_role("button", name="Remove the second market").click()
        assert await page.get_attribute("#log", "aria-pressed") == "true"
        assert given(page, "vs") is None
        await page.locator("#chips .drop").first.click()
        assert given(page, "ind") == "rsi:period=21"


async def test_scale_and_zoom_are_in_the_address_and_what_is_usual_is_not(page_of, until):
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        await page.click("#log")
        assert given(page, "scale") == "log"
        await page.click("#log")
        assert given(page, "scale") is None
        assert given(page, "bars") is None
        await page.focus("#plot")
        await page.keyboard.press("-")

        async def zoomed():
            return given(page, "bars") is not None

        assert await until(zoomed)
        await page.keyboard.press("ArrowLeft")
        await page.keyboard.press("ArrowLeft")

        async def panned():
            return given(page, "from") is not None and given(page, "bars") is None

        assert await until(panned)


async def test_back_restores_indicators_and_parameters(page_of, until):
    async with page_of("chart?ind=rsi:period=7") as page:
        await page.wait_for_selector(READY)
        await page.click('#quick [value="1d"]')
        await page.wait_for_selector(READY)
        await page.locator("#chips .drop").click()
        assert await page.locator("#chips .chip").count() == 0
        await page.go_back()
        await page.locator("#chips .chip", has_text="rsi 7").wait_for()

        async def valued():
            return "—" not in await page.inner_text("#chips .values")

        assert await until(valued)
