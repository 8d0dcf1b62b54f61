"""Decisions, configuration and incidents for every reader: a phone, paper, own colours, zoom, keys.

The fixture's day is bad, so that each of the three has much to show.
"""

import pytest
from playwright.async_api import expect

from tests.static.stillness import LIMIT, shift_of, watch_shifts

PHONE = {"viewport": {"width": 390, "height": 844}}


async def the_lines(page):
    """The configuration, with its lines for `.env` open."""
    await page.wait_for_selector('[data-panel="optional"][data-panel-state="ready"]')
    await page.click(".lines summary")


async def a_failed_request(page):
    """The decision of a request that nobody answered."""
    await page.locator('#recent a[data-kind="error"]').first.click()
    await expect(page.locator("#answer-title")).to_contain_text(" at ")
    await expect(page.locator("#candidates tbody tr").first).to_be_visible()


async def an_incident(page):
    """The drawer of the newest incident."""
    await page.locator(".incident").first.click()
    await expect(page.locator(".course li").first).to_be_visible()


STATES = {"explain": a_failed_request, "config": the_lines, "incidents": an_incident}


@pytest.mark.parametrize("day", ["good", "bad"])
@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("path", ["explain", "config"])
async def test_nothing_moves_while_it_fills(page_of, server, bad_day, path, width, day):
    base = bad_day if day == "bad" else server
    view = {"width": width, "height": 844}
    async with page_of(path, base=base, before=watch_shifts, viewport=view) as page:
        last = "#candidates tbody tr" if path == "explain" else "#settings tbody tr"
        await page.locator(last).first.wait_for()
        await page.wait_for_selector("system-status:defined")
        await page.wait_for_timeout(1_000)
        assert await shift_of(page) < LIMIT


@pytest.mark.parametrize("width", [320, 390, 720])
@pytest.mark.parametrize("path", STATES)
async def test_every_word_and_button_is_within_the_screen(page_of, bad_day, path, width):
    """320 px are 1280 at 400 %, 720 are 1440 at 200 %: what is open is whole there too."""
    view = {"width": width, "height": 640}
    async with page_of(path, base=bad_day, viewport=view) as page:
        await STATES[path](page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        cut = """width => [...document.querySelectorAll(
            "main :is(a, button, input, select, summary, h1, h2, h3, dd, td, .said)")]
          .filter((one) => one.checkVisibility() && !one.closest("pre"))
          .map((one) => [one.getBoundingClientRect(), one.outerHTML.slice(0, 90)])
          .filter(([box]) => box.width && (box.left < -1 || box.right > width + 1))
          .map(([, text]) => text)"""
        if width < 640:  # wider tables may scroll inside their own box
            assert await page.evaluate(cut, width) == []
        small = """() => [...document.querySelectorAll("main :is(button, select, input, summary)")]
          .filter((one) => one.checkVisibility() && one.getBoundingClientRect().height < 24)
          .map((one) => one.outerHTML.slice(0, 90))"""
        assert await page.evaluate(small) == []


@pytest.mark.parametrize("path", STATES)
async def test_paper_has_what_is_looked_at_and_nothing_to_press(page_of, bad_day, until, path):
    view = {"width": 718, "height": 1000}
    async with page_of(path, base=bad_day, color_scheme="dark", viewport=view) as page:
        await STATES[path](page)
        await page.emulate_media(media="print", color_scheme="dark")

        async def it_is_light():
            ground = "getComputedStyle(document.documentElement).getPropertyValue('--surface')"
            return (await page.evaluate(ground)).strip() == "#ffffff"

        assert await until(it_is_light)
        assert await page.locator(":is(button, select, input, summary):visible").count() == 0
        wide = """[...document.querySelectorAll("main :is(table, dl, .detail, p)")]
          .filter((one) => one.checkVisibility()
            && one.getBoundingClientRect().right > innerWidth + 1)
          .map((one) => one.outerHTML.slice(0, 90))"""
        assert await page.evaluate(wide) == []
        shown = {
            "explain": "#candidates tbody tr", "config": "#needed tbody tr",
            "incidents": ".course li",
        }[path]  # fmt: skip
        await expect(page.locator(shown).first).to_be_visible()
        if path == "incidents":  # the list behind the open one is not printed over it
            await expect(page.locator(".incident").first).to_be_hidden()


async def test_own_colours_leave_ink_in_every_mark(page_of, api, bad_day):
    """Marks of the incidents, and the attempts of a decision: none has the colour of its ground."""
    ground = "getComputedStyle(document.body).backgroundColor"
    async with page_of("incidents", base=bad_day, forced_colors="active") as page:
        await page.wait_for_selector(".incident")
        await page.wait_for_selector(".lanes [data-id]")
        fills = await page.locator(".lanes [data-id], .incident .shape .fill").evaluate_all(
            "all => all.map((one) => getComputedStyle(one).fill)"
        )
        assert len(fills) > 5
        assert await page.evaluate(ground) not in fills
    api.get("/api/market/ticker?symbol=BTC/USDT&max_age_s=0")
    async with page_of("explain", forced_colors="active") as page:
        await page.locator("#recent a").first.click()
        piece = page.locator(".lane .piece").first
        await expect(piece).to_be_visible()
        assert await piece.evaluate(
            "one => getComputedStyle(one).backgroundColor"
        ) != await page.evaluate(ground)


@pytest.mark.parametrize("path", STATES)
async def test_who_wants_less_motion_sees_none(page_of, bad_day, path):
    """Neither while it loads nor when something opens."""

    async def slowly(page):
        async def later(route):
            await page.wait_for_timeout(700)
            await route.continue_()

        await page.route("**/api/**", later)

    moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    async with page_of(path, base=bad_day, before=slowly, reduced_motion="reduce") as page:
        assert await page.locator('[aria-busy="true"] .skeleton').count() > 0
        assert await page.evaluate(moving) == 0
        await page.unroute_all(behavior="ignoreErrors")
        await STATES[path](page)
        assert await page.evaluate(moving) == 0


@pytest.mark.parametrize("path", [*STATES, "providers"])
async def test_tab_leads_through_the_page_in_few_steps(page_of, bad_day, path):
    """A list or a table is one stop, except the few links of an answer; arrows move inside."""
    async with page_of(path, base=bad_day) as page:
        await page.wait_for_selector('[data-panel-state="ready"]')
        if path == "config":
            await page.locator("#settings tbody tr").first.wait_for()
        stops = 0
        while stops < 75:
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement === document.body"):
                break
            stops += 1
        assert 15 < stops < 75


async def test_arrows_lead_from_incident_to_incident_and_escape_back_to_it(page_of, bad_day):
    """The focus stays where it was when the drawer closes."""
    async with page_of("incidents", base=bad_day) as page:
        rows = page.locator(".incident")
        await rows.first.focus()
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("ArrowDown")
        third = await rows.nth(2).get_attribute("href")
        focused = "document.activeElement.getAttribute('href')"
        assert await page.evaluate(focused) == third
        await page.keyboard.press("Enter")
        await expect(page.locator(".course li").first).to_be_visible()
        assert await page.evaluate("Boolean(document.activeElement.closest('#drawer'))")
        await page.keyboard.press("Escape")
        await expect(page.locator("#drawer")).to_be_hidden()
        assert await page.evaluate(focused) == third


async def test_a_choice_of_the_dry_run_keeps_the_focus(page_of):
    """The fields are made anew for another question; who chose it is where they were."""
    async with page_of("explain?capability=ticker&symbol=BTC/USDT") as page:
        await expect(page.locator("#answer-title")).to_have_text("A price now")
        await page.locator("#capability").focus()
        await page.select_option("#capability", "candles")
        await expect(page.locator("#answer-title")).to_have_text("Candles now")
        assert await page.evaluate("document.activeElement.id") == "capability"
        await page.locator('#fields [name="symbol"]').fill("ETH/USDT")
        await page.keyboard.press("Enter")
        await expect(page.locator("#tags")).to_contain_text("ETH/USDT")
        assert await page.evaluate("document.activeElement.name") == "symbol"
        await page.locator("#past #request").fill("nonsense")
        await page.keyboard.press("Enter")
        await expect(page.locator("#answer .failure")).to_be_visible()
        assert await page.evaluate("document.activeElement.id") == "request"


async def test_sorting_and_searching_keep_the_focus(page_of):
    async with page_of("config") as page:
        await page.locator("#features tbody tr").first.wait_for()
        sort = page.locator("#features button.sort").first
        await sort.focus()
        await page.keyboard.press("Enter")
        assert await sort.evaluate("one => one === document.activeElement")
        await page.locator("#find").fill("kraken")
        await expect(page.locator("#features tbody tr")).to_have_count(1)
        assert await page.evaluate("document.activeElement.id") == "find"


@pytest.mark.parametrize("path", STATES)
async def test_without_javascript_nothing_waits_for_ever(page_of, path):
    """The way on and a sentence, and neither skeletons nor forms that do nothing."""
    async with page_of(path, java_script_enabled=False, **PHONE) as page:
        await expect(page.locator("noscript .banner")).to_be_visible()
        assert await page.locator(".top nav a").count() == 8
        dead = ".skeleton:visible, form:visible, [data-panel]:visible, .strip:visible"
        assert await page.locator(dead).count() == 0
