"""Markets that a page follows: one stream, answered 200, refusals among its events."""

import asyncio
import json

import pytest

from coinmux import Unreachable
from coinmux.framework.errors import UnknownSymbol
from coinmux.server.asgi.live_params import read_questions
from coinmux.server.pages.followed import FollowedMarket, followed
from tests.server.live_streams import ScriptedStreams, event

PRICES, CANDLES = "/api/pages/ticker/stream", "/api/pages/candles/stream"


def told(error):
    return {"code": error.code}


def questions(gateway, symbols, capability="ticker"):
    return read_questions(capability, f"symbols={symbols}".encode(), None, gateway.parse_symbol)


def parsed(chunk):
    """The events of some bytes of a stream: name and data."""
    found = []
    for block in chunk.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


async def heard(client, target, most=20):
    """The events of a stream up to its end, or to the first with data."""
    found = []
    async with client.stream("GET", target, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream"
        async for chunk in answer.aiter_bytes():
            found += parsed(chunk)
            if len(found) >= most or any(data.get("data") for _, data in found):
                break
    return found


async def test_what_cannot_be_followed_is_an_event_and_ends_no_other(app_of):
    """The first has the titles of sources, so that the page can name who tells."""
    async with app_of(a=[1.0]) as world:
        streams = ScriptedStreams()
        asked = questions(world.gateway, "XXX/USDT,BTC/USDT")
        events = followed(world.gateway, asked, streams, told)
        ((kind, hello),) = parsed(await anext(events))
        assert (kind, hello["titles"]["a"]) == ("hello", "A")
        found = [*parsed(await anext(events)), *parsed(await anext(events))]
        by_kind = dict(found)
        assert by_kind["refused"]["subject"] == "XXX/USDT"
        assert by_kind["refused"]["error"] == {"code": UnknownSymbol.code}
        assert by_kind["snapshot"]["data"]["last"] == 100.0
        streams.streams["BTC/USDT"].say(event(2, 101.0))
        ((kind, update),) = parsed(await anext(events))
        assert (kind, update["data"]["last"]) == ("update", 101.0)
        await events.aclose()
        assert streams.streams["BTC/USDT"].closed


async def test_a_stream_that_is_left_while_its_feed_begins_leaves_nothing_open(app_of):
    """Opening may take long; the page may be gone by then."""
    async with app_of(a=[1.0]) as world:
        (question,) = questions(world.gateway, "BTC/USDT")
        begun = asyncio.Event()

        async def slow(question):
            begun.set()
            await asyncio.Event().wait()

        market = FollowedMarket(question, slow, told)
        waiting = asyncio.ensure_future(market.batch())
        await begun.wait()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await market.close()
        assert waiting.cancelled()


@pytest.mark.realtime
async def test_a_market_without_a_socket_is_told_as_it_is_asked_for(live):
    """`meta.live` is false then; candles are named with their interval."""
    async with live(a=[2.5]) as world:
        *_, (_, candles) = await heard(world.client, f"{CANDLES}?symbols=BTC/USDT&interval=1h")
        assert candles["subject"] == "BTC/USDT 1h"
        hello, (kind, told_) = await heard(world.client, f"{PRICES}?symbols=BTC/USDT")
        assert hello[0] == "hello"
        assert (kind, told_["subject"], told_["data"]["last"]) == ("snapshot", "BTC/USDT", 2.5)
        assert told_["meta"]["live"] is False


@pytest.mark.realtime
async def test_a_day_without_sources_is_answered_with_its_problem(live):
    """200, and the end; a browser's console stays empty."""
    async with live(a=[Unreachable("no route")]) as world:
        found = await heard(world.client, f"{PRICES}?symbols=BTC/USDT")
        assert [kind for kind, _ in found] == ["hello", "refused"]
        refused = found[1][1]
        assert refused["subject"] == "BTC/USDT"
        assert refused["error"]["status"] in (502, 503)
        assert refused["error"]["request_id"]


@pytest.mark.realtime
async def test_one_stream_too_many_is_answered_with_its_problem(live, monkeypatch):
    """A server that is full is no defect of the page."""
    async with live(a=[2.5]) as world:
        monkeypatch.setattr(world.desk.live, "_most", 0)
        ((kind, refused),) = await heard(world.client, f"{PRICES}?symbols=BTC/USDT")
        assert (kind, refused["error"]["code"]) == ("refused", "overloaded")


@pytest.mark.parametrize("target", [PRICES, f"{PRICES}?symbols=B/B", f"{CANDLES}?symbols=BTC&x=1"])
async def test_a_question_that_no_page_asks_is_refused(app_of, target):
    """A pair that is none, a parameter that there is not: defects are not hidden."""
    async with app_of(a=[1.0]) as world:
        assert (await world.client.get(target)).status_code == 400
