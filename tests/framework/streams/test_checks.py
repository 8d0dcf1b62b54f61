"""What a live feed tells is judged as the answer to a request is."""

import pytest

from coinmux import (
    Candles,
    CandlesQuery,
    OrderBook,
    OrderBookQuery,
    OtherSubject,
    Outcome,
    SchemaMismatch,
    Ticker,
    TickerQuery,
    Trade,
    Trades,
    TradesQuery,
)
from coinmux.framework.errors import BrokenFeed, Empty, LocalClock
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.quality.clock_watch import ClockWatch
from coinmux.framework.quality.consensus import Deviations
from coinmux.framework.quality.jump_check import JumpCheck
from coinmux.framework.streams.checks import FeedChecks
from coinmux.framework.testing.clock import FakeClock

QUERIES = {
    "ticker": TickerQuery(symbol="BTC/USDT"),
    "trades": TradesQuery(symbol="BTC/USDT", limit=1),
    "order_book": OrderBookQuery(symbol="BTC/USDT", depth=2),
    "candles": CandlesQuery(symbol="BTC/USDT", interval="1m"),
}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def shared(clock):
    return JumpCheck(clock), ClockWatch(clock), Deviations(clock)


@pytest.fixture
def checks(shared):
    return made(shared)


def made(shared, source="a", capability="ticker", **more):
    return FeedChecks(source, CAPABILITIES[capability], QUERIES[capability], *shared, **more)


def ticker(last=100.0, timestamp=None, symbol="BTC/USDT", **more):
    return Ticker(symbol=symbol, last=last, timestamp=timestamp, **more)


def repeat(call, given):
    for _ in range(20):
        call(given)


def test_a_sound_message_passes(checks, clock):
    result = ticker(timestamp=clock.wall_ms())
    assert checks.passed(result) is result
    assert (checks.stale, checks.left_out, checks.last_error) == (None, 0, None)


def test_a_message_about_another_market_is_left_out(checks):
    assert checks.passed(ticker(symbol="ETH/USDT")) is None
    assert isinstance(checks.last_error, OtherSubject)
    assert checks.left_out == 1
    assert checks.passed(ticker()) is not None


def test_a_message_from_the_future_is_left_out(checks, clock):
    assert checks.passed(ticker(timestamp=clock.wall_ms() + 61_000)) is None
    assert "in the future" in checks.last_error.detail


def test_where_our_own_clock_is_off_no_feed_is_blamed(shared, clock):
    checks = made(shared)
    shared[1].date("a", "Mon, 24 Nov 2025 18:00:00 GMT")
    for _ in range(30):
        assert checks.passed(ticker(timestamp=clock.wall_ms() + 7_200_000)) is None
    assert isinstance(checks.last_error, LocalClock)


def test_a_ticker_that_is_older_than_the_last_is_left_out_and_not_bad(checks, clock):
    now = clock.wall_ms()
    assert checks.passed(ticker(timestamp=now)) is not None
    assert checks.passed(ticker(timestamp=now - 1)) is None
    assert (checks.older, checks.left_out) == (1, 0)
    assert checks.passed(ticker(timestamp=now)) is not None


def test_a_jump_is_doubted_until_another_source_tells_it_too(shared):
    first, second = made(shared), made(shared, "b")
    assert first.passed(ticker(100)) is not None
    assert first.passed(ticker(200)) is None
    assert first.last_error.detail == "200 is 2 times off what a told just now"
    assert second.passed(ticker(201)) is not None
    assert first.passed(ticker(200)) is not None


def test_requests_and_feeds_of_every_kind_share_what_is_known(shared, clock):
    query = TickerQuery(symbol="BTC/USDT")
    assert shared[0].doubt("c", CAPABILITIES["ticker"], query, ticker(100)) is None
    now = clock.wall_ms()
    wrong = {
        "trades": Trades(symbol="BTC/USDT", trades=(Trade(timestamp=now, price=500, amount=1),)),
        "order_book": OrderBook(symbol="BTC/USDT", bids=[[499, 1]], asks=[[501, 1]]),
        "candles": Candles.from_rows(
            QUERIES["candles"], [[now // 60_000 * 60_000, 500, 500, 500, 500, 1]]
        ),
    }
    for capability, result in wrong.items():
        checks = made(shared, capability=capability)
        assert checks.passed(result) is None
        assert "500 is 5 times off what c told" in checks.last_error.detail


def test_half_of_the_last_messages_being_bad_breaks_the_feed(checks):
    for _ in range(30):
        checks.passed(ticker())
    for at in range(18):
        checks.bad(SchemaMismatch("no price")) if at % 2 else checks.passed(ticker())
    with pytest.raises(BrokenFeed) as broken:
        checks.bad(SchemaMismatch("no price"))
    assert broken.value.reason == "bad_messages"
    assert broken.value.detail == "10 of the last 20 messages are bad: no price"
    assert broken.value.outcome is Outcome.FAILURE
    checks.bad(SchemaMismatch("no price"))


def test_a_new_connection_is_judged_anew(checks):
    for _ in range(9):
        checks.bad(SchemaMismatch("no price"))
    checks.begin()
    for _ in range(9):
        checks.bad(SchemaMismatch("no price"))


def test_a_feed_that_is_doubted_on_and_on_is_counted_from_the_third_time(checks):
    checks.passed(ticker(100))
    outcomes = []
    for _ in range(3):
        with pytest.raises(BrokenFeed, match="are doubted: 500 is 5 times off") as broken:
            repeat(checks.passed, ticker(500))
        outcomes.append(broken.value.outcome)
    assert outcomes == [Outcome.NEUTRAL, Outcome.NEUTRAL, Outcome.FAILURE]


def test_old_data_is_told_with_its_age_and_leads_to_another_source(checks, clock):
    old = clock.wall_ms() - 400_000
    assert checks.passed(ticker(timestamp=old)) is not None
    assert checks.stale == "400 s old"
    with pytest.raises(BrokenFeed) as broken:
        repeat(checks.passed, ticker(timestamp=old))
    assert (broken.value.reason, broken.value.outcome) == ("stale", Outcome.NEUTRAL)


def test_a_message_of_trades_is_not_cut_to_the_limit_of_a_request(shared, clock):
    checks = made(shared, capability="trades")
    now = clock.wall_ms()
    trades = tuple(Trade(timestamp=now, price=10, amount=1) for _ in range(1_500))
    assert len(checks.passed(Trades(symbol="BTC/USDT", trades=trades)).trades) == 1_500
    late = Trade(timestamp=now + 90_000, price=10, amount=1)
    assert len(checks.passed(Trades(symbol="BTC/USDT", trades=(*trades, late))).trades) == 1_500


def test_an_empty_book_is_no_data(shared):
    checks = made(shared, capability="order_book")
    assert checks.passed(OrderBook(symbol="BTC/USDT", bids=[], asks=[])) is None
    assert isinstance(checks.last_error, Empty)


def test_the_models_of_a_strangers_plugin_are_looked_at(shared):
    checks = made(shared, is_foreign=True)
    assert checks.passed(ticker()) is not None
    forged = ticker().model_copy(update={"bid": "much"})
    assert checks.passed(forged) is None
    assert checks.last_error.code == "plugin_error"
