"""The overview: the verdict, the viewer's pairs, honest ages, and a bad day that can be read."""

import json
import re
import time
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.static.page_time import passing, with_clock
from tests.static.stillness import LIMIT, shift_of, watch_shifts

OVERVIEW = re.compile(r"/api/pages/overview")
INCIDENTS = re.compile(r"/api/incidents(\?|$)")
MONITOR = re.compile(r"/api/monitor(\?|$)")
SAMPLES = Path(__file__).resolve().parents[2] / "plugins/providers"
#: How long ago the last known answers of `lost` came.
AGE_MS = 14 * 60_000


@pytest.fixture
def altered_page(page_of, altered):
    """The overview over changed answers: pairs of a pattern and what is done to its body."""

    def make(*changes, path="", **options):
        async def before(page):
            await watch_shifts(page)
            for pattern, change in changes:
                await altered(page, pattern, change)

        return page_of(path, before=before, **options)

    return make


def lost(body):
    """No source answers; one pair and the mood were known before, the rest never."""
    problem = {"title": "No source answered", "status": 503, "code": "all_providers_failed"}
    parts = [*body["markets"]["pairs"], body["global"], body["news"], body["mood"]]
    for place, one in enumerate(parts):
        last = {name: one[name] for name in ("data", "meta", "source")}
        last["meta"]["fetched_at"] = body["server_time"] - AGE_MS
        one.update(data=None, meta=None, source=None, error=problem, spark=None)
        one["last_known"] = last if place in (0, len(parts) - 1) else None


def worst(body):
    """A verdict as long as it gets."""
    body["status"] = "OFFLINE"
    names = ("Lists of pairs", "news", "order books", "trades", "whale transfers", "gas")
    links = [{"text": f"{name}, ", "capability": name} for name in names]
    body["verdict"] = [{"text": "14 of 20 questions can be answered. "}, *links, *links]


async def filled(page):
    await page.wait_for_selector('[data-panel="markets"][data-panel-state="ready"]')
    await page.wait_for_selector('[data-panel="board"][data-panel-state="ready"]')


def pairs_of(page):
    return page.locator("#markets tbody tr").evaluate_all(
        "rows => rows.map(one => one.dataset.pair)"
    )


async def test_the_page_asks_one_question_for_its_data_and_one_for_the_state(page_of):
    """Nine routes are one, and each of its answers is good."""
    asked = []

    async def listening(page):
        page.on("request", lambda one: "/api/" in one.url and asked.append(one.url))

    async with page_of("", before=listening) as page:
        await filled(page)
        assert len([one for one in asked if "/api/pages/overview" in one]) == 1
        others = {re.sub(r".*/api/|\?.*", "", one) for one in asked} - {"pages/overview"}
        # The board comes a frame after the pairs, which may be followed by then.
        streams = {"stream", "pages/ticker/stream"}
        assert others <= {"monitor", "incidents", "status", "status/public"} | streams
        assert page.refused == []


async def test_a_price_its_change_and_its_line_tell_of_the_same_day(page_of):
    """The change has its window in the header, and the line the colour of the change."""
    async with page_of("") as page:
        await filled(page)
        heads = await page.locator("#markets thead th").all_inner_texts()
        assert heads[:8] == [
            "Pair", "Last", "24 h change", "24 h line", "24 h high", "24 h low", "24 h volume",
            "Source",
        ]  # fmt: skip
        ways = []
        for line in await page.locator("#markets tbody tr").all():
            ways.append(await line.locator(".way").get_attribute("data-way"))
            if ways[-1] is not None:  # a source that tells no change has a dash
                assert await line.locator(".line").get_attribute("data-way") == ways[-1]
        assert {"up", "down"} & {*ways}
        volumes = await page.locator("#markets tbody .volume").all_inner_texts()
        # A source that tells none in the quote's units has a dash.
        assert any(text.endswith(" USDT") for text in volumes)
        assert all(text.endswith(" USDT") or text == "—" for text in volumes)


@pytest.mark.parametrize("width", [1100, 1280, 1440, 1920])
async def test_no_figure_of_a_market_is_cut(page_of, width):
    """Where the card is too narrow for all columns, the day's high and low go, not digits."""
    async with page_of("", viewport={"width": width, "height": 900}) as page:
        await filled(page)
        cut = await page.locator("#markets tbody :is(th, td)").evaluate_all(
            "cells => cells.filter((one) => one.scrollWidth > one.clientWidth)"
            ".map((one) => one.innerText)"
        )
        assert cut == []


async def test_pairs_are_added_removed_linked_to_and_brought_back_by_back(page_of, until):
    """The address says which; what was typed is spelled as the server spells it."""
    async with page_of("?pairs=BTC/USDT,ETH/USDT") as page:
        await filled(page)
        assert await pairs_of(page) == ["BTC/USDT", "ETH/USDT"]
        await page.fill("#pairs input", "sol-usdt")
        await page.keyboard.press("Enter")

        async def added():
            return await pairs_of(page) == ["BTC/USDT", "ETH/USDT", "SOL/USDT"]

        assert await until(added)
        await expect(page).to_have_url(re.compile("SOL%2FUSDT"))
        await page.get_by_role("button", name="Remove BTC/USDT").click()
        assert await pairs_of(page) == ["ETH/USDT", "SOL/USDT"]
        assert await page.evaluate("document.activeElement.ariaLabel") == "Remove ETH/USDT"
        await page.go_back()
        assert await until(added)
        await page.go_back()
        assert await pairs_of(page) == ["BTC/USDT", "ETH/USDT"]
        await page.go_forward()
        assert await until(added)
        other = await page.context.new_page()
        await other.goto(page.url.partition("?")[0])
        await other.wait_for_selector("#markets tbody tr")
        assert await pairs_of(other) == ["BTC/USDT", "ETH/USDT", "SOL/USDT"]


async def test_suggestions_are_pairs_that_sources_list(page_of, until):
    """With who has them."""

    async def listed(page):
        found = [{"pair": "SOL/EUR", "sources": ["Kraken", "OKX"], "sources_total": 5}]
        body = {"search": "sol", "total": 1, "pairs": found}
        await page.route("**/api/pages/pairs*", lambda route: route.fulfill(json=body))

    async with page_of("", before=listed) as page:
        await filled(page)
        await page.locator("#pairs input").press_sequentially("sol")
        option = page.locator('#found option[value="SOL/EUR"]')

        async def suggested():
            return await option.count() == 1

        assert await until(suggested)
        assert await option.text_content() == "Kraken, OKX and 3 more"


async def test_a_pair_nobody_has_is_said_in_its_row_and_can_be_removed(page_of, until):
    """The rest of the page is as it was, and the console is empty."""
    async with page_of("?pairs=NOPE/USDT,BTC/USDT") as page:
        await filled(page)
        row = page.locator('tr[data-pair="NOPE/USDT"]')
        assert await row.locator(".problem").inner_text() == "Unknown symbol"

        async def nothing_is_missing():
            return await page.locator("#missing").count() == 0

        # A source may be slow just now; what nobody has would be missing for ever.
        assert await until(nothing_is_missing)
        await row.get_by_role("button").click()
        assert await pairs_of(page) == ["BTC/USDT"]
        assert page.complaints == []


async def test_a_click_on_a_row_opens_its_chart(page_of):
    """Anywhere in the row; its name is a link for the keyboard."""
    async with page_of("") as page:
        await filled(page)
        await page.locator('tr[data-pair="ETH/USDT"] .volume').click()
        await page.wait_for_url("**/chart?symbol=ETH%2FUSDT")


async def test_a_bad_day_shows_what_was_last_known_with_its_age(altered_page):
    """Dimmed, and a muted dash only where nothing was ever known; one banner says why."""
    async with altered_page((OVERVIEW, lost)) as page:
        await filled(page)
        known, never = (page.locator(f'tr[data-pair="{one}"]') for one in ("BTC/USDT", "ETH/USDT"))
        assert re.search(r"\d", await known.locator(".last > span").inner_text())
        assert "14 min ago" in await known.locator(".last .since").inner_text()
        opacity = "one => getComputedStyle(one).opacity"
        assert float(await known.locator(".last > span").evaluate(opacity)) < 1
        assert await never.locator(".last > span").inner_text() == "—"
        assert await never.locator(".way").inner_text() == "—"
        assert await never.locator("[data-way]").count() == 0
        assert await page.locator(".failure").count() == 0
        assert await page.locator("main > .banner").count() == 1
        banner = page.locator("#missing")
        assert (
            "6 prices, the whole market, headlines and fear and greed" in await banner.inner_text()
        )
        why = await banner.get_by_role("link", name="Why?").get_attribute("href")
        assert "explain?capability=ticker&symbol=BTC%2FUSDT" in why
        assert "last known, 14 min ago" in await page.inner_text("#mood-from")
        assert await page.locator(".gauge").is_visible()
        assert page.complaints == []


async def test_without_a_value_there_is_no_dial(altered_page):
    """A sentence stands in its place."""

    def change(body):
        lost(body)
        body["mood"]["last_known"] = None

    async with altered_page((OVERVIEW, change)) as page:
        await filled(page)
        assert await page.locator(".gauge").is_hidden()
        assert "Not known yet" in await page.inner_text('[data-panel="mood"]')


def days_in(value):
    """Every day of fear and greed in a recorded answer: its value and the word of its source."""
    if isinstance(value, dict):
        if "value_classification" in value:
            yield int(value["value"]), value["value_classification"].lower()
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from days_in(one)


def recorded_moods():
    return sorted(
        {
            (provider, *day)
            for provider in ("alternative_me", "coinmarketcap")
            for path in (SAMPLES / provider / "samples").glob("fear_greed*.json")
            for day in days_in(json.loads(path.read_text()))
        }
    )


async def test_the_dial_is_cut_at_the_classes_of_its_source(page_of):
    """Every recorded day lies in the piece of the class its source gave it."""
    days = recorded_moods()
    assert {provider for provider, _, _ in days} == {"alternative_me", "coinmarketcap"}
    async with page_of("") as page:
        placed = await page.evaluate(
            """async days => {
              const page = document.querySelector("script[type=module]").src;
              const { bordersOf } = await import(new URL("mood.js", page));
              const names = ["extreme fear", "fear", "neutral", "greed", "extreme greed"];
              return days.map(([provider, value]) =>
                names[bordersOf(provider).filter(border => value >= border).length]);
            }""",
            days,
        )
    assert placed == [word for _, _, word in days]


async def test_the_needle_follows_the_word_of_the_source_at_a_border(page_of):
    """A border that would put the value into another class gives way."""
    async with page_of("") as page:
        borders = await page.evaluate(
            """async () => {
              const page = document.querySelector("script[type=module]").src;
              const { bordersOf } = await import(new URL("mood.js", page));
              return [bordersOf("any", 25, "Extreme Fear"), bordersOf("any", 40, "Neutral")];
            }"""
        )
        assert borders == [[26, 47, 55, 76], [25, 40, 55, 76]]


async def test_ages_go_on_when_the_server_is_gone(page_of):
    """No age stands still, whether anybody answers or not."""
    async with page_of("", before=with_clock) as page:
        await filled(page)
        await page.route("**/api/**", lambda route: route.abort())
        ages = [page.locator(one).first for one in ("#mood-from .since", ".fact .since")]
        for _ in range(2):
            before = [await one.inner_text() for one in ages]
            # An age of more than a minute is written in whole ones.
            await passing(page, 62)
            for age, text in zip(ages, before, strict=True):
                assert await age.inner_text() != text


def turned(body):
    """Two sources went offline together, one before; another was asked for the first time."""
    at = body["server_time"]
    state = {
        "kind": "state_change", "provider": None, "before": "HEALTHY", "after": "OFFLINE",
        "outcome": "OFFLINE", "message": "", "hops": [], "own": False, "request_id": None,
    }  # fmt: skip
    body["events"]["items"] = [
        {"id": 1, "t": at - 400000, **state, "source": "okx", "reason": "upstream_timeout"},
        {"id": 2, "t": at - 9000, **state, "source": "htx", "after": "HEALTHY",
         "before": "UNKNOWN", "reason": "success"},
        {"id": 3, "t": at - 8000, **state, "source": "kraken", "reason": "upstream_tls"},
        {"id": 4, "t": at - 7000, **state, "source": "binance", "reason": "upstream_tls"},
    ]  # fmt: skip
    down = ("okx", "kraken", "binance")
    for one in body["providers"]:
        one["state"] = "OFFLINE" if one["name"] in down else "HEALTHY"
    for one in body["capabilities"]:
        one["status"] = "ONLINE"


def no_incidents(body):
    """What other tests broke on this server is not of this one."""
    body["incidents"] = []


async def test_sources_that_turned_together_are_told_of_together(altered_page):
    """Several in one line, with the way to all of them; one alone leads to its incidents."""
    async with altered_page((MONITOR, turned), (INCIDENTS, no_incidents)) as page:
        await filled(page)
        rows = page.locator("#changes li")
        await rows.first.wait_for()
        assert await rows.locator("a").all_inner_texts() == [
            "2 sources offline",
            "HTX found healthy",
            "OKX offline",
        ]
        why = await rows.first.locator(".note").inner_text()
        assert why == "no secure connection · Binance, Kraken"
        links = await rows.locator("a").evaluate_all("all => all.map(one => one.href)")
        assert links[0].endswith("providers?state=offline")
        assert links[2].endswith("incidents?source=okx")


def only_first_answers(body):
    """As on a server that was just started: nothing but sources that were found to be well."""
    turned(body)
    body["events"]["items"] = body["events"]["items"][1:2]
    for one in body["providers"]:
        one["state"] = "HEALTHY"


def an_incident(body):
    """Of the run of the server before this one."""
    now = int(time.time() * 1000)
    body["incidents"] = [
        {"kind": "source", "name": "gemini", "title": "Gemini", "severity": "minor",
         "started_at": now - 7_200_000, "ended_at": now - 7_100_000,
         "cause": {"code": "upstream_timeout", "message": ""}},
    ]  # fmt: skip


def only_a_cursor(body):
    """Nothing happened in this run of the server."""
    only_first_answers(body)
    body["events"]["items"] = []


@pytest.mark.parametrize(
    ("change", "incidents"),
    [(turned, no_incidents), (only_first_answers, no_incidents), (only_a_cursor, an_incident)],
    ids=["turned", "first answers", "before the restart"],
)
async def test_what_changed_is_what_the_monitor_lists(altered_page, change, incidents):
    """The overview never says that nothing changed while the monitor lists changes."""
    told = {}
    for path, line in (("", "#changes li a"), ("system-monitor", "#changes .what")):
        changes = ((MONITOR, change), (INCIDENTS, incidents))
        async with altered_page(*changes, path=path) as page:
            await page.locator(line).first.wait_for()
            told[path] = await page.locator(line).all_inner_texts()
            # An answer may still be on its way through the change.
            await page.unroute_all(behavior="ignoreErrors")
    assert told[""] == told["system-monitor"]


@pytest.mark.parametrize("width", [390, 768, 1440, 1920])
async def test_what_changed_is_never_cut(altered_page, width):
    """A line that is too long for its place takes two."""

    def change(body):
        turned(body)
        for one in body["capabilities"]:
            if one["name"] != "text_sentiment":
                one.update(status="OFFLINE", usable=0)

    changes = ((MONITOR, change), (INCIDENTS, no_incidents))
    async with altered_page(*changes, viewport={"width": width, "height": 900}) as page:
        await filled(page)
        await page.locator("#changes li a", has_text="capabilities cannot be answered").wait_for()
        cut = await page.locator("#changes li a").evaluate_all(
            "all => all.filter((one) => one.scrollWidth > one.clientWidth"
            " || one.scrollHeight > one.clientHeight + 1).map((one) => one.innerText)"
        )
        assert cut == []
        await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("width", [1440, 1920])
async def test_a_bad_day_leaves_no_hole_between_the_cards(altered_page, width):
    """Under the markets stands what there is to say, whatever is tall beside it."""

    def never(body):
        lost(body)
        for one in [*body["markets"]["pairs"], body["mood"]]:
            one["last_known"] = None

    changes = ((OVERVIEW, never), (MONITOR, turned), (INCIDENTS, no_incidents))
    async with altered_page(*changes, viewport={"width": width, "height": 1000}) as page:
        await filled(page)
        await page.wait_for_selector('[data-panel="mood"][data-never]')
        below = await page.evaluate("""(() => {
          const boxes = [...document.querySelectorAll(".grid .card")]
            .map((one) => one.getBoundingClientRect());
          const markets = document.querySelector('[data-panel="markets"]').getBoundingClientRect();
          return Math.min(...boxes.filter((one) => one.left < markets.right
            && one.top >= markets.bottom).map((one) => one.top - markets.bottom));
        })()""")
        assert 0 < below <= 20
        await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("width", [1100, 1440, 1920])
async def test_few_headlines_leave_no_hole(altered_page, width):
    """Both sides end at much the same height, and no two cards stand further apart than others."""

    def few(body):
        body["news"]["data"]["items"] = body["news"]["data"]["items"][:3]

    changes = ((OVERVIEW, few), (MONITOR, turned), (INCIDENTS, no_incidents))
    async with altered_page(*changes, viewport={"width": width, "height": 1000}) as page:
        await filled(page)
        await page.wait_for_selector("#news li")
        gaps = await page.evaluate("""(() => {
          const boxes = [...document.querySelectorAll(".grid .card")]
            .map((one) => one.getBoundingClientRect());
          return boxes.map((box) => Math.min(...boxes.filter((one) => one.top >= box.bottom
            && one.left < box.right && one.right > box.left).map((one) => one.top - box.bottom)));
        })()""")
        assert all(0 < gap <= 20 for gap in gaps if gap < 10_000), gaps
        await page.unroute_all(behavior="ignoreErrors")


@pytest.mark.parametrize("day", ["good", "bad"])
@pytest.mark.parametrize("width", [390, 768, 1440, 1920])
async def test_no_card_lies_on_another(altered_page, width, day):
    """Wherever the cards stand on this day and at this width."""

    def never(body):
        lost(body)
        for one in [*body["markets"]["pairs"], body["mood"]]:
            one["last_known"] = None

    changes = [(OVERVIEW, never)] if day == "bad" else []
    async with altered_page(*changes, viewport={"width": width, "height": 1000}) as page:
        await filled(page)
        await page.wait_for_selector('[data-panel="mood"]:not([aria-busy="true"])')
        laid = await page.evaluate("""(() => {
          const cards = [...document.querySelectorAll(".grid .card")]
            .map((one) => [one.dataset.panel, one.getBoundingClientRect()]);
          return cards.flatMap(([name, a], at) => cards.slice(at + 1)
            .filter(([, b]) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1
              && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1)
            .map(([other]) => `${name} and ${other}`));
        })()""")
        assert laid == []
        await page.unroute_all(behavior="ignoreErrors")


async def test_a_trouble_whose_end_was_missed_does_not_last_for_ever(altered_page):
    """What the answer says of a source holds, where the event of its end was not told."""

    def change(body):
        turned(body)
        for one in body["providers"]:
            one["state"] = "HEALTHY"

    async with altered_page((MONITOR, change), (INCIDENTS, no_incidents)) as page:
        await filled(page)
        first = page.locator("#changes li a", has_text="OKX")
        await first.wait_for()
        assert await first.inner_text() == "OKX was offline"


@pytest.mark.parametrize("day", ["good", "bad"])
@pytest.mark.parametrize("width", [390, 768, 1440])
async def test_nothing_moves_while_the_page_fills(altered_page, width, day):
    """The place of what comes later is kept, whatever the day is like."""
    changes = [(OVERVIEW, lost), (MONITOR, worst)] if day == "bad" else []
    async with altered_page(*changes, viewport={"width": width, "height": 844}) as page:
        await filled(page)
        await page.wait_for_timeout(1500)
        assert await shift_of(page) < LIMIT
        assert await page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [390, 768, 1440])
async def test_a_verdict_that_comes_late_moves_hardly_anything(page_of, width):
    """A busy machine tells the state long after the prices; a long sentence has its place."""

    async def late(page):
        await watch_shifts(page)

        async def answer(route):
            reply = await route.fetch()
            body = await reply.json()
            worst(body)
            await page.wait_for_timeout(1_500)
            await route.fulfill(response=reply, json=body)

        await page.route(MONITOR, answer)

    view = {"width": width, "height": 844}
    async with page_of("", before=late, viewport=view) as page:
        await filled(page)
        await expect(page.locator(".verdict .word")).to_have_text("OFFLINE")
        await page.wait_for_timeout(800)
        assert await shift_of(page) < LIMIT
        await page.unroute_all(behavior="ignoreErrors")


async def test_a_phone_shows_what_needs_a_look_and_the_rest_when_asked(altered_page):
    """The board is folded to what is not up, and every button can be touched."""

    def change(body):
        body["capabilities"][0]["status"] = "OFFLINE"

    async with altered_page((MONITOR, change), viewport={"width": 390, "height": 844}) as page:
        await filled(page)
        shown = page.locator("#board li:visible")
        assert await shown.count() == 1
        await page.click("#fold")
        assert await shown.count() > 10
        for link in await page.locator("#markets tbody th a").all():
            assert (await link.bounding_box())["height"] >= 44


async def test_a_wide_screen_has_a_third_column_and_headlines_in_two(page_of):
    """From 1800 px on the whole width is used."""
    async with page_of("", viewport={"width": 1920, "height": 1080}) as page:
        await filled(page)
        await page.wait_for_selector("#news li >> nth=1")
        boxes = [
            await page.locator(f'[data-panel="{name}"]').bounding_box()
            for name in ("markets", "board", "changes")
        ]
        assert len({round(one["y"]) for one in boxes}) == 1
        assert boxes[0]["x"] < boxes[1]["x"] < boxes[2]["x"]
        first, second = [await page.locator("#news li").nth(at).bounding_box() for at in (0, 1)]
        assert first["y"] == second["y"]
        assert second["x"] > first["x"]
