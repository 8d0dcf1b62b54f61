"""The live market agrees with itself, and with what REST says of the same moments."""

from decimal import Decimal

import pytest

from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.simulator import day_figures
from coinmux.framework.simulator.player import skew
from coinmux.framework.simulator.price_model import PAIRS, PriceModel
from coinmux.framework.simulator.sockets.channel import Channel
from coinmux.framework.simulator.sockets.live_market import LiveMarket, opening_ms
from coinmux.framework.simulator.sockets.speech import Follow

NOW = 1_795_906_812_345
BTC = Symbol("BTC/USDT")


def market_of(pair=BTC, source="acme"):
    return LiveMarket(PriceModel(), source, pair)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_trades_follow_each_other(pair):
    """Ids without a gap, times that do not go back, prices and sizes above 0."""
    market = market_of(pair)
    trades = market.trades(market.newest(NOW).id - 300, NOW)
    assert [one.id for one in trades] == list(range(trades[0].id, trades[0].id + 300))
    assert [one.at_ms for one in trades] == sorted(one.at_ms for one in trades)
    assert trades[-1].at_ms <= NOW
    assert all(one.price > 0 and one.size > 0 for one in trades)
    assert {one.side for one in trades} == {"buy", "sell"}


def test_trades_are_the_same_however_they_are_asked():
    """In one go, or step by step by another connection's market."""
    market, other = market_of(), market_of()
    start = market.newest(NOW).id
    whole = market.trades(start, NOW + 60_000)
    parts, last = [], start
    for at in range(NOW, NOW + 60_001, 173):
        new = other.trades(last, at)
        last = new[-1].id if new else last
        parts += new
    parts += other.trades(last, NOW + 60_000)
    assert parts == whole


@pytest.mark.parametrize("pair", [BTC, Symbol("DOGE/BTC"), Symbol("XRP/EUR")], ids=str)
def test_a_candle_of_a_minute_is_its_trades_and_that_of_rest(pair):
    """Open, high, low, close of the trades within it; REST has the same once it is closed."""
    model = PriceModel()
    market = LiveMarket(model, "acme", pair)
    opens = opening_ms("1m", NOW)
    closed = market.closed("1m", opens + 60_000 + 500)
    assert (closed.opens_ms, closed.is_closed) == (opens, True)
    trades = [
        one
        for one in market.trades(0, opens + 59_999, most=400)
        if opens <= one.at_ms < opens + 60_000
    ]
    prices = [one.price for one in trades]
    assert (closed.open, closed.high, closed.low, closed.close) == (
        prices[0], max(prices), min(prices), prices[-1],
    )  # fmt: skip
    assert closed.volume_base == sum(one.size for one in trades)
    assert closed.count == len(trades)
    off = skew("acme")
    rest = model.candles(pair, [opens // 1000], [opens // 1000 + 60], opens // 1000 + 61)[0]
    assert (closed.open, closed.high, closed.low, closed.close) == tuple(
        market.scale.written(value * off) for value in rest
    )


@pytest.mark.parametrize("interval", ["5m", "1h", "1d", "1w", "1M"])
def test_a_longer_candle_closes_as_rest_has_it(interval):
    """And what was told of its high and low is never taken back."""
    model = PriceModel()
    market = LiveMarket(model, "acme", BTC)
    opens = opening_ms(interval, NOW)
    closes = market.candle(interval, NOW).closes_ms
    high, low = Decimal(0), Decimal("Infinity")
    for part in range(40):
        now = market.candle(interval, opens + (closes - opens) * part // 40)
        assert now.opens_ms == opens
        assert not now.is_closed
        assert now.low <= min(now.open, now.close) <= max(now.open, now.close) <= now.high
        assert now.high >= high
        assert now.low <= low
        high, low = now.high, now.low
    closed = market.closed(interval, closes)
    rest = model.candles(BTC, [opens // 1000], [closes // 1000], closes // 1000)[0]
    assert (closed.opens_ms, closed.is_closed) == (opens, True)
    assert (closed.open, closed.high, closed.low, closed.close) == tuple(
        market.scale.written(value * skew("acme")) for value in rest
    )
    assert closed.high >= high
    assert closed.low <= low


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_a_ticker_agrees_with_trades_book_and_rest(pair):
    """Last is the last trade, between bid and ask; the day's figures are those of REST."""
    model = PriceModel()
    market = LiveMarket(model, "acme", pair)
    ticker = market.ticker(NOW)
    newest = market.newest(NOW)
    bids, asks = market.levels(NOW)
    assert (ticker.last, ticker.last_id, ticker.last_size) == (newest.price, newest.id, newest.size)
    assert (ticker.bid, ticker.ask) == (bids[0][0], asks[0][0])
    assert ticker.bid < ticker.ask
    assert abs(ticker.ask / ticker.last - 1) < Decimal("0.001")
    assert abs(ticker.bid / ticker.last - 1) < Decimal("0.001")
    assert ticker.low <= ticker.last <= ticker.high
    day = day_figures.day_of(model, pair, NOW // 1000 * 1000, source="acme", off=skew("acme"))
    assert abs(float(ticker.last) / day.last - 1) < 0.001
    assert float(ticker.open) == pytest.approx(day.open, rel=1e-4)
    assert float(ticker.volume_base) == pytest.approx(day.volume_base, rel=1e-4)


def test_two_exchanges_do_not_tell_the_same():
    """Each has trades and a book of its own, at nearly one price."""
    one, other = market_of(source="acme").ticker(NOW), market_of(source="other").ticker(NOW)
    assert one.last != other.last
    assert abs(one.last / other.last - 1) < Decimal("0.001")


def test_a_clock_that_is_set_back_silences_no_channel():
    """What is told each second goes on at once; a book waits, as its numbers never go back."""
    market = market_of()
    ticker = Channel(Follow("ticker", "ticker", BTC), market, NOW)
    book = Channel(Follow("book", "order_book", BTC, every_ms=100), market, NOW)
    assert ticker.rows(NOW)
    assert book.rows(NOW)
    assert ticker.rows(NOW + 500) == []
    assert ticker.rows(NOW - 60_000)
    assert book.rows(NOW - 60_000) == []
    assert ticker.rows(NOW - 59_500) == []
    assert ticker.rows(NOW - 59_000)
    (row,) = book.rows(NOW + 200)
    assert row.first == row.previous + 1
