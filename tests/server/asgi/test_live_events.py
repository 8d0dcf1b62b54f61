"""Live feeds as server-sent events, several markets in one stream."""

import asyncio
import json

from coinmux.server.asgi.live_events import Sent
from tests.server.live_streams import ScriptedStream, event


def parsed(chunk):
    found = []
    for block in chunk.decode().strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        found.append((lines["id"], lines["event"], json.loads(lines["data"])))
    return found


async def test_what_waits_is_sent_in_one_piece():
    """A batch is one write, each event with its id, kind and data."""
    stream = ScriptedStream((event(1, 100.0, kind="snapshot"), event(2, 101.0)), ())
    (chunk,) = [chunk async for chunk in Sent([stream])]
    (first, second) = parsed(chunk)
    assert first[:2] == ("f-1", "snapshot")
    assert second[:2] == ("f-2", "update")
    assert second[2]["data"]["last"] == 101.0
    assert second[2]["subject"] == "BTC/USDT"
    assert stream.closed


async def test_an_id_resumes_every_market():
    """It has the newest id of each, in the order of the markets."""
    one, other = ScriptedStream(), ScriptedStream()
    events = Sent([one, other])
    other.say(event(7, 3_000.0, subject="ETH/USDT"))
    ((ident, _, _),) = parsed(await anext(events))
    assert ident == ",f-7"
    one.say(event(2, 101.0))
    ((ident, _, _),) = parsed(await anext(events))
    assert ident == "f-2,f-7"
    await events.aclose()
    assert one.closed
    assert other.closed


async def test_a_market_that_ends_leaves_the_others():
    """The stream is over when the last one is."""
    one, other = ScriptedStream(()), ScriptedStream((event(1, 1.0),))
    events = Sent([one, other])
    assert parsed(await anext(events))[0][0] == ",f-1"
    other.end()
    assert [chunk async for chunk in events] == []


async def test_leaving_while_all_are_quiet_closes_them():
    """A caller may go at any time."""
    streams = [ScriptedStream(), ScriptedStream()]
    events = Sent(streams)
    waiting = asyncio.ensure_future(anext(events))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await events.aclose()
    assert all(stream.closed for stream in streams)


async def test_what_was_never_sent_is_closed_too():
    """A question for the head alone begins no body."""
    streams = [ScriptedStream(), ScriptedStream()]
    await Sent(streams).aclose()
    assert all(stream.closed for stream in streams)
