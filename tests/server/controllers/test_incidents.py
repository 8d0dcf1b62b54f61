"""`/api/incidents`: what is listed, how it is asked for, and what is refused."""

import pytest

from coinmux import Unreachable

FAILS = Unreachable("no route to host")


async def fail(world, name, count=3):
    for _ in range(count):
        world.clock.advance(0.5)
        target = f"/api/market/ticker?symbol=BTC/USDT&max_age_s=0&provider={name}"
        await world.client.get(target)
    world.clock.advance(5)
    await world.gateway._incidents.round()


async def test_an_incident_is_listed_with_its_course_and_the_requests_it_cost(app_of):
    """Who answered meanwhile is counted by request, by source."""
    async with app_of(a=[FAILS], b=[2.0], c=[3.0]) as world:
        await fail(world, "a")
        for n in range(3):
            world.clock.advance(0.5)
            await world.client.get(
                "/api/market/ticker?symbol=BTC/USDT&max_age_s=0", headers={"X-Request-ID": f"r-{n}"}
            )
        world.clock.advance(5)
        await world.gateway._incidents.round()
        answer = await world.client.get("/api/incidents?source=a")
        assert answer.headers["cache-control"] == "no-store"
        (found,) = answer.json()["incidents"]
        assert (found["kind"], found["name"], found["title"]) == ("source", "a", "A")
        assert found["ended_at"] is None
        assert found["cause"] == {"code": "upstream_unreachable", "message": "no route to host"}
        assert found["answered_by"] == [{"provider": "b", "title": "B", "requests": 3}]
        detail = (await world.client.get(f"/api/incidents/{found['id']}")).json()
        assert detail.items() >= found.items()
        assert [one["what"] for one in detail["timeline"]] == ["began"]
        assert [one["request_id"] for one in detail["requests"]] == ["r-0", "r-1", "r-2"]
        part = (await world.client.get(f"/api/pages/incident?id={found['id']}")).json()
        assert part == {"found": True, "incident": detail, "problem": None}


async def test_pages_follow_each_other(app_of):
    """With the same filters, to the end, each incident once."""
    scripts = {name: [FAILS] for name in "abcde"}
    async with app_of(**scripts, z=[1.0]) as world:
        for name in "abcde":
            await fail(world, name)
        seen, target = [], "/api/incidents?kind=source&limit=2"
        page = (await world.client.get(target)).json()
        while True:
            seen += [one["name"] for one in page["incidents"]]
            if page["next"] is None:
                break
            page = (await world.client.get(f"{target}&cursor={page['next']}")).json()
        assert seen == list("edcba")


async def test_without_any_incident_the_list_is_empty_and_says_where_it_is_kept(app_of):
    async with app_of(a=[1.0]) as world:
        body = (await world.client.get("/api/incidents")).json()
        assert (body["incidents"], body["next"], body["kept"]) == ([], None, "memory")
        assert body["known_since"] == world.gateway.started_ms


async def test_a_name_that_is_unknown_is_no_error(app_of):
    """It may have been removed since; a page asks for what its address says."""
    async with app_of(kraken=[1.0]) as world:
        answer = await world.client.get("/api/incidents?source=kracken&capability=tickr")
        assert answer.status_code == 200
        assert answer.json()["notes"] == [
            "no source is called 'kracken' now; did you mean kraken?",
            "no capability is called 'tickr' now; did you mean ticker?",
        ]


@pytest.mark.parametrize(
    ("query", "name", "message"),
    [
        ("kind=sources", "kind", "takes one of source, capability, service"),
        ("state=closed", "state", "takes one of open, ended"),
        ("severity=bad", "severity", "takes one of minor, major, critical"),
        ("from=yesterday", "from", "takes"),
        ("to=1764000000", "to", "takes milliseconds"),
        ("from=2026-02-01&to=2026-01-01", "from", "lies after `to`"),
        ("limit=0", "limit", "takes a whole number from 1 to 200"),
        ("limit=x", "limit", "takes a whole number from 1 to 200"),
        ("cursor=1", "cursor", "takes `next` of the page before"),
        (f"source={'x' * 121}", "source", "takes at most 120 characters"),
        ("sorce=a", "sorce", "is no parameter of this route"),
        ("source=", "source", "is empty"),
        ("kind=source&kind=source", "kind", "is given more than once"),
    ],
)
async def test_wrong_input_is_refused_by_name(app_of, query, name, message):
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get(f"/api/incidents?{query}")
        assert answer.status_code == 400
        (error,) = answer.json()["errors"]
        assert error["name"] == name
        assert error["message"].startswith(message)


async def test_an_unknown_incident_is_not_found_and_for_a_page_an_answer(app_of):
    """A page's question is never an error in the browser's console."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get("/api/incidents/1764000000000-0123abcd")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        part = await world.client.get("/api/pages/incident?id=nonsense")
        assert part.status_code == 200
        assert part.json() == {
            "found": False,
            "incident": None,
            "problem": {"code": "not_found", "detail": "no incident is kept under 'nonsense'"},
        }
        assert (await world.client.get("/api/pages/incident")).status_code == 400


async def test_a_feed_reader_reads_the_feed_of_incidents(app_of):
    """By a real parser: each incident once, with its link, and what no XML may hold replaced."""
    import feedparser

    settings = {"PUBLIC_URL": "https://coinmux.example.com/"}
    says = Unreachable("<b>no</b> & route \x00 'to' \ufffe host")
    async with app_of(settings, a=[says], b=[2.0], c=[3.0]) as world:
        empty = await world.client.get("/api/incidents.atom")
        assert feedparser.parse(empty.content).entries == []
        await fail(world, "a")
        answer = await world.client.get("/api/incidents.atom?kind=source")
        assert answer.headers["content-type"] == "application/atom+xml"
        read = feedparser.parse(answer.content)
        assert (read.bozo, read.version) == (False, "atom10")
        (entry,) = read.entries
        (found,) = (await world.client.get("/api/incidents?kind=source")).json()["incidents"]
        assert entry.link == f"https://coinmux.example.com/incidents?id={found['id']}"
        assert entry.id == f"tag:coinmux,2026:incident:{found['id']}"
        assert entry.title == f"{found['severity']}, open: A"
        assert entry.summary_detail.type == "text/plain"
        assert "<b>no</b> & route" in entry.summary
        assert b"<b>" not in answer.content
        assert {tag.term for tag in entry.tags} == {"source", found["severity"], "open"}
        assert read.feed.links[0].href == "https://coinmux.example.com/api/incidents.atom"
        refused = await world.client.get("/api/incidents.atom?kind=nosuch")
        assert refused.status_code == 400
