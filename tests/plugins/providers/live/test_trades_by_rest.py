"""What the simulator answers by REST of trades is what its sockets told of them."""

from __future__ import annotations

import importlib
import json

import pytest

from coinmux import TradesQuery
from tests.plugins.live_checks import PAIR, Wire, trades_now
from tests.plugins.sample_replay import provider

#: Provider -> the path of its trades, and its parameters.
ASKED = {
    "binance": ("/api/v3/trades", {"symbol": "BTCUSDT", "limit": "3"}),
    "kraken": ("/0/public/Trades", {"pair": "XBTUSDT", "count": "3"}),
    "bitfinex": ("/v2/trades/tBTCUST/hist", {"limit": "3"}),
    "bitstamp": ("/api/v2/transactions/btcusdt/", {"time": "hour"}),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_lost_trade_is_found_by_its_id(name):
    """Ids, sides and figures are the same; only Bitstamp's times by REST are of seconds."""
    wire = Wire(name, "trades")
    wire.connect()
    rows = trades_now(5)
    told = wire.tell(rows)[-3:]
    module = importlib.import_module(f"coinmux.plugins.providers.{name}.simulated_socket")
    path, params = ASKED[name]
    body = json.loads(json.dumps(module.rest_trades(path, params, rows)))
    asked = provider(name).parse_trades(body, TradesQuery(symbol=PAIR, limit=3)).trades[-3:]
    fields = ["id", "side", "price", "amount", *(["timestamp"] if name != "bitstamp" else [])]
    assert [[getattr(one, field) for field in fields] for one in asked] == [
        [getattr(one, field) for field in fields] for one in told
    ]
    assert module.rest_trades("/elsewhere", params, rows) is None
