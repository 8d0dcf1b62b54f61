"""Any httpx transport under a Gateway: handed in, or named by `HTTP_TRANSPORT`."""

from __future__ import annotations

import json

import httpx
import pytest

from coinmux import Gateway, InvalidRequest
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.raw_server import Peer, RawServer, response
from coinmux.plugins.providers import binance

TICKER = {
    "symbol": "BTCUSDT",
    "lastPrice": "100.5",
    "bidPrice": "100.4",
    "bidQty": "1",
    "askPrice": "100.6",
    "askQty": "1",
    "openPrice": "99",
    "highPrice": "101",
    "lowPrice": "98",
    "priceChange": "1.5",
    "priceChangePercent": "1.515",
    "weightedAvgPrice": "100",
    "volume": "10",
    "quoteVolume": "1000",
}


def gateway_over(transport: httpx.AsyncBaseTransport | None = None, **environ: str) -> Gateway:
    found = [in_process("binance", binance)]
    environ["CHECKER"] = "off"
    return Gateway.from_env(None, environ=environ, found=found, transport=transport)


def ticker_now(gateway: Gateway) -> dict:
    now = gateway.clock.wall_ms()
    return {**TICKER, "openTime": now - 86_400_000, "closeTime": now}


async def test_a_mock_transport_answers_a_ticker():
    """`httpx.MockTransport` stands for the whole network, and the gateway closes it."""
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=ticker_now(gateway))

    class Mock(httpx.MockTransport):
        is_closed = False

        async def aclose(self) -> None:
            self.is_closed = True

    mock = Mock(handler)
    async with (gateway := gateway_over(mock)):
        answer = await gateway.ticker("BTC/USDT")
        assert answer.data.last == 100.5
        assert answer.provider == "binance"
    assert asked
    assert all(url.startswith("https://") and "symbol=BTCUSDT" in url for url in asked)
    assert mock.is_closed


@pytest.mark.parametrize("name", ["guarded", "httpx"])
async def test_the_setting_names_the_transport(name):
    """`HTTP_TRANSPORT` answers the same over either."""

    async def handle(peer: Peer) -> None:
        while await peer.request():
            await peer.send(response(json.dumps(ticker_now(gateway)).encode()))

    async with RawServer(handle) as server:
        gateway = gateway_over(HTTP_TRANSPORT=name, BINANCE_BASE_URL=server.url)
        async with gateway:
            assert (await gateway.ticker("BTC/USDT")).data.last == 100.5


def test_an_unknown_transport_is_refused():
    """A value that names no transport is an error that says what would do."""
    with pytest.raises(InvalidRequest, match="guarded or httpx"):
        gateway_over(HTTP_TRANSPORT="aiohttp")
