"""The explorer of sources: a drawer that can always be left, and that says why first."""

import re

import pytest
from playwright.async_api import expect

PHONE = {"viewport": {"width": 390, "height": 844}}


async def test_back_closes_the_drawer_and_it_can_be_closed_on_a_phone(page_of):
    """Its close button lies inside the screen, and Back leads to the table, not off the page."""
    async with page_of("providers", **PHONE) as page:
        await page.click('#explorer tr[data-key="binance"] .open')
        box = await page.locator("#close").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        await expect(page.locator("#lead")).not_to_have_text("Asking…")
        await page.go_back()
        await expect(page.locator("#drawer")).to_be_hidden()
        assert page.url.endswith("/providers")
        assert await page.evaluate("document.activeElement !== document.body")


async def test_an_unknown_source_is_said_in_the_page_alone(page_of):
    """No `Asking…` is left, and the console stays empty."""
    async with page_of("providers?name=nonsense") as page:
        await expect(page.locator("#lead")).to_contain_text("Unknown provider")
        assert page.complaints == []


async def test_pages_of_plugins_are_listed_and_led_to(page_of, altered):
    """By their names, whatever signs those have; without any there is no list."""
    at = "/plugins/acme/euro"

    async def before(page):
        pages = [{"plugin": "acme", "title": "The <b>euro</b>", "path": at}]
        await altered(page, "**/api/providers", lambda body: body.update(pages=pages))

    async with page_of("providers", before=before) as page:
        link = page.locator("#page-list a")
        await expect(link).to_have_text("The <b>euro</b>")
        assert (await link.evaluate("link => new URL(link.href).pathname")) == at
        await expect(page.locator("#page-list li")).to_contain_text("by acme")
        await page.unroute_all(behavior="ignoreErrors")
    async with page_of("providers") as page:
        await page.locator('#explorer tr[data-key="binance"]').wait_for()
        await expect(page.locator("#pages")).to_be_hidden()


async def test_every_state_in_the_table_has_its_shape(page_of):
    """A state is never told by its word and colour alone."""
    async with page_of("providers") as page:
        mark = page.locator("#explorer tbody .state .shape :is(.fill, .hollow)").first
        await expect(mark).to_be_visible()


async def test_trouble_comes_first_and_what_nobody_asked_after_what_works(page_of, altered):
    """On a fresh day, sources that work do not stand below those that were never asked."""
    told = {
        "binance": "UNKNOWN", "gdelt": "DISABLED", "kraken": "HEALTHY", "okx": "OFFLINE",
        "bybit": "DEGRADED",
    }  # fmt: skip

    def change(body):
        for one in body["providers"]:
            one["state"] = told.get(one["name"], one["state"])

    async def before(page):
        await altered(page, "**/api/monitor*", change)

    async with page_of("providers", before=before) as page:
        await page.locator('#explorer tr[data-key="okx"]').wait_for()
        rows = await page.locator("#explorer tbody tr").evaluate_all(
            "rows => rows.map((row) => row.dataset.key)"
        )
        assert sorted(told, key=rows.index) == ["okx", "bybit", "kraken", "binance", "gdelt"]
        await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize(
    ("path", "ready"),
    [
        ("providers", "tbody tr"),
        ("config", "#features tbody tr"),
        ("system-monitor?quiet=1&all=1", '[data-panel="inventory"][data-panel-state="ready"]'),
    ],
)
async def test_a_kind_has_one_name_everywhere(page_of, path, ready):
    """On-chain and DeFi are written as people write them, not as the API does."""
    async with page_of(path) as page:
        await page.locator(ready).first.wait_for()
        said = await page.inner_text("main")
        assert "on-chain" in said
        assert "DeFi" in said
        assert not re.search(r"\b(onchain|defi)\b", said)


async def test_a_capability_has_one_name_everywhere(page_of):
    """The table, the filter and the drawer call it what the boards call it."""
    async with page_of("providers?name=kraken") as page:
        row = page.locator('#explorer tr[data-key="kraken"]')
        await expect(row.locator(".can .tag", has_text="Order books")).to_be_visible()
        await expect(page.locator("#filters [name=capability]")).to_contain_text("Order books")
        await expect(page.locator("#drawer table").first).to_contain_text("Order books")


async def test_a_tablet_gives_the_reason_the_room(page_of, altered):
    """A reason is no tower of single words, and the table does not run out of its card."""

    def change(body):
        for one in body["providers"]:
            if one["name"] == "okx":
                text = "www.okx.com does not resolve: Name or service not known"
                error = {"code": "upstream_unreachable", "message": text, "at": 0}
                one.update(state="OFFLINE", last_error=error)

    async def before(page):
        await altered(page, "**/api/monitor*", change)

    async with page_of("providers", before=before, viewport={"width": 768, "height": 1024}) as page:
        reason = page.locator('#explorer tr[data-key="okx"] .reason')
        await expect(reason).to_contain_text("does not resolve")
        assert (await reason.bounding_box())["height"] <= 40
        wide = "document.querySelector('#explorer').scrollWidth"
        assert await page.evaluate(wide) <= 768
        await page.unroute_all(behavior="ignoreErrors")
