"""The chart fills its window, shifts nothing while it loads, and anyone can use it."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.static.stillness import LIMIT, shift_of, watch_shifts

READY = '[data-panel="chart"][data-panel-state="ready"]'
SIZES = [(390, 844), (768, 1024), (1440, 900)]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_page_is_one_window_and_nothing_shifts(page_of, size):
    width, height = size
    view = {"width": width, "height": height}
    async with page_of("chart?ind=rsi,macd", before=watch_shifts, viewport=view) as page:
        await page.wait_for_selector(READY)
        await page.wait_for_timeout(1_500)
        assert await shift_of(page) < LIMIT
        tall, wide = await page.evaluate(
            "[document.documentElement.scrollHeight, document.documentElement.scrollWidth]"
        )
        assert tall <= height
        assert wide <= width
        plot = await page.locator("#plot").bounding_box()
        assert plot["height"] > height * 0.5
        # What the library draws is as large as its place.
        drawn = await page.locator("#plot table").first.bounding_box()
        assert abs(drawn["height"] - plot["height"]) <= 1
        await page.click("#show-foot")
        assert await page.locator("#foot").is_visible()
        assert "TradingView" in await page.inner_text("#foot")
        await page.keyboard.press("Escape")
        assert not await page.locator("#foot").is_visible()


async def test_on_a_phone_pair_and_interval_share_a_row_and_the_rest_is_behind_dots(page_of):
    view = {"width": 390, "height": 844}
    async with page_of("chart", viewport=view, has_touch=True) as page:
        await page.wait_for_selector(READY)
        boxes = [
            await page.locator(one).bounding_box() for one in ("#symbol", "#interval", "#menu")
        ]
        assert len({round(box["y"] + box["height"] / 2) for box in boxes}) == 1
        assert not await page.locator("#csv").is_visible()
        await page.click("#menu")
        for name in ("#add", "#other", "#show-table", "#csv", "#json"):
            box = await page.locator(name).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 390
        await page.keyboard.press("Escape")
        assert not await page.locator("#csv").is_visible()
        assert await page.evaluate("document.activeElement.id") == "menu"
        await page.click("#menu")
        await page.click("#add")
        close = await page.locator("#close").bounding_box()
        assert close["x"] + close["width"] <= 390


async def test_the_chips_stay_with_their_panes_and_print_is_light(page_of, until):
    async with page_of("chart?ind=obv,willr", color_scheme="dark") as page:
        await page.wait_for_selector(READY)
        await page.set_viewport_size({"width": 1200, "height": 700})

        async def beside():
            chips = await page.locator("#chips .chip").evaluate_all(
                "all => all.map((chip) => chip.getBoundingClientRect().top)"
            )
            panes = await page.locator("#plot tr").evaluate_all(
                "all => all.map((row) => row.getBoundingClientRect().top)"
            )
            # Every second row parts two panes: prices, volume, and the two of the indicators.
            return [round(top) for top in chips] == [round(panes[at] + 4) for at in (4, 6)]

        assert await until(beside, 10)
        await page.evaluate("dispatchEvent(new Event('beforeprint'))")
        await page.emulate_media(media="print")
        assert await page.locator(".printed").is_visible()
        assert not await page.locator("#plot").is_visible()
        assert not await page.locator("#ask").is_visible()
        # A line of the grid may cross the corner, as the time has it.
        ground = await page.locator(".printed").evaluate(
            """one => {
              const { data } = one.getContext("2d").getImageData(1, 1, 40, 40);
              const seen = new Map();
              for (let at = 0; at < data.length; at += 4) {
                const pixel = data.slice(at, at + 4).join();
                seen.set(pixel, (seen.get(pixel) ?? 0) + 1);
              }
              return [...seen].sort((a, b) => b[1] - a[1])[0][0];
            }"""
        )
        assert ground == "255,255,255,255"
        await page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert await page.locator(".printed").count() == 0


async def act_nothing(page):
    await page.wait_for_timeout(300)


async def act_picker(page):
    await page.click("#add")
    await page.locator("#catalogue code").first.wait_for()


async def act_tuner(page):
    await page.locator("#chips .name").first.click()


async def act_table(page):
    await page.click("#show-table")


async def act_keys(page):
    await page.click("#show-keys")


async def act_pairs(page):
    await page.fill("#symbol", "eth")
    await page.locator("#pairs li").first.wait_for()


STATES = {
    "ready": ("chart?ind=rsi,macd&vs=ETH/USDT", READY, act_nothing),
    "unknown": ("chart?symbol=NOPE/NEVER", '[data-panel-state="error"]', act_nothing),
    "picker": ("chart", READY, act_picker),
    "tuner": ("chart?ind=macd", READY, act_tuner),
    "table": ("chart", READY, act_table),
    "keys": ("chart", READY, act_keys),
    "pairs": ("chart", READY, act_pairs),
}


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("state", STATES)
async def test_a_scan_of_each_state_finds_nothing(page_of, state, theme):
    path, ready, act = STATES[state]
    async with page_of(path, color_scheme=theme) as page:
        await page.wait_for_selector(ready)
        await page.wait_for_timeout(800)
        await act(page)
        found = (await Axe().run(page)).response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in found] == []


async def test_before_the_first_candles_a_scan_finds_nothing(page_of):
    async def before(page):
        async def never(route):
            await page.wait_for_timeout(20_000)
            await route.abort()

        await page.route("**/api/pages/chart*", never)

    async with page_of("chart", before=before) as page:
        await page.locator("#plot").wait_for(state="attached")
        await page.wait_for_timeout(800)
        found = (await Axe().run(page)).response["violations"]
        assert [one["id"] for one in found] == []
        await page.unroute_all(behavior="ignoreErrors")


async def test_the_price_is_read_before_the_library_is_there(page_of):
    """On a slow line the heaviest file comes last, and who came for a price has it."""

    async def slow(page):
        await page.route("**/vendor/**", lambda route: None)

    async with page_of("chart?ind=rsi", before=slow) as page:
        await expect(page.locator("#last")).to_have_text(re.compile(r"\d"))
        await expect(page.locator("#facts a.tag")).to_be_visible()
        assert await page.locator("#plot canvas").count() == 0
        await page.unroute_all(behavior="ignoreErrors")


async def test_the_price_is_read_before_the_rest_of_the_page_is_there(page_of):
    """On a slow line the first question and its price wait for nothing that they do not need."""

    async def slow(page):
        await page.route("**/pages/chart/chart.js", lambda route: None)

    async with page_of("chart?symbol=ETH/USDT&interval=4h", before=slow) as page:
        await expect(page.locator("#last")).to_have_text(re.compile(r"\d"))
        await expect(page.locator("#market-title")).to_have_text("ETH/USDT")
        await expect(page.locator("#title-interval")).to_have_text("4h")
        assert await page.locator("#top .live-switch").count() == 0
        await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize(
    ("wanted", "times"), [("chart", 1), ("chart?ind=rsi", 1), ("chart?ind=rsi,nosuch", 2)]
)
async def test_the_whole_is_asked_for_once_where_the_address_is_understood(page_of, wanted, times):
    """What was asked first is what the rest of the page would ask, but for a name nobody knows."""
    asked = []

    async def note(page):
        page.on("request", lambda request: asked.append(request.url))

    async with page_of(wanted, before=note) as page:
        await page.wait_for_selector('[data-panel="chart"][data-panel-state="ready"]')
        assert (
            len([url for url in asked if "api/pages/chart" in url and "limit=500" in url]) == times
        )
