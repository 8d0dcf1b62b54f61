"""The status widget: on a stranger's page, by keyboard, without an answer."""

import re
from contextlib import ExitStack

import pytest

from tests.static.strangers import foreign_site


@pytest.fixture
def stranger(page_of, server):
    """`async with stranger("<p>…") as page`: a page of another origin that loads the widget."""
    with ExitStack() as sites:
        yield lambda body="": page_of("", base=sites.enter_context(foreign_site(server, body)))


async def test_it_looks_right_under_hostile_styles_and_a_strict_policy(stranger):
    async with stranger() as page:
        pill = page.get_by_role("button", name=re.compile("ONLINE|DEGRADED"))
        await pill.wait_for()
        assert [said for said in page.complaints if "data:," not in said] == []
        box = await pill.bounding_box()
        size = page.viewport_size
        assert size["width"] - box["x"] - box["width"] == pytest.approx(16, abs=1)
        assert size["height"] - box["y"] - box["height"] == pytest.approx(16, abs=1)
        assert 24 <= box["height"] <= 44
        look = await pill.evaluate(
            "one => [getComputedStyle(one).color, getComputedStyle(one).backgroundColor]"
        )
        assert look[0] == "rgb(11, 18, 32)"
        assert look[1] in ("rgb(34, 197, 94)", "rgb(245, 158, 11)")


async def test_opening_closing_and_where_the_focus_goes(stranger):
    async with stranger() as page:
        pill = page.get_by_role("button", name=re.compile("ONLINE|DEGRADED"))
        await pill.wait_for()
        assert await pill.get_attribute("aria-expanded") == "false"
        await pill.press("Enter")
        assert await pill.get_attribute("aria-expanded") == "true"
        region = page.get_by_role("region", name="System status")
        assert "Sources healthy" in await region.inner_text()
        assert "Health monitor" in await region.inner_text()
        link = region.get_by_role("link")
        await link.focus()
        await page.keyboard.press("Escape")
        assert await pill.get_attribute("aria-expanded") == "false"
        focused = "document.querySelector('system-status').shadowRoot.activeElement?.tagName"
        assert await page.evaluate(focused) == "BUTTON"


async def test_it_says_the_verdict_as_the_server_does(stranger, api, until):
    async with stranger("<system-status open></system-status>") as page:
        region = page.get_by_role("region", name="System status")

        async def said():
            return api.get("/api/status/public").json()["reason"] in (
                await region.inner_text()
            ).split("\n")

        assert await until(said)


async def test_two_tags_are_one_widget_and_none_is_added(stranger):
    async with stranger("<system-status></system-status><system-status></system-status>") as page:
        await page.get_by_role("button", name=re.compile("ONLINE|DEGRADED")).wait_for()
        assert await page.locator("system-status").count() == 1


async def test_removed_it_asks_no_more(stranger, server):
    asked = []
    async with stranger('<system-status interval="1"></system-status>') as page:
        page.on("request", lambda one: asked.append(one.url) if "/api/" in one.url else None)
        await page.wait_for_timeout(2_500)
        assert len(asked) >= 1
        await page.evaluate("document.querySelector('system-status').remove()")
        await page.wait_for_timeout(300)
        count = len(asked)
        await page.wait_for_timeout(2_500)
        assert len(asked) == count


async def test_three_rounds_without_an_answer_are_offline(page_of):
    async def before(page):
        await page.clock.install()
        await page.route("**/api/status/public", lambda route: route.abort())

    async with page_of("config", before=before) as page:
        word = page.locator("system-status button")

        async def pass_s(seconds):
            for _ in range(seconds):
                await page.clock.run_for(1000)
                await page.wait_for_timeout(25)

        await pass_s(3)
        assert "CHECKING" in await word.inner_text()
        await pass_s(25)
        assert "OFFLINE" in await word.inner_text()
        assert (await page.title()).startswith("OFFLINE")
        await page.unroute("**/api/status/public")
        await pass_s(35)
        assert "OFFLINE" not in await word.inner_text()


async def test_every_page_of_ours_carries_one_and_the_wall_none(page_of, until):
    for path in ("", "system-monitor", "incidents", "providers", "chart", "explain", "config"):
        async with page_of(path) as page:
            count = page.locator("system-status").count
            assert await until(count) == 1, path
    async with page_of("system-monitor?view=wall") as page:
        await page.wait_for_selector(".wall .cell")
        assert await page.locator("system-status").count() == 0
