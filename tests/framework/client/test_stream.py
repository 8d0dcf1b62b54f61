"""Live feeds through the client: events as they come, and after a cut as if there was none."""

import asyncio

import pytest

from coinmux import InvalidRequest, NotFound, Ticker
from coinmux.client import AsyncClient, BadAnswer, Client, Refused, Retries
from tests.framework.client.conftest import PROBLEM, reply
from tests.framework.client.test_faults import LIMITED


def event(ident, kind="update", last=1.0, data=True):
    body = f'{{"symbol":"BTC/USDT","last":{last},"timestamp":1764000000000}}' if data else "null"
    meta = '{"provider":"a","live":true,"received_at":1764000000000,"missed":null}'
    return (
        f"id: {ident}\nevent: {kind}\n"
        f'data: {{"subject":"BTC/USDT","data":{body},"meta":{meta}}}\n\n'
    ).encode()


def streaming(*parts):
    """An answer without an end, cut after these."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    return head + b"".join(parts)


async def read(stream, count):
    found = []
    async for one in stream:
        found.append(one)
        if len(found) == count:
            break
    return found


async def test_a_markets_events_are_those_of_the_gateway(live):
    """Models, provenance and ids; polled here, as no socket tells it."""
    async with live(a=[1.0, 2.0]) as world, AsyncClient(world.base) as client:
        async with client.stream("ticker", "BTC/USDT") as stream:
            (first,) = await read(stream, 1)
        assert (first.kind, first.capability, first.subject) == ("snapshot", "ticker", "BTC/USDT")
        assert isinstance(first.data, Ticker)
        assert (first.data.last, first.meta.provider, first.meta.live) == (1.0, "a", False)
        assert first.id


async def test_a_plain_loop_reads_them_too(live):
    """From a thread without a loop."""
    async with live(a=[1.0]) as world:

        def ask():
            with Client(world.base) as client, client.stream("ticker", "BTC/USDT") as stream:
                return next(stream).data.last

        assert await asyncio.to_thread(ask) == 1.0


@pytest.mark.parametrize(
    ("capability", "symbol", "kind"),
    [("ticker", "?", InvalidRequest), ("moon", "BTC/USDT", NotFound)],
)
async def test_what_cannot_be_followed_is_refused_at_its_entry(live, capability, symbol, kind):
    """By the server's own error."""
    async with live(a=[1.0]) as world, AsyncClient(world.base) as client:
        with pytest.raises(kind):
            async with client.stream(capability, symbol):
                pass


async def test_a_cut_stream_goes_on_after_the_last_event(answering, pauses):
    """Half an event is not told; gaps are, as any other event."""
    replies = [
        streaming(b": hello\n\n", event("5", "snapshot"), event("6"), event("7")[:30]),
        streaming(event("8", "gap", data=False), event("9", last=3.0)),
        streaming(event("10")),
    ]
    async with (
        answering(*replies) as server,
        AsyncClient(server.url) as client,
        client.stream("ticker", "BTC/USDT", since="4") as stream,
    ):
        found = await read(stream, 5)
        assert stream.reopened == 2
    assert [one.id for one in found] == ["5", "6", "8", "9", "10"]
    assert (found[2].kind, found[2].data) == ("gap", None)
    asked = [
        head.lower().partition("last-event-id: ")[2].split("\r\n")[0] for head in server.requests
    ]
    assert asked == ["4", "6", "9"]


async def test_a_server_that_is_busy_is_waited_for(answering, pauses):
    """As it says; then the stream goes on."""
    limited = reply(429, LIMITED, "Retry-After: 2", kind=PROBLEM)
    replies = [streaming(event("1")), limited, streaming(event("2"))]
    async with (
        answering(*replies) as server,
        AsyncClient(server.url) as client,
        client.stream("ticker", "BTC/USDT") as stream,
    ):
        assert [one.id for one in await read(stream, 2)] == ["1", "2"]
    assert pauses == [2.0]


async def test_a_server_that_stays_busy_ends_it(answering, pauses):
    """With its error."""
    limited = reply(429, LIMITED, "Retry-After: 2", kind=PROBLEM)
    async with (
        answering(streaming(event("1")), limited) as server,
        AsyncClient(server.url, retries=Retries(most=1)) as client,
        client.stream("ticker", "BTC/USDT") as stream,
    ):
        assert (await anext(stream)).id == "1"
        with pytest.raises(Refused):
            await anext(stream)


@pytest.mark.parametrize(
    "said",
    [b"id: 1\nevent: update\ndata: {\n\n", event("1").replace(b'"last":1.0', b'"last":"x"')],
)
async def test_what_is_no_event_of_coinmux_is_said_to_be_none(answering, said):
    """It is not passed over: what it said is lost."""
    async with (
        answering(streaming(said)) as server,
        AsyncClient(server.url) as client,
        client.stream("ticker", "BTC/USDT") as stream,
    ):
        with pytest.raises(BadAnswer):
            await anext(stream)


async def test_a_stream_that_is_closed_ends(live):
    """Whoever waits for its next event waits no longer."""
    async with live(a=[1.0]) as world, AsyncClient(world.base) as client:
        async with client.stream("ticker", "BTC/USDT") as stream:
            await anext(stream)

            async def rest():
                return [one async for one in stream if one.kind == "gap"]

            waiting = asyncio.ensure_future(rest())
            await asyncio.sleep(0.05)
        assert await waiting == []
        assert [one async for one in stream] == []
