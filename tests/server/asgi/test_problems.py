"""Every error is a problem document, and none shows more than it should."""

import json
import logging

import pytest

from coinmux import (
    AllProvidersFailed,
    AuthRefused,
    CoinmuxError,
    DeadlineExceeded,
    Empty,
    FeatureDisabled,
    InsufficientData,
    InvalidRequest,
    InvalidSymbol,
    NoProviderAvailable,
    NotFound,
    Overloaded,
    RateLimited,
    UnknownChain,
    UnknownFeature,
    UnknownIndicator,
    UnknownInterval,
    UnknownProvider,
    UnknownSymbol,
)
from coinmux.framework.secrets import Redactor
from coinmux.server.asgi.problems import (
    AdminRequired,
    BodyTooLarge,
    ForbiddenOrigin,
    MethodNotAllowed,
    TooManyRequests,
    UnsupportedMediaType,
    render,
)

CASES = [
    (InvalidRequest("x"), 400, "invalid_request"),
    (InvalidSymbol("x"), 400, "invalid_symbol"),
    (UnknownInterval("x"), 400, "unknown_interval"),
    (InsufficientData("x", required=15, available=10), 400, "insufficient_data"),
    (AdminRequired("x"), 401, "admin_required"),
    (ForbiddenOrigin("x"), 403, "forbidden_origin"),
    (NotFound("x"), 404, "not_found"),
    (UnknownProvider("x"), 404, "unknown_provider"),
    (UnknownFeature("x"), 404, "unknown_feature"),
    (UnknownIndicator("x"), 404, "unknown_indicator"),
    (UnknownSymbol("x"), 404, "unknown_symbol"),
    (UnknownChain("x"), 404, "unknown_chain"),
    (MethodNotAllowed("x"), 405, "method_not_allowed"),
    (FeatureDisabled("x", reason="missing_key", missing=["A_KEY"]), 409, "feature_disabled"),
    (BodyTooLarge("x"), 413, "too_large"),
    (UnsupportedMediaType("x"), 415, "unsupported_media_type"),
    (TooManyRequests("x", retry_after_s=0.2), 429, "rate_limited"),
    (AllProvidersFailed("x", attempts=[{"provider": "a"}]), 502, "all_providers_failed"),
    (NoProviderAvailable("x", candidates=[], retry_after_s=41.2), 503, "no_provider_available"),
    (Overloaded("x"), 503, "overloaded"),
    (DeadlineExceeded("x", attempts=[]), 504, "deadline_exceeded"),
    (Empty("x"), 502, "upstream_empty"),
    (CoinmuxError("x"), 500, "internal_error"),
    (ZeroDivisionError("secret of ours"), 500, "internal_error"),
]


@pytest.mark.parametrize(("error", "status", "code"), CASES, ids=[c[2] for c in CASES])
def test_each_error_has_its_status_and_code(error, status, code, caplog):
    """The table of the REST contract, row by row."""
    got, headers, body = render(error, "r-1", Redactor())
    document = json.loads(body)
    assert (got, document["status"], document["code"]) == (status, status, code)
    assert document["type"] == "about:blank"
    assert document["request_id"] == "r-1"
    assert document["title"]
    assert dict(headers)[b"content-type"] == b"application/problem+json"
    assert b"secret of ours" not in body


def test_retry_after_is_whole_seconds_of_at_least_one():
    """41.2 s becomes 42, 0.2 s becomes 1, and no known time no header."""

    def header(error):
        return dict(render(error, "r", Redactor())[1]).get(b"retry-after")

    assert header(NoProviderAvailable("x", candidates=[], retry_after_s=41.2)) == b"42"
    assert header(TooManyRequests("x", retry_after_s=0.2)) == b"1"
    assert header(AllProvidersFailed("x", attempts=[], retry_after_s=3)) == b"3"
    assert header(NoProviderAvailable("x", candidates=[])) is None


def test_what_an_error_says_is_cut_and_free_of_secrets():
    """A secret in the detail, an attempt or a name leaves as asterisks."""
    redactor = Redactor()
    redactor.add("hunter2hunter2")
    error = AllProvidersFailed(
        "key hunter2hunter2",
        attempts=[{"provider": "a", "detail": "x=hunter2hunter2" + "y" * 9999}],
    )
    _, _, body = render(error, "r", redactor)
    assert b"hunter2" not in body
    assert len(body) < 2_000


def test_a_defect_is_logged_once_with_the_request_id(caplog):
    """The caller learns the id, the log the cause."""
    with caplog.at_level(logging.ERROR):
        try:
            raise ZeroDivisionError("oops")
        except ZeroDivisionError as error:
            render(error, "r-77", Redactor())
    assert [("r-77" in record.getMessage(), record.exc_info is not None)
            for record in caplog.records] == [(True, True)]  # fmt: skip


async def test_a_source_that_fails_gives_502_with_its_attempts(app_of):
    """Everybody tried and failed: how is in `attempts`."""
    async with app_of(a=[Empty("nothing")], b=[AuthRefused("no")]) as world:
        answer = await world.client.get("/api/market/ticker?symbol=BTC/USDT")
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (502, "all_providers_failed")
        assert [one["code"] for one in problem["attempts"]] == ["upstream_empty", "upstream_auth"]


async def test_held_sources_give_503_with_retry_after(app_of):
    """Told to wait: the next caller learns until when, and who and why."""
    async with app_of(a=[RateLimited("slow", retry_after_s=30)]) as world:
        first = await world.client.get("/api/market/ticker?symbol=BTC/USDT")
        second = await world.client.get("/api/market/ticker?symbol=BTC/USDT")
        assert (first.status_code, second.status_code) == (502, 503)
        assert first.headers["retry-after"] == "30"
        assert 1 <= int(second.headers["retry-after"]) <= 30
        assert second.json()["candidates"][0]["provider"] == "a"


async def test_a_pinned_provider_without_its_key_gives_409(app_of):
    """The missing variable is named."""
    from coinmux import EnvVar

    async with app_of(a=[1.0], _info={"a": {"env": (EnvVar("A_KEY"),)}}) as world:
        answer = await world.client.get("/api/market/ticker?symbol=BTC&provider=a")
        assert (answer.status_code, answer.json()["missing"]) == (409, ["A_KEY"])
        assert answer.json()["reason"] == "missing_key"


async def test_unknown_names_give_404_with_what_is_near(app_of):
    """Providers, features, symbols, chains and paths."""
    async with app_of(kraken=["unknown"]) as world:
        for path, code in (
            ("/api/providers/krakn", "unknown_provider"),
            ("/api/config/features/KRAKE", "unknown_feature"),
            ("/api/source-health/status/krakn", "unknown_provider"),
            ("/api/market/ticker?symbol=NOPE/USDT", "unknown_symbol"),
            ("/api/chain/dogechain/head", "unknown_chain"),
            ("/api/routing/decisions/none", "not_found"),
            ("/api/nothing", "not_found"),
            ("/static/none.js", "not_found"),
        ):
            answer = await world.client.get(path)
            assert (path, answer.status_code, answer.json()["code"]) == (path, 404, code)
        answer = await world.client.get("/api/providers/krakn")
        assert answer.json()["did_you_mean"]


async def test_a_route_says_which_methods_it_takes(app_of):
    """405 with `Allow`, in both directions."""
    async with app_of(a=[1.0]) as world:
        for method, path in (
            ("POST", "/api/status"),
            ("GET", "/api/config/reload"),
            ("DELETE", "/api/market/ticker"),
            ("GET", "/api/source-health/reset-all"),
        ):
            answer = await world.client.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
            assert method not in answer.headers["allow"].split(", ")


async def test_a_defect_shows_nothing_of_itself(app_of, monkeypatch):
    """500 with the request id, on the slow way and on the fast one."""
    async with app_of(a=[1.0]) as world:
        await world.client.get("/api/market/ticker?symbol=BTC")

        def broken(*_, **__):
            raise KeyError("/home/somebody/secret")

        monkeypatch.setattr(type(world.gateway), "peek", broken)
        monkeypatch.setattr(type(world.gateway), "status", broken)
        for path in ("/api/market/ticker?symbol=BTC", "/api/status"):
            answer = await world.client.get(path)
            assert answer.status_code == 500
            assert answer.json()["code"] == "internal_error"
            assert answer.json()["request_id"] == answer.headers["x-request-id"]
            assert "secret" not in answer.text
