"""Who is let in while keys are set, and what each answer says of it."""

import logging

import pytest

from coinmux.framework.config.api_keys import SCOPES, new_key
from coinmux.server.openapi.document import documented
from tests.server.keyed import KEYS, TICKER, bearer, keyed, line


async def test_without_keys_nobody_is_asked_for_one(clock):
    """Everything is as open as ever, and a key that is sent all the same does no harm."""
    async with keyed(clock, {}) as world:
        for headers in ({}, bearer("alice"), {"X-API-Key": "nobody's"}):
            answer = await world.client.get(TICKER + "BTC/USDT", headers=headers)
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers
            assert "private" not in answer.headers["cache-control"]
        usage = (await world.client.get("/api/usage")).json()
        assert (usage["has_keys"], usage["you"], usage["consumers"]) == (False, None, [])


@pytest.mark.parametrize("headers", [bearer("alice"), {"X-API-Key": KEYS["alice"]}])
async def test_a_key_is_taken_from_either_header(clock, headers):
    """The second time too, when the target is known."""
    async with keyed(clock, {"API_KEYS": line("alice")}) as world:
        for _ in range(3):
            answer = await world.client.get(TICKER + "BTC/USDT", headers=headers)
            assert answer.status_code == 200
            assert answer.headers["cache-control"].startswith("private, max-age=")
            assert {"authorization", "x-api-key"} <= set(answer.headers["vary"].split(", "))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "api_key_required"),
        ({"X-API-Key": "wrong"}, "api_key_refused"),
        ({"Authorization": f"Bearer {new_key()}"}, "api_key_refused"),
        ({"Authorization": "Basic YWxpY2U6eA=="}, "api_key_required"),
        ({"X-API-Key": KEYS["bob"]}, "api_key_refused"),
        ({"X-API-Key": f"{KEYS['alice']}x"}, "api_key_refused"),
    ],
    ids=["none", "wrong", "wrong bearer", "another scheme", "nobody's", "longer"],
)
async def test_who_has_no_key_is_told_what_would_do(clock, headers, code):
    """401 in the house form, for a target that was answered before as well."""
    async with keyed(clock, {"API_KEYS": line("alice")}) as world:
        await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))
        for address in (TICKER + "BTC/USDT", TICKER + "ETH/USDT", "/api/usage"):
            answer = await world.client.get(address, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, code)
            assert "X-API-Key" in answer.json()["detail"]
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"


async def test_a_key_in_the_address_is_none(clock):
    """Logs and caches would keep it; it is masked in what is answered."""
    async with keyed(clock, {"API_KEYS": line("alice")}) as world:
        answer = await world.client.get(f"{TICKER}BTC/USDT&api_key={KEYS['alice']}")
        assert answer.status_code == 401
        known = await world.client.get(
            f"{TICKER}BTC/USDT&{KEYS['alice']}=1", headers=bearer("alice")
        )
        assert known.status_code == 400
        assert KEYS["alice"] not in known.text


async def test_two_different_keys_are_none(clock):
    """It is not guessed whose request it is; the same key twice is one."""
    async with keyed(clock, {"API_KEYS": line("alice", "bob")}) as world:
        two = [("X-API-Key", KEYS["alice"]), ("X-API-Key", KEYS["bob"])]
        answer = await world.client.get(TICKER + "BTC/USDT", headers=two)
        assert answer.json()["code"] == "api_key_refused"
        same = [("X-API-Key", KEYS["alice"]), ("X-API-Key", KEYS["alice"])]
        assert (await world.client.get(TICKER + "BTC/USDT", headers=same)).status_code == 200


async def test_a_scope_is_all_that_may_be_asked_for(clock):
    """403 names the scope that is missing and those there are."""
    async with keyed(clock, {"API_KEYS": line(("alice", {"scopes": ("news",)}))}) as world:
        for _ in range(2):
            answer = await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))
            told = answer.json()
            assert (answer.status_code, told["code"]) == (403, "scope_missing")
            assert (told["scope"], told["scopes"]) == ("market", ["news"])
        news = await world.client.get("/api/news", headers=bearer("alice"))
        assert news.status_code == 503  # nobody offers news here; the key may ask


async def test_a_limit_is_told_before_and_when_it_is_reached(clock):
    """`RateLimit` on each answer, 429 with `Retry-After`, and more when the minute has passed."""
    keys = line(("alice", {"per_min": 2}), "bob")
    async with keyed(clock, {"API_KEYS": keys}) as world:
        first = await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))
        assert first.headers["ratelimit-policy"] == '"minute";q=2;w=60'
        assert first.headers["ratelimit"] == '"minute";r=1;t=60'
        await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))
        clock.advance(10)
        third = await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))
        assert (third.status_code, third.json()["code"]) == (429, "rate_limited")
        assert third.headers["retry-after"] == "50"
        assert third.headers["ratelimit"] == '"minute";r=0;t=50'
        other = await world.client.get(TICKER + "BTC/USDT", headers=bearer("bob"))
        assert (other.status_code, "ratelimit" in other.headers) == (200, False)
        clock.advance(50)
        assert (await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))).is_success


async def test_a_limit_of_its_own_takes_the_place_of_its_address(clock):
    """A program that asks for many may make as many requests as it was given."""
    settings = {"API_KEYS": line(("alice", {"per_min": 9})), "CLIENT_REQUESTS_PER_MIN": "3"}
    async with keyed(clock, settings) as world:
        for _ in range(9):
            assert (await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))).is_success


async def test_each_route_that_asks_sources_needs_a_key(clock):
    """Also those that compute, and what the pages ask; the rest stays open."""
    async with keyed(clock, {"API_KEYS": line("alice")}) as world:
        routes = [
            (
                path.replace("{", "x").replace("}", ""),
                method,
                # Of a body of questions of any kind, each is looked at later.
                "each" if doc.is_mixed else doc.scope_at(path),
            )
            for path, handler, doc in documented(world.edge._lane.app)
            if not doc.is_admin
            for method in handler.http_methods & {"GET", "POST"}
        ]
        assert {scope for _, _, scope in routes if scope is not None} == {*SCOPES, "each"}
        for path, method, scope in routes:
            if path in ("/api/stream", "/api/usage"):
                continue
            answer = await world.client.request(method, path)
            is_refused = answer.status_code == 401
            assert is_refused is (scope is not None), path


async def test_head_and_preflight(clock):
    """HEAD needs a key as GET does; a browser's question whether it may send one does not."""
    settings = {"API_KEYS": line("alice"), "CORS_ORIGINS": "https://app.example"}
    async with keyed(clock, settings) as world:
        assert (await world.client.head(TICKER + "BTC/USDT")).status_code == 401
        asked = await world.client.options(
            "/api/market/ticker",
            headers={"Origin": "https://app.example", "Access-Control-Request-Method": "GET"},
        )
        assert asked.is_success
        assert "X-API-Key" in asked.headers["access-control-allow-headers"]
        answer = await world.client.get(
            TICKER + "BTC/USDT", headers={**bearer("alice"), "Origin": "https://app.example"}
        )
        assert "RateLimit" in answer.headers["access-control-expose-headers"]


async def test_the_operator_needs_no_key(clock):
    """Whoever may change things: this machine where no token is set, else the token's owner."""
    async with keyed(clock, {"API_KEYS": line("alice")}) as world:
        assert (await world.near.get(TICKER + "BTC/USDT")).is_success
        wrong = await world.near.get(TICKER + "BTC/USDT", headers={"X-API-Key": "wrong"})
        assert wrong.status_code == 401
        relayed = await world.near.get(TICKER + "BTC/USDT", headers={"X-Forwarded-For": "1.2.3.4"})
        assert relayed.status_code == 401
        assert (await world.near.get("/api/usage")).json()["you"] == "operator"
    token = "a token of sixteen and more"
    async with keyed(clock, {"API_KEYS": line("alice"), "ADMIN_TOKEN": token}) as world:
        assert (await world.near.get(TICKER + "BTC/USDT")).status_code == 401
        own = {"Authorization": f"Bearer {token}"}
        assert (await world.client.get(TICKER + "BTC/USDT", headers=own)).is_success
        reload = await world.client.post("/api/config/reload", headers=bearer("alice"))
        assert reload.status_code == 401


async def test_keys_change_with_a_reload(clock):
    """Set, taken away and none at all: the next request is judged by the new ones."""
    async with keyed(clock, {}) as world:
        environ = world.gateway.registry.environ
        warm = "/api/market/ticker?symbol=BTC/USDT"
        assert (await world.client.get(warm)).is_success
        environ["API_KEYS"] = line("alice")
        await world.gateway.reload()
        assert (await world.client.get(warm)).status_code == 401
        assert (await world.client.get(warm, headers=bearer("alice"))).is_success
        environ["API_KEYS"] = line("bob")
        await world.gateway.reload()
        assert (await world.client.get(warm, headers=bearer("alice"))).status_code == 401
        del environ["API_KEYS"]
        await world.gateway.reload()
        assert (await world.client.get(warm)).is_success


async def test_a_consumer_sees_its_own_usage(clock):
    """The operator sees everybody's, with what each may and what is left."""
    keys = line(("alice", {"per_min": 5, "monthly": 100, "scopes": ("market",)}), "bob")
    async with keyed(clock, {"API_KEYS": keys}) as world:
        for _ in range(3):
            await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))
        await world.client.get("/api/news", headers=bearer("alice"))
        await world.client.get(TICKER + "BTC/USDT")
        mine = (await world.client.get("/api/usage", headers=bearer("alice"))).json()
        assert (mine["you"], [one["name"] for one in mine["consumers"]]) == ("alice", ["alice"])
        (alice,) = mine["consumers"]
        assert (alice["requests"], alice["refused"], alice["calls"]) == (3, 1, 3)
        assert (alice["calls_left"], alice["requests_left"]) == (97, 2)
        assert alice["scopes"] == ["market"]
        assert alice["days"][-1] == 3
        assert alice["sources"] == [{"name": "acme", "title": "Acme", "calls": 3, "share": None}]
        every = (await world.near.get("/api/usage")).json()
        assert [one["name"] for one in every["consumers"]] == ["alice", "bob", "operator"]
        assert (every["unknown"], every["kept_by"]) == (1, "process")


async def test_metrics_count_by_consumer(clock):
    """By consumer and outcome; whoever has no key is one label, however many there are."""
    async with keyed(clock, {"API_KEYS": line(("alice", {"monthly": 7}), "bob")}) as world:
        await world.client.get(TICKER + "BTC/USDT", headers=bearer("alice"))
        for _ in range(3):
            await world.client.get(TICKER + "BTC/USDT", headers={"X-API-Key": new_key()})
        text = (await world.client.get("/metrics")).text
        assert 'coinmux_consumer_requests_total{consumer="alice",outcome="ok"} 1.0' in text
        assert 'coinmux_consumer_requests_total{consumer="unknown",outcome="refused"} 3.0' in text
        assert 'coinmux_consumer_source_calls_total{consumer="alice",source="acme"} 1.0' in text
        assert 'coinmux_consumer_budget_calls{consumer="alice"} 7.0' in text
        assert 'coinmux_consumer_budget_used_calls{consumer="alice"} 1.0' in text
    async with keyed(clock, {}) as world:
        assert "consumer" not in (await world.client.get("/metrics")).text


async def test_no_key_is_ever_logged_or_shown(clock, caplog):
    """Neither in the log, nor in an event, nor in the list of settings."""
    caplog.set_level(logging.DEBUG)
    async with keyed(clock, {"API_KEYS": line("alice")}) as world:
        stranger = new_key()
        for headers in (bearer("alice"), {"X-API-Key": stranger}):
            await world.client.get(TICKER + "BTC/USDT", headers=headers)
        shown = [
            caplog.text,
            str(
                [
                    vars(one) if hasattr(one, "__dict__") else one
                    for one in world.gateway.events.recent()
                ]
            ),
            (await world.near.get("/api/config/settings")).text,
            (await world.near.get("/api/monitoring/activity")).text,
            (await world.near.get("/api/usage")).text,
        ]
        digest = world.gateway.settings.api_keys[0].digest
        for text in shown:
            assert KEYS["alice"] not in text
            assert stranger not in text
            assert digest not in text
