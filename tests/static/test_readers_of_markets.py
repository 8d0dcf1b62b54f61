"""Overview, monitor, sources and chart for every reader: a phone, paper, own colours, zoom, keys.

`test_readers.py` has decisions, configuration and incidents. Where nothing else is said the day is
bad, so that there is much to show.
"""

import re

import pytest
from playwright.async_api import expect

from tests.static.ink import shapes_of
from tests.static.stillness import LIMIT, shift_of, watch_shifts

LOADED = "() => !document.querySelector('[data-panel-state=loading]')"
SHEET = {"width": 718, "height": 1000}
#: What is dark in a figure of this size takes ink and says nothing.
_LARGE_PX = 4_000


async def loaded(page, until):
    """Each part of the page says something."""

    async def all_say():
        return await page.evaluate(LOADED)

    assert await until(all_say, 30)
    await page.wait_for_selector("system-status:defined")


async def the_overview(page):
    await page.wait_for_selector("#markets tbody tr")


async def the_monitor(page):
    await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
    await page.click("#tab-requests")
    await page.wait_for_selector("#lines .line")


async def a_source(page):
    await page.locator('#explorer tr[data-key="evm_rpc"] .open').click()
    await expect(page.locator("#lead")).not_to_have_text("Asking…")


async def the_chart(page):
    await page.wait_for_selector('[data-panel="chart"]:not([data-panel-state="loading"])')


STATES = {
    "": the_overview,
    "system-monitor": the_monitor,
    "providers": a_source,
    "chart": the_chart,
}

#: What has the pointer when a page is printed: its ground of the screen is not printed.
POINTED = {"": "#markets tbody tr", "system-monitor": "#lines .line"}


def each(paths):
    """A case for each path."""
    return [pytest.param(path, id=path or "overview") for path in paths]


@pytest.mark.parametrize("day", ["good", "bad"])
@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("path", ["providers", "incidents", "system-monitor", "chart?ind=rsi"])
async def test_nothing_moves_while_it_fills(page_of, server, bad_day, until, path, width, day):
    base = bad_day if day == "bad" else server
    view = {"width": width, "height": 900}
    async with page_of(path, base=base, before=watch_shifts, viewport=view) as page:
        await loaded(page, until)
        await page.wait_for_timeout(1_000)
        assert await shift_of(page) < LIMIT


@pytest.mark.parametrize("width", [320, 720])
@pytest.mark.parametrize("path", each(STATES))
async def test_every_word_and_button_is_within_the_screen(page_of, bad_day, until, path, width):
    """320 px are 1280 at 400 %, 720 are 1440 at 200 %: what is open is whole there too."""
    view = {"width": width, "height": 640}
    async with page_of(path, base=bad_day, viewport=view) as page:
        await loaded(page, until)
        await STATES[path](page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        outside = """width => [...document.querySelectorAll(
            "main :is(a, button, input, select, summary, h1, h2, h3, p, dd)")]
          .filter((one) => one.checkVisibility({ visibilityProperty: true })
            && !one.closest(".away, .away *, .stage, .scroll"))
          .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 90)])
          .filter(([box]) => box.width > 1 && (box.left < -1 || box.right > width + 1))
          .map(([, text]) => text)"""
        assert await page.evaluate(outside, width) == []
        small = """() => [...document.querySelectorAll("main :is(button, select, input, summary)")]
          .filter((one) => one.checkVisibility({ visibilityProperty: true })
            && !one.matches("input[type=checkbox]") && one.getBoundingClientRect().height < 23.5)
          .map((one) => one.outerHTML.slice(0, 90))"""
        assert await page.evaluate(small) == []


@pytest.mark.parametrize("path", each(STATES))
async def test_paper_is_light_and_nothing_on_it_is_cut(page_of, server, bad_day, until, path):
    """No ground takes ink, no control is printed, and each line and table is whole."""
    base = server if path == "chart" else bad_day
    view = {"color_scheme": "dark", "viewport": SHEET}
    async with page_of(path + ("?ind=rsi" if path == "chart" else ""), base=base, **view) as page:
        await loaded(page, until)
        await STATES[path](page)
        await page.evaluate("dispatchEvent(new Event('beforeprint'))")
        await page.emulate_media(media="print", color_scheme="dark")

        async def it_is_light():
            ground = "getComputedStyle(document.documentElement).getPropertyValue('--surface')"
            return (await page.evaluate(ground)).strip() == "#ffffff"

        assert await until(it_is_light)
        if path in POINTED:
            await page.locator(POINTED[path]).first.hover()
        controls = ":is(button, select, input, summary):visible"
        pressed = await page.locator(controls).evaluate_all(
            "all => all.map((one) => one.outerHTML.slice(0, 90))"
        )
        assert pressed == []
        dark = """(large) => [...document.querySelectorAll("body, body *")].filter((one) => {
          if (!one.checkVisibility({ visibilityProperty: true }) || one.closest(".away")) return false;
          const box = one.getBoundingClientRect();
          if (box.width * box.height < large) return false;
          const ground = getComputedStyle(one).backgroundColor;
          const parts = ground.match(/[\\d.]+/g)?.map(Number) ?? [];
          const full = ground.startsWith("color(") ? 255 : 1;  // color-mix says 0 to 1
          const [red, green, blue] = parts.map((part) => part * full), seen = parts[3] ?? 1;
          return parts.length >= 3 && seen > 0.5 && 0.3 * red + 0.59 * green + 0.11 * blue < 110;
        }).map((one) => one.outerHTML.slice(0, 90))"""  # noqa: E501
        assert await page.evaluate(dark, _LARGE_PX) == []
        cut = """[...document.querySelectorAll("main *")].filter((one) => {
          if (!one.checkVisibility({ visibilityProperty: true })
            || one.closest(".away, svg, canvas")) return false;
          const style = getComputedStyle(one);
          const box = one.getBoundingClientRect();
          const inside = style.overflowX !== "visible" && one.scrollWidth > one.clientWidth + 1;
          const below = style.overflowY !== "visible" && one.scrollHeight > one.clientHeight + 2;
          return box.width > 1 && (inside || below || box.right > innerWidth + 1);
        }).map((one) => [one.scrollWidth - one.clientWidth, one.scrollHeight - one.clientHeight,
          Math.round(one.getBoundingClientRect().right), one.outerHTML.slice(0, 120)].join(" "))"""
        assert await page.evaluate(cut) == []


async def test_own_colours_leave_each_mark_its_ink_and_its_shape(page_of, bad_day):
    """By their pixels: signs of what happened, states and feeds are told apart without a colour."""
    async with page_of("system-monitor?tab=requests", base=bad_day, forced_colors="active") as page:
        await page.wait_for_selector("#lines .line")
        await page.wait_for_selector("#legend .key")
        for place in ("#legend .sign", "#lines .sign", "#main .board .shape", "#providers .shape"):
            marks = await page.locator(f"{place}:visible").all()
            drawn = await shapes_of(page, marks[:6])
            assert drawn
            assert all(one.count("#") > 5 for one in drawn), (place, drawn)
        keys = await page.locator("#legend .sign").all()
        looks = await shapes_of(page, keys)
        assert len(set(looks)) == len(keys) == 5
    async with page_of("providers", base=bad_day, forced_colors="active") as page:
        await page.wait_for_selector("#explorer tbody .state .shape")
        every = "healthy", "degraded", "offline", "unknown", "disabled"
        first = [page.locator(f'#explorer .shape[data-shape="{one}"]').first for one in every]
        there = [one for one in first if await one.count()]
        assert len(there) >= 3
        assert len(set(await shapes_of(page, there))) == len(there)


async def test_own_colours_tell_how_a_market_is_followed(page_of, until):
    """The mark of the chart has ink, and its word says the same."""
    async with page_of("chart?interval=1m", forced_colors="active") as page:
        mark = page.locator("#facts .feed")

        async def followed():
            return await mark.count() and await mark.get_attribute("data-feed") == "live"

        assert await until(followed, 40)
        (drawn,) = await shapes_of(page, [mark])
        assert drawn.count("#") > 20
        assert await mark.inner_text() == "live"


@pytest.mark.parametrize("path", each([*STATES, "system-monitor?view=wall"]))
async def test_who_wants_less_motion_sees_none(page_of, bad_day, until, path):
    """Neither while it loads nor afterwards."""
    moving = """document.getAnimations().filter((one) => one.playState === "running"
      && one.effect.getComputedTiming().duration > 1 && one.animationName !== "wait").length"""
    async with page_of(path, base=bad_day, reduced_motion="reduce") as page:
        assert await page.evaluate(moving) == 0
        if path in STATES:
            await loaded(page, until)
            await STATES[path](page)
        else:
            await page.wait_for_selector(".wall .cell")
        assert await page.evaluate(moving) == 0


@pytest.mark.parametrize(("path", "most"), [("", 75), ("chart?ind=rsi", 75), ("incidents", 75)])
async def test_tab_leads_through_the_page_in_few_steps(page_of, until, path, most):
    """And the focus is never lost on the way."""
    async with page_of(path) as page:
        await loaded(page, until)
        stops = 0
        while stops <= most:
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement === document.body"):
                break
            stops += 1
        assert 12 < stops < most


async def test_a_pair_that_is_removed_or_the_last_that_fits_leaves_the_focus(page_of):
    """It goes to the next row; a field that is full hands it on."""
    twelve = ["BTC", "ETH", "SOL", "XRP", "BNB", "DOGE", "ADA", "TRX", "AVAX", "LINK", "DOT"]
    pairs = ",".join(f"{one}/USDT" for one in twelve)
    lost = "document.activeElement === document.body"
    async with page_of(f"?pairs={pairs}") as page:
        await page.wait_for_selector('#markets tr[data-pair="DOT/USDT"]')
        await page.locator("#pairs input").fill("LTC/USDT")
        await page.keyboard.press("Enter")
        await page.wait_for_selector('#markets tr[data-pair="LTC/USDT"]')
        assert not await page.evaluate(lost)
        await page.locator('#markets tr[data-pair="ETH/USDT"] .remove').focus()
        await page.keyboard.press("Enter")
        await expect(page.locator('#markets tr[data-pair="ETH/USDT"]')).to_have_count(0)
        focused = "document.activeElement.closest('tr')?.dataset.pair"
        assert await page.evaluate(focused) == "SOL/USDT"


async def test_sorting_the_monitor_keeps_the_focus(page_of):
    """By its heads, and when rows move."""
    async with page_of("system-monitor?quiet=1") as page:
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
        for name in ("p95", "Source"):
            sort = page.locator(f'#providers button.sort:text-is("{name}")')
            await sort.focus()
            await page.keyboard.press("Enter")
            assert await sort.evaluate("one => one === document.activeElement")


async def test_dialogs_of_the_chart_close_by_escape_and_give_the_focus_back(page_of):
    """The catalogue, an indicator's parameters and the keys; one that is removed hands it on."""
    async with page_of("chart?ind=rsi,macd") as page:
        await page.wait_for_selector('[data-panel="chart"][data-panel-state="ready"]')
        await page.wait_for_selector("#chips .chip:nth-child(2)")
        for opener, dialog in (
            ("#add", "#picker"), ("#show-keys", "#help"), ("#chips .name >> nth=0", "#tuner"),
        ):  # fmt: skip
            button = page.locator(opener)
            await button.focus()
            await page.keyboard.press("Enter")
            await expect(page.locator(dialog)).to_be_visible()
            await page.keyboard.press("Escape")
            await expect(page.locator(dialog)).to_be_hidden()
            assert await button.evaluate("one => one === document.activeElement"), opener
        await page.locator("#chips .drop").first.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#chips .chip")).to_have_count(1)
        assert not await page.evaluate("document.activeElement === document.body")


async def test_arrows_step_and_the_drawer_gives_the_focus_back(page_of):
    """From source to source, into one, and back to its row."""
    async with page_of("providers") as page:
        opener = page.locator('#explorer tr[data-key="kraken"] .open')
        await opener.focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#lead")).not_to_have_text("Asking…")
        assert await page.evaluate("Boolean(document.activeElement.closest('#drawer'))")
        await page.keyboard.press("Escape")
        await expect(page.locator("#drawer")).to_be_hidden()
        assert await opener.evaluate("one => one === document.activeElement")


@pytest.mark.parametrize("path", each(STATES))
async def test_without_javascript_nothing_waits_for_ever(page_of, path):
    """The way on and a sentence, and neither skeletons nor forms that do nothing."""
    async with page_of(path, java_script_enabled=False) as page:
        await expect(page.locator("noscript .banner")).to_be_visible()
        assert await page.locator(".top nav a").count() == 8
        dead = ".skeleton:visible, form:visible, [data-panel]:visible, .strip:visible"
        assert await page.locator(dead).count() == 0


async def test_a_shared_link_of_the_monitor_and_back_restore_the_view(page_of):
    """The wall and the tab are in the address."""
    async with page_of("system-monitor?tab=requests&log=error&quiet=1") as page:
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
        await page.click("#wall")
        await page.wait_for_selector(".wall .cell")
        assert re.search(r"view=wall", page.url)
        await page.go_back()
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
        assert await page.get_attribute("#tab-requests", "aria-selected") == "true"
        assert await page.input_value("#kind") == "error"
