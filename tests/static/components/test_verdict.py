"""The verdict: one sentence whose names lead to their pages."""

import pytest

#: 2026-11-28 03:06 UTC.
SINCE = 1795835160000
SEGMENTS = [
    {"text": "18 of 20 questions answered. "},
    {"text": "Gas", "capability": "gas"},
    {"text": ": nobody left since "},
    {"text": "", "at": SINCE},
    {"text": "; "},
    {"text": "Binance", "provider": "binance"},
    {"text": " is down."},
]
MAKE = """async ([options, answer]) => {
  const page = document.querySelector("script[type=module]").src;
  const { Verdict } = await import(new URL("../../shared/components/verdict.js", page));
  const verdict = new Verdict(options);
  verdict.element.id = "made";
  document.querySelector("main").prepend(verdict.element);
  verdict.set(answer);
  window.made = verdict;
}"""


def answer(status="DEGRADED", **more):
    return {"status": status, "since": SINCE, "verdict": SEGMENTS, "reason": "", **more}


async def test_the_sentence_has_links_and_its_time_is_in_the_zone_of_the_page(page_of):
    """Capabilities lead to their decision, sources to their page; the time follows the zone."""
    async with page_of("", timezone_id="Asia/Tehran") as page:
        await page.evaluate(MAKE, [{}, answer()])
        sentence = page.locator("#made .sentence")
        said = "18 of 20 questions answered. Gas: nobody left since 06:36; Binance is down."
        assert await sentence.inner_text() == said
        links = await sentence.locator("a").evaluate_all("links => links.map(one => one.href)")
        assert [one.rpartition("/")[2] for one in links] == [
            "explain?capability=gas",
            "providers?name=binance",
        ]
        await page.locator(".top .zone").click()
        assert "since 03:06;" in await sentence.inner_text()


@pytest.mark.parametrize(
    ("status", "word", "shape"),
    [
        ("ONLINE", "ONLINE", "healthy"),
        ("DEGRADED", "DEGRADED", "degraded"),
        ("OFFLINE", "OFFLINE", "offline"),
    ],
)
async def test_the_state_is_a_shape_and_a_word_and_its_cause_is_a_link(
    page_of, status, word, shape
):
    """`Why?` leads to the decision of the first capability; when all is well nothing is asked."""
    async with page_of("") as page:
        await page.evaluate(MAKE, [{}, answer(status)])
        made = page.locator("#made")
        assert await made.locator(".word").inner_text() == word
        assert await made.locator("svg").get_attribute("data-shape") == shape
        why = made.locator(".why")
        assert await why.is_visible() == (status != "ONLINE")
        if status != "ONLINE":
            assert (await why.get_attribute("href")).endswith("explain?capability=gas")


async def test_a_link_with_the_focus_keeps_it_when_the_sentence_changes(page_of):
    """A refresh takes the focus to nobody else."""
    async with page_of("") as page:
        await page.evaluate(MAKE, [{}, answer()])
        await page.locator("#made a", has_text="Binance").focus()
        longer = [{"text": "By the way: "}, *SEGMENTS]
        await page.evaluate("answer => made.set(answer)", answer(verdict=longer))
        assert "By the way" in await page.inner_text("#made .sentence")
        assert await page.evaluate("document.activeElement.textContent") == "Binance"


async def test_on_a_wall_nothing_in_it_can_be_followed(page_of):
    """The big form has the same sentence and no links."""
    async with page_of("") as page:
        await page.evaluate(MAKE, [{"big": True}, answer()])
        assert "Gas" in await page.inner_text("#made .sentence")
        assert await page.locator("#made a").count() == 0


async def test_without_segments_the_reason_is_the_sentence_and_markup_is_text(page_of):
    """What the server says is text."""
    async with page_of("") as page:
        reason = "<b>every</b> capability can be answered"
        await page.evaluate(MAKE, [{}, answer("ONLINE", verdict=None, reason=reason)])
        assert await page.inner_text("#made .sentence") == reason
        assert await page.locator("#made b").count() == 0
