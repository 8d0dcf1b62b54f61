"""The configuration: keys that are needed apart from those that are not."""

import re

from playwright.async_api import expect


async def test_needed_and_optional_keys_are_two_tables(page_of):
    async with page_of("config") as page:
        await expect(page.locator("#optional tbody tr").first).to_be_visible()
        await expect(page.locator('[data-panel="needed"]')).to_contain_text("No source waits")
        await expect(page.locator("#tile-changes")).to_contain_text("this machine only")
        await page.fill("#find", "etherscan")
        await expect(page).to_have_url(re.compile("q=etherscan"))
        assert page.complaints == []


async def test_of_what_is_off_all_are_counted(page_of, bad_day):
    """Three are named, and how many more there are."""
    async with page_of("config", base=bad_day) as page:
        tile = page.locator("#tile-off")
        await expect(tile).to_contain_text("Alchemy")
        off = int(await tile.locator(".big").inner_text())
        assert off > 3
        assert f"and {off - 3} more" in await tile.inner_text()


async def test_commands_in_descriptions_are_code(page_of):
    async with page_of("config") as page:
        await expect(
            page.locator("#settings td code", has_text="coinmux keys NAME")
        ).to_be_visible()
        assert "`" not in await page.inner_text("main")


PHONE = {"width": 390, "height": 844}


async def test_on_a_phone_long_lists_are_groups_and_the_address_keeps_what_is_open(page_of):
    """Closed, the page is a few screens; who gets the link has the same groups open."""
    async with page_of("config", viewport=PHONE) as page:
        market = page.get_by_role("button", name=re.compile("^Market"))
        await expect(market).to_have_attribute("aria-expanded", "false")
        assert await page.evaluate("document.documentElement.scrollHeight") < 2_600
        assert await page.locator("#features tbody tr:not(.group)").count() == 0
        await market.click()
        await expect(market).to_have_attribute("aria-expanded", "true")
        await expect(market).to_be_focused()
        await expect(page.locator("#features tbody a", has_text="Kraken")).to_be_visible()
        await page.get_by_role("button", name=re.compile("^Access")).click()
        await expect(page.locator("#settings code", has_text="ADMIN_TOKEN")).to_be_visible()
        shared = page.url
        await market.click()
        await expect(page.locator("#features tbody a", has_text="Kraken")).to_have_count(0)
        assert page.complaints == []
        await page.goto(shared)
        await expect(page.locator("#features tbody a", has_text="Kraken")).to_be_visible()
        await expect(page.locator("#settings code", has_text="ADMIN_TOKEN")).to_be_visible()


async def test_what_is_looked_for_on_a_phone_is_in_open_groups(page_of):
    async with page_of("config?setting=alert_urls", viewport=PHONE) as page:
        await expect(page.locator("#settings code", has_text="ALERT_URLS")).to_be_visible()
        await expect(page.locator("#settings tr.group")).to_have_count(1)


async def test_every_group_of_settings_has_a_reason_to_be_one(page_of, api):
    """No setting falls into a group that says nothing of it, and all of them are in one."""
    settings = {one["variable"] for one in api.get("/api/config/settings").json()["settings"]}
    groups = "Access", "Alerts", "Archive and cache", "Server", "Sources", "Traces"
    async with page_of("config", viewport=PHONE) as page:
        heads = page.locator("#settings .fold > span")
        await expect(heads).to_have_text(list(groups))
        for name in groups:
            await page.get_by_role("button", name=re.compile(f"^{name}")).click()
        found = await page.locator("#settings tbody th > code").all_text_contents()
    assert sorted(found) == sorted(settings)


async def test_no_table_scrolls_sideways_on_a_tablet_and_no_variable_is_broken(page_of):
    async with page_of("config", viewport={"width": 768, "height": 1024}) as page:
        await expect(page.locator("#settings tbody tr").first).to_be_visible()
        wide = await page.evaluate("""[...document.querySelectorAll(".scroll")]
          .filter((one) => one.scrollWidth > one.clientWidth)
          .map((one) => one.firstElementChild.id)""")
        assert wide == []
        lines = await page.evaluate("""[...document.querySelectorAll("#settings th code")]
          .filter((one) => one.getClientRects().length > 1).map((one) => one.textContent)""")
        assert lines == []
