"""Scans find nothing in any state of a page: a drawer, an answer, nothing found, a bad day.

`test_access.py` scans the pages as they open.
"""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

THEMES = ["dark", "light"]
PHONE = {"viewport": {"width": 390, "height": 844}}


async def _drawer_of_a_source(page):
    await expect(page.locator("#lead")).not_to_have_text("Asking…")
    await expect(page.locator("#drawer .bars")).to_be_visible()


async def _an_unknown_source(page):
    await expect(page.locator("#lead")).to_contain_text("Unknown provider")


async def _nothing_found(page):
    await expect(page.locator(".empty:visible").first).to_be_visible()


async def _a_dry_run_with_every_source(page):
    await page.click("#more")
    await expect(page.locator("#more")).to_have_attribute("aria-expanded", "true")


async def _a_request_that_was_made(page):
    # What another test asked last may have been refused, which has no lanes.
    await page.evaluate("fetch('api/market/ticker?symbol=BTC/USDT&max_age_s=0')")
    await page.reload()
    asked = '#recent a:is([data-kind="request"], [data-kind="failover"])'
    await page.locator(asked).first.click()
    await expect(page.locator("#timeline .lane").first).to_be_visible()


async def _a_request_that_failed(page):
    await page.locator('#recent a[data-kind="error"]').first.click()
    await expect(page.locator("#answer-title")).to_contain_text(" at ")


async def _an_answer(page):
    await expect(page.locator("#answer tbody tr").first).to_be_visible()


async def _a_failure(page):
    await expect(page.locator(".failure").first).to_be_visible()


async def _the_lines_for_env(page):
    await page.wait_for_selector('[data-panel="optional"][data-panel-state="ready"]')
    await page.click(".lines summary")


async def _settings(page):
    await page.wait_for_selector('[data-panel="settings"][data-panel-state="ready"]')


async def _an_incident(page):
    await page.locator(".incident").first.click()
    await expect(page.locator(".course li").first).to_be_visible()


async def _incidents(page):
    await expect(page.locator(".incident").first).to_be_visible()


async def _an_unknown_incident(page):
    await expect(page.locator("#detail .empty")).to_be_visible()


async def _ready(page):
    await page.wait_for_selector('[data-panel="chart"][data-panel-state="ready"]')


async def _the_picker(page):
    await _ready(page)
    indicators = page.get_by_role("button", name="Indicators")
    if not await indicators.is_visible():
        await page.click("#menu")
    await indicators.click()
    await expect(page.locator("#search")).to_be_visible()


async def _the_tuner(page):
    await page.locator("#chips .name").first.click()
    await expect(page.locator("#parameters")).to_be_visible()


async def _the_data_table(page):
    await _ready(page)
    await expect(page.locator("#candles")).to_be_visible()


async def _sources(page):
    await expect(page.locator("#explorer tbody .state").first).to_be_visible()


#: Of a good day: the address, and how the state comes about.
GOOD = {
    "drawer of a source": ("providers?name=kraken", _drawer_of_a_source),
    "unknown source": ("providers?name=nonsense", _an_unknown_source),
    "no source found": ("providers?q=zzzz", _nothing_found),
    "dry run": ("explain?capability=ticker&symbol=BTC/USDT", _a_dry_run_with_every_source),
    "request that was made": ("explain", _a_request_that_was_made),
    "unknown request": ("explain?request=nonsense", _a_failure),
    "lines for .env": ("config", _the_lines_for_env),
    "no feature found": ("config?q=zzzz&setting=zzzz", _nothing_found),
    "unknown incident": ("incidents?id=nonsense", _an_unknown_incident),
    "no incident": ("incidents?source=nonsense", _nothing_found),
    "picker of indicators": ("chart", _the_picker),
    "parameters of an indicator": ("chart?ind=rsi", _the_tuner),
    "data table": ("chart?table=1&ind=rsi", _the_data_table),
    "unknown pair": ("chart?symbol=NOPE/USDT", _a_failure),
}
#: Of a day when no source can be reached.
BAD = {
    "sources": ("providers", _sources),
    "drawer of a source": ("providers?name=kraken", _drawer_of_a_source),
    "dry run": ("explain?capability=ticker&symbol=BTC/USDT", _an_answer),
    "request that failed": ("explain", _a_request_that_failed),
    "configuration": ("config", _settings),
    "incidents": ("incidents", _incidents),
    "incident": ("incidents", _an_incident),
    "chart": ("chart", _a_failure),
}


async def _violations(page):
    """What axe finds, once nothing fades in any more."""
    await page.wait_for_timeout(400)
    found = (await Axe().run(page)).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in found]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", GOOD)
async def test_a_scan_finds_nothing_on_a_good_day(page_of, api, state, theme):
    """At any width: the wide one in the dark, a phone in the light."""
    api.get("/api/market/ticker?symbol=BTC/USDT&max_age_s=0")
    path, comes_about = GOOD[state]
    size = PHONE if theme == "light" else {}
    async with page_of(path, color_scheme=theme, **size) as page:
        await comes_about(page)
        assert await _violations(page) == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("state", BAD)
async def test_a_scan_finds_nothing_on_a_bad_day(page_of, bad_day, state, theme):
    """The same widths."""
    path, comes_about = BAD[state]
    size = PHONE if theme == "light" else {}
    async with page_of(path, base=bad_day, color_scheme=theme, **size) as page:
        await comes_about(page)
        assert await _violations(page) == []
