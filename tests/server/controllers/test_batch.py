"""`POST /api/batch`: many questions of any kind, each with its own answer or error."""

import asyncio
import time

import pytest

from coinmux import Unreachable
from tests.server.controllers.test_data import served
from tests.server.keyed import Asked, bearer, keyed, line

BTC = {"symbol": "BTC/USDT"}


async def ask(world, *queries, query="", **options):
    return await world.client.post(f"/api/batch{query}", json={"queries": [*queries]}, **options)


async def test_every_kind_of_question_is_answered_in_order(indicator_app):
    """As its own route answers it, under the id that was given."""
    async with indicator_app(a=[1.0]) as world:
        answer = await ask(
            world,
            {"id": "btc", "capability": "ticker", "params": BTC},
            {"id": 7, "indicator": "rsi", "params": {**BTC, "interval": "4h", "period": 7,
                                                     "limit": 3}},
            {"capability": "order-book-of-nobody", "params": {}},
            {"id": "why", "explain": "gas", "params": {"chain": "ethereum"}},
            {"id": "sma", "indicator": "sma", "params": {**BTC, "period": 10_000_000}},
        )  # fmt: skip
        assert answer.status_code == 200
        assert "etag" not in answer.headers
        body = answer.json()
        assert body["summary"] == {"total": 5, "ok": 3, "failed": 2}
        ticker, rsi, nobody, why, sma = body["results"]
        assert [one["id"] for one in body["results"]] == ["btc", 7, 2, "why", "sma"]
        alone = (await world.client.get("/api/market/ticker?symbol=BTC/USDT")).json()
        assert ticker["data"] == alone["data"]
        assert (ticker["status"], ticker["meta"]["provider"]) == (200, "a")
        assert rsi["data"]["parameters"] == {"period": 7, "source": "close"}
        assert len(rsi["data"]["values"]["rsi"]) == 3
        assert rsi["meta"]["capability"] == "candles"
        assert (nobody["status"], nobody["error"]["code"]) == (404, "not_found")
        assert "ticker" in nobody["error"]["known"]
        assert why["data"]["candidates"][0]["provider"] == "a"
        assert "meta" not in why
        assert (sma["status"], sma["error"]["errors"][0]["name"]) == (400, "period")
        assert sma["error"]["request_id"] == answer.headers["x-request-id"]


async def test_a_plugins_own_capability_is_a_question_too():
    """By its name, its fields as JSON has them."""
    async with served() as world:
        params = {"place": "Oslo", "day": 3, "exact": True, "hours": [1, 2]}
        answer = await world.client.post(
            "/api/batch", json={"queries": [{"capability": "moon", "params": params}]}
        )
        (moon,) = answer.json()["results"]
        assert moon["data"]["asked"] == "3 True (1, 2)"


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ({"capability": "ticker"}, "symbol", "missing"),
        ({"capability": "ticker", "params": {"symbl": "X"}}, "symbl", "no parameter"),
        ({"capability": "ticker", "params": {"symbol": ""}}, "symbol", "empty"),
        ({"capability": "ticker", "params": {"symbol": {}}}, "symbol", "plain value"),
        ({"capability": "ticker", "params": {"symbol": "?"}}, "symbol", ""),
        ({"capability": "ticker", "params": []}, "params", "object"),
        ({"capability": "ticker", "params": BTC, "options": 1}, "options", "object"),
        ({"capability": "ticker", "params": {**BTC, "provider": "a"}}, "provider", "options"),
        ({"capability": "ticker", "params": BTC, "options": {"age": 1}}, "age", "no option"),
        ({"capability": "ticker", "params": BTC, "options": {"max_age_s": -1}}, "max_age_s", ""),
        ({"capability": "candles", "params": {**BTC, "limit": "x"}}, "limit", "whole number"),
        ({"capability": 5}, "capability", "name"),
        ({"capability": "ticker", "explain": "gas"}, "capability", "one of these"),
        ({"params": BTC}, "capability", "one of these"),
        ({"capability": "ticker", "parms": BTC}, "parms", "no member"),
        ({"indicator": "rsi", "params": {**BTC, "interval": "1h,4h"}}, "interval", "one interval"),
        ({"indicator": "rsi", "params": {}}, "symbol", "missing"),
    ],
)
async def test_what_is_wrong_with_one_is_named_in_its_place(indicator_app, query, name, words):
    """Its errors name the field; the other queries have their answers."""
    async with indicator_app(a=[1.0]) as world:
        answer = await ask(world, query, {"capability": "ticker", "params": BTC})
        assert answer.status_code == 200
        bad, good = answer.json()["results"]
        assert bad["status"] == 400
        assert bad["error"]["errors"][0]["name"] == name
        assert words in bad["error"]["errors"][0]["message"]
        assert good["status"] == 200


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ([], "body"), ({}, "queries"), ({"queries": []}, "queries"), ({"queries": {}}, "queries"),
        ({"queries": [1]}, "queries[0]"), ({"queries": [{}] * 4}, "queries"),
        ({"queries": [{"id": "a"}, {"id": "a"}]}, "queries[1].id"),
        ({"queries": [{"id": 1}, {}]}, "queries[1].id"),
        ({"queries": [{"id": True}]}, "queries[0].id"),
        ({"queries": [{"id": ""}]}, "queries[0].id"),
        ({"queries": [{}], "more": 1}, "more"),
    ],
)  # fmt: skip
async def test_an_envelope_that_will_not_do_is_refused_whole(app_of, body, name):
    """Nobody is asked for anything."""
    async with app_of(a=[1.0], _settings={"BATCH_QUERIES": "3"}) as world:
        answer = await world.client.post("/api/batch", json=body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["name"] == name
        assert world.plugins["a"].calls == 0


async def test_the_same_question_is_asked_once(app_of):
    """Though nothing may come from the cache; each id has the answer."""
    async with app_of(a=[1.0, 2.0]) as world:
        query = {"capability": "ticker", "params": BTC, "options": {"max_age_s": 0}}
        answer = await ask(world, *({**query, "id": name} for name in "abc"))
        assert [one["data"]["last"] for one in answer.json()["results"]] == [1.0, 1.0, 1.0]
        assert world.plugins["a"].calls == 1


async def test_options_of_the_whole_hold_where_a_query_has_none(app_of):
    """Its own come first."""
    async with app_of(a=[1.0], b=[2.0]) as world:
        queries = [
            {"capability": "ticker", "params": BTC},
            {"capability": "ticker", "params": BTC, "options": {"provider": "a"}},
        ]
        answer = await ask(world, *queries, query="?provider=b")
        assert [one["meta"]["provider"] for one in answer.json()["results"]] == ["b", "a"]


async def test_a_failed_source_is_itemised_with_its_attempts(app_of):
    """The status is that of the query's own route."""
    async with app_of(a=[Unreachable("gone")]) as world:
        answer = await ask(
            world, {"capability": "ticker", "params": BTC},
            {"capability": "gas", "params": {"chain": "ethereum"}},
        )  # fmt: skip
        failed, gas = answer.json()["results"]
        assert (failed["status"], failed["error"]["code"]) == (502, "all_providers_failed")
        assert failed["error"]["attempts"][0]["code"] == "upstream_unreachable"
        assert gas["status"] == 200


async def test_a_slow_query_holds_up_no_other(live):
    """More of them than run at a time: what is cached has its answer, all end by the deadline."""
    pairs = [f"C{at}/USDT" for at in range(20)]
    async with live(a=[1.0, (30, 1.0)]) as world:
        await world.client.get("/api/market/ticker?symbol=BTC/USDT")
        queries = [{"capability": "ticker", "params": {"symbol": one}} for one in pairs]
        begun = time.monotonic()
        answer = await world.client.post(
            "/api/batch?timeout_s=0.5",
            json={"queries": [*queries, {"capability": "ticker", "params": BTC},
                              {"capability": "gas", "params": {"chain": "ethereum"}}]},
            timeout=20,
        )  # fmt: skip
        assert time.monotonic() - begun < 10  # not 30: the sources' own time
        *slow, cached, gas = answer.json()["results"]
        assert {one["error"]["code"] for one in slow} <= {
            "deadline_exceeded", "all_providers_failed",
        }  # fmt: skip
        assert cached["data"]["last"] == 1.0
        assert gas["status"] in (200, 504)
        assert slow[-1]["status"] == 504


async def test_a_defect_in_one_spoils_no_other(indicator_app, monkeypatch):
    """It is an internal error in its place, and the log has it."""
    async with indicator_app(a=[1.0]) as world:

        async def broken(*_, **__):
            raise RuntimeError("oops")

        monkeypatch.setattr(world.gateway.indicators, "one", broken)
        answer = await ask(
            world, {"indicator": "rsi", "params": BTC}, {"capability": "ticker", "params": BTC}
        )
        bad, good = answer.json()["results"]
        assert (bad["status"], bad["error"]["code"]) == (500, "internal_error")
        assert "oops" not in answer.text
        assert good["status"] == 200


async def test_each_query_counts_for_the_owner_of_the_key(clock):
    """Requests of the minute, scopes and calls of sources; the request itself is the first."""
    keys = line(("alice", {"per_min": 3}), ("bob", {"scopes": ("news",)}))
    async with keyed(clock, {"API_KEYS": keys}, Asked("acme")) as world:
        queries = [{"capability": "ticker", "params": {"symbol": f"{one}/USDT"}} for one in "ABCDE"]
        answer = await ask(world, *queries, headers=bearer("alice"))
        assert answer.status_code == 200
        assert [one["status"] for one in answer.json()["results"]] == [200] * 3 + [429] * 2
        assert answer.json()["results"][3]["error"]["code"] == "rate_limited"
        usage = world.gateway.usage("alice").consumers[0]
        assert (usage.requests, usage.calls) == (3, 3)

        refused = await ask(world, queries[0], headers=bearer("bob"))
        (one,) = refused.json()["results"]
        assert (one["status"], one["error"]["code"]) == (403, "scope_missing")
        assert (await ask(world, queries[0])).status_code == 401


async def test_each_query_counts_for_the_address_of_who_has_no_limit(app_of):
    """A distant client has its share of questions, not of bodies."""
    settings = {"CLIENT_REQUESTS_PER_MIN": "3"}
    async with app_of(a=[1.0], _settings=settings, _peer="192.0.2.7") as world:
        queries = [{"capability": "ticker", "params": {"symbol": f"{one}/USDT"}} for one in "ABCD"]
        answer = await ask(world, *queries)
        assert [one["status"] for one in answer.json()["results"]] == [200, 200, 200, 429]


async def test_a_batch_that_is_left_ends_its_questions(app_of):
    """Whoever hangs up leaves no call behind."""
    async with app_of(a=["hang"]) as world:
        task = asyncio.ensure_future(ask(world, {"capability": "ticker", "params": BTC}))
        while not world.plugins["a"].calls:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while not world.plugins["a"].cancelled:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
