"""What goes wrong on the way to a server, and what is tried again."""

import asyncio
import socket

import pytest

from coinmux import InvalidRequest, NoProviderAvailable, Overloaded
from coinmux.client import AsyncClient, BadAnswer, Refused, Retries, ServerUnreachable
from coinmux.framework.client.faults import error_of
from tests.framework.client.conftest import PROBLEM, TICKER, reply

LIMITED = (
    b'{"title":"Too many requests","status":429,"code":"rate_limited","detail":"wait","request_id":'
    b'"r-1"}'
)
AWAY = (
    b'{"title":"No source","status":503,"code":"no_provider_available","detail":"all are off",'
    b'"request_id":"r-2","candidates":[{"provider":"a","reason":"circuit_open"}]}'
)


def later(status, body, seconds):
    return reply(status, body, f"Retry-After: {seconds}", kind=PROBLEM)


async def test_what_is_refused_for_now_is_asked_again_when_the_server_says(answering, pauses):
    """429 and 503, after as many seconds as `Retry-After` has; and the answer is given."""
    replies = [later(429, LIMITED, 3), later(503, AWAY, 1), reply(200, TICKER)]
    async with answering(*replies) as server, AsyncClient(server.url) as client:
        assert (await client.ticker("BTC/USDT")).data.last == 7.0
        assert pauses == [3.0, 1.0]
        assert len(server.requests) == 3


async def test_it_is_not_asked_more_often_than_that(answering, pauses):
    """The error of the last answer is raised, with when it may work."""
    async with answering(later(503, AWAY, 2)) as server, AsyncClient(server.url) as client:
        with pytest.raises(NoProviderAvailable) as caught:
            await client.ticker("BTC/USDT")
        assert len(server.requests) == 3
        assert caught.value.retry_after_s == 2
        assert caught.value.candidates[0]["reason"] == "circuit_open"
        assert caught.value.extra["request_id"] == "r-2"


@pytest.mark.parametrize(
    ("retries", "seconds"), [(Retries(most=0), 1), (Retries(longest_wait_s=5), 60)]
)
async def test_retries_are_switched_off_and_bounded(answering, pauses, retries, seconds):
    """Nobody waits for an hour in a call."""
    async with (
        answering(later(429, LIMITED, seconds)) as server,
        AsyncClient(server.url, retries=retries) as client,
    ):
        with pytest.raises(Refused) as caught:
            await client.ticker("BTC/USDT")
        assert (caught.value.code, caught.value.retry_after_s) == ("rate_limited", seconds)
        assert (len(server.requests), pauses) == (1, [])


@pytest.mark.parametrize("status", [400, 404, 500, 502, 504])
async def test_what_would_fail_again_is_asked_once(answering, pauses, status):
    """An error of the request or of the sources is an answer."""
    body = b'{"status":%d,"code":"invalid_request","detail":"no","request_id":"r"}' % status
    async with (
        answering(reply(status, body, kind=PROBLEM)) as server,
        AsyncClient(server.url) as client,
    ):
        with pytest.raises(InvalidRequest):
            await client.ticker("BTC/USDT")
        assert len(server.requests) == 1


async def test_a_server_that_is_away_is_tried_again(pauses):
    """No request was sent, so none is made twice."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    async with AsyncClient(url) as client:
        with pytest.raises(ServerUnreachable) as caught:
            await client.ticker("BTC/USDT")
        assert caught.value.was_sent is False
        assert pauses == [0.5, 1.0]


async def test_a_request_that_was_cut_is_not_made_again(answering, pauses):
    """The server may have had it."""
    cut = reply(200, TICKER)[:-20]
    for broken in (None, cut):
        async with answering(broken) as server, AsyncClient(server.url) as client:
            with pytest.raises(ServerUnreachable) as caught:
                await client.ticker("BTC/USDT")
            assert caught.value.was_sent is True
            assert (len(server.requests), pauses) == (1, [])


@pytest.mark.parametrize(
    "said",
    [
        b"garbage\r\n\r\n",
        reply(200, b"<html>", kind="text/html"),
        reply(200, b"{}"),
        reply(200, b'{"data": {}, "meta": {}}'),
        reply(200, TICKER.replace(b'"last":7.0', b'"last":"much"')),
        reply(200, TICKER.replace(b'"provider":"a",', b"")),
        reply(302, b"", "Location: http://127.0.0.1:1/"),
        reply(500, b"oops", kind="text/plain"),
        reply(400, b"{", kind=PROBLEM),
    ],
)
async def test_what_is_no_answer_of_coinmux_is_said_to_be_none(answering, said):
    """Another program listens there, or a proxy answered; no redirect is followed."""
    async with answering(said) as server, AsyncClient(server.url) as client:
        with pytest.raises(BadAnswer):
            await client.ticker("BTC/USDT")


async def test_a_server_that_says_nothing_is_left_in_time(answering):
    """After the request's own deadline and some seconds, or the client's."""
    gate = asyncio.Event()

    async def silent(reader, writer):
        await gate.wait()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with AsyncClient(url, timeout_s=0.2) as client:
        with pytest.raises(ServerUnreachable):
            await client.ticker("BTC/USDT")
    gate.set()
    listener.close()


def test_a_code_of_a_later_server_is_an_error_too():
    """Its members are kept; one that is known has all its attributes."""
    error = error_of({"code": "moon_away", "detail": "later", "status": 418, "request_id": "r"})
    assert (type(error), error.code, str(error)) == (Refused, "moon_away", "moon_away: later")
    assert error.extra == {"status": 418, "request_id": "r"}
    known = error_of({"code": "overloaded", "detail": "full"}, 3.0)
    assert isinstance(known, Overloaded)
    assert known.retry_after_s == 3.0
