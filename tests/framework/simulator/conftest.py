"""A provider of our own with samples of each shape, and a client that reads raw bytes."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass

import pytest

from coinmux.framework.plugins.provider_info import Channel, EnvVar, ProviderInfo
from coinmux.framework.reference.symbols import SymbolStyle
from coinmux.framework.samples.format import read_sample
from coinmux.framework.simulator.providers import SimulatedProvider

RECORDED = 1_764_000_000_000
HOUR = 3_600_000


def sample_of(capability, exchanges, *, case="", query=None, **more):
    held = {
        "capability": capability,
        "query": query if query is not None else {"symbol": "BTC/USDT"},
        "source": "the documentation of Acme; shape written from it",
        "recorded_at": RECORDED,
        "exchanges": exchanges,
        **more,
    }
    return read_sample(json.dumps(held), f"acme/{capability}{case}.json")


def exchange(path, body, params=None, *, status=200, times=(), prices=(), series=None, **request):
    return {
        "request": {"path": path, "params": params or {}, **request},
        "response": {"status": status, "body": body},
        "times": list(times),
        "prices": list(prices),
        **({"series": series} if series is not None else {}),
    }


def candle_rows(count=8):
    """Newest first, as strings, with the close's time, volumes and a flag of a closed candle."""
    rows, close = [], 73_000.0
    for at in range(count):
        opened, close = close, close + (40.5 if at % 3 else -70.25)
        high, low = max(opened, close) + 12.5, min(opened, close) - 9.75
        time = RECORDED - (count - 1 - at) * HOUR
        prices = [f"{price:.2f}" for price in (opened, close, high, low)]
        rows.append([str(time), *prices, "12.345", time + HOUR - 1, str(int(at < count - 1))])
    return rows[::-1]


def acme_samples():
    ticker = {
        "symbol": "BTC-USDT",
        "base": "BTC",
        "quote": "usdt",
        "last": "73346.14",
        "bid": 73340,
        "ask": 73350.5,
        "volume": {"BTC": "3.5434218", "USDT": "259620.27"},
        "time": RECORDED - 1_500,
        "at": "2025-11-24T15:59:59.250Z",
    }
    feed = (
        "<rss><channel><item><title>Up</title><pubDate>Mon, 24 Nov 2025 15:25:00 +0000</pubDate>"
        "</item><item><title>Down</title><pubDate><![CDATA[Mon, 24 Nov 2025 14:00:00 GMT]]>"
        "</pubDate></item></channel></rss>"
    )
    refused = {"error": "no such pair"}
    address = "0x" + "aB" * 20
    head = {"jsonrpc": "2.0", "id": 1, "method": "head", "params": ["latest"]}
    balance = {"jsonrpc": "2.0", "id": 1, "method": "balance", "params": [address.lower()]}
    return [
        sample_of(
            "ticker",
            [
                exchange(
                    "/ticker",
                    ticker,
                    {"pair": "BTC-USDT"},
                    times=["time", "at"],
                    prices=["last", "bid", "ask"],
                )
            ],
            expect={"last": 73346.14},
        ),
        sample_of(
            "ticker",
            [exchange("/ticker", refused, {"pair": "NOPE-USDT"}, status=404)],
            case="_unknown_symbol",
            query={"symbol": "NOPE/USDT"},
            outcome="unknown_symbol",
        ),
        sample_of(
            "ticker",
            [exchange("/ticker", {"code": 7, "msg": "slow down"}, {"pair": "BTC-USDT"})],
            case="_rate_limited",
            outcome="upstream_rate_limited",
        ),
        sample_of(
            "candles",
            [
                exchange(
                    "/candles/BTC-USDT/1hr",
                    {"result": {"rows": candle_rows()}, "at": RECORDED},
                    {"limit": "8"},
                    times=["result.rows.*.0", "result.rows.*.6", "at"],
                    prices=[f"result.rows.*.{at}" for at in (1, 2, 3, 4)],
                    series={
                        "path": "result.rows",
                        "time": "0",
                        "order": "desc",
                        "step": {"segment": -1, "values": {"1hr": 3600}},
                        "limit": {"param": "limit", "default": 100, "max": 300},
                    },
                )
            ],
            query={"symbol": "BTC/USDT", "interval": "1h", "limit": 8},
        ),
        sample_of(
            "order_book",
            [
                exchange(
                    "/book",
                    {"bids": [["73340.10", "1.5"]], "asks": [["73350.90", "2.5"]]},
                    {"pair": "BTC-USDT", "depth": "20"},
                    prices=["bids.*.0", "asks.*.0"],
                )
            ],
        ),
        sample_of(
            "news",
            [
                {
                    "request": {"path": "/feed", "channel": "one"},
                    "response": {"headers": {"Content-Type": "application/xml"}, "text": feed},
                    "times": ["pubDate"],
                }
            ],
            query={},
        ),
        sample_of(
            "chain_head",
            [
                exchange(
                    "",
                    {"jsonrpc": "2.0", "id": 1, "result": {"timestamp": "0x69248000"}},
                    method="POST",
                    channel="node_a",
                    json=head,
                    times=["result.timestamp"],
                )
            ],
            query={"chain": "ethereum"},
        ),
        sample_of(
            "balance",
            [
                exchange(
                    "",
                    {"jsonrpc": "2.0", "id": 1, "result": {"owner": address, "wei": "0x10"}},
                    method="POST",
                    channel="node_a",
                    json=balance,
                )
            ],
            query={"chain": "ethereum", "address": address.lower()},
        ),
        sample_of(
            "coins",
            [exchange("/coins", [{"id": "first"}], {"page": "1", "size": "100"})],
            query={},
        ),
        sample_of(
            "coins",
            [exchange("/coins", [], {"page": "200", "size": "100"})],
            case="_end",
            query={"page": 200},
        ),
        sample_of(
            "order_book",
            [
                exchange(
                    "/book",
                    {"bids": [["2911.1", "1"]], "asks": []},
                    {"pair": "ETH-USD", "depth": "20"},
                )
            ],
            case="_unpriced",
            query={"symbol": "ETH/USD"},
        ),
        sample_of(
            "tvl",
            [exchange("/tvl", {"tvl": 12.5, "day": "2025-11-24"}, host="data", times=["day"])],
            query={},
        ),
    ]


@pytest.fixture
def acme() -> SimulatedProvider:
    info = ProviderInfo(
        name="acme",
        title="Acme",
        category="market",
        base_url="https://api.acme.example/v1",
        hosts={"data": "https://data.acme.example"},
        channels=(
            Channel("one", "https://one.acme.example", frozenset({"feed"})),
            Channel("two", "https://two.acme.example", frozenset({"feed"})),
            Channel("node_a", "https://a.acme.example", frozenset({"node"})),
            Channel("node_b", "https://b.acme.example", frozenset({"node"})),
        ),
        env=(EnvVar("ACME_KEY", send_as="query:apikey"),),
        symbols=SymbolStyle(separator="-", aliases={"DOGE": "XDG"}),
        intervals={"1h": "1hr", "1d": "1day", "1M": "1mon"},
    )
    return SimulatedProvider(info, acme_samples())


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self):
        return json.loads(self.body)


class Client:
    """One connection, kept alive."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @classmethod
    async def to(cls, url):
        host, _, port = url.partition("//")[2].partition("/")[0].partition(":")
        return cls(*await asyncio.open_connection(host, int(port)))

    def send(self, method, target, body=None, **headers):
        content = (
            b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        lines = [f"{method} {target} HTTP/1.1", "Host: x", f"Content-Length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + content)

    async def read(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head[:-4].split("\r\n")
        headers = {n.lower(): v for n, v in (line.split(": ", 1) for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Reply(int(first.split()[1]), headers, body)

    async def ask(self, method, target, body=None, **headers):
        self.send(method, target, body, **headers)
        return await self.read()

    async def get(self, target, **headers):
        return await self.ask("GET", target, **headers)

    def close(self):
        self.writer.close()


@pytest.fixture
async def connect():
    """Opens connections to a URL, and closes them at the end."""
    opened = []

    async def to(url):
        client = await Client.to(url)
        opened.append(client)
        return client

    yield to
    for client in opened:
        client.close()
        with contextlib.suppress(ConnectionError):
            await client.writer.wait_closed()
