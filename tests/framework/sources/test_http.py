"""What a fetch hook can ask of its `HTTP`, and where its keys go."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote

import pytest

from coinmux import (
    BadStatus,
    BlockedAddress,
    Channel,
    EnvVar,
    InvalidRequest,
    PluginError,
    ProviderBusy,
    ProviderError,
    ProviderInfo,
    UnknownSymbol,
    segment,
)
from coinmux.framework.secrets import echoes, without
from coinmux.framework.sources.binding import BoundSource
from coinmux.framework.testing.bind import INFO, OpenGate, outbound
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.raw_server import Peer, RawServer, response
from coinmux.framework.transport.client import ClientLimits
from coinmux.framework.transport.endpoint import Endpoint, encode_params


def info(**fields) -> ProviderInfo:
    values = {
        "name": "acme",
        "title": "Acme",
        "category": "market",
        "base_url": "https://api.acme.example/v1/",
    }
    return ProviderInfo(**{**values, **fields})


def address(source) -> str:
    origin = source.endpoint.origin
    return f"{origin.scheme}://{origin.netloc}{source.endpoint.prefix}"


def request_line(server: RawServer, index: int = -1) -> str:
    return server.requests[index].split(b"\r\n")[0].decode()


async def test_path_and_params():
    """Paths are appended, parameters keep their order, None is left out."""
    async with RawServer.answering(response()) as server, outbound(server.url + "/base/") as http:
        await http.get_json(
            "/t", {"b": "BTC/USDT", "a": 1, "f": 1.5, "t": True, "n": None, "s": "x y&z=é"}
        )
        assert request_line(server) == (
            "GET /base/t?b=BTC/USDT&a=1&f=1.5&t=true&s=x%20y%26z%3D%C3%A9 HTTP/1.1"
        )
        await http.get_json("/t?q=1", {"a": 2})
        assert request_line(server) == "GET /base/t?q=1&a=2 HTTP/1.1"
        await http.get_json("")
        assert request_line(server) == "GET /base/ HTTP/1.1"
        # Tickers of any script are pairs, and a plugin may write one into a path.
        await http.get_json("/t/币安:UST%2F")
        assert request_line(server) == "GET /base/t/%E5%B8%81%E5%AE%89:UST%2F HTTP/1.1"


async def test_rows_of_numbers_come_as_columns_and_errors_as_ever():
    """An error in place of the rows is the error it is without asking for them."""
    body, names = b'{"code":0,"data":[[1764000000000,"1.5",7]]}', ("timestamp", "open")
    async with RawServer.answering(response(body)) as server, outbound(server.url) as http:
        rows = (await http.get_json("/x", rows=names))["data"]
        assert rows.cells.tolist() == [[1764000000000, 1.5]]
        assert list(rows) == [[1764000000000, "1.5", 7]]
    for damaged in (b'{"error":"no"}', b"[[1764000000000,1", b"[]", b"<html>"):
        async with RawServer.answering(response(damaged)) as server, outbound(server.url) as http:
            with pytest.raises(ProviderError) as plain:
                await http.get_json("/x")
            with pytest.raises(type(plain.value)) as asked:
                await http.get_json("/x", rows=names)
            assert asked.value.detail == plain.value.detail


async def test_headers_of_a_request():
    """A request carries Host, Accept and what the call adds, once each."""
    async with RawServer.answering(response()) as server, outbound(server.url) as http:
        await http.get_json("/x", headers={"ACCEPT": "text/csv", "X-A": "1"})
        lines = server.requests[0].decode().split("\r\n")
        assert f"Host: 127.0.0.1:{server.port}" in lines
        assert "ACCEPT: text/csv" in lines
        assert "X-A: 1" in lines
        assert sum(line.lower().startswith("accept:") for line in lines) == 1


@pytest.mark.parametrize("headers", [{"X": "a\r\nY: b"}, {"X\n": "a"}, {"X": "a\0"}, {"": "a"}])
async def test_header_injection(headers):
    """A header that would become two is the plugin's failure."""
    async with outbound("http://127.0.0.1:1") as http:
        with pytest.raises(PluginError):
            await http.get_json("/x", headers=headers)


@pytest.mark.parametrize("path", ["/a b", "/a\r\nX: y", "/é b", "/a#b", "/\0"])
async def test_path_injection(path):
    """Blanks, line breaks and fragments are refused in a path."""
    async with outbound("http://127.0.0.1:1") as http:
        with pytest.raises(PluginError):
            await http.get_json(path)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("BTC", "BTC"),
        ("a/b", "a%2Fb"),
        ("../x", "..%2Fx"),
        ("é", "%C3%A9"),
        (7, "7"),
        ("?#", "%3F%23"),
    ],
)
def test_segment(value, expected):
    """A segment stays one segment."""
    assert segment(value) == expected


@pytest.mark.parametrize("value", [".", ".."])
def test_segment_refuses_dots(value):
    """A step up is no segment."""
    with pytest.raises(InvalidRequest):
        segment(value)


async def test_post():
    """A POST carries JSON with its length and type."""
    async with RawServer.answering(response()) as server, outbound(server.url) as http:
        assert await http.post_json("/rpc", {"id": 1}, params={"a": 1}) == {"ok": 1}
        assert request_line(server) == "POST /rpc?a=1 HTTP/1.1"
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
        assert b"Content-Type: application/json" in head
        assert b"Content-Length: 8" in head
        assert body == b'{"id":1}'


KEYED = info(
    env=(
        EnvVar("ACME_KEY", send_as="header:X-Acme-Key"),
        EnvVar("ACME_TOKEN", required=False, send_as="header:Authorization=Bearer {}"),
        EnvVar("ACME_ID", required=False, send_as="query:client id", secret=False),
        EnvVar("ACME_PLAN", required=False, secret=False),
    ),
    headers={"X-Version": "2"},
    hosts={"data": "https://data.acme.example"},
    channels=(Channel("own", "https://api.acme.example/feed"), Channel("far", "https://n.example")),
)
VALUES = {"ACME_KEY": "kkkkkk", "ACME_TOKEN": "tttttt", "ACME_ID": "i d", "ACME_PLAN": "pro"}


async def test_keys_are_placed_as_declared():
    """Keys go into the header or parameter declared; other values are for the plugin to read."""
    async with (
        RawServer.answering(response()) as server,
        outbound(server.url, info=KEYED, values=VALUES) as http,
    ):
        await http.get_json("/x", {"a": 1})
        lines = server.requests[0].decode().split("\r\n")
        assert lines[0] == "GET /x?a=1&client%20id=i%20d HTTP/1.1"
        assert {"X-Acme-Key: kkkkkk", "Authorization: Bearer tttttt", "X-Version: 2"} <= set(lines)
        assert b"pro" not in server.requests[0]
        assert http.setting("ACME_PLAN") == "pro"
        assert http.setting("ACME_OTHER") is None
        assert http.has("ACME_KEY")
        assert not http.has("ACME_OTHER")


async def test_keys_stay_with_the_sources_own_addresses():
    """Declared hosts get the key; a channel elsewhere does not."""
    async with RawServer.answering(response()) as server, RawServer.answering(response()) as far:
        urls = {"": server.url, "data": server.url + "/data", "own": server.url, "far": far.url}
        async with outbound(urls, info=KEYED, values=VALUES) as http:
            await http.get_json("/x", host="data")
            assert request_line(server).startswith("GET /data/x?")
            assert b"kkkkkk" in server.requests[-1]
            await http.via("own").get_json("/x")
            assert b"kkkkkk" in server.requests[-1]
            await http.via("far").get_json("/x")
            assert b"kkkkkk" not in far.requests[-1]
            assert b"tttttt" not in far.requests[-1]
            assert b"X-Version: 2" in far.requests[-1]


def bound(declared: ProviderInfo, values=None, override=None) -> BoundSource:
    return BoundSource.of(
        declared,
        base_url_override=override,
        values=values,
        gate=OpenGate(),
        assets=None,
        clock=FakeClock(),
    )


def test_no_secret_in_the_text_of_a_source():
    """Printing a bound source shows no key, wherever it is placed."""
    text = repr(bound(KEYED, {**VALUES, "ACME_ID": "iiiiii"}))
    assert not any(value in text for value in ("kkkkkk", "tttttt", "iiiiii"))


def test_base_url_of_a_key():
    """A variable may bring another base URL; the operator's own goes over it."""
    declared = info(env=(EnvVar("ACME_KEY", required=False, base_url="https://pro.acme.example"),))
    assert address(bound(declared)) == "https://api.acme.example/v1/"
    keyed = bound(declared, {"ACME_KEY": "kkkkkk"})
    assert address(keyed) == "https://pro.acme.example"
    assert keyed.has_key
    assert not keyed.endpoint.origin.allowed
    mine = bound(declared, {"ACME_KEY": "kkkkkk"}, "http://10.0.0.1:1/x")
    assert address(mine) == "http://10.0.0.1:1/x"
    assert mine.endpoint.origin.allowed


@pytest.mark.parametrize("send_as", ["path:x", "header", "header:", "query:"])
def test_senseless_placement(send_as):
    """A placement that means nothing is found when the provider is bound."""
    with pytest.raises(ValueError, match="ACME_KEY"):
        bound(info(env=(EnvVar("ACME_KEY", send_as=send_as),)), {"ACME_KEY": "kkkkkk"})


def test_key_that_no_header_can_carry():
    """A key with a line break is refused by the variable's name, never by its value."""
    declared = info(env=(EnvVar("ACME_KEY", send_as="header:X-Key"),))
    with pytest.raises(ValueError, match="ACME_KEY") as caught:
        bound(declared, {"ACME_KEY": "kkkk\nX: y"})
    assert "kkkk" not in str(caught.value)


def test_plain_http_is_for_the_operator_only():
    """A declared address has to be https."""
    with pytest.raises(BlockedAddress):
        Endpoint.of("http://api.acme.example")


def test_encode_params():
    """Names are encoded too; what a query may hold stays readable."""
    assert encode_params({"ids": "a,b:c", "x[]": "1", "e": ""}) == "ids=a,b:c&x%5B%5D=1&e="


async def test_unknown_host_and_channel():
    """A name that was not declared is the plugin's failure."""
    async with outbound("http://127.0.0.1:1") as http:
        with pytest.raises(PluginError):
            await http.get_json("/x", host="nowhere")
        with pytest.raises(PluginError):
            http.via("nowhere")


class CountingGate:
    """Counts who is inside and what was seen; refuses when told."""

    def __init__(self) -> None:
        self.weights: list[float] = []
        self.inside = 0
        self.seen = 0
        self.busy = False

    async def enter(self, weight: float) -> None:
        if self.busy:
            raise ProviderBusy("full")
        self.weights.append(weight)
        self.inside += 1

    def leave(self) -> None:
        self.inside -= 1

    def observe(self, headers: object) -> None:
        self.seen += 1


async def test_gate():
    """Each request passes the gate once, leaves it however it ends, and shows it every reply."""
    gate = CountingGate()
    async with (
        RawServer.answering(response(), response(status="500 No")) as server,
        outbound(server.url, gate=gate) as http,
    ):
        await http.get_json("/x", weight=4)
        with pytest.raises(BadStatus):
            await http.post_json("/x", {})
        assert (gate.weights, gate.inside, gate.seen) == ([4, 1], 0, 2)
        gate.busy = True
        with pytest.raises(ProviderBusy):
            await http.get_json("/x")
        assert gate.inside == 0
        assert len(server.requests) == 2


async def test_gate_is_left_on_cancellation():
    """A cancelled call gives its place back."""
    gate = CountingGate()
    async with RawServer(Peer.hang) as server, outbound(server.url, gate=gate) as http:
        task = asyncio.create_task(http.get_json("/x"))
        await asyncio.sleep(0.05)
        assert gate.inside == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert gate.inside == 0


NODES = info(
    channels=(
        Channel("a", "https://a.example", frozenset({"eth"})),
        Channel("b", "https://b.example", frozenset({"eth"})),
        Channel("c", "https://c.example"),
    )
)


class ServerContext:
    """Notes how each channel's calls ended; knows one as off."""

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.limits: list[float] = []

    def available(self, provider: str, names):
        return [name for name in reversed(names) if name != "off"]

    async def run(self, provider: str, channel: str, call, limit_s: float):
        self.limits.append(limit_s)
        try:
            result = await call()
        except Exception as exc:
            self.log.append((channel, type(exc).__name__))
            raise
        self.log.append((channel, "ok"))
        return result


async def ask(http):
    return await http.get_json("/x")


async def test_channels():
    """Channels are those declared with the tag, in the desk's order where there is one."""
    async with outbound(None, info=NODES) as http:
        assert http.channels() == ["a", "b", "c"]
        assert http.channels("eth") == ["a", "b"]
    async with outbound(None, info=NODES, desk=ServerContext()) as http:
        assert http.channels("eth") == ["b", "a"]


async def test_first_of():
    """Channels are asked in turn until one answers; each outcome is told to the desk."""
    desk = ServerContext()
    async with (
        RawServer.answering(response(status="500 No")) as bad,
        RawServer.answering(response()) as good,
        outbound({"a": bad.url, "b": good.url, "c": good.url}, info=NODES, desk=desk) as http,
    ):
        assert await http.first_of(["a", "b", "c"], ask) == {"ok": 1}
        assert desk.log == [("a", "BadStatus"), ("b", "ok")]
        with pytest.raises(BadStatus):
            await http.first_of(["a"], ask)
        with pytest.raises(ProviderBusy):
            await http.first_of([], ask)


async def test_first_of_leaves_time_for_the_others():
    """A channel that hangs takes half of the time, not all of it."""
    desk = ServerContext()
    async with (
        RawServer(Peer.hang) as slow,
        RawServer.answering(response()) as good,
        outbound({"a": slow.url, "b": good.url}, info=NODES, desk=desk, timeout_s=0.4) as http,
    ):
        assert await http.first_of(["a", "b"], ask) == {"ok": 1}
    assert 0.1 < desk.limits[0] <= 0.2
    assert desk.log == [("a", "UpstreamTimeout"), ("b", "ok")]


async def test_first_of_stops_at_a_wrong_question():
    """An unknown symbol is the same everywhere."""
    asked = []

    async def call(http):
        asked.append(http)
        raise UnknownSymbol("X/Y")

    async with outbound(None, info=NODES) as http:
        with pytest.raises(UnknownSymbol):
            await http.first_of(["a", "b"], call)
    assert len(asked) == 1


async def test_errors_name_no_secret():
    """A source that echoes the key does not get it into an error."""
    page = response(b'{"msg":"bad key kkkkkk1"}', status="400 Bad Request")
    declared = info(env=(EnvVar("ACME_KEY", send_as="query:apikey"),))
    async with (
        RawServer.answering(page) as server,
        outbound(server.url, info=declared, values={"ACME_KEY": "kkkkkk1"}) as http,
    ):
        with pytest.raises(BadStatus) as caught:
            await http.get_json("/x")
        assert b"apikey=kkkkkk1" in server.requests[0]
    assert "kkkkkk1" not in str(caught.value)
    assert "bad key" in str(caught.value)


async def test_errors_hidden_in_200_name_no_secret():
    """Nor does one that echoes it with a 200."""
    page = response(b'{"error":"bad key kkkkkk1"}')
    declared = info(env=(EnvVar("ACME_KEY", send_as="query:apikey"),))
    async with (
        RawServer.answering(page) as server,
        outbound(server.url, info=declared, values={"ACME_KEY": "kkkkkk1"}) as http,
    ):
        with pytest.raises(BadStatus) as caught:
            await http.get_json("/x")
    assert "kkkkkk1" not in str(caught.value)


async def test_thirty_two_at_once_share_connections():
    """Connections are kept and used again."""
    async with RawServer.answering(response()) as server, outbound(server.url) as http:
        for _ in range(4):
            await asyncio.gather(*(http.get_json("/x") for _ in range(32)))
        assert len(server.requests) == 128
        assert server.connections <= 32


async def test_now_ms():
    """Wall time comes from the source's clock."""
    async with outbound(None, info=INFO, limits=ClientLimits()) as http:
        assert http.now_ms() > 1_700_000_000_000
        assert http.provider == "acme"


async def test_a_key_a_source_repeats_is_gone_before_the_plugin_looks():
    """Whatever the plugin quotes of it, and however it cuts it."""
    key = "0123456789abcdef/+x"
    keyed = info(env=(EnvVar("ACME_KEY", send_as="header:X-Key"),))
    body = json.dumps({"msg": f"bad key {key}", "url": f"/x?k={quote(key, safe='')}"}).encode()
    source = BoundSource.of(
        keyed, values={"ACME_KEY": key}, gate=OpenGate(), assets=None, clock=FakeClock()
    )
    assert b"0123" not in without(body, source.echoes)
    assert without(b"{}", source.echoes) == b"{}"
    assert echoes("short") == ()
