"""A fast source on loopback: Binance's ticker and klines for any pair, always the same bytes.

Each pair has a volume of its own, as no two markets share one: the same answer for many pairs is
doubted, and every call of ours would be measured with a doubt that no real source causes.

An asyncio protocol over httptools, so that what is measured is the client and not this.
"""

import asyncio
import json
import sys
import time
import zlib
from typing import ClassVar
from urllib.parse import parse_qs

import httptools
import uvloop


def ticker(symbol: str) -> dict:
    now = int(time.time() * 1000)
    own = zlib.crc32(symbol.encode()) % 1000
    return {
        "symbol": symbol,
        "priceChange": "1186.64000000",
        "priceChangePercent": "1.644",
        "weightedAvgPrice": "71621.93721726",
        "prevClosePrice": "72172.18000000",
        "lastPrice": "73346.14000000",
        "lastQty": "0.00610000",
        "bidPrice": "73345.15000000",
        "bidQty": "0.11775000",
        "askPrice": "73345.89000000",
        "askQty": "0.00010000",
        "openPrice": "72159.50000000",
        "highPrice": "73559.04000000",
        "lowPrice": "69008.63000000",
        "volume": f"{own}.21293000",
        "quoteVolume": "9254480.36011840",
        "openTime": now - 86_400_000,
        "closeTime": now,
        "firstId": 28389293,
        "lastId": 28407382,
        "count": 18090,
    }


def klines(limit: int) -> list:
    end = int(time.time()) // 3600 * 3_600_000
    return [
        [
            end - (limit - 1 - at) * 3_600_000,
            f"{73000 + at % 50}.10000000",
            f"{73100 + at % 50}.20000000",
            f"{72900 + at % 50}.30000000",
            f"{73050 + at % 50}.40000000",
            f"{100 + at % 9}.50000000",
            end - (limit - 1 - at) * 3_600_000 + 3_599_999,
            "7300000.12345678",
            1000 + at,
            "50.10000000",
            "3650000.10000000",
            "0",
        ]
        for at in range(limit)
    ]


class Upstream(asyncio.Protocol):
    made: ClassVar[dict] = {}
    count = 0

    def connection_made(self, transport):
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def on_url(self, url):
        self.url = url

    def data_received(self, data):
        self.parser.feed_data(data)

    def on_message_complete(self):
        key = bytes(self.url)
        kept = self.made.get(key)
        if kept is None or time.time() - kept[0] > 30:
            kept = self.made[key] = (time.time(), self.make(key.decode()))
        self.transport.write(kept[1])

    def make(self, url: str) -> bytes:
        path, _, text = url.partition("?")
        query = {name: values[0] for name, values in parse_qs(text).items()}
        if path.endswith("klines"):
            body = json.dumps(klines(int(query.get("limit", 500)))).encode()
        else:
            body = json.dumps(ticker(query.get("symbol", "BTCUSDT"))).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
        return head.encode() + b"\r\n\r\n" + body


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
