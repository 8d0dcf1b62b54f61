"""Traces of a real server: the caller's goes on, and a collector receives the whole of it."""

import httpx

from tests.e2e.conftest import coinmux
from tests.framework.tracing.collector import Collector

QUIET = {"CHECKER": "off", "ARCHIVE": "off", "LOG_LEVEL": "WARNING"}
TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TICKER = "/api/market/ticker?symbol=BTC/USDT"


def asked(server, path=TICKER, flags="01"):
    headers = {"traceparent": f"00-{TRACE}-{CALLER}-{flags}", "x-request-id": "mine-1"}
    return httpx.get(server.url + path, headers=headers, timeout=30)


def test_a_request_is_one_trace_from_the_caller_to_the_source():
    """Request, route, cache, attempt, hook and HTTP; ids, route and status are on the request."""
    with Collector() as collector:
        with coinmux("serve", "--simulate", **QUIET, TRACES_URL=collector.url) as server:
            assert asked(server).status_code == 200
            assert httpx.get(server.url + "/metrics", timeout=30).status_code == 200
        spans = collector.spans
    # What the server fetches for itself has traces of its own.
    ours = [span for span in spans if span.trace == TRACE]
    by_id = {span.id: span for span in ours}
    kinds = {span.name.partition(" ")[0]: span for span in ours}
    request = ours[0]
    assert (request.kind, request.parent) == ("SERVER", CALLER)
    assert request.name == "GET /api/market/ticker"
    assert request.attributes == {
        "http.request.method": "GET", "url.scheme": "http", "http.route": "/api/market/ticker",
        "http.response.status_code": 200, "coinmux.request_id": "mine-1",
    }  # fmt: skip
    assert set(kinds) == {"GET", "route", "cache", "attempt", "hook"}
    (upstream,) = [span for span in ours if span.kind == "CLIENT"]
    way, span = [], upstream
    while span.parent in by_id:
        span = by_id[span.parent]
        way.append(span.name.partition(" ")[0])
    assert way == ["hook", "attempt", "route", "GET"]
    assert not [one for one in spans if one.attributes.get("http.route") == "/metrics"]


def test_the_same_request_again_is_traced_again():
    """Without traces it would be answered by its bytes, past everything that could tell of it."""
    with Collector() as collector:
        with (
            coinmux("serve", "--simulate", **QUIET, TRACES_URL=collector.url) as server,
            httpx.Client(base_url=server.url, timeout=30) as client,
        ):
            for _ in range(5):
                assert client.get(TICKER).status_code == 200
        spans = collector.spans
    requests = [span for span in spans if span.kind == "SERVER"]
    assert len(requests) == 5
    assert len({span.trace for span in requests}) == 5


def test_a_caller_who_does_not_sample_is_not_traced_and_an_error_is_marked():
    with Collector() as collector:
        with coinmux("serve", "--simulate", **QUIET, TRACES_URL=collector.url) as server:
            assert asked(server, flags="00").status_code == 200
            httpx.post(
                f"{server.url}/api/drill/kraken", json={"fault": "malformed_json"}, timeout=30
            ).raise_for_status()
            failed = httpx.get(f"{server.url}{TICKER}&provider=kraken&max_age_s=0", timeout=30)
            assert failed.status_code in (502, 503)
        spans = collector.spans
    assert not [span for span in spans if span.trace == TRACE]
    (request,) = [
        span
        for span in spans
        if span.kind == "SERVER" and span.attributes["http.route"] == "/api/market/ticker"
    ]
    assert request.failed
    assert request.attributes["error.type"] == failed.json()["code"]
