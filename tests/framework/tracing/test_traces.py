"""Spans of a gateway, as a collector receives them, and what it costs to have none."""

import asyncio
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from coinmux import (
    CandlesQuery,
    EnvVar,
    Gateway,
    InvalidRequest,
    ProviderInfo,
    Symbol,
    Ticker,
    Unreachable,
    hookimpl,
)
from coinmux.framework.cache.store import AnswerCache
from coinmux.framework.clock import SystemClock
from coinmux.framework.dispatch.attempt import AttemptRunner
from coinmux.framework.dispatch.pipeline import Dispatcher
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.random_candles import random_candles
from coinmux.framework.transport.client import SafeHTTPClient
from tests.framework.tracing.collector import Collector

KEY = "k3y-that-must-not-be-told"


class Node:
    """A source on this machine, which takes its key in the path; without a port it fails."""

    def __init__(self, name="node"):
        self.name = name

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="market", base_url="https://node.example",
            env=[EnvVar("NODE_API_KEY", required=False)],
        )  # fmt: skip

    @hookimpl
    async def fetch_ticker(self, query, http):
        body = await http.get_json(f"/v1/{KEY}/ticker", params={"pair": str(query.symbol)})
        if body.get("down"):
            raise Unreachable(f"cannot be reached with api_key={KEY}")
        now = SystemClock().wall_ms()
        return Ticker(symbol=query.symbol, last=body["last"], timestamp=now)


@pytest.fixture
def upstream():
    """A source's server: `upstream.told` has the headers of each request."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.server.told.append(dict(self.headers))
            body = json.dumps(self.server.body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.told, server.body = [], {"last": 1.5}
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def collector():
    with Collector() as made:
        yield made


def gateway_of(*names, upstream, **environ):
    found = [in_process(name, Node(name)) for name in names]
    urls = {f"{name.upper()}_BASE_URL": upstream.url for name in names}
    return Gateway.from_env(
        None, environ={"CHECKER": "off", "ARCHIVE": "off", **urls, **environ}, found=found
    )


def tree(spans):
    """Each span's name below its parent's, by name."""
    by_id = {span.id: span for span in spans}
    return {span.name: by_id[span.parent].name if span.parent in by_id else None for span in spans}


async def test_a_question_is_a_trace_of_what_it_waited_for(collector, upstream):
    """Route, cache, attempt, hook and HTTP, each below the one that made it, within its time."""
    async with gateway_of("node", upstream=upstream, TRACES_URL=collector.url) as gateway:
        await gateway.ticker("BTC/USDT")
        await gateway.ticker("BTC/USDT")
    spans = collector.spans
    first = [span for span in spans if span.trace == spans[0].trace]
    assert tree(first) == {
        "route ticker": None, "cache": "route ticker", "attempt node": "route ticker",
        "hook fetch_ticker": "attempt node", "GET": "hook fetch_ticker",
    }  # fmt: skip
    by_id = {span.id: span for span in first}
    for span in first:
        above = by_id.get(span.parent, span)
        assert above.start <= span.start <= span.end <= above.end
    route, *_ = first
    assert route.attributes == {
        "coinmux.capability": "ticker", "coinmux.strategy": "priority",
        "coinmux.source": "node", "coinmux.cache": "miss",
    }  # fmt: skip
    (asked,) = [span for span in first if span.name == "GET"]
    assert asked.kind == "CLIENT"
    assert asked.attributes["server.address"] == "127.0.0.1"
    assert asked.attributes["http.response.status_code"] == 200
    second = {span.name: span for span in spans if span.trace != spans[0].trace}
    assert set(second) == {"route ticker", "cache"}
    assert second["cache"].attributes == {"coinmux.found": True}
    assert second["route ticker"].attributes["coinmux.cache"] == "hit"
    assert route.resource["service.name"] == "coinmux"
    assert route.resource["service.version"]


async def test_nothing_private_is_told(collector, upstream):
    """Neither keys, which some sources take in the path, nor what was asked about."""
    upstream.body = {"down": True}
    async with gateway_of(
        "node", upstream=upstream, TRACES_URL=collector.url, NODE_API_KEY=KEY
    ) as gateway:
        with pytest.raises(Exception, match="all_providers_failed"):
            await gateway.ticker("BTC/USDT")
    failed = {span.name: span for span in collector.spans if span.failed}
    assert set(failed) == {"route ticker", "attempt node", "hook fetch_ticker"}
    assert failed["attempt node"].attributes["error.type"] == "upstream_unreachable"
    sent = b"".join(collector.requests)
    assert KEY.encode() not in sent
    assert b"BTC" not in sent
    assert b"/v1/" not in sent


async def test_a_source_is_told_the_trace_only_where_it_is_named(collector, upstream):
    """Third parties learn nothing; one of the operator's own goes on with the span."""
    async with gateway_of(
        "node", "other", upstream=upstream, TRACES_URL=collector.url, TRACES_TO="node"
    ) as gateway:
        for name in ("other", "node"):
            await gateway.ticker("BTC/USDT", provider=name)
    other, node = ({name.lower() for name in headers} for headers in upstream.told)
    assert "traceparent" not in other
    assert "traceparent" in node
    told = {name.lower(): value for name, value in upstream.told[1].items()}["traceparent"]
    _, trace, span, flags = told.split("-")
    (sent,) = [one for one in collector.spans if one.id == span]
    assert (sent.name, sent.trace) == ("GET", trace)
    assert int(flags, 16) & 1, "it is sampled"


async def test_reads_of_the_archive_are_told(collector, upstream, tmp_path):
    async with gateway_of(
        "node", upstream=upstream, TRACES_URL=collector.url, ARCHIVE="on", BACKFILL="off",
        DATA_DIR=str(tmp_path),
    ) as gateway:  # fmt: skip
        candles = random_candles(20)
        gateway.archive.keep_candles(candles, "node")
        assert await gateway.archive.flush()
        times = candles.timestamp.tolist()
        query = CandlesQuery(
            symbol=Symbol.of("BTC", "USDT"), interval="1h", start=times[2], end=times[9], limit=8
        )
        await gateway.archive.candles(query)
    (read,) = [span for span in collector.spans if span.name == "archive candles"]
    assert read.attributes == {"coinmux.found": True}


@pytest.mark.parametrize("share", ["0", "1"])
async def test_a_share_of_the_traces_is_kept(collector, upstream, share):
    async with gateway_of(
        "node", upstream=upstream, TRACES_URL=collector.url, TRACES_SAMPLE=share
    ) as gateway:
        await gateway.ticker("BTC/USDT")
    assert bool(collector.spans) == (share == "1")


async def test_a_collector_that_is_away_costs_no_answer(upstream, caplog):
    """Nor does the end wait for it for long."""
    async with gateway_of("node", upstream=upstream, TRACES_URL="http://127.0.0.1:9") as gateway:
        assert (await gateway.ticker("BTC/USDT")).data.last == 1.5
        begun = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - begun < 20


async def test_without_a_collector_the_parts_are_the_plain_ones(upstream):
    """It is decided when the gateway is made: no call of a request asks whether it is traced."""
    async with gateway_of("node", upstream=upstream) as gateway:
        assert gateway.tracing is None
        assert type(gateway.cache) is AnswerCache
        assert type(gateway._client) is SafeHTTPClient
        assert type(gateway._dispatcher) is Dispatcher
        assert type(gateway._dispatcher._runner) is AttemptRunner


def test_without_a_collector_opentelemetry_is_not_imported():
    code = (
        "import sys; from coinmux import Gateway; Gateway.from_env(None, environ={}, found=[]);"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_opentelemetry_the_setting_says_what_to_install(monkeypatch):
    for name in [one for one in sys.modules if one.startswith("coinmux.framework.tracing.spans")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(InvalidRequest, match=r"TRACES_URL needs .*pip install 'coinmux\[traces\]'"):
        Gateway.from_env(None, environ={"TRACES_URL": "http://127.0.0.1:4318"}, found=[])


@pytest.mark.parametrize(
    "url", ["127.0.0.1:4318", "grpc://x:1", "http://user:word@x:4318", "http://x/?key=1"]
)
def test_an_address_with_a_secret_or_of_another_protocol_is_refused(url):
    with pytest.raises(InvalidRequest, match=r"TRACES_URL takes http://host:4318"):
        Gateway.from_env(None, environ={"TRACES_URL": url}, found=[])


async def test_what_a_caller_wants_is_passed_on(collector, upstream):
    """One who takes nothing from the cache gets nothing from it."""
    async with gateway_of("node", upstream=upstream, TRACES_URL=collector.url) as gateway:
        for _ in range(2):
            await gateway.ticker("BTC/USDT", max_age_s=0)
    assert len(upstream.told) == 2
