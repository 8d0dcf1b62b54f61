"""The monitor, its drawer and the wall can be used by all, whatever the day."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe

MONITOR = re.compile(r"/api/monitor(\?|$)")
READY = '[data-panel="providers"][data-panel-state="ready"]'
SIZES = {"desk": (1440, 1000), "phone": (390, 844)}


async def found(page):
    """What a scan finds, be it small."""
    await page.wait_for_timeout(800)
    violations = (await Axe().run(page)).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]][:4]) for one in violations]


def nothing(body):
    """A server without sources that nobody asks."""
    for name in ("providers", "capabilities", "endpoints"):
        body[name] = []
    body["events"]["items"] = []


def options(theme, size):
    width, height = SIZES[size]
    return {"color_scheme": theme, "viewport": {"width": width, "height": height}}


each = [
    pytest.mark.parametrize("theme", ["dark", "light"]),
    pytest.mark.parametrize("size", list(SIZES)),
]


def in_each(test):
    """In both themes, at a desk and on a phone."""
    for mark in each:
        test = mark(test)
    return test


@in_each
async def test_an_empty_monitor(page_of, altered, theme, size):
    """Nothing installed and nothing happened: sentences in place of tables."""

    async def before(page):
        await altered(page, MONITOR, nothing)
        await altered(page, "**/api/incidents?*", lambda body: body.update(incidents=[]))
        await page.route("**/api/stream", lambda route: route.abort())

    async with page_of("system-monitor", before=before, **options(theme, size)) as page:
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="empty"]')
        assert await found(page) == []
        await page.unroute_all(behavior="ignoreErrors")


@in_each
async def test_the_monitor_on_a_bad_day(page_of, bad_day, theme, size):
    """Everything is offline, with its reasons, in both tabs."""
    async with page_of("system-monitor", base=bad_day, **options(theme, size)) as page:
        await page.wait_for_selector(READY)
        await page.wait_for_selector('#providers tr[data-row^="why:"]')
        assert await found(page) == []
        await page.click("#tab-requests")
        await page.wait_for_selector("#lines .line")
        assert await found(page) == []


@in_each
async def test_the_drawer_of_a_source_with_dead_channels(page_of, bad_day, theme, size):
    """Opened from the monitor's table; its channels are listed."""
    async with page_of("system-monitor", base=bad_day, **options(theme, size)) as page:
        await page.wait_for_selector(READY)
        await page.click('#providers a:text-is("Public EVM nodes")')
        await page.wait_for_selector("#drawer[open] .sections section")
        assert await found(page) == []


@in_each
async def test_the_open_panel_of_the_state(page_of, bad_day, theme, size):
    """The pill of the header opens the sentence, and the sources that need a look."""
    async with page_of("system-monitor", base=bad_day, **options(theme, size)) as page:
        await page.wait_for_selector(READY)
        await page.click("system-status button")
        await page.wait_for_selector(".status-details li")
        assert await found(page) == []


@in_each
@pytest.mark.parametrize("day", ["good", "bad"])
async def test_the_wall(page_of, server, bad_day, theme, size, day):
    """On a screen that stands too."""
    base = bad_day if day == "bad" else server
    async with page_of("system-monitor?view=wall", base=base, **options(theme, size)) as page:
        await page.wait_for_selector(".wall .cell")
        assert await found(page) == []
