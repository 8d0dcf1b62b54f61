"""No sequence of requests moves the health of a source that works; one that is broken goes OFFLINE.

The source behaves as real ones do: what it lists it answers, and each odd question ends in what
some real source makes of it.
"""

import asyncio
import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coinmux import (
    AuthRefused,
    BadStatus,
    CoinmuxError,
    Empty,
    Gateway,
    Implausible,
    Malformed,
    NotJSON,
    OtherSubject,
    PlanRestricted,
    ProviderInfo,
    RequestOptions,
    SchemaMismatch,
    Stale,
    SymbolStyle,
    Ticker,
    TickerQuery,
    TooLarge,
    UnknownSymbol,
    Unreachable,
    hookimpl,
)
from coinmux import models as m
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.clock import FakeClock

LISTED = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "ARB/USDT", "AR/BUSD", "BTC/EUR")
UNLISTED = (
    "XBT/USD", "BTCU/SDT", "BT/CUSDT", "ARB/USD", "NOPE/USDT", "币安人生/USDT", "BTC/USTD",
    "USDC.E/USDT", "ETH/PLN", "A/B",
)  # fmt: skip
FIRST_MS = 1_500_000_000_000
#: What sources make of a question they have no answer to.
ODD = (
    lambda: UnknownSymbol("it"),
    lambda: BadStatus("HTTP 404", status=404),
    lambda: BadStatus("HTTP 400: bad parameter", status=400),
    lambda: BadStatus("the answer is an error: -1100", status=200),
    lambda: Empty("nothing"),
    lambda: OtherSubject("it is about another pair"),
    lambda: Implausible("a price of nothing"),
    lambda: SchemaMismatch("data is missing"),
    lambda: NotJSON("a page that says that nothing was found"),
    lambda: PlanRestricted("not in the plan"),
    lambda: AuthRefused("HTTP 401"),
    lambda: TooLarge("more than fits"),
    lambda: KeyError("data"),
    lambda: ZeroDivisionError("no volume"),
)


class Realistic:
    """A source of tickers, candles, books and pages of coins that answers what it has."""

    def __init__(self, clock, odd, style):
        self.clock, self.odd, self.style, self.broken = clock, odd, style, None

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="x", title="X", category="market", base_url="https://x.example",
            symbols=self.style, intervals={"1m": "1m", "1h": "1h", "1d": "1d"}, max_candles=500,
        )  # fmt: skip

    def judge(self, *, has):
        if self.broken is not None:
            raise self.broken()
        if not has:
            raise self.odd()

    @hookimpl
    async def fetch_ticker(self, query, http):
        self.judge(has=query.symbol in LISTED)
        old_ms = 900_000 if query.symbol.base == "ARB" else 0
        return Ticker(symbol=query.symbol, last=1.0, timestamp=self.clock.wall_ms() - old_ms)

    @hookimpl
    async def fetch_order_book(self, query, http):
        self.judge(has=query.symbol in LISTED and query.depth <= 100)
        return m.OrderBook(symbol=query.symbol, bids=[[1.0, 1.0]], asks=[[1.01, 1.0]])

    @hookimpl
    async def fetch_candles(self, query, http):
        end = query.end if query.end is not None else self.clock.wall_ms()
        self.judge(has=query.symbol in LISTED and end > FIRST_MS and query.limit <= 500)
        last = (end - end % query.interval.ms) // query.interval.ms * query.interval.ms
        rows = [
            [last - back * query.interval.ms, 1.0, 1.0, 1.0, 1.0, 1.0]
            for back in range(min(query.limit, 3))
        ]
        return m.Candles.from_rows(query, rows[::-1])

    @hookimpl
    async def fetch_coins(self, query, http):
        self.judge(has=query.page <= 3 and query.quote == "USD")
        return m.Coins.of(query, [m.Coin(id="bitcoin", symbol="BTC", name="Bitcoin", price=1.0)])

    @hookimpl
    async def fetch_social(self, query, http):
        self.judge(has=query.asset in ("BTC", "ETH"))
        return m.Social(symbol=query.asset, metrics={"posts": {"value": 1.0, "unit": "posts"}})


pairs = st.sampled_from([*LISTED, *UNLISTED])
times = st.none() | st.integers(1_230_940_800_000, 1_900_000_000_000)
questions = st.one_of(
    st.fixed_dictionaries({"capability": st.just("ticker"), "symbol": pairs}),
    st.fixed_dictionaries(
        {"capability": st.just("order_book"), "symbol": pairs, "depth": st.integers(1, 500)}
    ),
    st.fixed_dictionaries(
        {
            "capability": st.just("candles"),
            "symbol": pairs,
            "limit": st.integers(1, 1000),
            "interval": st.sampled_from(["1m", "1h", "1d", "4h", "1w"]),
            "start": times,
            "end": times,
        }
    ),
    st.fixed_dictionaries(
        {
            "capability": st.just("coins"),
            "page": st.integers(1, 200),
            "per_page": st.integers(1, 250),
            "quote": st.sampled_from(["USD", "EUR", "XYZ"]),
        }
    ),
    st.fixed_dictionaries(
        {"capability": st.just("social"), "asset": st.sampled_from(["BTC", "ETH", "NOPE", "Я"])}
    ),
)
options = st.builds(
    RequestOptions,
    provider=st.sampled_from([None, "x"]),
    timeout_s=st.sampled_from([None, 0.1, 1.0, 30.0]),
    max_age_s=st.sampled_from([None, 0]),
)
styles = st.sampled_from([SymbolStyle(), SymbolStyle(separator="-")])


def asked(question, option, gateway):
    values = {key: value for key, value in question.items() if value is not None}
    return gateway.get(values.pop("capability"), options=option, **values)


async def play(rounds, odd, style):
    clock = FakeClock()
    source = Realistic(clock, odd, style)
    gateway = Gateway.from_env(
        None, environ={"CHECKER": "off"}, found=[in_process("x", source)], clock=clock
    )
    async with gateway:
        for question, option in rounds:
            with contextlib.suppress(CoinmuxError):
                await asked(question, option, gateway)
            states = {str(one.state) for one in gateway.health.snapshot("x").capabilities}
            snapshot = gateway.health.snapshot("x")
            assert {*states, str(snapshot.state)} <= {"UNKNOWN", "HEALTHY"}, (question, option)
            assert (snapshot.failures, snapshot.hold_until) == (0, None)
            assert all(one.hold_until is None for one in snapshot.capabilities)
            clock.advance(1.5)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(questions, options), min_size=1, max_size=12), st.sampled_from(ODD), styles
)
def test_no_sequence_of_requests_moves_the_health_of_a_source_that_works(rounds, odd, style):
    asyncio.run(play(rounds, odd, style))


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: type(odd()).__name__)
async def test_an_odd_question_asked_for_ever_counts_for_nobody(odd):
    option = RequestOptions(provider="x", max_age_s=0)
    wrong = [
        {"capability": "ticker", "symbol": "NOPE/USDT"},
        {"capability": "coins", "page": 150},
        {"capability": "candles", "symbol": "BTC/USDT", "interval": "1h", "end": FIRST_MS - 1},
        {"capability": "order_book", "symbol": "BTC/USDT", "depth": 500},
        {"capability": "social", "asset": "NOPE"},
    ]
    await play([(question, option) for question in wrong * 4], odd, SymbolStyle(separator="-"))


BROKEN = (
    lambda: BadStatus("HTTP 404", status=404),
    lambda: BadStatus("HTTP 500", status=500),
    lambda: Empty("nothing"),
    lambda: OtherSubject("it is about another pair"),
    lambda: SchemaMismatch("data is missing"),
    lambda: Malformed("half a document"),
    lambda: Unreachable("down"),
    lambda: Stale("old"),
    lambda: KeyError("data"),
)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: str(broken()))
async def test_a_source_that_fails_what_everybody_asks_goes_offline(broken):
    clock = FakeClock()
    source = Realistic(clock, ODD[0], SymbolStyle())
    source.broken = broken
    gateway = Gateway.from_env(
        None, environ={"CHECKER": "off"}, found=[in_process("x", source)], clock=clock
    )
    async with gateway:
        for _ in range(3):
            with pytest.raises(CoinmuxError):
                await gateway.fetch(TickerQuery(symbol="BTC/USDT"), RequestOptions(max_age_s=0))
        assert gateway.source_health_of("x").state == "OFFLINE"


@pytest.mark.parametrize("pair", ["SOL/USDT", "AR/BUSD"])
async def test_what_it_answered_before_it_should_answer_again(pair):
    clock = FakeClock()
    source = Realistic(clock, ODD[0], SymbolStyle(separator="-"))
    gateway = Gateway.from_env(
        None, environ={"CHECKER": "off"}, found=[in_process("x", source)], clock=clock
    )
    option = RequestOptions(max_age_s=0)
    async with gateway:
        await gateway.fetch(TickerQuery(symbol=pair), option)
        source.broken = lambda: BadStatus("HTTP 410", status=410)
        for _ in range(3):
            with pytest.raises(CoinmuxError):
                await gateway.fetch(TickerQuery(symbol=pair), option)
        assert gateway.source_health_of("x").state == "OFFLINE"


async def test_an_illiquid_market_is_not_held_against_its_source():
    """Its ticker is old at one source and new at another, and both work."""
    clock = FakeClock()

    class Other(Realistic):
        @hookimpl
        def provider_info(self):
            return ProviderInfo(
                name="y", title="Y", category="market", base_url="https://y.example", priority=500
            )

        @hookimpl
        async def fetch_ticker(self, query, http):
            return Ticker(symbol=query.symbol, last=1.5, timestamp=self.clock.wall_ms())

    found = [
        in_process("x", Realistic(clock, ODD[0], SymbolStyle(separator="-"))),
        in_process("y", Other(clock, ODD[0], SymbolStyle(separator="-"))),
    ]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found, clock=clock)
    async with gateway:
        for _ in range(4):
            answer = await gateway.fetch(
                TickerQuery(symbol="ARB/USDT"), RequestOptions(max_age_s=0)
            )
            assert answer.provider == "y"
        assert gateway.source_health_of("x").failures == 0
