"""`GET /api/feeds`: what is followed, by whom, and over which connections."""

import time

import msgspec
import pytest

from coinmux.framework.streams import connections, feed, service
from coinmux.server.monitoring.live_figures import (
    LiveFeedFigures,
    all_feeds,
    live_figures_of,
    summed_live,
)
from tests.framework.streams.exchange import until
from tests.server.live_exchange import opened, served

pytestmark = pytest.mark.realtime
PATH = "/api/feeds"


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Nothing lingers."""
    monkeypatch.setattr(connections, "_LINGER_S", 0.02)
    monkeypatch.setattr(connections, "_FIRST_S", 0.02)
    monkeypatch.setattr(service, "_LINGER_S", 0.02)
    monkeypatch.setattr(feed, "_QUIET_S", 60)
    monkeypatch.setattr(feed, "_TICK_S", 0.02)


async def test_where_nothing_is_followed_nothing_is_listed(live):
    """The answer is 200 all the same, and the monitor counts none."""
    async with served(live) as world:
        report = (await world.client.get(PATH)).json()
        assert (report["feeds"], report["sockets"], report["left_out"]) == ([], [], 0)
        assert report["updated"] > 1_700_000_000_000
        monitor = (await world.client.get("/api/monitor")).json()
        assert monitor["feeds"]["total"] == 0


async def test_a_feed_and_its_connection_are_listed(live):
    """Who tells it since when, to how many readers, and what was counted."""
    async with served(live) as world:
        stream = await opened(world, "candles", "BTC/USDT", interval="1m", first=_candle())
        answer = await world.client.get(PATH)
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        report = answer.json()
        (row,) = report["feeds"]
        assert (row["capability"], row["subject"]) == ("candles", "BTC/USDT 1m")
        assert (row["query"], row["strategy"]) == ({"interval": "1m"}, "priority")
        assert (row["state"], row["provider"], row["title"]) == ("live", "acme", "Acme")
        assert row["since"] <= row["last_message"] + 1 <= report["updated"] + 1
        assert (row["readers"], row["messages"], row["failovers"]) == (1, 1, 0)
        assert (row["reconnects"], row["gaps"], row["dropped"], row["left_out"]) == (0, 0, 0, 0)
        assert row["messages_per_s"] > 0
        assert (row["reason"], row["told_by"]) == (None, None)
        (socket,) = report["sockets"]
        assert (socket["provider"], socket["title"], socket["socket"]) == ("acme", "Acme", "")
        assert (socket["state"], socket["channels"], socket["reconnects"]) == ("open", 1, 0)
        assert socket["messages"] >= 1
        assert socket["last_frame"] <= report["updated"]
        assert socket["opened"] <= report["updated"]
        assert socket["bytes"] > 0
        assert (socket["retry_at"], socket["reason"]) == (None, None)
        monitor = (await world.client.get("/api/monitor")).json()
        assert {name: monitor["feeds"][name] for name in ("total", "live", "readers")} == {
            "total": 1, "live": 1, "readers": 1,
        }  # fmt: skip
        await stream.close()


async def test_a_feed_that_was_lost_says_so(live):
    """How often it was begun anew, and why its connection was lost; without its address."""
    async with served(live) as world:
        stream = await opened(world, "ticker", "BTC/USDT", first=("t:BTC-USDT", 101))
        world.exchange.cut()
        await until(lambda: world.gateway.feeds()[0].reconnects == 1)
        report = (await world.client.get(PATH)).json()
        assert report["feeds"][0]["reconnects"] == 1
        (socket,) = report["sockets"]
        assert socket["reconnects"] == 1
        assert socket["reason"]
        assert "s3cret" not in str(report)
        await stream.close()


async def test_what_does_not_belong_is_refused(live):
    """As on every route."""
    async with served(live) as world:
        answer = await world.client.get(PATH, params={"symbol": "BTC/USDT"})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["name"] == "symbol"


async def test_the_feeds_of_all_workers_are_listed_together(live):
    """As they come from the others' files; those that need a look before others."""
    async with served(live) as world:
        stream = await opened(world, "ticker", "BTC/USDT", first=("t:BTC-USDT", 101))
        own = live_figures_of(world.gateway)
        other = msgspec.msgpack.decode(msgspec.msgpack.encode(own), type=LiveFeedFigures)
        assert other == own
        report = all_feeds([own, None, other], 5)
        assert [row.subject for row in report.feeds] == ["BTC/USDT"] * 2
        assert [row.provider for row in report.sockets] == ["acme"] * 2
        assert (report.left_out, report.updated) == (0, 5)
        many = [
            msgspec.structs.replace(other.listed[0], subject=f"A{at}/B", state=state)
            for at in range(300)
            for state in ("live", "stale")
        ]
        crowd = msgspec.structs.replace(
            other, listed=many, feeds=[("ticker", "live", 300), ("ticker", "stale", 300)]
        )
        report = all_feeds([crowd], 5)
        states = [row.state for row in report.feeds]
        assert (states.count("stale"), states.count("live")) == (300, 200)
        assert report.left_out == 100
        await stream.close()


async def test_what_ended_workers_counted_is_kept(live):
    """Counters never go back when their figures are added together."""
    async with served(live) as world:
        stream = await opened(world, "ticker", "BTC/USDT", first=("t:BTC-USDT", 101))
        own = live_figures_of(world.gateway)
        total = summed_live([own, None, own])
        counted = {(what, name): count for what, name, count in total.counted}
        assert counted["messages", "ticker"] == 2
        assert dict(total.heard) == {name: 2 * count for name, count in own.heard}
        assert (total.listed, total.feeds, total.connections) == ([], [], [])
        assert summed_live([None]) is None
        await stream.close()


def _candle():
    minute = int(time.time() // 60) * 60_000
    return "c:BTC-USDT", [[minute, "100", "101", "100", "101", "1", False]]


async def test_a_feed_is_explained(live):
    """Each source in order, and what happened; the same in Python."""
    async with served(live) as world:
        stream = await opened(world, "ticker", "BTC/USDT", first=("t:BTC-USDT", 101))
        asked = {"capability": "ticker", "symbol": "btc-usdt"}
        answer = await world.client.get(f"{PATH}/explain", params=asked)
        assert answer.status_code == 200
        found = answer.json()
        assert (found["followed"], found["state"], found["provider"]) == (True, "live", "acme")
        (line,) = found["candidates"]
        assert (line["verdict"], line["reason"], line["rank"]) == ("chosen", "tells", 1)
        assert [one["provider"] for one in found["switches"]] == ["acme"]
        asked = {"capability": "order-book", "symbol": "BTC/USDT", "depth": "5"}
        found = (await world.client.get(f"{PATH}/explain", params=asked)).json()
        assert (found["followed"], found["query"]) == (False, {"depth": 5})
        assert found["candidates"][0]["verdict"] == "chosen"
        assert len(world.gateway.feeds()) == 1
        await stream.close()


@pytest.mark.parametrize(
    ("asked", "status", "name"),
    [
        ({}, 400, "capability"),
        ({"capability": "gas", "symbol": "BTC/USDT"}, 400, "capability"),
        ({"capability": "ticker"}, 400, "symbol"),
        ({"capability": "ticker", "symbol": "BTC/USDT", "depth": "5"}, 400, "depth"),
        ({"capability": "order_book", "symbol": "BTC/USDT", "depth": "x"}, 400, "depth"),
        ({"capability": "ticker", "symbol": "BTC/USDT", "since": "x"}, 400, "since"),
        ({"capability": "ticker", "symbol": "BTC/USDT", "provider": "nobody"}, 404, None),
    ],
)
async def test_what_cannot_be_explained_is_a_problem(live, asked, status, name):
    """With the parameter's name."""
    async with served(live) as world:
        answer = await world.client.get(f"{PATH}/explain", params=asked)
        assert answer.status_code == status
        if name is not None:
            assert answer.json()["errors"][0]["name"] == name
