"""Advice of plugins about the order of sources: taken where sound, told, and harmless."""

import threading
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from coinmux import (
    Advice,
    Gateway,
    ProviderInfo,
    RankedSource,
    RateLimit,
    RequestOptions,
    State,
    Ticker,
    TickerQuery,
    Unreachable,
    hookimpl,
)
from coinmux.framework.plugins.discovery import in_process

QUERY = TickerQuery(symbol="BTC/USDT")


class Source:
    def __init__(self, name, priority, **info):
        self.info = ProviderInfo(
            name=name, title=name, category="market", base_url=f"https://{name}.example",
            priority=priority, **info,
        )  # fmt: skip
        self.fails = False

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    async def fetch_ticker(self, query, http):
        if self.fails:
            raise Unreachable("gone")
        return Ticker(symbol=query.symbol, last=1)


class Adviser:
    """Says what `tell` returns."""

    def __init__(self, tell):
        self.tell = tell

    @hookimpl
    def advise_order(self, capability, query, sources):
        return self.tell(capability, query, sources)


def always(*advice):
    return lambda capability, query, sources: list(advice)


@asynccontextmanager
async def gateway_with(clock, sources, **advisers):
    found = [in_process(one.info.name, one) for one in sources]
    found += [in_process(name, Adviser(tell)) for name, tell in advisers.items()]
    environ = {"CHECKER": "off", "HEDGE": "off"}
    gateway = Gateway.from_env(None, environ=environ, found=found, clock=clock)
    assert gateway.loader.broken == []
    async with gateway:
        yield gateway


def three():
    return [Source("a", 10), Source("b", 20), Source("c", 30)]


def order(gateway, **options):
    shown = gateway.explain("ticker", QUERY, RequestOptions(**options))
    return [line["provider"] for line in shown["candidates"]]


async def test_advice_moves_sources_earlier_and_later(clock):
    tell = always(Advice("c", 0.5, "close by"), Advice("a", -1, "billed"))
    async with gateway_with(clock, three(), house=tell) as gateway:
        assert order(gateway) == ["c", "b", "a"]
        assert (await gateway.ticker("BTC/USDT")).provider == "c"


async def test_without_advice_nothing_changes(clock):
    async with gateway_with(clock, three(), quiet=lambda *_: None, empty=always()) as gateway:
        assert order(gateway) == ["a", "b", "c"]
        assert "advice" not in gateway.explain("ticker", QUERY)["candidates"][0]


async def test_explain_names_the_plugin_and_its_reason(clock):
    """Of every candidate it is about, and as the reason of those that come later for it."""
    async with gateway_with(clock, three(), house=always(Advice("c", 1, "ours"))) as gateway:
        first, second, _ = gateway.explain("ticker", QUERY)["candidates"]
        assert first["advice"] == [{"plugin": "house", "weight": 1, "reason": "ours"}]
        assert first["reason"] == "first_choice"
        assert first["detail"].endswith("house would rather ask c: ours")
        assert second["advice"] == []
        assert (second["reason"], second["detail"]) == (
            "advised",
            "house would rather ask c: ours",
        )


async def test_a_decision_says_the_order_it_was_made_by(clock):
    """Also after the plugin says something else."""
    told = [Advice("b", -1, "billed"), Advice("c", 0.2, "fast today")]
    async with gateway_with(clock, three(), house=lambda *_: list(told)) as gateway:
        await gateway.fetch(QUERY, request_id="one")
        told.clear()
        lines = gateway.decision("one")["candidates"]
        assert [(one["provider"], one["reason"]) for one in lines] == [
            ("c", "answered"), ("a", "advised"), ("b", "advised"),
        ]  # fmt: skip
        assert lines[2]["advice"] == [{"plugin": "house", "weight": -1, "reason": "billed"}]


async def test_what_several_plugins_say_is_added_within_bounds(clock):
    """Two that would rather ask `c` weigh no more than one that surely would ask `b`."""
    one, other = always(Advice("c", 1, "x")), always(Advice("c", 1, "y"), Advice("b", 1, "y"))
    async with gateway_with(clock, three(), x=one, y=other) as gateway:
        assert order(gateway) == ["b", "c", "a"]


async def test_health_goes_before_advice(clock):
    """A source that fails is not asked first because a plugin likes it."""
    sources = three()
    sources[2].fails = True
    async with gateway_with(clock, sources, house=always(Advice("c", 1, "ours"))) as gateway:
        for _ in range(10):
            await gateway.fetch(QUERY, RequestOptions(max_age_s=0))
            clock.advance(2)
        tiers = {
            line["provider"]: line["score"]["tier"]
            for line in gateway.explain("ticker", QUERY)["candidates"]
        }
        assert tiers["c"] > tiers["a"]
        assert order(gateway)[0] == "a"


async def test_a_pinned_request_asks_no_adviser(clock):
    asked = []
    async with gateway_with(clock, three(), house=lambda *_: asked.append(1)) as gateway:
        await gateway.ticker("BTC/USDT", provider="b")
        assert asked == []


async def test_advice_may_name_what_is_no_candidate(clock):
    async with gateway_with(clock, three(), house=always(Advice("nobody", 1, "x"))) as gateway:
        assert order(gateway) == ["a", "b", "c"]
        assert gateway.extensions.faults.of("house") == []


async def test_the_hook_is_shown_what_a_source_is_ranked_by(clock):
    seen = []
    metered = Source("a", 10, rate_limits=(RateLimit(100, per_s=86_400),))

    def tell(capability, query, sources):
        seen.append((capability, query, sources))

    async with gateway_with(clock, [metered, Source("b", 20)], house=tell) as gateway:
        await gateway.ticker("BTC/USDT")
        assert seen[0] == ("ticker", QUERY, (
            RankedSource("a", State.UNKNOWN, 0, 10, None, 1.0),
            RankedSource("b", State.UNKNOWN, 0, 20, None, None),
        ))  # fmt: skip


def raising(error):
    def tell(*_):
        raise error

    return tell


@pytest.mark.parametrize(
    ("tell", "words"),
    [
        (raising(KeyError("x")), "raised KeyError"),
        (raising(SystemExit(3)), "raised SystemExit: 3"),
        (lambda *_: "b", "returned nonsense: TypeError: advise_order returns a list of Advice"),
        (lambda *_: [("b", 1)], "returned nonsense"),
        (lambda *_: [Advice("b", 2, "x")], "raised ValueError: Advice takes a weight"),
        (lambda *_: [Advice("b", 1, "x")] * 500, "returned nonsense: ValueError"),
    ],
    ids=["raises", "exits", "text", "pairs", "weight", "many"],
)
async def test_a_faulty_adviser_harms_nobody_and_is_said_once(clock, said, tell, words):
    async with gateway_with(
        clock, three(), bad=tell, good=always(Advice("c", 1, "ours"))
    ) as gateway:
        for _ in range(3):
            answer = await gateway.fetch(QUERY, RequestOptions(max_age_s=0))
            assert answer.provider == "c"
        (fault,) = gateway.extensions.faults.of("bad")
        assert (fault.hook, fault.count) == ("advise_order", 3)
        assert words in fault.last
        (message,) = said(gateway, "advise_order")
        assert message.startswith("bad: advise_order ")


async def test_an_adviser_that_hangs_is_waited_for_once_and_left_alone(clock, said, patience):
    patience(0.01)
    going, calls = threading.Event(), []

    def hang(*_):
        calls.append(1)
        going.wait(30)
        return [Advice("c", 1, "at last")]

    async with gateway_with(clock, three(), slow=hang) as gateway:
        for _ in range(3):
            clock.advance(5)
            assert (await gateway.fetch(QUERY, RequestOptions(max_age_s=0))).provider == "a"
        assert calls == [1]
        (message,) = said(gateway, "advise_order")
        assert message.startswith("slow: advise_order did not return within 10 ms;")
        # It comes back: what it said then is not used for another question.
        patience(20)
        going.set()
        advisers = gateway.router.advisers
        while advisers.ask("ticker", QUERY, ()) == {}:
            clock.advance(5)
        assert order(gateway)[0] == "c"
        assert gateway.extensions.faults.of("slow")[0].count == 1


async def test_one_that_is_late_rests_longer_each_time(clock, patience):
    calls = []
    patience(0)

    async with gateway_with(clock, three(), slow=lambda *_: calls.append(1)) as gateway:
        asked_at = []
        for second in range(40):
            before = gateway.extensions.faults.of("slow")
            count = before[0].count if before else 0
            gateway.explain("ticker", QUERY)
            if gateway.extensions.faults.of("slow")[0].count > count:
                asked_at.append(second)
            while len(calls) < len(asked_at):
                threading.Event().wait(0.001)
            clock.advance(1)
        assert [b - a for a, b in pairwise(asked_at)] == [1, 2, 4, 8, 16]


async def test_an_async_adviser_is_listed_as_broken(clock):
    class Waits:
        @hookimpl
        async def advise_order(self, sources):
            return []

    found = [in_process("waits", Waits()), in_process("a", Source("a", 10))]
    async with Gateway.from_env(None, environ={}, found=found, clock=clock) as gateway:
        (broken,) = gateway.loader.broken
        assert broken.error == "TypeError: advise_order is async; it must be a plain function"
        assert (await gateway.ticker("BTC/USDT")).provider == "a"


async def test_without_advisers_the_router_asks_nobody(clock):
    async with gateway_with(clock, three()) as gateway:
        assert gateway.router.advisers is None
