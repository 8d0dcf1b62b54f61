"""What an answer adds to those before it: no trade twice, no candle closed twice, no gap unsaid."""

from coinmux import Candles, CandlesQuery, Ticker, Trade, Trades
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.streams.polled_news import missed, news

BTC = Symbol("BTC/USDT")
T0 = 1_764_000_000_000
MINUTE = 60_000


def trades(*numbers):
    rows = [Trade(id=str(one), timestamp=T0 + one, price=100, amount=1) for one in numbers]
    return Trades(symbol=BTC, trades=tuple(rows))


def candles(*closes, is_closed=False):
    query = CandlesQuery(symbol=BTC, interval="1m")
    rows = [[T0 + at * MINUTE, 10, 30, 1, close, 1] for at, close in enumerate(closes)]
    return Candles.from_rows(query, rows).model_copy(update={"last_closed": is_closed})


def test_only_trades_that_readers_have_not_are_new():
    """Of the moment of the newest, by their ids where the same source told it."""
    told = news(trades(1, 2, 3), trades(1, 2), T0 + 2)
    assert [one.id for one in told.trades] == ["3"]
    assert news(trades(1, 2), trades(1, 2), T0 + 2) is None
    assert news(trades(2), None, T0 + 2) is None
    assert len(news(trades(1, 2), None, None).trades) == 2


def test_trades_that_an_answer_does_not_reach_back_to_are_missed():
    """Where it does, nothing is."""
    assert "trades between" in missed(trades(9_000), T0 + 2)
    assert missed(trades(2, 9_000), T0 + 2) is None
    assert missed(candles(1), T0 - MINUTE) is None


def test_a_candle_is_new_while_it_changes_and_when_it_closes():
    """Closed ones that readers have are not told again."""
    assert news(candles(10, 11), candles(10, 11), T0) is None
    told = news(candles(10, 12), candles(10, 11), T0)
    assert (told.close.tolist(), told.last_closed) == ([12], False)
    told = news(candles(10, 12, 13), candles(10, 12), T0)
    assert (told.close.tolist(), told.last_closed) == ([12, 13], False)
    told = news(candles(10, 12, is_closed=True), candles(10, 12), T0)
    assert (told.close.tolist(), told.last_closed) == ([12], True)


def test_a_price_is_new_if_it_changed():
    """As a book is."""
    ticker = Ticker(symbol=BTC, last=1.0)
    assert news(ticker, ticker, None) is None
    assert news(ticker, None, None) is ticker
