"""The loop of attempts: failover, cache, deadlines, pins, and what is told of them."""

import asyncio
import json

import pytest

from coinmux import (
    AllProvidersFailed,
    AuthRefused,
    CutShort,
    DeadlineExceeded,
    Empty,
    FeatureDisabled,
    GeoBlocked,
    InvalidRequest,
    NoProviderAvailable,
    NotFound,
    NotOffered,
    ProviderBusy,
    QuotaExhausted,
    RateLimited,
    RequestOptions,
    TickerQuery,
    UnknownProvider,
    UnknownSymbol,
    Unreachable,
)

QUERY = TickerQuery(symbol="BTC/USDT")
FRESH = RequestOptions(max_age_s=0)


async def test_the_first_in_order_answers(gateway_of):
    async with gateway_of(a=[1.0], b=[2.0]) as world:
        answer = await world.gateway.fetch("ticker", QUERY)
        assert (answer.provider, answer.data.last, answer.cache) == ("a", 1.0, "miss")
        assert world.plugins["b"].calls == 0


async def test_a_failure_falls_over_and_shows_in_the_attempts(gateway_of):
    async with gateway_of(a=[Empty("nothing")], b=[2.0]) as world:
        answer = await world.gateway.fetch("ticker", QUERY)
        assert answer.provider == "b"
        assert [
            (one["provider"], one["outcome"], one.get("code")) for one in answer.meta["attempts"]
        ] == [
            ("a", "failed", "upstream_empty"),
            ("b", "ok", None),
        ]


async def test_the_body_is_the_envelope_of_the_contract(gateway_of):
    async with gateway_of(a=[1.5]) as world:
        answer = await world.gateway.fetch("ticker", QUERY)
        body = json.loads(answer.body)
        assert body["data"]["last"] == 1.5
        assert set(body["meta"]) >= {
            "capability", "provider", "fetched_at", "cache", "stale", "simulated", "elapsed_ms",
            "attempts",
        }  # fmt: skip
        again = await world.gateway.fetch("ticker", QUERY)
        assert json.loads(again.body)["meta"]["cache"] == "hit"
        assert again.body is (await world.gateway.fetch("ticker", QUERY)).body


async def test_three_failures_open_the_circuit_for_five_minutes_and_one_probe_closes_it(gateway_of):
    async with gateway_of(a=[Empty(), Empty(), Empty(), 9.0], b=[2.0]) as world:
        gateway, plugin = world.gateway, world.plugins["a"]
        for _ in range(3):
            with pytest.raises(AllProvidersFailed):
                await gateway.fetch("ticker", QUERY, RequestOptions(provider="a"))
        assert gateway.source_health_of("a").state == "OFFLINE"
        world.clock.advance(299.9)
        for _ in range(10):
            assert (await gateway.fetch("ticker", QUERY, FRESH)).provider == "b"
        assert plugin.calls == 3
        world.clock.advance(0.2)
        plugin.outcomes.insert(0, "slow")
        queries = [TickerQuery(symbol=f"C{n}/USDT") for n in range(20)]
        answers = await asyncio.gather(*(gateway.fetch("ticker", q, FRESH) for q in queries))
        assert plugin.calls == 4
        assert [answer.provider for answer in answers].count("a") == 1
        health = gateway.source_health_of("a")
        assert (health.state, health.recoveries) == ("DEGRADED", 1)


async def test_an_unknown_symbol_is_no_failure_and_is_remembered_for_a_minute(gateway_of):
    async with gateway_of(a=["unknown"], b=[2.0]) as world:
        for _ in range(5):
            assert (await world.gateway.fetch("ticker", QUERY, FRESH)).provider == "b"
        assert world.plugins["a"].calls == 1
        health = world.gateway.source_health_of("a")
        assert (health.failures, health.consecutive_failures) == (0, 0)
        world.clock.advance(61)
        await world.gateway.fetch("ticker", QUERY, FRESH)
        assert world.plugins["a"].calls == 2


async def test_B6_unknown_to_all_is_unknown(gateway_of):
    async with gateway_of(
        a=["unknown"], b=["unknown"], c=["unknown"], d=["unknown"], e=["unknown"]
    ) as world:
        with pytest.raises(UnknownSymbol):
            await world.gateway.fetch("ticker", QUERY)
        assert [plugin.calls for plugin in world.plugins.values()] == [1] * 5
        with pytest.raises(UnknownSymbol):
            await world.gateway.fetch("ticker", QUERY)
        assert [plugin.calls for plugin in world.plugins.values()] == [1] * 5


async def test_unknown_to_one_while_another_fails_is_a_failure(gateway_of):
    async with gateway_of(a=["unknown"], b=[Empty()]) as world:
        with pytest.raises(AllProvidersFailed) as caught:
            await world.gateway.fetch("ticker", QUERY)
        assert [one["code"] for one in caught.value.attempts] == [
            "unknown_symbol",
            "upstream_empty",
        ]


async def test_unknown_to_most_is_unknown_though_one_fails(gateway_of):
    async with gateway_of(
        a=["unknown"], b=[Unreachable("down")], c=["unknown"], d=[ProviderBusy("full")]
    ) as world:
        with pytest.raises(UnknownSymbol) as caught:
            await world.gateway.fetch("ticker", QUERY)
        assert [one["code"] for one in caught.value.extra["attempts"]] == [
            "unknown_symbol", "upstream_unreachable", "unknown_symbol", "provider_busy",
        ]  # fmt: skip
        assert "b (upstream_unreachable), d (provider_busy) did not" in caught.value.detail


@pytest.mark.parametrize(
    "silent",
    [GeoBlocked("not here"), RateLimited("slow down"), QuotaExhausted("used up"), CutShort("late")],
    ids=lambda error: error.code,
)
async def test_B6_a_source_that_does_not_answer_leaves_an_unknown_pair_unknown(gateway_of, silent):
    async with gateway_of(a=[silent], b=["unknown"]) as world:
        for _ in range(3):
            with pytest.raises(UnknownSymbol):
                await world.gateway.fetch("ticker", QUERY)


async def test_what_no_source_offers_is_not_found_and_asks_all_of_them(gateway_of):
    scripts = {name: [NotOffered(f"{name} has no such thing")] for name in "abcdef"}
    async with gateway_of(**scripts) as world:
        with pytest.raises(NotFound, match="a has no such thing") as caught:
            await world.gateway.fetch("ticker", QUERY)
        assert len(caught.value.extra["attempts"]) == 6
        world.plugins["f"].outcomes = [2.0]
        assert (await world.gateway.fetch("ticker", QUERY)).provider == "f"


async def test_what_one_does_not_offer_and_another_cannot_answer_now_is_to_wait_for(gateway_of):
    async with gateway_of(a=[NotOffered("not here")], b=[RateLimited(retry_after_s=7.0)]) as world:
        with pytest.raises(AllProvidersFailed):
            await world.gateway.fetch("ticker", QUERY)
        with pytest.raises(NoProviderAvailable) as caught:
            await world.gateway.fetch("ticker", QUERY)
        assert caught.value.retry_after_s == 7.0


async def test_B12_a_source_told_to_wait_is_left_alone(gateway_of):
    async with gateway_of(a=[RateLimited(retry_after_s=7.0), 1.0], b=[1.1]) as world:
        assert (await world.gateway.fetch("ticker", QUERY, FRESH)).provider == "b"
        world.clock.advance(6.9)
        assert (await world.gateway.fetch("ticker", QUERY, FRESH)).provider == "b"
        assert world.plugins["a"].calls == 1
        world.clock.advance(0.2)
        assert (await world.gateway.fetch("ticker", QUERY, FRESH)).provider == "a"


async def test_B12_alone_it_is_502_then_503_with_the_wait(gateway_of):
    async with gateway_of(a=[RateLimited(retry_after_s=7.0)]) as world:
        with pytest.raises(AllProvidersFailed) as first:
            await world.gateway.fetch("ticker", QUERY)
        assert first.value.retry_after_s == pytest.approx(7, abs=0.1)
        with pytest.raises(NoProviderAvailable) as second:
            await world.gateway.fetch("ticker", QUERY)
        assert second.value.retry_after_s == pytest.approx(7, abs=0.1)
        assert second.value.candidates[0]["reason"] == "told_to_wait"
        assert world.plugins["a"].calls == 1


async def test_B8_a_refused_key_switches_the_source_off(gateway_of):
    async with gateway_of(a=[AuthRefused("bad key")], b=[2.0]) as world:
        assert (await world.gateway.fetch("ticker", QUERY, FRESH)).provider == "b"
        assert world.gateway.source_health_of("a").state == "DISABLED"
        await world.gateway.fetch("ticker", QUERY, FRESH)
        assert world.plugins["a"].calls == 1
        with pytest.raises(FeatureDisabled) as caught:
            await world.gateway.fetch("ticker", QUERY, RequestOptions(provider="a"))
        assert caught.value.reason == "key_refused"


async def test_fresh_then_stale_while_refreshing_then_fetched(gateway_of):
    async with gateway_of(a=[1.0, 2.0, 3.0]) as world:
        await world.gateway.fetch("ticker", QUERY)
        assert (await world.gateway.fetch("ticker", QUERY)).cache == "hit"
        world.clock.advance(6)
        stale = await world.gateway.fetch("ticker", QUERY)
        assert (stale.cache, stale.data.last, stale.meta["stale"]) == ("stale", 1.0, True)
        await asyncio.sleep(0.01)
        assert (await world.gateway.fetch("ticker", QUERY)).data.last == 2.0
        world.clock.advance(20)
        assert (await world.gateway.fetch("ticker", QUERY)).cache == "miss"


async def test_stale_is_served_when_every_source_fails_and_only_for_a_minute(gateway_of):
    async with gateway_of(a=[1.0, Empty()]) as world:
        await world.gateway.fetch("ticker", QUERY)
        world.clock.advance(30)
        answer = await world.gateway.fetch("ticker", QUERY)
        assert (answer.cache, answer.meta["stale"]) == ("stale", True)
        world.clock.advance(60)
        with pytest.raises(AllProvidersFailed):
            await world.gateway.fetch("ticker", QUERY)


async def test_no_cache_means_no_cache(gateway_of):
    async with gateway_of(a=[1.0, 2.0]) as world:
        await world.gateway.fetch("ticker", QUERY)
        assert (await world.gateway.fetch("ticker", QUERY, FRESH)).data.last == 2.0


async def test_G2_identical_questions_at_once_cause_one_call(gateway_of):
    # A source that waits for nothing has answered before the second question on Python 3.12.
    async with gateway_of(a=["slow"]) as world:
        answers = await asyncio.gather(*(world.gateway.fetch("ticker", QUERY) for _ in range(100)))
        assert world.plugins["a"].calls == 1
        assert {answer.cache for answer in answers} == {"miss", "coalesced"}


async def test_E4_stale_data_is_a_failure_only_beside_fresher(gateway_of, clock):
    old = {"timestamp": clock.wall_ms() - 301_000}
    async with gateway_of(a=[old], b=[2.0]) as world:
        assert (await world.gateway.fetch("ticker", QUERY, FRESH)).provider == "b"
        assert world.gateway.source_health_of("a").failures == 1


async def test_E4_the_stalest_answer_is_better_than_none_and_says_so(gateway_of, clock):
    old = {"timestamp": clock.wall_ms() - 301_000}
    async with gateway_of(a=[old], b=[Empty()]) as world:
        answer = await world.gateway.fetch("ticker", QUERY, FRESH)
        assert (answer.provider, answer.meta["stale"]) == ("a", True)
        assert world.gateway.source_health_of("a").failures == 0


@pytest.mark.parametrize(
    "wrong",
    [{"symbol": "CANDY/USDT"}, {"timestamp": 1_764_000_000_000 + 61_000}, {"last": -1}],
    ids=["E2", "E3", "E1"],
)
async def test_impossible_answers_fall_over(gateway_of, wrong):
    async with gateway_of(a=[wrong], b=[2.0]) as world:
        answer = await world.gateway.fetch("ticker", QUERY)
        assert answer.provider == "b"
        assert answer.meta["attempts"][0]["code"] == "upstream_implausible"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ZeroDivisionError(), "plugin_error"),
        (KeyError("last"), "upstream_schema"),
        (RecursionError(), "plugin_error"),
        (ExceptionGroup("two", [ValueError(), OSError()]), "plugin_error"),
        (SystemExit(1), "plugin_error"),
    ],
    ids=lambda value: getattr(value, "__class__", type(value)).__name__,
)
async def test_F3_whatever_a_plugin_raises_is_contained(gateway_of, error, code):
    async with gateway_of(a=[error], b=[2.0]) as world:
        answer = await world.gateway.fetch("ticker", QUERY)
        assert answer.provider == "b"
        assert answer.meta["attempts"][0]["code"] == code


async def test_a_hanging_source_is_left_at_its_timeout(gateway_of):
    settings = {"A_TIMEOUT_S": "0.1"}
    async with gateway_of(_settings=settings, a=["hang"], b=[2.0]) as world:
        answer = await world.gateway.fetch("ticker", QUERY)
        assert answer.meta["attempts"][0]["code"] == "upstream_timeout"


async def test_G4_the_request_keeps_its_deadline(gateway_of):
    async with gateway_of(a=["hang"]) as world:
        with pytest.raises((DeadlineExceeded, AllProvidersFailed)) as caught:
            await asyncio.wait_for(
                world.gateway.fetch("ticker", QUERY, RequestOptions(timeout_s=0.2)), 1
            )
        assert caught.value.attempts == [] or caught.value.attempts[0]["code"] == "cut_short"
        assert world.gateway.source_health_of("a").failures == 0


async def test_a_pinned_source_never_falls_over(gateway_of):
    async with gateway_of(a=[1.0], b=[Empty()]) as world:
        with pytest.raises(AllProvidersFailed):
            await world.gateway.fetch("ticker", QUERY, RequestOptions(provider="b"))
        assert world.plugins["a"].calls == 0


async def test_G6_a_pinned_source_that_is_offline_is_not_tried(gateway_of):
    async with gateway_of(a=[Empty()]) as world:
        for _ in range(3):
            with pytest.raises(AllProvidersFailed):
                await world.gateway.fetch("ticker", QUERY, RequestOptions(provider="a"))
        with pytest.raises(NoProviderAvailable) as caught:
            await world.gateway.fetch("ticker", QUERY, RequestOptions(provider="a"))
        assert caught.value.candidates[0]["reason"] == "circuit_open"
        assert 299 < caught.value.retry_after_s <= 300


async def test_pins_are_checked(gateway_of):
    async with gateway_of(_settings={"B_ENABLED": "off"}, a=[1.0], b=[1.0]) as world:
        with pytest.raises(UnknownProvider) as unknown:
            await world.gateway.fetch("ticker", QUERY, RequestOptions(provider="aa"))
        assert unknown.value.extra["did_you_mean"] == ["a"]
        with pytest.raises(FeatureDisabled) as off:
            await world.gateway.fetch("ticker", QUERY, RequestOptions(provider="b"))
        assert off.value.reason == "switched_off"


async def test_of_a_pinned_source_it_is_said_that_it_does_not_serve_the_pair(gateway_of):
    """Others may well, and are not spoken of."""
    info, query = {"a": {"quotes": frozenset({"USDT"})}}, TickerQuery(symbol="BTC/EUR")
    async with gateway_of(_info=info, a=[1.0], b=[1.0]) as world:
        assert (await world.gateway.fetch("ticker", query)).provider == "b"
        with pytest.raises(UnknownSymbol) as caught:
            await world.gateway.fetch("ticker", query, RequestOptions(provider="a"))
        assert caught.value.detail == "a does not serve ticker for BTC/EUR"


async def test_a_pair_is_never_swapped_unless_asked(gateway_of):
    query = TickerQuery(symbol="BTC/USD")
    async with gateway_of(_info={"a": {"quotes": frozenset({"USDT"})}}, a=[1.0]) as world:
        with pytest.raises(UnknownSymbol):
            await world.gateway.fetch("ticker", query)
        answer = await world.gateway.fetch("ticker", query, RequestOptions(quote_fallback=True))
        assert answer.data.symbol == "BTC/USDT"


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"strategy": "best"}, "strategy"),
        ({"timeout_s": 99}, "timeout_s"),
        ({"max_age_s": -1}, "max_age_s"),
    ],
)
def test_bad_options_are_named(options, name):
    with pytest.raises(InvalidRequest) as caught:
        RequestOptions(**options)
    assert caught.value.errors[0]["name"] == name


async def test_explain_agrees_with_what_the_next_request_does(gateway_of):
    settings = {"C_ENABLED": "off"}
    async with gateway_of(
        _settings=settings, a=[Empty()], b=[2.0], c=[3.0], d=["unknown"]
    ) as world:
        for _ in range(5):
            shown = world.gateway.explain("ticker", QUERY, FRESH)
            first = next(c["provider"] for c in shown["candidates"] if c["verdict"] == "chosen")
            answer = await world.gateway.fetch("ticker", QUERY, FRESH)
            assert answer.meta["attempts"][0]["provider"] == first
        reasons = {c["provider"]: c["reason"] for c in shown["candidates"]}
        assert reasons["c"] == "switched_off"
        assert reasons["b"] == "first_choice"
        assert reasons["a"] in ("circuit_open", "less_healthy")


async def test_a_request_can_be_explained_afterwards(gateway_of):
    settings = {"C_ENABLED": "off"}
    async with gateway_of(_settings=settings, c=[1.0], a=[Empty()], b=[2.0], d=[3.0]) as world:
        await world.gateway.fetch("ticker", QUERY, request_id="r1")
        decision = world.gateway.decision("r1")
        verdicts = {c["provider"]: (c["verdict"], c["reason"]) for c in decision["candidates"]}
        assert verdicts["a"] == ("tried_failed", "upstream_empty")
        assert verdicts["b"] == ("chosen", "answered")
        assert verdicts["c"] == ("skipped", "disabled")
        assert verdicts["d"] == ("skipped", "lower_priority")
        with pytest.raises(NotFound):
            world.gateway.decision("r2")


async def test_every_attempt_is_an_event_with_its_fields(gateway_of):
    async with gateway_of(a=[Unreachable("down")], b=[2.0]) as world:
        await world.gateway.fetch("ticker", QUERY, request_id="r1")
        events = [e for e in world.gateway.events.recent() if e.kind == "attempt"][::-1]
        assert [(e.source, e.detail["decision"]) for e in events] == [
            ("a", "fall_back"),
            ("b", "answer"),
        ]
        assert events[1].detail["data_length"] == 1
        assert events[1].detail["operation"] == "ticker"
        assert events[1].detail["parameters"] == QUERY
        assert events[0].detail["code"] == "upstream_unreachable"
        assert events[0].detail["response_ms"] >= 0


async def test_reload_reports_what_changed_and_takes_effect(gateway_of):
    async with gateway_of(a=[1.0], b=[1.1]) as world:
        world.gateway.registry.environ = {"CHECKER": "off", "A_ENABLED": "false"}
        assert (await world.gateway.reload()).disabled == ["a"]
        assert (await world.gateway.fetch("ticker", QUERY)).provider == "b"
        world.gateway.registry.environ = {"CHECKER": "off"}
        assert (await world.gateway.reload()).enabled == ["a"]
        assert (await world.gateway.fetch("ticker", QUERY)).provider == "a"


async def test_fastest_prefers_the_quicker_source(gateway_of):
    async with gateway_of(a=[1.0], b=[1.1]) as world:
        ask = RequestOptions(strategy="fastest", max_age_s=0)
        for name in ("a", "b"):
            await world.gateway.fetch("ticker", QUERY, RequestOptions(provider=name, max_age_s=0))
        for name, latency_s in (("a", 0.2), ("b", 0.1)):
            world.gateway.health._sources[name].capabilities["ticker"].latency_s = latency_s
        world.clock.advance(2)
        assert (await world.gateway.fetch("ticker", QUERY, ask)).provider == "b"


async def test_three_ways_of_failing_and_the_fourth_answers_every_time(gateway_of):
    settings = {"A_TIMEOUT_S": "0.1", "CONCURRENT_PER_SOURCE": "64"}
    scripts = {"a": ["hang"], "b": [Unreachable()], "c": [{"symbol": "CANDY/USDT"}], "d": [4.0]}
    async with gateway_of(_settings=settings, **scripts) as world:
        left = iter(range(1000))

        async def caller():
            return [
                (await world.gateway.fetch("ticker", TickerQuery(symbol=f"X{n}/USDT"))).provider
                for n in left
            ]

        answers = await asyncio.gather(*(caller() for _ in range(32)))
        assert [name for names in answers for name in names] == ["d"] * 1000
