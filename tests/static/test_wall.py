"""The monitor on a wall: one screen at any size, nothing to press, and a way out."""

import re

import pytest
from playwright.async_api import expect

from tests.static.page_time import passing_until, with_clock

WALL = "system-monitor?view=wall"
SIZES = [(1366, 768), (1920, 1080), (2560, 1440), (3840, 2160), (1080, 1920)]


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_wall_is_exactly_one_screen(page_of, width, height):
    """The page is as tall and wide as the screen, and every source's cell is on it."""
    async with page_of(WALL, viewport={"width": width, "height": height}) as page:
        await page.wait_for_selector(".wall .cell")
        seen = await page.evaluate("""({
          tall: document.documentElement.scrollHeight, wide: document.documentElement.scrollWidth,
          outside: [...document.querySelectorAll(".wall .cell")]
            .map((cell) => cell.getBoundingClientRect())
            .filter((box) => box.bottom > innerHeight || box.right > innerWidth).length,
        })""")
        assert seen == {"tall": height, "wide": width, "outside": 0}


async def test_the_wall_has_nothing_to_press_and_no_small_type(page_of):
    """No control is shown, and no text is under 1.6 of a hundred of the screen's height."""
    async with page_of(WALL, viewport={"width": 1920, "height": 1080}) as page:
        await page.wait_for_selector(".wall .cell")
        assert await page.locator(":is(a, button, select, input):visible").count() == 0
        smallest = await page.evaluate("""Math.min(
          ...[...document.querySelectorAll(".wall *")]
            .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3
              && node.textContent.trim()) && one.getClientRects().length && !one.closest(".away"))
            .map((one) => parseFloat(getComputedStyle(one).fontSize)))""")
        assert smallest >= 0.016 * 1080 - 0.01


@pytest.mark.parametrize(("width", "height"), SIZES)
async def test_the_verdict_is_never_cut(page_of, altered, width, height):
    """A long sentence is written smaller; names of what can be answered are whole too."""

    def change(body):
        names = ("Lists of pairs", "news", "order books", "trades", "whale transfers", "gas")
        body["status"] = "OFFLINE"
        body["verdict"] = [
            {"text": "14 of 20 questions can be answered. "},
            *({"text": f"{name}, ", "capability": name} for name in names),
            {"text": "tickers: nobody left since 03:06. Binance, Kraken, OKX and 14 more are down;"
                     " Coinbase Exchange and Public EVM nodes answer for them."},
        ]  # fmt: skip

    async def before(page):
        await altered(page, re.compile(r"/api/monitor(\?|$)"), change)

    async with page_of(WALL, before=before, viewport={"width": width, "height": height}) as page:
        await page.wait_for_selector(".wall .cell")
        cut = await page.evaluate("""[...document.querySelectorAll(".wall :is(.sentence, .cap b)")]
          .filter((one) => one.scrollHeight > one.clientHeight + 2
            || one.scrollWidth > one.clientWidth)
          .map((one) => one.textContent)""")
        assert cut == []
        small = "parseFloat(getComputedStyle(document.querySelector('.wall .sentence')).fontSize)"
        assert await page.evaluate(small) >= 0.012 * height


@pytest.mark.parametrize(
    ("width", "height"), [*SIZES, (1440, 900), (1024, 768), (390, 844), (360, 740)]
)
@pytest.mark.parametrize("state", ["OFFLINE", "DEGRADED", "UNKNOWN"])
async def test_a_state_has_its_word_beside_the_longest_name(page_of, altered, width, height, state):
    """On the board both are whole; what the signs of the cells mean is written under them."""

    def change(body):
        for one in [*body["capabilities"], *body["providers"]]:
            one["status"] = one["state"] = state

    async def before(page):
        await altered(page, re.compile(r"/api/monitor(\?|$)"), change)

    async with page_of(WALL, before=before, viewport={"width": width, "height": height}) as page:
        await page.wait_for_selector(".wall .cell")
        rows = await page.locator(".wall .cap:not(.waiting *)").evaluate_all(
            """all => all.map((row) => {
              const [name, word] = [row.querySelector("b"), row.querySelector(".word")];
              const edge = row.getBoundingClientRect().right;
              return [word.textContent, name.scrollWidth <= name.clientWidth
                && word.clientWidth > 0 && word.scrollWidth <= word.clientWidth
                && word.getBoundingClientRect().right <= edge + 1];
            })"""
        )
        said = {"OFFLINE": "offline", "DEGRADED": "reduced", "UNKNOWN": "unknown"}[state]
        assert len(rows) == 20
        assert [one for one in rows if one != [said, True]] == []
        cells = await page.locator(".wall .cell").count()
        key = page.locator(".key-of-cells li")
        assert await key.all_inner_texts() == [f"{cells} {state.lower()}"]
        assert await key.locator("svg").get_attribute("data-shape") == state.lower()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1080, 1920), (390, 844)])
async def test_no_line_of_what_changed_is_cut_in_the_middle(page_of, altered, width, height):
    """What does not fit is not shown at all."""

    def change(body):
        at = body["server_time"] - 60_000
        body["events"]["items"] = [
            {"id": number, "t": at + number, "kind": "config", "operation": None, "hops": [],
             "outcome": None, "message": f"setting {number} was changed", "provider": None,
             "source": None, "request_id": None, "own": False, "latency_ms": None}
            for number in range(1, 41)
        ]  # fmt: skip

    async def before(page):
        await altered(page, re.compile(r"/api/monitor(\?|$)"), change)

    async with page_of(WALL, before=before, viewport={"width": width, "height": height}) as page:
        await page.wait_for_selector(".wall .log li")
        seen = await page.locator(".wall .log").evaluate(
            """log => {
              const frame = log.getBoundingClientRect();
              const lines = [...log.querySelectorAll("li")]
                .map((one) => one.getBoundingClientRect())
                .filter((one) => one.left < frame.right && one.top < frame.bottom);
              return [lines.length, lines.filter((one) => one.bottom > frame.bottom + 1).length];
            }"""
        )
        assert seen[0] >= 1
        assert seen[1] == 0


@pytest.mark.parametrize(("width", "height"), [*SIZES, (1440, 720), (1440, 900), (390, 844)])
async def test_the_name_of_each_source_is_whole(page_of, width, height):
    """Whoever reads a wall cannot ask for the rest of a name."""
    async with page_of(WALL, viewport={"width": width, "height": height}) as page:
        await page.wait_for_selector(".wall .cell")
        cut = await page.locator(".wall .cell .who span").evaluate_all(
            "all => all.filter((one) => one.scrollWidth > one.clientWidth)"
            ".map((one) => one.textContent)"
        )
        assert cut == []


async def test_escape_leads_back_to_the_monitor(page_of):
    """Whoever stands before a wall with a keyboard gets back to the page with controls."""
    async with page_of(WALL) as page:
        await page.wait_for_selector(".wall .cell")
        await page.keyboard.press("Escape")
        await page.wait_for_selector("#providers tr[data-row]")
        await expect(page).not_to_have_url(re.compile("view="))


async def test_a_dead_server_is_said_in_the_sentence_and_the_frame(page_of):
    """After a few polls without an answer the frame and the sentence say so."""
    async with page_of(WALL, before=with_clock) as page:
        await page.wait_for_selector(".wall .cell")
        await page.route("**/api/**", lambda route: route.abort())

        async def said():
            return "No answer" in await page.inner_text(".wall .sentence")

        assert await passing_until(page, said, 90)
        assert await page.get_attribute(".wall", "data-state") == "offline"
