"""The page of incidents: what is open, what ended, one of them in full, and an address for each."""

import re
import time
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import expect

from tests.static.stillness import LIMIT, WATCH_SHIFTS, shift_of

AT = 1_764_000_000_000


def _incident(n, **more):
    """The incident of a source, begun `n` hours ago and over after one."""
    return {
        "id": f"{n:013d}-0123abcd", "kind": "source", "name": f"source{n}", "title": f"Source {n}",
        "severity": "minor", "started_at": -n, "ended_at": -n + 1, "unknown_until": None,
        "updated_at": -n, "duration_s": 3600.0, "down_s": 3600.0, "times": 1,
        "cause": {"code": "upstream_status", "message": "HTTP 520"},
        "reason": f"Source {n} was offline: HTTP 520.", "capabilities": ["ticker"],
        "answered_by": [{"provider": "kraken", "title": "Kraken", "requests": 12}],
        "failed_requests": 3, "notes": [], **more,
    }  # fmt: skip


def _page(incidents, **more):
    return {"incidents": incidents, "next": None, "kept": "archive", "known_since": None,
            "notes": [], **more}  # fmt: skip


OPEN = {"ended_at": None}
#: What happened, the newest first.
STORY = [
    _incident(2, kind="capability", name="ticker", title="Ticker", severity="critical", **OPEN),
    _incident(3, **OPEN, times=4),
    _incident(30, reason="Source 30 was offline: <b>HTTP</b> 520."),
    _incident(50, kind="service", name="process", title="coinmux", failed_requests=None,
              answered_by=[], reason="coinmux did not run: it was stopped."),
    _incident(80, unknown_until=-70),
]  # fmt: skip


@pytest.fixture
def told(page_of):
    """`async with told(body) as page`: the page, told of these; `page.asked` has its questions."""

    @asynccontextmanager
    async def make(body, path="incidents", *, alerts=None, windows=(), **options):
        asked = []

        async def before(page):
            now = await page.evaluate("Date.now()")

            def moved(one):
                hours = {
                    name: None if one[name] is None else now + one[name] * 3_600_000
                    for name in ("started_at", "ended_at", "updated_at", "unknown_until")
                }
                return {**one, **hours}

            async def listed(route):
                asked.append(route.request.url.partition("?")[2])
                await route.fulfill(json={**body, "incidents": [*map(moved, body["incidents"])]})

            async def shown(route):
                wanted = route.request.url.rpartition("=")[2]
                one = next((one for one in body["incidents"] if one["id"] == wanted), None)
                found = None
                if one is not None:
                    found = {
                        **moved(one),
                        "timeline": [{"at": now, "what": "began", "text": "HTTP 520"}],
                        "moments_left_out": 0,
                        "requests": [
                            {"request_id": "r-1", "at": now, "capability": "ticker",
                             "provider": None, "code": "all_providers_failed"}
                        ],
                    }  # fmt: skip
                problem = None if found else {"code": "not_found", "detail": "no such incident"}
                await route.fulfill(
                    json={"found": found is not None, "incident": found, "problem": problem}
                )

            await page.route("**/api/incidents?*", listed)
            if alerts is not None:
                kept = {"windows": [*windows], "kept": True, "read_at": now}
                await page.route("**/api/alerts", lambda one: one.fulfill(json=alerts))
                await page.route("**/api/maintenance", lambda one: one.fulfill(json=kept))
            await page.route("**/api/pages/incident?*", shown)

        async with page_of(path, before=before, **options) as page:
            page.asked = asked
            yield page

    return make


async def test_what_is_open_comes_first_the_worst_before_the_others(told):
    """Then day by day; a text of the server is text."""
    async with told(_page(STORY)) as page:
        await page.wait_for_selector(".incident")
        groups = await page.locator(".day h3").all_text_contents()
        assert groups[0] == "Open now"
        assert len(groups) >= 3
        rows = await page.locator(".incident strong").all_text_contents()
        assert rows[:2] == ["Source 2 was offline: HTTP 520.", "Source 3 was offline: HTTP 520."]
        assert rows[2] == "Source 30 was offline: <b>HTTP</b> 520."
        summary = await page.locator("#summary").text_content()
        assert summary == "2 open now: Ticker, Source 3. 5 incidents here."
        assert (
            "12 requests answered by others, 3 requests failed"
            in await page.locator(".incident small").first.text_content()
        )
        assert page.complaints == []


async def test_the_bar_has_every_incident_and_the_time_nothing_is_known_of(told):
    async with told(_page(STORY)) as page:
        await page.wait_for_selector(".incident")
        count = page.locator
        assert await count(".lanes .p-critical").count() == 1
        assert await count(".lanes .p-minor").count() == 3
        assert await count(".lanes .p-gone").count() == 1
        assert await count(".lanes .p-unknown").count() == 1
        label = await page.locator(".lanes").get_attribute("aria-label")
        assert label.startswith("5 incidents between")


async def test_an_incident_opens_with_an_address_and_back_closes_it(told, until):
    """Who answered, what happened and the decisions are there; the focus goes back to its row."""
    async with told(_page(STORY)) as page:
        await page.locator(".incident").nth(1).click()
        await page.wait_for_selector(".course li")
        await expect(page).to_have_url(re.compile(f"id={STORY[1]['id']}"))
        text = await page.locator("#detail").inner_text()
        for words in ("Kraken", "upstream_status", "4 times", "every source failed", "r-1"):
            assert words in text
        link = page.locator(".samples a")
        assert (await link.get_attribute("href")).endswith("explain?request=r-1")
        await page.go_back()

        async def is_closed():
            return not await page.locator("#drawer").evaluate("one => one.open")

        assert await until(is_closed)
        await expect(page).not_to_have_url(re.compile("id="))
        await page.go_forward()
        await page.wait_for_selector(".course li")
        await page.keyboard.press("Escape")
        assert await until(is_closed)
        await expect(page).not_to_have_url(re.compile("id="))
        assert "incident" in await page.evaluate("document.activeElement.className")
        assert page.complaints == []


async def test_filters_are_asked_for_and_kept_in_the_address(told, until):
    """A link with filters restores them; what no choice knows is not asked for."""
    path = "incidents?source=binance&kind=source&state=nonsense&last=24h"
    async with told(_page([]), path) as page:
        await page.wait_for_selector(".empty")
        assert await page.locator("[name=source]").input_value() == "binance"
        assert await page.locator("[name=state]").input_value() == ""
        assert "source=binance" in page.asked[0]
        assert "kind=source" in page.asked[0]
        assert "state" not in page.asked[0]
        await page.locator("[name=severity]").select_option("major")

        async def is_asked():
            return any("severity=major" in one for one in page.asked)

        assert await until(is_asked)
        await expect(page).to_have_url(re.compile("severity=major"))


async def test_nothing_wrong_is_said_and_memory_is_said_to_be_memory(told):
    body = _page([], kept="memory", known_since=AT, notes=["no source is called 'x' now"])
    async with told(body) as page:
        await page.wait_for_selector(".empty")
        text = await page.locator("main").inner_text()
        assert "Nothing went wrong: no incident in the last 7 days." in text
        assert "Kept in memory only, since" in text
        assert "No source is called 'x' now." in text


async def test_no_more_is_said_than_is_known(told):
    """What began a moment ago says so, in the sentence and in the bar of time."""
    body = _page([], kept="memory", known_since=int(time.time() * 1000) - 60_000)
    async with told(body) as page:
        await page.wait_for_selector(".empty")
        said = await page.inner_text(".empty")
        assert re.fullmatch(
            r"Nothing went wrong since [\d:]+; what was before is not known\.", said
        )
        assert await page.locator(".lanes .p-unknown").count() == 1


async def test_an_unknown_incident_is_said_and_the_console_stays_empty(page_of):
    """By the real server: an id, a name and a choice that mean nothing."""
    async with page_of("incidents?id=nonsense&source=kracken&kind=bogus&last=9y") as page:
        await page.wait_for_selector("#detail .empty")
        assert "no such incident" in await page.locator("#detail .empty").text_content()
        assert page.complaints == []


@pytest.mark.parametrize("width", [390, 768, 1440])
async def test_nothing_is_cut_and_hardly_anything_moves(told, width):
    """At each width: no sideways scrolling, every button inside, layout shift below 0.1."""
    async with told(_page(STORY), viewport={"width": width, "height": 844}) as page:
        await page.wait_for_selector(".incident")
        await page.evaluate(WATCH_SHIFTS)
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        await page.locator(".incident").first.click()
        await page.wait_for_selector(".course li")
        box = await page.locator("#detail header button").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert await shift_of(page) < LIMIT


async def test_a_broken_source_is_an_incident_while_one_looks(page_of, api, until):
    """By the real server, from the fault to its row, and to its end."""
    fault = next(name for name in api.get("/api/drill").json()["faults"] if name != "hang")
    assert api.post("/api/drill/kraken", json={"fault": fault}).status_code == 200
    try:
        async with page_of("incidents?source=kraken&last=24h") as page:
            for _ in range(4):
                api.get("/api/market/ticker?symbol=BTC/USDT&max_age_s=0&provider=kraken")
            await page.wait_for_selector(".incident[data-open]", timeout=30_000)
            row = await page.locator(".incident[data-open] strong").first.text_content()
            assert row.startswith("Kraken is offline")
            api.post("/api/drill/kraken", json={"fault": None})
            api.post("/api/source-health/reset/kraken")

            async def is_over():
                return await page.locator(".incident[data-open]").count() == 0

            assert await until(is_over)
            assert page.complaints == []
    finally:
        api.post("/api/drill/kraken", json={"fault": None})
        api.post("/api/source-health/reset/kraken")


async def test_the_page_says_what_was_sent_what_waits_and_what_is_in_maintenance(told):
    """As the server has it; its texts are text."""
    now = 1_764_000_000_000
    alerts = {
        "configured": True, "speaks": True, "links_to": "http://x", "quiet": True, "notes": [],
        "channels": [
            {"name": "mail", "kind": "mailto", "least": "major", "categories": ["quota"],
             "state": "failing", "trouble": "refused <i>", "sent": 3, "failed": 1, "waiting": 0}
        ],
        "messages": [
            {"at": now, "channel": "mail", "state": "sent", "sent_at": now + 5_000, "tries": 2,
             "trouble": None, "severity": "minor", "title": "[coinmux] MINOR: A",
             "body": "A is <b>offline</b>.\nhttp://x/incidents?id=1", "incidents": ["1"]}
        ],
        "held": [
            {"channel": "mail", "incident": "1", "title": "B", "what": "began",
             "why": "quiet hours"}
        ],
    }  # fmt: skip
    window = {"id": "1", "source": "kraken", "title": "Kraken", "from_at": now, "to_at": 2 * now,
              "note": "their upgrade", "made_at": now, "active": True}  # fmt: skip
    story = [_incident(2, **OPEN, maintenance=True)]

    async with told(_page(story), alerts=alerts, windows=[window]) as page:
        await page.wait_for_selector(".alerts.messages")
        assert "It is quiet hours" in await page.locator("#alerts > .note").text_content()
        assert "refused <i>" in await page.locator(".alerts.channels").text_content()
        assert "quiet hours" in await page.locator(".alerts.held").text_content()
        assert "nobody is alerted" in await page.locator(".alerts.windows").text_content()
        assert "in maintenance" in await page.locator(".incident small").first.text_content()
        await page.locator(".messages summary").click()
        assert await page.locator(".messages pre").text_content() == alerts["messages"][0]["body"]
        assert page.complaints == []
