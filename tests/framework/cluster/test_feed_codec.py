"""Events between workers: what is sent is what is read, and nothing else is believed."""

import msgspec
import pytest

from coinmux import Candles, CandlesQuery, Gateway, OrderBook, Ticker, Trade, Trades
from coinmux.framework.cluster import feed_codec
from coinmux.framework.cluster.answer_codec import Damaged
from coinmux.framework.models.market import OrderBookQuery, TickerQuery, TradesQuery
from coinmux.framework.streams.events import LiveEvent, LiveMeta

BTC = "BTC/USDT"
NOW = 1_764_000_000_000
META = LiveMeta(
    provider="a", live=True, received_at=NOW, lag_ms=3, sources=("a", "b"), outliers=(("c", 2.5),)
)
ROWS = [[NOW // 60_000 * 60_000, 1, 2, 0.5, 1.5, 3]]
CANDLES = CandlesQuery(symbol=BTC, interval="1m")
TOLD = {
    "ticker": (TickerQuery(symbol=BTC), Ticker(symbol=BTC, last=1.5), "ticker"),
    "trades": (
        TradesQuery(symbol=BTC),
        Trades(symbol=BTC, trades=(Trade(id="7", timestamp=NOW, price=1.0, amount=2.0),)),
        None,
    ),
    "order_book": (
        OrderBookQuery(symbol=BTC),
        OrderBook(symbol=BTC, bids=[[1, 2]], asks=[[3, 4]]),
        "order_book",
    ),
    "candles": (CANDLES, Candles.from_rows(CANDLES, ROWS), ("open", ROWS[0][0])),
}


@pytest.fixture(scope="module")
def row_of():
    return Gateway.from_env(None, environ={}).capability


def sent(capability, **changed):
    _, data, replaces = TOLD[capability]
    given = {"id": "0a1b-17", "kind": "update", "data": data, "meta": META, **changed}
    return LiveEvent(capability=capability, subject=BTC, replaces=replaces, **given)


@pytest.mark.parametrize("capability", TOLD)
def test_an_event_is_the_same_at_the_other_end(row_of, capability):
    """Its id, its provenance, and the JSON that readers get."""
    event, query = sent(capability), TOLD[capability][0]
    payload = feed_codec.encode(event, "w:1", "live", "why")
    read, data = feed_codec.decode(payload, row_of(capability), query)
    again = feed_codec.event_of(read, data, row_of(capability), BTC)
    assert again.encode() == event.encode()
    assert (again.id, again.kind, again.replaces) == (event.id, event.kind, event.replaces)
    assert (read.teller, read.state, read.reason) == ("w:1", "live", "why")


def test_an_event_without_data_is_the_same_too(row_of):
    """A gap says what was missed."""
    event = sent("trades", kind="gap", data=None)
    payload = feed_codec.encode(event, "w:1", "live", None)
    read, data = feed_codec.decode(payload, row_of("trades"), TOLD["trades"][0])
    assert (read.kind, data) == ("gap", None)


@pytest.mark.parametrize(
    ("at", "value"),
    [(0, 99), (2, "1-1\n\ndata: x"), (3, "other"), (8, None), (8, {"symbol": BTC}),
     (8, {"symbol": "ETH/USDT", "last": 1.0}), (6, "odd"), (4, {})],
    ids=["version", "id", "kind", "no data", "no price", "other pair", "state", "meta"],
)  # fmt: skip
def test_what_is_no_such_event_is_damaged(row_of, at, value):
    """Whatever else may write to the store."""
    fields = msgspec.msgpack.decode(feed_codec.encode(sent("ticker"), "w:1", "live", None))
    fields[at] = value
    with pytest.raises(Damaged):
        feed_codec.decode(msgspec.msgpack.encode(fields), row_of("ticker"), TOLD["ticker"][0])
    with pytest.raises(Damaged):
        feed_codec.decode(b"", row_of("ticker"), TOLD["ticker"][0])
