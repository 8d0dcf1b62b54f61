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


async def test_commands_in_descriptions_are_code(page_of):
    async with page_of("config") as page:
        await expect(
            page.locator("#settings td code", has_text="coinmux keys NAME")
        ).to_be_visible()
        assert "`" not in await page.inner_text("main")
