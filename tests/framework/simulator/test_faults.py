"""Faults ordered of a simulator, as they come over the wire."""

import asyncio
import contextlib
import gzip
import zlib

import pytest

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.simulator.faults import FEED_KINDS, KINDS, BadFault, FaultOrder
from coinmux.framework.simulator.simulator import Simulator
from coinmux.framework.testing.bind import outbound

TICKER = "/acme/ticker?pair=BTC-USDT"


@pytest.fixture
async def simulator(acme):
    async with Simulator([acme]) as running:
        yield running


@pytest.fixture
async def client(simulator, connect):
    return await connect(simulator.url)


@pytest.mark.parametrize(
    ("row", "kind", "arguments", "code"),
    [
        ("A4", "reset", {}, "upstream_disconnected"),
        ("A6", "disconnect", {}, "upstream_disconnected"),
        ("A7", "reset", {"midway": True}, "upstream_disconnected"),
        ("A8", "hang", {}, "upstream_timeout"),
        ("A9", "drip", {"seconds": 0.1}, "upstream_timeout"),
        ("B1", "status", {"code": 202, "body": {"last": 1}}, "upstream_status"),
        ("B2", "status", {"code": 204}, "upstream_empty"),
        ("B3", "empty", {}, "upstream_empty"),
        ("B4", "redirect", {"location": "http://169.254.169.254/"}, "upstream_redirect"),
        ("B8", "status", {"code": 401}, "upstream_auth"),
        ("B11", "status", {"code": 502}, "upstream_status"),
        ("B12", "rate_limit", {"retry_after": 7}, "upstream_rate_limited"),
        ("B14", "status", {"code": 418}, "upstream_banned"),
        ("B15", "status", {"code": 451}, "upstream_geo_blocked"),
        ("B17", "garbage", {}, "upstream_protocol"),
        ("B20", "truncate", {}, "upstream_disconnected"),
        ("B20", "disconnect", {"midway": True}, "upstream_disconnected"),
        ("C5", "bad_gzip", {}, "upstream_encoding"),
        ("C7", "html", {}, "upstream_challenge"),
        ("C7", "html", {"challenge": False}, "upstream_not_json"),
        (
            "C8",
            "html",
            {"challenge": False, "content_type": "application/json"},
            "upstream_not_json",
        ),
        ("D1", "malformed_json", {}, "upstream_malformed"),
        ("D7", "status", {"code": 200, "body": "null"}, "upstream_empty"),
        ("D8", "status", {"code": 200, "body": {}}, "upstream_empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_the_client_recognises_a_fault(simulator, row, kind, arguments, code):
    """Each kind is what the catalogue's row says it is."""
    simulator.order("acme", kind, **arguments)
    url = simulator.base_url("acme")
    async with outbound(url, timeout_s=0.4) as http:
        with pytest.raises(CoinmuxError) as caught:
            await http.get_json("/ticker", {"pair": "BTC-USDT"})
    assert caught.value.code == code


async def test_json_of_another_type_is_json(simulator):
    """C8: the content type alone is no failure."""
    simulator.order("acme", "wrong_content_type")
    async with outbound(simulator.base_url("acme")) as http:
        assert (await http.get_json("/ticker", {"pair": "BTC-USDT"}))["base"] == "BTC"


async def test_another_pairs_data(simulator, client):
    """E2: asked for one pair, the answer is whole and about another."""
    simulator.order("acme", "wrong_symbol", count=2)
    body = (await client.get(TICKER)).json()
    assert body["symbol"] == "XDG-USDT"
    assert float(body["last"]) < 1
    assert (await client.get("/acme/ticker?pair=XDG-USDT")).json()["symbol"] == "XRP-USDT"


async def test_negative_prices(simulator, client):
    """E1: every price is below zero, of candles too."""
    simulator.order("acme", "negative_price", count=2)
    body = (await client.get(TICKER)).json()
    assert float(body["last"]) < 0
    assert body["bid"] < 0
    rows = (await client.get("/acme/candles/BTC-USDT/1hr?limit=3")).json()["result"]["rows"]
    assert all(float(price) < 0 for row in rows for price in row[1:5])


async def test_seconds_for_milliseconds(simulator, client):
    """E3: a time is a thousandth of what it should be."""
    good = (await client.get(TICKER)).json()
    simulator.order("acme", "seconds_for_ms")
    bad = (await client.get(TICKER)).json()
    assert abs(bad["time"] - good["time"] // 1000) <= 2
    assert bad["at"].startswith("1970-01-2")


async def test_status_with_headers_and_body(simulator, client):
    """What is ordered is sent as it is."""
    simulator.order("acme", "status", code=503, headers={"Retry-After": "9"}, body={"why": "x"})
    reply = await client.get(TICKER)
    assert (reply.status, reply.headers["retry-after"], reply.json()) == (503, "9", {"why": "x"})


async def test_retry_after_is_sent_as_it_is(simulator, client):
    """B12: dates, nonsense and none at all can be ordered."""
    for told in ("-5", "Wed, 21 Oct 2099 07:28:00 GMT", 1e9, None):
        simulator.order("acme", "rate_limit", count=1, retry_after=told)
        reply = await client.get(TICKER)
        assert reply.status == 429
        assert reply.headers.get("retry-after") == (None if told is None else str(told))


async def test_half_a_gzip_stream(simulator, client):
    """C5: it begins well and does not end."""
    simulator.order("acme", "bad_gzip")
    reply = await client.get(TICKER)
    assert reply.headers["content-encoding"] == "gzip"
    with pytest.raises(EOFError):
        gzip.decompress(reply.body)
    assert zlib.decompressobj(wbits=31).decompress(reply.body).startswith(b'{"symbol"')


async def test_a_delay_and_then_the_answer(simulator, client):
    """A late answer is a good one, and the next request waits its turn."""
    simulator.order("acme", "delay", count=1, seconds=0.05)
    client.send("GET", TICKER)
    client.send("GET", "/acme@data/tvl")
    assert (await client.read()).json()["base"] == "BTC"
    assert (await client.read()).json()["tvl"] == 12.5


async def test_the_sources_own_errors_can_be_ordered(simulator, client):
    """D9: its sample of an error is played, whatever was asked."""
    simulator.order("acme", "sample", outcome="upstream_rate_limited")
    assert (await client.get("/acme@data/tvl")).json() == {"code": 7, "msg": "slow down"}


async def test_an_order_is_for_so_many_answers(simulator, client):
    """After `count` answers the source is well again; orders are carried out in turn."""
    simulator.order("acme", "status", 2, code=500)
    simulator.order("acme", "status", 1, code=502)
    statuses = [(await client.get(TICKER)).status for _ in range(4)]
    assert statuses == [500, 500, 502, 200]
    assert [call.fault for call in simulator.log] == ["status"] * 3 + [None]
    assert simulator.faults() == []


async def test_an_order_is_for_what_it_names(simulator, client):
    """A capability, host or channel; the rest of the source stays well."""
    simulator.order("acme", "status", code=500, capability="candles")
    simulator.order("acme", "status", code=501, host="data")
    simulator.order("*", "status", code=502, channel="one")
    assert (await client.get(TICKER)).status == 200
    assert (await client.get("/acme/candles/BTC-USDT/1hr?limit=3")).status == 500
    assert (await client.get("/acme@data/tvl")).status == 501
    assert (await client.get("/acme:one/feed")).status == 502
    assert (await client.get("/acme:two/feed")).status == 200


async def test_orders_over_http(simulator, client):
    """Given, listed with what is left, and cleared."""
    order = {"provider": "acme", "kind": "status", "code": 500, "count": 3}
    assert (await client.ask("POST", "/_simulator/faults", order)).status == 201
    assert (await client.get(TICKER)).status == 500
    listed = (await client.get("/_simulator/faults")).json()
    assert listed == {"faults": [{**order, "left": 2, "done": 1}]}
    assert (await client.ask("DELETE", "/_simulator/faults/other")).json() == {"cleared": 0}
    assert (await client.ask("DELETE", "/_simulator/faults/acme")).json() == {"cleared": 1}
    simulator.order("*", "hang")
    assert (await client.ask("DELETE", "/_simulator/faults")).json() == {"cleared": 1}
    assert (await client.get(TICKER)).status == 200


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ({}, {"provider", "kind"}),
        ({"provider": "acme", "kind": "explode"}, {"kind"}),
        ({"provider": "nobody", "kind": "hang"}, {"provider"}),
        ({"provider": "acme", "kind": "hang", "count": 0}, {"count"}),
        ({"provider": "acme", "kind": "hang", "code": 500}, {"code"}),
        ({"provider": "acme", "kind": "delay", "seconds": -1}, {"seconds"}),
        ({"provider": "acme", "kind": "delay", "second": 1}, {"second"}),
        ({"provider": "acme", "kind": "status", "code": 7}, {"code"}),
        ({"provider": "acme", "kind": "status", "headers": {"a": "b\r\nc: d"}}, {"headers"}),
        ({"provider": "acme", "kind": "redirect", "location": "a b"}, {"location"}),
        ({"provider": "acme", "kind": "sample"}, {"outcome"}),
        ({"provider": "acme", "kind": "sample", "outcome": "upstream_banned"}, {"outcome"}),
        ({"provider": "acme", "kind": "hang", "channel": "three"}, {"channel"}),
        ({"provider": "acme", "kind": "hang", "host": "three"}, {"host"}),
        ({"provider": "acme", "kind": "hang", "capability": "gas"}, {"capability"}),
        ([], {"body"}),
        (b"{", {"body"}),
        (b"\xff", {"body"}),
    ],
)
async def test_bad_orders_name_the_field(simulator, client, order, names):
    """400 with each field that is wrong, and nothing ordered."""
    reply = await client.ask("POST", "/_simulator/faults", order)
    assert reply.status == 400
    assert {error["name"] for error in reply.json()["errors"]} == names
    assert all(error["message"] for error in reply.json()["errors"])
    assert simulator.faults() == []


async def test_browsers_cannot_order(simulator, client):
    """A page that is open somewhere sends an Origin and is refused."""
    order = {"provider": "acme", "kind": "hang"}
    reply = await client.ask("POST", "/_simulator/faults", order, Origin="https://evil.example")
    assert reply.status == 403
    assert simulator.faults() == []
    assert (await client.ask("PUT", "/_simulator/faults", order)).status == 404


def test_orders_in_process_are_checked():
    """The same checks, raised with the fields."""
    assert FaultOrder("acme", "status", code=503, count=1).code == 503
    with pytest.raises(BadFault) as caught:
        FaultOrder.read({"provider": "acme", "kind": "hang", "seconds": 3})
    assert caught.value.errors == [{"name": "seconds", "message": "hang takes nothing"}]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in FEED_KINDS])
async def test_no_kind_hurts_the_next_answer(simulator, connect, kind):
    """Over a fresh connection the source is well again, whatever it did on the last one."""
    arguments = {"outcome": "unknown_symbol"} if kind == "sample" else {}
    simulator.order("acme", kind, count=1, **arguments)
    first = await connect(simulator.url)
    first.send("GET", TICKER)
    await asyncio.sleep(0.02)
    second = await connect(simulator.url)
    assert (await second.get(TICKER)).json()["base"] == "BTC"


async def test_a_client_that_goes_leaves_nothing_behind(simulator, connect):
    """Deliveries under way end with their connection."""
    for kind in ("hang", "drip", "delay"):
        simulator.order("acme", kind, count=1)
        client = await connect(simulator.url)
        client.send("GET", TICKER)
        await asyncio.sleep(0.02)
        client.writer.transport.abort()
    await asyncio.sleep(0.02)
    assert simulator._server.tasks == set()
    assert simulator._server.peers == set()


async def test_a_stop_ends_what_hangs(acme, connect):
    """Nobody is kept waiting, and no task is left."""
    before = asyncio.all_tasks()
    async with Simulator([acme]) as simulator:
        simulator.order("acme", "hang", count=1)
        simulator.order("acme", "drip", count=1)
        clients = [await connect(simulator.url) for _ in range(3)]
        for client in clients:
            client.send("GET", TICKER)
        await asyncio.sleep(0.02)
    for client in clients:
        with contextlib.suppress(ConnectionError):
            await asyncio.wait_for(client.reader.read(), timeout=1)
    assert asyncio.all_tasks() == before
