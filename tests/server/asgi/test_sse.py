"""`GET /api/stream` and `GET /api/status/public` over a socket."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from coinmux.framework.errors import UpstreamTimeout
from coinmux.server.asgi import sse
from coinmux.server.asgi.scope import STATE, RequestState

pytestmark = pytest.mark.realtime
TICKER = "/api/market/ticker?symbol=BTC/USDT"


class Reader:
    """Server-sent events as a browser reads them."""

    def __init__(self, answer):
        self._lines = answer.aiter_lines()
        self.comments = 0

    async def next(self):
        """Name, id and data of the next event."""
        event, ident, data = "message", None, []
        async for line in self._lines:
            name, _, value = line.partition(": ")
            if line.startswith(":"):
                self.comments += 1
                if not data:
                    return None
            elif name == "event":
                event = value
            elif name == "id":
                ident = value
            elif name == "data":
                data.append(value)
            elif not line and data:
                return event, ident, json.loads("\n".join(data))
        raise EOFError


@asynccontextmanager
async def watching(world, **headers):
    async with world.client.stream("GET", "/api/stream", headers=headers, timeout=10) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        yield Reader(answer)


async def test_events_come_as_they_happen(live):
    """The same events as of the monitor, in order, each with the cursor to resume from."""
    async with live(a=[UpstreamTimeout("slow")], b=[2.0]) as world, watching(world) as reader:
        name, _, data = await reader.next()
        assert name == "hello"
        since = data["cursor"]
        await world.client.get(TICKER)
        await world.client.get(TICKER)
        got = [await reader.next() for _ in range(4)]
        assert {name for name, _, _ in got} == {"message"}
        events = [data for _, _, data in got]
        assert [one["kind"] for one in events] == [
            "state_change", "state_change", "failover", "cache_hit",
        ]  # fmt: skip
        idents = [ident for _, ident, _ in got]
        assert idents == sorted(idents)
        picture = (await world.client.get("/api/monitor", params={"since": since})).json()
        assert picture["events"]["items"] == events
        assert picture["server"]["streams"] == 1


async def test_a_stream_resumes(live):
    """What happened in between comes first, and nothing twice."""
    async with live(a=[1.5]) as world:
        await world.client.get(TICKER)
        async with watching(world) as reader:
            await reader.next()
            await world.client.get(TICKER)
            _, seen, first = await reader.next()
        for _ in range(3):
            await world.client.get(TICKER)
        async with watching(world, **{"Last-Event-ID": seen}) as reader:
            got = [await reader.next() for _ in range(3)]
            ids = [data["id"] for _, _, data in got]
            assert ids == [first["id"] + 1, first["id"] + 2, first["id"] + 3]


async def test_a_resume_that_cannot_be_is_a_reset(live):
    """An id of nobody's: `reset`, then the newest."""
    async with live(a=[1.5]) as world:
        await world.client.get(TICKER)
        async with watching(world, **{"Last-Event-ID": "of-another-run"}) as reader:
            assert (await reader.next())[0] == "reset"
            kinds = [(await reader.next())[2]["kind"] for _ in range(2)]
            assert kinds == ["state_change", "request"]


async def test_a_burst_is_counted(live):
    """Six hundred at once: the newest 500, and how many were left out."""
    async with live(a=[1.5]) as world, watching(world) as reader:
        await reader.next()
        for _ in range(600):
            scope = {
                "method": "GET", "path_template": "/api/market/ticker", STATE: RequestState(),
            }  # fmt: skip
            world.desk.recorder.request(scope, 1, 200, 1.0, None)
        name, ident, data = await reader.next()
        assert (name, ident, data) == ("dropped", None, {"dropped": 100})
        ids = [(await reader.next())[2]["id"] for _ in range(500)]
        assert ids == list(range(101, 601))


async def test_silence_is_kept_alive(live, monkeypatch):
    """A comment after so much silence."""
    monkeypatch.setattr(sse, "HEARTBEAT_S", 0.1)
    async with live(a=[1.5]) as world, watching(world) as reader:
        await reader.next()
        assert await reader.next() is None
        assert reader.comments == 1


async def test_a_watcher_who_leaves_is_forgotten(live):
    """And a watcher is no request of the monitor's."""
    async with live(a=[1.5]) as world:
        async with watching(world) as reader:
            await reader.next()
            assert world.desk.streams.open == 1
        for _ in range(100):
            if not world.desk.streams.open:
                break
            await asyncio.sleep(0.02)
        assert world.desk.streams.open == 0
        assert world.desk.recorder.last == 0


async def test_streams_are_bounded(live, monkeypatch):
    """One more than may be is told when to come again."""
    monkeypatch.setattr(sse, "MOST_STREAMS", 1)
    async with live(a=[1.5]) as world, watching(world) as reader:
        await reader.next()
        answer = await world.client.get("/api/stream")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "30"


async def test_an_indicator_stream_is_recorded_when_it_begins(live):
    """Not when it ends, which may be hours later."""
    from coinmux.framework.plugins.discovery import PluginLoader

    found = PluginLoader().discover(allow=("sma",))
    async with live(_found=found, a=[1.5]) as world:
        target = "/api/indicators/sma/stream?symbol=BTC&interval=1m"
        async with world.client.stream("GET", target) as answer:
            await anext(answer.aiter_bytes())
            picture = (await world.client.get("/api/monitor")).json()
            made = [one for one in picture["events"]["items"] if one["request_id"]]
            assert [one["operation"] for one in made] == ["indicator"]
            assert made[0]["latency_ms"] < 5_000
        await asyncio.sleep(0.1)
        assert world.desk.recorder.last == picture["events"]["items"][-1]["id"]


class TestPublicStatus:
    """The one route that any page may read."""

    async def test_it_says_little(self, live):
        """States, counts and one sentence; no details, no names of hosts, no texts of errors."""
        async with live(a=[UpstreamTimeout("secret-host.example timed out")]) as world:
            for _ in range(4):
                await world.client.get(TICKER)
            answer = await world.client.get(
                "/api/status/public", headers={"Origin": "https://other.example"}
            )
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["cache-control"] == "no-store"
            assert "access-control-allow-credentials" not in answer.headers
            body = answer.json()
            assert set(body) == {
                "status", "reason", "verdict", "since", "capabilities", "providers", "channels",
                "services", "server_time",
            }  # fmt: skip
            assert body["status"] == "OFFLINE"
            assert body["providers"] == {
                "total": 1, "healthy": 0, "degraded": 0, "offline": 1, "unknown": 0, "disabled": 0,
            }  # fmt: skip
            assert all(set(one) == {"name", "status"} for one in body["services"])
            assert "secret-host" not in answer.text

    async def test_a_browser_may_ask_first(self, live):
        """OPTIONS is answered, on this route alone."""
        async with live(a=[1.0]) as world:
            asked = {
                "Origin": "https://other.example", "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "x-request-id",
            }  # fmt: skip
            answer = await world.client.options("/api/status/public", headers=asked)
            assert answer.status_code == 204
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["access-control-allow-methods"] == "GET, HEAD"
            assert answer.content == b""

    async def test_no_other_route_is_shared(self, live):
        """Neither GET nor OPTIONS of any other route has a header of CORS."""
        async with live(a=[1.0]) as world:
            targets = [path.replace("{", "x").replace("}", "") for _, path in routes_of(world)]
            for target in {*targets, "/", "/static/site.css", "/docs", "/schema/openapi.json"}:
                if target in ("/api/status/public", "/api/stream"):
                    continue
                for method in ("GET", "OPTIONS"):
                    answer = await world.client.request(
                        method, target, headers={"Origin": "https://other.example"}
                    )
                    shared = [one for one in answer.headers if one.startswith("access-control")]
                    assert shared == [], (method, target)


def routes_of(world):
    return world.desk.monitor.routes
