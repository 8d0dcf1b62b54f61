"""The page of decisions: what happened in one sentence, under the question that was asked."""

import re

from playwright.async_api import expect


async def test_a_question_that_needs_an_address_has_one_and_shows_no_former_answer(page_of):
    async with page_of("explain?capability=candles&symbol=BTC/USDT") as page:
        await expect(page.locator("#answer-title")).to_have_text("Candles now")
        await page.select_option("#capability", "balance")
        await expect(page.locator("#answer-title")).to_have_text("A balance now")
        await expect(page).to_have_url(re.compile("address=0x"))
        await expect(page).not_to_have_url(re.compile("symbol"))
        await page.go_back()
        await expect(page.locator("#answer-title")).to_have_text("Candles now")
        assert page.complaints == []


async def test_an_unknown_request_is_said_in_the_page_alone(page_of):
    async with page_of("explain?request=nobody-asked") as page:
        await expect(page.locator("#answer .failure")).to_contain_text("No decision is kept")
        assert page.complaints == []
