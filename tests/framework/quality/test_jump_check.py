"""Answers that do not fit what was known: doubted, confirmed by a second source, or an outlier."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    AllProvidersFailed,
    CandlesQuery,
    Empty,
    Gas,
    GasQuery,
    OrderBook,
    OrderBookQuery,
    State,
    Ticker,
    TickerQuery,
)
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.quality.jump_check import JumpCheck
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.random_candles import random_candles

TICKER, GAS = CAPABILITIES["ticker"], CAPABILITIES["gas"]


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def tell(clock):
    known = JumpCheck(clock)

    def call(source, last, symbol="BTC/USDT", **more):
        query = TickerQuery(symbol=symbol)
        return known.doubt(source, TICKER, query, Ticker(symbol=symbol, last=last, **more))

    return call


def test_a_jump_within_a_minute_is_doubted(tell):
    assert tell("a", 100) is None
    assert tell("a", 124) is None
    assert tell("a", 180) == "180 is 1.45 times off what a told just now"
    assert tell("b", 60) == "60 is 2.07 times off what a told just now"
    assert tell("b", 125) is None


@pytest.mark.parametrize(
    ("seconds", "fits", "doubted"), [(61, 149, 151), (3_601, 299, 301), (86_401, 10_000, None)]
)
def test_the_longer_ago_the_more_may_have_happened(tell, clock, seconds, fits, doubted):
    assert tell("a", 100) is None
    clock.advance(seconds)
    assert doubted is None or "times off what a told" in tell("b", doubted)
    assert tell("a", fits) is None


def test_who_alone_tells_a_new_price_is_believed_after_a_minute(tell, clock):
    assert tell("a", 100) is None
    assert tell("a", 200) is not None
    clock.advance(61)
    assert tell("a", 201) is None
    assert tell("a", 202) is None


def test_who_is_contradicted_is_not_believed_after_a_minute(tell, clock):
    assert tell("a", 100) is None
    assert tell("b", 200) is not None
    clock.advance(50)
    assert tell("a", 101) is None
    clock.advance(20)
    assert tell("b", 200) is not None


def test_candles_books_and_trades_of_another_market_do_not_fit_its_price():
    """They mostly do not name their market: what it costs tells (`faults.md` E2)."""
    known = JumpCheck(FakeClock())
    btc = TickerQuery(symbol="BTC/USDT")
    assert known.doubt("a", TICKER, btc, Ticker(symbol="BTC/USDT", last=90_000.0)) is None
    wrong = random_candles(5)  # about 100
    asked = CandlesQuery(symbol="BTC/USDT", interval="1h")
    told = known.doubt("b", CAPABILITIES["candles"], asked, wrong)
    assert "times off what a told just now" in told
    book = OrderBook(symbol="BTC/USDT", bids=[[2.2, 1.0]], asks=[[2.3, 1.0]])
    query = OrderBookQuery(symbol="BTC/USDT")
    assert known.doubt("c", CAPABILITIES["order_book"], query, book) is not None
    right = OrderBook(symbol="BTC/USDT", bids=[[90_010.0, 1.0]], asks=[[90_020.0, 1.0]])
    assert known.doubt("d", CAPABILITIES["order_book"], query, right) is None
    past = CandlesQuery(symbol="BTC/USDT", interval="1h", end=1_700_000_000_000)
    assert known.doubt("e", CAPABILITIES["candles"], past, wrong) is None, "of another time"


def test_a_second_source_ends_the_doubt_and_the_first_repeating_itself_does_not(tell):
    assert tell("a", 100) is None
    assert tell("b", 200) is not None
    assert tell("b", 200) is not None
    assert tell("c", 203) is None
    assert tell("b", 201) is None
    assert tell("a", 100) is not None


def test_what_another_process_believed_is_known(clock):
    """A newer price of it counts as ours would, and the oldest markets give way."""
    known, rule = JumpCheck(clock), TICKER.jumps
    query = TickerQuery(symbol="BTC/USDT")
    key, now = ("price", query.subject()), clock.monotonic()
    known.learn(key, rule, 100.0, "a", now - 30)
    assert "off what a told just now" in known.doubt(
        "b", TICKER, query, Ticker(symbol="BTC/USDT", last=200.0)
    )
    known.learn(key, rule, 50.0, "c", now - 40)  # older than ours
    known.learn(key, rule, 110.0, "c", now)
    assert known.believed(now - 1) == [(key, 110.0, "c", now)]
    assert known.believed(now) == []
    for at in range(5_000):
        known.learn(("price", at), rule, 1.0, "a", now)
    assert len(known.believed(now - 100)) == 4_096


def test_what_differs_from_what_is_known_is_learned_of_a_second_source(clock):
    """As an answer would be believed."""
    known, rule = JumpCheck(clock), TICKER.jumps
    query = TickerQuery(symbol="BTC/USDT")
    key, now = ("price", query.subject()), clock.monotonic()

    def told(source, last):
        return known.doubt(source, TICKER, query, Ticker(symbol="BTC/USDT", last=last))

    assert told("a", 100.0) is None
    known.learn(key, rule, 200.0, "b", now + 1)
    assert told("c", 200.0) is not None
    known.learn(key, rule, 201.0, "c", now + 1)
    assert told("a", 100.0) is None
    assert told("c", 200.0) is not None
    known.learn(key, rule, 201.0, "b", now + 1)
    assert told("a", 100.0) is not None


@pytest.fixture
def known(clock):
    return JumpCheck(clock)


@pytest.fixture
def asked(known):
    """What is said of a source's price: None, `doubted` or `refused`."""
    query = TickerQuery(symbol="BTC/USDT")

    def call(source, last):
        ticker = Ticker(symbol="BTC/USDT", last=last)
        if known.doubt(source, TICKER, query, ticker) is None:
            return None
        return "refused" if known.refuses(source, TICKER, query, ticker) else "doubted"

    return call


@pytest.mark.parametrize(
    ("seconds", "doubted", "refused"), [(0, 290, 310), (61, 900, 1_010), (3_601, 9_000, 10_100)]
)
def test_E5_what_is_far_off_what_was_told_just_now_is_refused(
    asked, clock, seconds, doubted, refused
):
    """The longer ago, the further; both ways."""
    assert asked("a", 100.0) is None
    clock.advance(seconds)
    assert asked("b", doubted) == "doubted"
    assert asked("c", refused) == "refused"
    assert asked("d", 10_000 / refused) == "refused"


def test_a_price_far_off_is_believed_of_two_at_once(asked):
    assert asked("a", 100.0) is None
    assert asked("b", 50_000.0) == "refused"
    assert asked("c", 50_100.0) is None
    assert asked("b", 50_000.0) is None
    assert asked("a", 100.0) == "refused"


def test_a_sole_source_s_price_far_off_is_believed_after_ten_minutes(asked, clock):
    """A thousand coins were made one, say."""
    assert asked("a", 100.0) is None
    for minute in range(10):
        assert asked("a", 100_000.0 * 1.01**minute) == "refused", minute
        clock.advance(61)
    assert asked("a", 100_000.0 * 1.01**10) is None


def test_another_coin_of_the_same_name_is_told_with_a_doubt_after_ten_minutes(asked, clock):
    """Though others go on to contradict it: who pins that source wants its price."""
    for minute in range(12):
        assert asked("a", 100.0 + minute / 10) is None
        assert asked("c", 100.0 + minute / 10) is None
        assert asked("b", 0.01) == ("refused" if minute < 10 else "doubted")
        clock.advance(61)


def test_where_the_first_may_be_the_wrong_one_neither_is_told_without_a_doubt(asked, clock):
    assert asked("a", 952.0) is None
    assert asked("b", 1.0) == "refused"
    assert asked("a", 952.0) == "doubted"
    clock.advance(50)
    assert asked("c", 1.01) is None, "a third decides"
    assert asked("a", 952.0) == "refused"
    assert asked("b", 1.0) is None


def test_a_third_may_decide_for_the_first(asked):
    assert asked("a", 952.0) is None
    assert asked("b", 1.0) == "refused"
    assert asked("c", 950.0) is None
    assert asked("a", 952.0) is None
    assert asked("b", 1.0) == "refused"


def test_a_dispute_ends_where_nobody_goes_on_with_it(asked, clock):
    assert asked("a", 952.0) is None
    assert asked("b", 1.0) == "refused"
    clock.advance(61)
    assert asked("a", 952.0) is None
    assert asked("b", 1.0) == "refused"
    assert asked("b", 951.0) is None
    assert asked("a", 952.0) is None


def test_who_was_seconded_by_another_process_is_not_disputed(known, asked, clock):
    assert asked("a", 952.0) is None
    key = ("price", TickerQuery(symbol="BTC/USDT").subject())
    known.learn(key, TICKER.jumps, 951.0, "c", clock.monotonic() + 1)
    assert asked("b", 1.0) == "refused"
    assert asked("a", 952.0) is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "liar"]), st.floats(0.999, 1.001), st.floats(0.0, 20.0)
        ),
        max_size=60,
    ),
    st.one_of(st.floats(4.0, 1e6), st.floats(1e-6, 0.25)),
)
def test_E5_one_liar_is_never_served_beside_two_who_agree(steps, factor):
    """However they take turns: of a price that two had told, the third's is refused."""
    clock = FakeClock()
    known, query = JumpCheck(clock), TickerQuery(symbol="BTC/USDT")

    def said(source, last):
        ticker = Ticker(symbol="BTC/USDT", last=last)
        doubt = known.doubt(source, TICKER, query, ticker)
        return doubt is not None, known.refuses(source, TICKER, query, ticker)

    assert said("a", 100.0) == said("b", 100.0) == (False, False)
    told_at, began_at = clock.monotonic(), None
    for source, spread, seconds in steps:
        clock.advance(seconds)
        now = clock.monotonic()
        if source != "liar":
            assert said(source, 100.0 * spread) == (False, False)
            told_at = now
        else:
            began_at = now if began_at is None else began_at
            is_recent = now - told_at <= 60 and now - began_at < 600
            doubted, refused = said("liar", 100.0 * factor * spread)
            assert doubted
            assert refused or not is_recent


def test_markets_are_told_apart(tell):
    assert tell("a", 100) is None
    assert tell("a", 5, symbol="ETH/USDT") is None


def test_fees_may_leap_further():
    known = JumpCheck(FakeClock())
    query = GasQuery(chain="ethereum")

    def told(value):
        return known.doubt("a", GAS, query, Gas(chain="ethereum", unit="gwei", standard=value))

    assert told(1.0) is None
    assert told(19.0) is None
    assert told(400.0) is not None


def test_E9_one_answer_for_every_market_is_doubted(tell):
    """Down to the volume: that is no chance. Three coins at one dollar are."""
    coins = [f"C{at}/USDT" for at in range(5)]
    assert [tell("a", 1.0, symbol=coin, volume_base=77.5) is None for coin in coins] == [
        True, True, False, False, False,
    ]  # fmt: skip
    assert all(tell("b", 1.0, symbol=c, volume_base=at) is None for at, c in enumerate(coins))
    assert all(tell("c", 1.0, symbol=coin) is None for coin in coins)


def test_E9_an_hour_of_the_same_while_others_move_is_doubted(tell, clock):
    why = None
    for minute in range(0, 75, 5):
        assert tell("other", 100 + minute / 10) is None
        why = tell("frozen", 100.0, bid=99.9, volume_base=5)
        if minute < 60:
            assert why is None
        clock.advance(300)
    assert why == "the same for 70 minutes, while others moved"
    assert tell("frozen", 107.0, bid=99.9, volume_base=5) is None


def test_a_market_that_stands_still_for_all_is_no_fault(tell, clock):
    for _ in range(30):
        assert tell("a", 100.0) is None
        assert tell("b", 100.0) is None
        clock.advance(300)


async def test_a_doubted_answer_is_held_against_the_next_source(gateway_of):
    """The next tells what was known: that is served, and the third deviation is a failure."""
    async with gateway_of(a=[100.0, 500.0], b=[101.0]) as world:
        gateway = world.gateway
        assert (await gateway.ticker("BTC/USDT", max_age_s=0)).provider == "a"
        states = []
        for _ in range(3):
            answer = await gateway.ticker("BTC/USDT", max_age_s=0)
            assert (answer.provider, answer.data.last) == ("b", 101.0)
            assert answer.meta["attempts"][0]["code"] == "upstream_implausible"
            states.append(gateway.health.snapshot("a").state)
        assert states == [State.HEALTHY, State.HEALTHY, State.DEGRADED]


async def test_a_market_that_did_jump_is_believed_of_two(gateway_of):
    async with gateway_of(a=[100.0, 200.0], b=[201.0]) as world:
        gateway = world.gateway
        await gateway.ticker("BTC/USDT", max_age_s=0)
        answer = await gateway.ticker("BTC/USDT", max_age_s=0)
        assert (answer.provider, answer.data.last) == ("b", 201.0)
        assert gateway.health.snapshot("a").state is State.HEALTHY
        assert (await gateway.ticker("BTC/USDT", max_age_s=0)).provider == "a"


async def test_where_nobody_else_can_be_heard_it_is_served_with_a_note(gateway_of):
    async with gateway_of(a=[100.0, 200.0], b=[Empty("x")]) as world:
        gateway = world.gateway
        await gateway.ticker("BTC/USDT", max_age_s=0)
        answer = await gateway.ticker("BTC/USDT", max_age_s=0)
        assert (answer.provider, answer.data.last) == ("a", 200.0)
        (note,) = answer.meta["notes"]
        assert note.startswith("doubted: 200 is 2 times off what a told just now")
        assert answer.meta["stale"] is False


async def test_E5_one_far_off_is_refused_though_nobody_else_can_be_heard(gateway_of):
    async with gateway_of(a=[100.0, 95_200.0], b=[Empty("x")]) as world:
        gateway = world.gateway
        await gateway.ticker("BTC/USDT", max_age_s=0)
        with pytest.raises(AllProvidersFailed) as caught:
            await gateway.ticker("BTC/USDT", max_age_s=0)
        first, _ = caught.value.extra["attempts"]
        assert (first["provider"], first["code"]) == ("a", "upstream_implausible")
        assert gateway.health.snapshot("a").state is State.HEALTHY


async def test_E5_one_vote_far_off_is_no_consensus(gateway_of):
    async with gateway_of(a=[100.0, 95_200.0, 150.0], b=[Empty("x")]) as world:
        gateway = world.gateway
        await gateway.ticker("BTC/USDT", max_age_s=0)
        with pytest.raises(AllProvidersFailed, match="952 times off what a told just now"):
            await gateway.ticker("BTC/USDT", max_age_s=0, strategy="consensus")
        answer = await gateway.ticker("BTC/USDT", max_age_s=0, strategy="consensus")
        (note,) = answer.meta["notes"]
        assert note.startswith("doubted: 150 is 1.5 times off what a told just now")
