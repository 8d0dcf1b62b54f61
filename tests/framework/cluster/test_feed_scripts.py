"""What the store refuses, whoever tells it: what was told already, and what goes back."""

import pytest

from coinmux import Candles, CandlesQuery, Gateway, Ticker, Trade, Trades
from coinmux.framework.cluster.feed_scripts import TELL_EVENTS, marked
from coinmux.framework.models.market import TickerQuery, TradesQuery
from coinmux.framework.streams.told_state import NO_MARKS, state_for

BTC = "BTC/USDT"
NOW = 1_764_000_000_000
MINUTE = NOW // 60_000 * 60_000
TICKER, TRADES = TickerQuery(symbol=BTC), TradesQuery(symbol=BTC)
CANDLES = CandlesQuery(symbol=BTC, interval="1m")
KEYS = ["lease", "events", "channel", "marks"]


@pytest.fixture
async def tell(store):
    """Tell what a source told; how many events the store refused."""
    environ = {"CHECKER": "off", "ARCHIVE": "off", "STATE_URL": store.url}
    async with Gateway.from_env(None, environ=environ, found=[]) as gateway:
        shared = gateway.state.store
        await shared.ask("SET", "lease", "w:1")

        async def told(query, *data, source="a", is_whole=False, token="w:1"):
            args = [token, 500, 60_000, 60_000]
            for one in data:
                marks = state_for(query).marks(one, source, is_whole=is_whole)
                args += marked(b"event", marks)
            return await shared.run(TELL_EVENTS, KEYS, args)

        told.kept = lambda: shared.ask("XLEN", "events")
        told.other = lambda: shared.run(
            TELL_EVENTS, KEYS, ["w:1", 500, 60_000, 60_000, *marked(b"gap", NO_MARKS)]
        )
        yield told


def price(at, last=1.0):
    return Ticker(symbol=BTC, timestamp=NOW + at, last=last)


def trades(*numbers):
    return Trades(
        symbol=BTC,
        trades=tuple(Trade(id=str(n), timestamp=NOW + n, price=1.0, amount=1.0) for n in numbers),
    )


def candles(*minutes, is_closed=True):
    rows = [[MINUTE + 60_000 * n, 1, 2, 0.5, 1, 1] for n in minutes]
    return Candles.from_rows(CANDLES, rows).model_copy(update={"last_closed": is_closed})


async def test_a_price_older_than_the_last_of_its_source_is_refused(tell):
    """Another source's may be older; the same moment may come again."""
    assert await tell(TICKER, price(0), price(5)) == 0
    assert await tell(TICKER, price(4)) == 1
    assert await tell(TICKER, price(5), price(6)) == 0
    assert await tell(TICKER, price(1), source="b") == 0
    assert await tell(TICKER, Ticker(symbol=BTC, last=1.0)) == 0
    assert await tell.kept() == 6


async def test_a_trade_that_was_told_is_refused(tell):
    """What has a new one beside it is not: those who hear it leave out the rest."""
    assert await tell(TRADES, trades(1, 2)) == 0
    assert await tell(TRADES, trades(2)) == 1
    assert await tell(TRADES, trades(2, 3)) == 0
    assert await tell(TRADES, trades(1, 2, 3)) == 1
    assert await tell(TRADES, trades(1), source="b") == 0


async def test_a_candle_that_is_closed_is_not_closed_again(tell):
    """By no source; one that was missing may still come, and open ones do."""
    assert await tell(CANDLES, candles(0, 1), candles(3)) == 0
    assert await tell(CANDLES, candles(1), candles(3), source="b") == 2
    assert await tell(CANDLES, candles(2)) == 0
    assert await tell(CANDLES, candles(4, is_closed=False), candles(4, is_closed=False)) == 0
    assert await tell(CANDLES, candles(3, 4, is_closed=False)) == 0


async def test_the_state_as_a_whole_may_repeat_and_is_known_then(tell):
    """It is told under its own name."""
    assert await tell(TRADES, trades(1, 2)) == 0
    assert await tell(TRADES, trades(1, 2, 3), is_whole=True) == 0
    assert await tell(TRADES, trades(3)) == 1
    assert await tell.other() == 0


async def test_who_does_not_hold_the_lease_tells_nothing(tell):
    """Nor is what it had to tell known then."""
    assert await tell(TRADES, trades(1), token="w:2") == -1
    assert await tell.kept() == 0
    assert await tell(TRADES, trades(1)) == 0


async def test_what_is_known_stays_bounded(tell):
    """The newest stay."""
    for first in range(0, 2_000, 100):
        assert await tell(TRADES, trades(*range(first, first + 100))) == 0
    assert await tell(TRADES, trades(1_999)) == 1
    assert await tell(TRADES, trades(5)) == 0
