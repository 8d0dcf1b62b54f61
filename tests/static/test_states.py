"""States, staleness and text: what the monitor says of good, bad and odd answers."""

import re

import pytest

MONITOR = re.compile(r"/api/monitor(\?|$)")
#: What is reported, and the word, the shape and the colour of it in the dark theme.
STATES = {
    "HEALTHY": ("healthy", "healthy", "rgb(34, 197, 94)"),
    "DEGRADED": ("degraded", "degraded", "rgb(245, 158, 11)"),
    "OFFLINE": ("offline", "offline", "rgb(239, 68, 68)"),
    "UNKNOWN": ("unknown", "unknown", "rgb(148, 163, 184)"),
    "DISABLED": ("disabled", "disabled", "rgb(100, 116, 139)"),
    "WOBBLY": ("unknown", "unknown", "rgb(148, 163, 184)"),
    None: ("—", "unknown", "rgb(148, 163, 184)"),
}
MARKUP = "<img src=x onerror=document.title='owned'>"


@pytest.fixture
def altered_page(page_of, altered):
    """The monitor over a changed answer."""

    def make(change, path="system-monitor", pattern=MONITOR, **options):
        async def before(page):
            await altered(page, pattern, change)

        return page_of(path, before=before, **options)

    return make


async def test_each_state_has_its_word_shape_and_colour(altered_page):
    def change(body):
        for one, state in zip(body["providers"], STATES, strict=False):
            one.update(name=f"state-{state}", title=f"State {state}", state=state)
        body["providers"] = body["providers"][: len(STATES)]

    async with altered_page(change, color_scheme="dark") as page:
        for state, (word, shape, colour) in STATES.items():
            badge = page.locator(f'#providers tr[data-key="state-{state}"] .state')
            await badge.wait_for()
            assert await badge.locator(".word").inner_text() == word
            assert await badge.locator("svg").get_attribute("data-shape") == shape
            painted = await badge.locator("svg :is(.fill, .hollow)").first.evaluate(
                "mark => getComputedStyle(mark)[mark.matches('.fill') ? 'fill' : 'stroke']"
            )
            assert painted == colour
        odd = page.locator('#providers tr[data-key="state-WOBBLY"] .state')
        assert "WOBBLY" in await odd.get_attribute("title")


async def test_what_is_not_known_is_a_dash_and_not_a_zero(altered_page):
    def change(body):
        body["database"] = dict.fromkeys(body["database"])
        body["server"].update(load_percent=None, p95_ms=None)
        body["models"] = {"total": None, "active": None}

    async with altered_page(change) as page:
        await page.wait_for_selector('[data-panel="database"][data-panel-state="ready"]')
        for panel, at in (("database", 0), ("database", 1), ("database", 2), ("server", 1)):
            figure = page.locator(f'[data-panel="{panel}"] .figures dd').nth(at)
            assert await figure.inner_text() == "—"
        assert (await page.inner_text('[data-panel="inventory"] .figures dd')).startswith("—")


async def test_one_field_the_page_cannot_read_takes_no_other_panel_along(altered_page):
    def change(body):
        body["services"] = 7

    async with altered_page(change) as page:
        await page.wait_for_selector('[data-panel="services"][data-panel-state="error"]')
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')


@pytest.mark.realtime
async def test_stale_then_a_banner_then_recovery_and_no_number_is_blanked(page_of):
    async def freeze(page):
        await page.clock.install()

    async with page_of("system-monitor", before=freeze) as page:

        async def pass_s(seconds):
            for _ in range(seconds):
                await page.clock.run_for(1000)
                await page.wait_for_timeout(30)

        async def pass_until(condition, seconds):
            """A busy machine may need more of the page's seconds than one."""
            for _ in range(seconds):
                if await condition():
                    return
                await pass_s(1)
            assert await condition()

        providers = page.locator('[data-panel="providers"]')

        def panel_is(state):
            async def it_is():
                return await providers.get_attribute("data-panel-state") == state

            return it_is

        async def banner_is_shown():
            return await page.locator("#unreachable").count() == 1

        async def all_is_well():
            gone = await page.locator("#unreachable").count() == 0
            return gone and await panel_is("ready")()

        await pass_until(panel_is("ready"), 60)
        shown = "#summary .card:nth-child(n+2) .big"
        before = await page.locator(shown).all_inner_texts()
        assert all(any(mark.isdigit() for mark in text) for text in before)
        await page.route("**/api/**", lambda route: route.abort())
        await pass_s(10)
        assert await providers.get_attribute("data-panel-state") == "ready"
        assert await page.locator("#unreachable").count() == 0
        await pass_until(panel_is("stale"), 60)
        assert "Last update" in await providers.locator(".age").inner_text()
        await pass_until(banner_is_shown, 120)
        assert "No answer from the server" in await page.inner_text("#unreachable")
        assert await page.inner_text("system-status button") == "OFFLINE"
        assert await page.title() != "System monitor · coinmux"
        assert await page.locator(shown).all_inner_texts() == before
        await page.unroute("**/api/**")
        await pass_until(all_is_well, 180)
        assert await page.inner_text("system-status button") != "OFFLINE"


async def test_the_first_answer_may_fail_and_says_why(page_of):
    async def broken(page):
        problem = {"title": "Overloaded", "status": 503, "request_id": "abc-1"}
        await page.route(MONITOR, lambda route: route.fulfill(status=503, json=problem))

    async with page_of("system-monitor", before=broken) as page:
        failure = page.locator('[data-panel="services"] .failure')
        await failure.wait_for()
        said = await failure.inner_text()
        assert "Overloaded" in said
        assert "abc-1" in said
        await page.unroute(MONITOR)
        await failure.get_by_role("button", name="Retry").click()
        await page.wait_for_selector('[data-panel="services"][data-panel-state="ready"]')


async def test_markup_in_a_name_is_text(altered_page):
    def change(body):
        for one in body["providers"]:
            one["title"] = MARKUP
        body["services"][0]["detail"] = MARKUP

    async with altered_page(change) as page:
        await page.wait_for_selector('[data-panel="providers"][data-panel-state="ready"]')
        assert MARKUP in await page.inner_text("#providers tbody tr:first-child th")
        assert await page.locator("main img").count() == 0
        assert "owned" not in await page.title()


async def test_markup_and_script_addresses_in_headlines_are_text(altered_page):
    def change(body):
        body["news"]["data"]["items"][0].update(title=MARKUP, url="javascript:alert(1)")

    async with altered_page(change, "", re.compile(r"/api/pages/overview")) as page:
        title = page.locator("#news .title").first
        await title.wait_for()
        assert await title.inner_text() == MARKUP
        assert await title.evaluate("title => title.tagName") == "SPAN"
        other = page.locator("#news .title").nth(1)
        assert await other.get_attribute("rel") == "noopener noreferrer"
        assert await page.locator("main img").count() == 0
