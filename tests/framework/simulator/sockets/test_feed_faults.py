"""Faults ordered of a feed, as a plain client sees them."""

import asyncio
import contextlib
import itertools
import json
from decimal import Decimal

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from coinmux.framework.simulator.faults import FEED_KINDS, BadFault
from coinmux.framework.simulator.simulator import Simulator

BTC = "BTC-USDT"


async def ended(client):
    """Read until the connection ends; the code."""
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionClosedError):
            async for _ in client.socket:
                pass
    return client.socket.close_code


async def frames(client, count):
    """The next frames, heartbeats left out."""
    return [await client.frame() for _ in range(count)]


async def test_a_drop_cuts_the_connection(simulator, open_socket):
    """Without a close frame; the next connection is well."""
    client = await open_socket()
    await client.follow("ticker")
    simulator.order("acme", "feed_drop", count=1)
    assert await ended(client) == 1006
    again = await open_socket()
    await again.follow("ticker")
    assert await again.told("ticker")
    assert simulator.faults() == []


async def test_a_drop_may_be_for_those_who_follow_something(simulator, open_socket):
    """By capability or by channel."""
    one, other = await open_socket(), await open_socket()
    await one.follow("ticker", every_ms=50)
    await other.follow("trades", "ETH-USDT")
    simulator.order("acme", "feed_drop", channel="trades:ETH-USDT")
    assert await ended(other) == 1006
    assert await one.told("ticker")
    simulator.clear()
    simulator.order("acme", "feed_drop", capability="ticker")
    assert await ended(one) == 1006


async def test_silence_leaves_signs_of_life(simulator, open_socket):
    """No data; heartbeats and answers go on, and afterwards the feed."""
    client = await open_socket()
    simulator.order("acme", "feed_silence")
    await client.follow("ticker", every_ms=50)
    heard = []
    while heard.count({"beat": 1}) < 2:
        heard.append(json.loads(await client.socket.recv()))
    assert heard == [{"beat": 1}] * 2
    simulator.clear()
    assert await client.told("ticker")


async def test_silence_may_be_of_everything(simulator, open_socket):
    """No heartbeat, no answer, no pong, though the connection is open."""
    client = await open_socket()
    await client.frame()
    simulator.order("acme", "feed_silence", heartbeats=False)
    pong = await client.socket.ping()
    await client.say("follow", "ticker", every_ms=50)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(client.socket.recv(), 1.3)
    assert not pong.done()
    simulator.clear()
    assert await client.told("ticker")


async def test_a_gap_leaves_a_difference_out(simulator, open_socket):
    """Its numbers are missing."""
    client = await open_socket()
    await client.follow("order_book", every_ms=50)
    last = (await client.told("order_book"))["last"]
    simulator.order("acme", "feed_gap", count=1, capability="order_book")
    gaps = 0
    while not gaps:
        said = await client.told("order_book")
        gaps += said["first"] != last + 1
        last = said["last"]
    assert (await client.told("order_book"))["first"] == last + 1


async def test_lost_trades_are_missing_by_their_ids(simulator, open_socket):
    """As if the exchange had never sent them."""
    client = await open_socket()
    await client.follow("trades")
    last = (await client.told("trades"))[-1][0]
    simulator.order("acme", "feed_gap", count=1)
    assert (await client.told("trades"))[0][0] > last + 1


async def test_a_wrong_checksum_is_asked_of_the_exchange(simulator, open_socket):
    """Of books alone: other messages stay as they are."""
    client = await open_socket()
    await client.follow("ticker", every_ms=50)
    simulator.order("acme", "feed_checksum", count=1)
    assert await client.told("ticker")
    await client.follow("order_book", every_ms=50)
    assert (await client.told("order_book"))["wrong"]
    assert not (await client.told("order_book"))["wrong"]


async def test_a_duplicate_comes_twice(simulator, open_socket):
    """The same frame again."""
    client = await open_socket()
    await client.follow("order_book", every_ms=50)
    simulator.order("acme", "feed_duplicate", count=1)
    seen = [await client.told("order_book") for _ in range(4)]
    assert any(one == other for one, other in itertools.pairwise(seen))


async def test_a_message_comes_after_the_next(simulator, open_socket):
    """Out of order, but not lost."""
    client = await open_socket()
    await client.follow("order_book", every_ms=50)
    await client.told("order_book")
    simulator.order("acme", "feed_reorder", count=1)
    seen = [await client.told("order_book") for _ in range(6)]
    lasts = [one["last"] for one in seen]
    assert lasts != sorted(lasts)
    ordered = sorted(seen, key=lambda one: one["last"])
    assert all(later["first"] == one["last"] + 1 for one, later in itertools.pairwise(ordered))


async def test_a_book_may_be_crossed(simulator, open_socket):
    """Its best bid is above its best ask."""
    client = await open_socket()
    simulator.order("acme", "feed_crossed", count=1)
    await client.follow("order_book", every_ms=50)
    bid, ask = (Decimal(one) for one in (await client.told("order_book"))["best"])
    assert bid > ask
    bid, ask = (Decimal(one) for one in (await client.told("order_book"))["best"])
    assert bid < ask


@pytest.mark.parametrize("kind", ["ticker", "trades", "order_book", "candles"])
async def test_a_message_may_be_about_another_pair(simulator, open_socket, kind):
    """On the channel of the one that is followed."""
    client = await open_socket()
    simulator.order("acme", "feed_wrong_symbol", count=1)
    more = {"interval": "1m"} if kind == "candles" else {}
    await client.follow(kind, every_ms=50, **more)
    wrong, right = [said for said in await frames(client, 2) if said["channel"] == f"{kind}:{BTC}"]
    assert wrong["pair"] != "BTC/USDT"
    assert right["pair"] == "BTC/USDT"


async def test_a_lie_is_in_every_price(simulator, open_socket):
    """Of a ticker, a candle, a trade and a level alike."""
    client = await open_socket()
    await client.follow("ticker", every_ms=50)
    true = Decimal((await client.told("ticker"))["last"])
    simulator.order("acme", "feed_lie", percent=50)
    await client.follow("candles", interval="1m", every_ms=50)
    await client.follow("order_book", every_ms=50)
    await client.follow("trades", past=2)
    prices = {}
    while len(prices) < 4:
        said = await client.frame()
        data, kind = said["data"], said["channel"].partition(":")[0]
        if kind == "order_book" and not data["bids"]:
            continue
        where = {
            "ticker": lambda d: d["last"],
            "candles": lambda d: d["close"],
            "order_book": lambda d: d["bids"][0][0],
            "trades": lambda d: d[0][3],
        }[kind]
        prices[kind] = Decimal(where(data))
        if abs(prices[kind] / true - 1) < Decimal("0.1"):
            # Told before the order.
            del prices[kind]
    assert all(abs(price / true - Decimal("1.5")) < Decimal("0.02") for price in prices.values())


async def test_a_flood_says_a_message_often(simulator, open_socket):
    """As often as it is ordered."""
    client = await open_socket()
    simulator.order("acme", "feed_flood", times=500, count=1)
    await client.follow("ticker")
    seen = await frames(client, 500)
    assert all(one == seen[0] for one in seen)


async def test_half_a_message_is_no_json(simulator, open_socket):
    """The connection goes on."""
    client = await open_socket()
    simulator.order("acme", "feed_half", count=1)
    await client.follow("ticker", every_ms=50)
    with pytest.raises(json.JSONDecodeError):
        await client.frame()
    assert await client.told("ticker")


async def test_garbage_is_no_frame(simulator, open_socket):
    """The client ends the connection: the protocol is broken."""
    client = await open_socket()
    await client.follow("ticker", every_ms=50)
    simulator.order("acme", "feed_garbage", count=1)
    assert await ended(client) in (1002, 1006)


async def test_a_deaf_exchange_answers_no_ping(simulator, open_socket):
    """Nor a subscription; what is followed is told on."""
    client = await open_socket()
    await client.follow("ticker", every_ms=50)
    simulator.order("acme", "feed_deaf")
    pong = await client.socket.ping()
    await client.say("follow", "trades")
    seen = await frames(client, 5)
    assert all(one["channel"] == f"ticker:{BTC}" for one in seen)
    assert not pong.done()


async def test_a_slow_close_says_goodbye_and_stays(simulator, open_socket):
    """The client must not wait for the end."""
    client = await open_socket()
    await client.follow("ticker", every_ms=50)
    simulator.order("acme", "feed_slow_close", seconds=0.3, count=1)
    began = asyncio.get_running_loop().time()
    assert await ended(client) == 1001
    assert asyncio.get_running_loop().time() - began > 0.2


async def test_a_subscription_is_refused_in_the_exchanges_words(simulator, open_socket):
    """The one that is meant, so many times."""
    client = await open_socket()
    simulator.order("acme", "feed_refuse", count=1, capability="trades")
    await client.follow("ticker")
    await client.say("follow", "trades")
    assert {"error": "refused"} in await frames(client, 2)
    await client.follow("trades")
    assert simulator.socket_calls["acme"].followed[f"trades:{BTC}"] == 1
    assert simulator.socket_calls["acme"].subscribed[f"trades:{BTC}"] == 1


@pytest.mark.parametrize(
    ("arguments", "status"),
    [({}, 418), ({"code": 429, "retry_after": 7}, 429), ({"code": 403}, 403)],
)
async def test_a_ban_refuses_the_handshake(simulator, arguments, status):
    """With the status that is ordered, and when to come again."""
    simulator.order("acme", "feed_ban", count=1, **arguments)
    url = simulator.socket_url("acme")
    with pytest.raises(InvalidStatus) as caught:
        await connect(url)
    answer = caught.value.response
    assert answer.status_code == status
    assert answer.headers.get("Retry-After") == ("7" if "retry_after" in arguments else None)
    async with connect(url, close_timeout=0.2):
        pass
    assert simulator.socket_calls["acme"].opened == 1


@pytest.mark.parametrize(
    ("kind", "arguments", "field"),
    [
        ("feed_ban", {"code": 200}, "code"),
        ("feed_ban", {"code": 499}, "code"),
        ("feed_gap", {"capability": "gas"}, "capability"),
        ("feed_gap", {"percent": 3}, "percent"),
        ("feed_flood", {"times": 1}, "times"),
    ],
)
def test_an_order_is_checked(acme, kind, arguments, field):
    """The field that is wrong is named."""
    with pytest.raises(BadFault) as caught:
        Simulator([acme]).order("acme", kind, **arguments)
    assert [one["name"] for one in caught.value.errors] == [field]


async def test_a_feed_and_rest_have_faults_of_their_own(simulator, open_socket):
    """An order for one leaves the other alone."""
    for kind in sorted(FEED_KINDS):
        simulator.order("acme", kind, channel="ticker:ETH-USDT")
    simulator.order("acme", "hang")
    client = await open_socket()
    await client.follow("ticker", every_ms=50)
    assert (await client.told("ticker"))["last"]
    assert all(one["done"] == 0 for one in simulator.faults())
