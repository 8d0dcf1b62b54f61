"""The chart, the explorer, the decisions: what they show is what was asked for."""

import asyncio
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import expect

READY = '[data-panel="chart"][data-panel-state="ready"]'


def symbol_of(url):
    return parse_qs(urlsplit(url).query).get("symbol", [""])[0]


@pytest.fixture
def late_page(page_of):
    """The chart, where ETH/USDT is answered late and with a price nobody could miss."""

    async def before(page):
        async def answer(route):
            if symbol_of(route.request.url) != "ETH/USDT":
                await route.continue_()
                return
            reply = await route.fetch()
            body = await reply.json()
            for row in body["candles"]["data"]["rows"]:
                row[1:5] = [777_777.0] * 4
            await asyncio.sleep(1.5)
            await route.fulfill(response=reply, json=body)

        await page.route("**/api/pages/chart*", answer)

    return lambda: page_of("chart", before=before)


async def choose(page, symbol):
    await page.fill("#symbol", symbol)
    await page.press("#symbol", "Enter")


async def test_a_late_answer_for_the_last_pair_is_dropped(late_page):
    async with late_page() as page:
        await page.wait_for_selector(READY)
        await choose(page, "ETH/USDT")
        await page.wait_for_timeout(200)
        assert await page.inner_text("#last") == ""
        await choose(page, "SOL/USDT")
        await page.wait_for_timeout(3_000)
        assert "SOL/USDT" in await page.inner_text("#market-title")
        assert "777,777" not in await page.inner_text("#last")
        assert float((await page.inner_text("#last")).replace(",", "")) < 10_000
        await expect(page).to_have_url(re.compile("symbol=SOL"))
        await page.unroute_all(behavior="ignoreErrors")


async def test_an_indicator_is_found_shown_tuned_and_in_the_address(page_of, api):
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        panes = await page.locator("#plot tr").count()
        await page.get_by_role("button", name="Indicators").click()
        await page.fill("#search", "relative strength")
        await page.press("#search", "Enter")
        chip = page.locator("#chips .chip")
        await chip.wait_for()
        assert await page.locator("#plot tr").count() > panes
        await page.locator("#chips .name").first.click()
        await page.fill('#parameters [name="period"]', "7")
        await page.get_by_role("button", name="Apply", exact=True).click()
        assert "rsi 7" in (await chip.inner_text()).replace("\n", " ")
        await expect(page).to_have_url(re.compile(r"ind=rsi\W[^&]*7"))
        await page.wait_for_timeout(1_000)
        value = float(await chip.locator(".values").inner_text())
        assert 0 <= value <= 100
        await page.reload()
        await page.locator("#chips .chip", has_text="rsi 7").wait_for()


async def test_the_table_twin_and_a_pair_that_does_not_exist(page_of):
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        await page.get_by_role("button", name="Data table").click()
        assert await page.locator("#candles tbody tr").count() == 200
        await choose(page, "NOPE/NEVER")
        failure = page.locator('[data-panel="chart"] .failure')
        await failure.wait_for()
        assert await page.inner_text("#last") == ""
        assert "request=" in await failure.get_by_role("link").get_attribute("href")


async def test_candles_that_are_missing_stay_missing(page_of):
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        found = await page.evaluate(
            """async () => {
              const points = new URL("static/pages/chart/points.js", location.href);
              const { withHoles } = await import(points);
              return withHoles([[0, 1], [60000, 1], [240000, 1]], 60000).map((row) => row.length);
            }"""
        )
        assert found == [2, 2, 1, 1, 2]


async def test_filters_live_in_the_address_and_a_source_opens(page_of, api):
    async with page_of("providers?kind=news") as page:
        await page.wait_for_selector('[data-panel="explorer"][data-panel-state="ready"]')
        kinds = {
            one["name"]: one["category"] for one in api.get("/api/providers").json()["providers"]
        }
        shown = await page.locator("#explorer tbody tr").evaluate_all(
            "rows => rows.map((row) => row.dataset.key)"
        )
        assert sorted(shown) == sorted(name for name, kind in kinds.items() if kind == "news")
        await page.fill('[name="q"]', "rss")
        await page.wait_for_url("**q=rss*")
        await page.locator(".open").first.click()
        drawer = page.locator("#drawer")
        await drawer.get_by_role("button", name="Test now").click()
        await drawer.locator("#tested", has_text="answered after").wait_for()
        assert await drawer.get_by_role("button", name="Test now").is_disabled()
        await page.keyboard.press("Escape")
        await expect(page).not_to_have_url(re.compile("name="))
        assert not await drawer.is_visible()


async def test_a_dry_run_calls_nobody(page_of, api):
    before = api.get("/api/source-health/status/kraken").json()["successes"]
    async with page_of("explain?capability=candles&symbol=BTC/USDT&interval=1d") as page:
        row = page.locator('#candidates tr[data-verdict="chosen"]')
        await row.wait_for()
        assert await page.locator("#candidates tbody tr").count() > 5
        await page.fill('#fields [name="symbol"]', "ETH/BTC")
        await page.get_by_role("button", name="Explain").click()
        await page.wait_for_url("**symbol=ETH%2FBTC*")
        assert api.get("/api/source-health/status/kraken").json()["successes"] == before
