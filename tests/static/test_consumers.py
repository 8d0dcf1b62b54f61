"""Who may ask, on the page of the configuration; and a page that has no right to see it."""

import json

import httpx
import pytest
from playwright.async_api import expect

from tests.server.keyed import KEYS, bearer, line
from tests.static.conftest import served


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    """The address of a simulated server with two consumers, one of which has spent its budget."""
    keys = line(("alice", {"monthly": 2, "scopes": ("market",)}), "bob")
    folder = tmp_path_factory.mktemp("keyed")
    with served(folder, "--simulate", API_KEYS=keys, DATA_DIR=str(folder)) as found:
        for name in ("alice", "alice", "alice", "bob"):
            httpx.get(
                f"{found.address}/api/market/ticker?symbol=BTC/USDT&max_age_s=0",
                headers=bearer(name), timeout=30,
            )  # fmt: skip
        yield found.address


async def test_without_keys_it_says_that_everybody_may_ask(page_of):
    """And asks for none."""
    async with page_of("config") as page:
        panel = page.locator('[data-panel="consumers"]')
        await expect(panel).to_contain_text("No keys are set: everybody")
        await expect(page.locator("#key-form")).to_be_hidden()
        assert page.complaints == []


async def test_the_operator_sees_what_everybody_used(page_of, keyed):
    """With what is left, and which budget is spent."""
    async with page_of("config", base=keyed) as page:
        rows = page.locator("#consumers tbody tr")
        await expect(rows).to_have_count(3)
        alice = rows.filter(has_text="alice")
        await expect(alice).to_contain_text("2 of 2")
        await expect(alice).to_contain_text("market")
        await expect(alice.locator(".spent")).to_be_visible()
        await expect(rows.filter(has_text="bob")).to_contain_text("everything")
        assert page.complaints == []


async def test_a_page_elsewhere_takes_a_key_for_its_tab(page_of, keyed, until):
    """It is sent in a header, never in the address, and shows what its consumer used."""
    asked = []

    async def relayed(page):
        # A header of a relay: what comes through a proxy has not the operator's right.
        await page.set_extra_http_headers({"Via": "1.1 proxy"})
        page.on("request", lambda one: asked.append((one.url, one.headers.get("x-api-key"))))

    async with page_of("config", base=keyed, before=relayed) as page:
        panel = page.locator('[data-panel="consumers"]')
        await expect(panel).to_contain_text("Keys are set. Enter one")
        await page.fill("#key", KEYS["bob"])
        await page.click("#key-form button")
        await expect(page.locator("#consumers tbody tr")).to_have_count(1)
        await expect(page.locator("#consumers")).to_contain_text("bob")
        assert await page.input_value("#key") == ""
        assert any(key == KEYS["bob"] for _, key in asked)
        assert KEYS["bob"] not in json.dumps([url for url, _ in asked])
        await page.fill("#key", "wrong")
        await page.click("#key-form button")
        await expect(panel).to_contain_text("API key refused")
        await page.fill("#key", "")
        await page.click("#key-form button")
        await expect(panel).to_contain_text("Keys are set. Enter one")
