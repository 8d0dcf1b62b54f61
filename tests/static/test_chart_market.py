"""The candles on the chart: now, older ones, a second market, and their numbers."""

import json
import re

import pytest
from playwright.async_api import expect

#: As numbers are written: no hyphen.
MINUS = "\N{MINUS SIGN}"
READY = '[data-panel="chart"][data-panel-state="ready"]'
CHART = "**/api/pages/chart*"


async def seen_to(page):
    return int(await page.get_attribute("#plot", "data-to") or 0)


@pytest.mark.parametrize("turn", range(3))
async def test_it_opens_at_now_though_an_indicator_reaches_further_back(
    page_of, altered, until, turn
):
    newest = []

    async def before(page):
        def shorten(body):
            rows = body["candles"]["data"]["rows"]
            newest[:] = [rows[-1][0]]
            del rows[:-300]

        await altered(page, CHART, shorten)

    async with page_of("chart?ind=rsi", before=before) as page:
        await page.wait_for_selector(READY)

        async def known():
            return newest and await seen_to(page) == newest[0]

        assert await until(known, 10)
        await page.unroute_all(behavior="ignoreErrors")


async def test_older_candles_come_when_the_viewer_goes_back(page_of, until):
    async with page_of("chart?ind=sma&vs=ETH/USDT") as page:
        await page.wait_for_selector(READY)
        await page.focus("#plot")
        async with page.expect_response(lambda reply: "end=" in reply.url):
            await page.keyboard.press("Home")

        async def first():
            return int(await page.get_attribute("#plot", "data-from") or 0)

        before = await until(first)

        async def older():
            await page.keyboard.press("Home")
            # It is told once the view has come to rest.
            await page.wait_for_timeout(500)
            return await first() < before - 400 * 3_600_000

        assert await until(older, 20)
        await page.keyboard.press("End")
        assert page.complaints == []


async def test_the_newest_candle_moves_with_what_the_source_says(page_of, until):
    """While no stream tells it, by asking."""
    state = {"price": None}

    async def before(page):
        await page.route("**/api/pages/candles/stream*", lambda route: route.abort())

        async def answer(route):
            reply = await route.fetch()
            body = await reply.json()
            if state["price"]:
                for name in (2, 4):
                    body["candles"]["data"]["rows"][-1][name] = state["price"]
            await route.fulfill(response=reply, json=body)

        await page.route(CHART, answer)

    async with page_of("chart", before=before) as page:
        await page.wait_for_selector(READY)
        state["price"] = 99_999.5

        async def moved():
            return await page.inner_text("#last") == "99,999.50"

        assert await until(moved, 20)
        assert await page.inner_text("#at-close") == "99,999.50"
        assert await page.inner_text("#at-high") == "99,999.50"
        assert "99,999.50" in await page.title()
        await page.unroute_all(behavior="ignoreErrors")


async def test_the_change_of_the_headline_is_the_tickers_with_its_window(page_of, altered):
    async def before(page):
        def change(body):
            body["ticker"]["data"]["change_percent"] = 12.345

        await altered(page, CHART, change)

    async with page_of("chart", before=before) as page:
        await page.wait_for_selector(READY)
        assert await page.inner_text("#change") == "▲ +12.35 %"
        assert await page.inner_text("#window") == "24 h"
        await page.unroute_all(behavior="ignoreErrors")


async def test_a_second_market_is_read_in_percent(page_of, until):
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        await page.fill("#other", "ETH/USDT")
        await page.press("#other", "Enter")

        async def compared():
            return re.search(
                rf"ETH/USDT\s*[+{MINUS}]?\d+\.\d\d %", await page.inner_text("#versus")
            )

        assert await until(compared, 20)
        assert await page.get_attribute("#percent", "aria-pressed") == "true"
        await expect(page).to_have_url(re.compile("vs=ETH%2FUSDT"))
        assert await page.inner_text("#market-title") == "BTC/USDT"


async def test_a_second_market_that_does_not_exist_says_so_and_spoils_nothing(page_of, until):
    async with page_of("chart?vs=NOPE/NEVER") as page:
        await page.wait_for_selector(READY)

        async def told():
            return "Unknown symbol" in await page.inner_text("#versus")

        assert await until(told, 20)
        assert await page.inner_text("#last")
        assert page.complaints == []


async def test_suggestions_are_real_pairs_with_who_has_them(page_of, until):
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        await page.fill("#symbol", "eth")

        async def suggested():
            return "ETH/USDT" in await page.inner_text("#pairs")

        assert await until(suggested, 20)
        assert await page.get_attribute("#symbol", "aria-expanded") == "true"
        await page.press("#symbol", "ArrowDown")
        chosen = await page.get_attribute("#symbol", "aria-activedescendant")
        pair = await page.get_attribute(f"#{chosen}", "data-pair")
        await page.press("#symbol", "Enter")

        async def shown():
            return await page.inner_text("#market-title") == pair

        assert await until(shown)
        assert await page.locator("#pairs").is_hidden()


async def test_files_hold_source_time_and_indicators(page_of, until):
    async with page_of("chart?ind=macd") as page:
        await page.wait_for_selector(READY)

        async def valued():
            return "—" not in await page.inner_text("#chips .values")

        assert await until(valued)
        async with page.expect_download() as waiting:
            await page.get_by_role("button", name="CSV").click()
        found = await waiting.value
        assert found.suggested_filename == "BTC-USDT-1h.csv"
        lines = (await found.path()).read_text().splitlines()
        assert lines[:2] == ["# BTC/USDT 1h", "# source: Binance (binance)"]
        assert lines[2].startswith("# fetched at: 20")
        assert lines[3].startswith("# simulated: yes")
        columns = "time,timestamp,open,high,low,close,volume,macd macd,macd signal,macd histogram"
        assert lines[4] == columns
        assert re.match(r"\d{4}-\d\d-\d\dT\d\d:00:00\.000Z,\d{13},", lines[5])
        assert len(lines) == 505
        assert all(lines[-1].split(","))
        async with page.expect_download() as waiting:
            await page.get_by_role("button", name="JSON").click()
        text = (await (await waiting.value).path()).read_text()
        body = json.loads(text)
        assert body["source"] == "Binance"
        assert body["simulated"] is True
        assert len(body["columns"]) == len(body["rows"][0]) == 10
        assert len(text.splitlines()) < 520
