"""Who cannot see, point or zoom out can use the pages too."""

import pytest
from axe_playwright_python.async_playwright import Axe

PAGES = ("", "system-monitor", "incidents", "providers", "chart", "explain", "config")
READY = '[data-panel-state="ready"]'
IMPORTANT = ("serious", "critical")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("path", PAGES)
async def test_a_scan_finds_nothing_serious(page_of, path, theme):
    async with page_of(path, color_scheme=theme) as page:
        await page.wait_for_selector(READY)
        await page.wait_for_timeout(1_500)
        found = (await Axe().run(page)).response["violations"]
        serious = [
            (one["id"], [node["target"] for node in one["nodes"]][:4])
            for one in found
            if one["impact"] in IMPORTANT
        ]
        assert serious == []


@pytest.mark.parametrize("path", PAGES)
async def test_320_pixels_are_wide_enough(page_of, path):
    async with page_of(path, viewport={"width": 320, "height": 640}) as page:
        await page.wait_for_selector(READY)
        await page.wait_for_timeout(800)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320


async def test_every_page_has_one_heading_and_its_landmarks(page_of):
    titles = set()
    for path in PAGES:
        async with page_of(path) as page:
            await page.wait_for_selector(".top nav")
            assert await page.locator("h1").count() == 1
            for landmark in ("header", "main", "footer", "nav"):
                assert await page.locator(f"body {landmark}").count() >= 1
            assert await page.locator(".top nav [aria-current=page]").count() == 1
            titles.add(await page.title())
    assert len(titles) == len(PAGES)


async def test_the_monitor_by_keyboard(page_of):
    async with page_of("system-monitor?tab=requests") as page:
        await page.wait_for_selector(f'[data-panel="providers"]{READY}')
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"
        reached = set()
        # Log, network and sources are one stop each: the end of the page is near.
        for _ in range(90):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement === document.body"):
                break
            reached.add(
                await page.evaluate(
                    """(() => {
                      const at = document.activeElement;
                      const style = getComputedStyle(at);
                      const wide = parseFloat(style.outlineWidth) >= 2;
                      const ring = style.outlineStyle !== "none" && wide;
                      if (!ring) return `bare ${at.outerHTML.slice(0, 80)}`;
                      return at.id || at.closest("[data-panel]")?.dataset.panel || at.tagName;
                    })()"""
                )
            )
        else:
            pytest.fail("the monitor has 90 stops of the Tab key or more")
        assert not [one for one in reached if one.startswith("bare")]
        stops = {"wall", "board", "trends", "network", "tab-requests", "kind", "providers"}
        assert stops <= reached


async def test_history_bars_are_stepped_by_arrow_keys(page_of):
    async with page_of("system-monitor?quiet=1") as page:
        bars = page.locator('#providers tr[data-key="binance"] .bars')
        await bars.focus()
        assert await bars.get_attribute("role") == "slider"
        assert "incident" in await bars.get_attribute("aria-label")
        assert await bars.get_attribute("aria-valuenow") == "59"
        newest = await bars.get_attribute("aria-valuetext")
        await page.keyboard.press("ArrowLeft")
        assert await bars.get_attribute("aria-valuenow") == "58"
        assert await bars.get_attribute("aria-valuetext") != newest
        await page.keyboard.press("Home")
        assert await bars.get_attribute("aria-valuenow") == "0"


async def test_the_theme_is_kept_and_there_before_the_first_paint(page_of):
    async with page_of("", color_scheme="dark") as page:
        await page.get_by_role("button", name="Light theme").click()
        assert await page.evaluate("document.documentElement.dataset.theme") == "light"
        # What it is as the body begins: before there is anything to paint.
        await page.add_init_script("""
            new MutationObserver((_, watch) => {
              if (!document.body) return;
              window.themeAtBody = document.documentElement.dataset.theme;
              watch.disconnect();
            }).observe(document, { childList: true, subtree: true });
        """)
        await page.reload(wait_until="domcontentloaded")
        assert await page.evaluate("window.themeAtBody") == "light"
