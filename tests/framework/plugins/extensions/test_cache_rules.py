"""How long plugins say an answer is good: taken within what is true, told, and harmless."""

from types import SimpleNamespace

import pytest

from coinmux import (
    CAPABILITIES,
    Freshness,
    ProviderInfo,
    RequestOptions,
    Ticker,
    TickerQuery,
    hookimpl,
)
from coinmux.framework.cluster.answer_codec import decode, encode, rule_in
from coinmux.framework.plugins.extensions.cache_rules import within

QUERY = TickerQuery(symbol="BTC/USDT")


class Ruler:
    def __init__(self, name, rule):
        self.name, self.rule = name, rule

    @hookimpl
    def cache_rule(self, capability, query, freshness):
        return self.rule(capability, query, freshness)


def saying(*seconds):
    return lambda *_: Freshness(*seconds)


@pytest.fixture
def gateway_ruled(gateway_with):
    """A gateway of one source of tickers and these rules."""

    def make(**rules):
        source = SimpleNamespace(name="a", calls=0)

        @hookimpl
        def provider_info():
            return ProviderInfo(
                name="a", title="a", category="market", base_url="https://a.example"
            )

        @hookimpl
        async def fetch_ticker(query, http):
            source.calls += 1
            return Ticker(symbol=query.symbol, last=source.calls)

        source.provider_info, source.fetch_ticker = provider_info, fetch_ticker
        return source, gateway_with(source, *(Ruler(name, rule) for name, rule in rules.items()))

    return make


async def test_an_answer_is_fresh_for_as_long_as_the_rule_says(clock, gateway_ruled):
    source, opened = gateway_ruled(slow=saying(100, 0, 0))
    async with opened as gateway:
        await gateway.ticker("BTC/USDT")
        clock.advance(80)
        assert (await gateway.ticker("BTC/USDT")).cache == "hit"
        clock.advance(40)
        assert (await gateway.ticker("BTC/USDT")).cache == "miss"
        assert source.calls == 2


async def test_a_rule_may_have_nothing_kept(clock, gateway_ruled):
    source, opened = gateway_ruled(never=saying(0, 0, 0))
    async with opened as gateway:
        for _ in range(3):
            assert (await gateway.ticker("BTC/USDT")).cache == "miss"
        assert source.calls == 3


async def test_meta_and_explain_say_whose_rule_it_is(clock, gateway_ruled):
    _, opened = gateway_ruled(slow=saying(100, 20, 30))
    rule = {"plugin": "slow", "fresh_s": 100, "refresh_s": 20, "failed_s": 30, "cut": False}
    async with opened as gateway:
        assert gateway.explain("ticker", QUERY)["cache_rule"] == rule
        assert (await gateway.ticker("BTC/USDT")).meta["cache_rule"] == rule


async def test_without_a_rule_nothing_is_said(clock, gateway_ruled):
    _, opened = gateway_ruled(quiet=lambda *_: None)
    async with opened as gateway:
        assert gateway.explain("ticker", QUERY)["cache_rule"] is None
        assert "cache_rule" not in (await gateway.ticker("BTC/USDT")).meta


async def test_the_first_plugin_by_name_decides(clock, gateway_ruled):
    _, opened = gateway_ruled(b=saying(2, 0, 0), a2=saying(1, 0, 0), a1=lambda *_: None)
    async with opened as gateway:
        assert gateway.explain("ticker", QUERY)["cache_rule"]["plugin"] == "a2"


async def test_the_hook_is_told_the_usual_time(clock, gateway_ruled):
    seen = []
    _, opened = gateway_ruled(curious=lambda *given: seen.append(given))
    async with opened as gateway:
        await gateway.ticker("BTC/USDT")
        assert seen == [("ticker", QUERY, CAPABILITIES["ticker"].freshness)]


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ((600, 600, 600), (300, 0, 0)),
        ((250, 100, 20), (250, 50, 20)),
        ((1, 2, 3), (1, 2, 3)),
    ],
    ids=["all", "later", "none"],
)
def test_a_price_is_never_kept_past_the_age_at_which_it_is_stale(wanted, kept):
    """Tickers are stale after 300 s of their own time."""
    assert within(CAPABILITIES["ticker"], Freshness(*wanted)) == Freshness(*kept)


def test_what_has_no_such_age_is_kept_for_a_week_at_most():
    week = 7 * 86_400
    assert within(CAPABILITIES["tvl"], Freshness(10 * week, 5, 5)) == Freshness(week, 0, 0)


async def test_a_rule_that_wants_too_much_is_cut_and_said_so(clock, gateway_ruled):
    _, opened = gateway_ruled(greedy=saying(86_400, 0, 0))
    async with opened as gateway:
        rule = (await gateway.ticker("BTC/USDT")).meta["cache_rule"]
        assert (rule["fresh_s"], rule["cut"]) == (300, True)


def raise_it(*_):
    raise ZeroDivisionError("oops")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (raise_it, "raised ZeroDivisionError"),
        (lambda *_: 60, "returned nonsense: TypeError: cache_rule returns a Freshness"),
        (saying(-1, 0, 0), "fresh_s=-1"),
        (saying(float("nan"), 0, 0), "fresh_s=nan"),
        (saying("5", 0, 0), "fresh_s='5'"),
        (saying(5, float("inf"), 0), "refresh_s=inf"),
    ],
    ids=["raises", "number", "negative", "nan", "text", "endless"],
)
async def test_a_faulty_rule_leaves_the_usual_time(clock, said, gateway_ruled, rule, words):
    _, opened = gateway_ruled(bad=rule)
    async with opened as gateway:
        answer = await gateway.ticker("BTC/USDT")
        assert answer.fetched.freshness == CAPABILITIES["ticker"].freshness
        await gateway.fetch(QUERY, RequestOptions(max_age_s=0))
        (fault,) = gateway.extensions.faults.of("bad")
        assert words in fault.last
        assert fault.count == 2
        assert len(said(gateway, "cache_rule")) == 1


async def test_another_worker_keeps_the_answer_by_the_same_rule(clock, gateway_ruled):
    """It is told with the answer: that worker may have other plugins."""
    _, opened = gateway_ruled(slow=saying(100, 20, 30))
    async with opened as gateway:
        fetched = (await gateway.ticker("BTC/USDT")).fetched
        stored, _ = decode(encode(fetched), Ticker)
        assert rule_in(stored) == fetched.rule


async def test_without_rules_answers_are_told_without(clock, gateway_ruled):
    _, opened = gateway_ruled()
    async with opened as gateway:
        stored, _ = decode(encode((await gateway.ticker("BTC/USDT")).fetched), Ticker)
        assert rule_in(stored) is None
