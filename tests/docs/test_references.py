"""The generated references are current, and every hook's example runs as it is shown."""

import importlib.util
import json
import re
import threading
import types
from http.server import BaseHTTPRequestHandler, HTTPServer

import numpy as np
import pytest
from click.testing import CliRunner

import coinmux
from coinmux import (
    CAPABILITIES,
    Alert,
    EventBus,
    Freshness,
    Gateway,
    InvalidRequest,
    OrderBook,
    Outcome,
    ProviderInfo,
    QuotaExhausted,
    RankedSource,
    RateLimited,
    Reply,
    RouteRequest,
    State,
    Ticker,
    UnknownSymbol,
    hookimpl,
)
from coinmux.framework.health.change_events import ChangeEvents
from coinmux.framework.health.tracker import HealthTracker
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.plugins.extensions.register import ASKED, DECLARING
from coinmux.framework.secrets import Redactor
from coinmux.framework.testing.clock import FakeClock
from tools.docs.__main__ import DOCS, REFERENCES
from tools.docs.error_advice import ADVICE
from tools.docs.error_reference import all_errors
from tools.docs.hook_reference import EXAMPLES, example_of, messages, replies, specified_hooks
from tools.docs.public_api import public_api

HOOKS = dict(specified_hooks())
STREAM_HOOKS = [name for name in HOOKS if name.startswith("stream_")]
FETCH_HOOKS = [name for name in HOOKS if name.startswith("fetch_")]
#: Hooks that need no source beside them.
BEYOND = (*ASKED, *DECLARING)


def module_of(hook):
    """The example as a module; a `provider_info` is added to those that have none."""
    spec = importlib.util.spec_from_file_location(f"example_{hook}", example_of(hook))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    declares = hasattr(module, "provider_info") or hasattr(module, "indicator_info")
    if hook not in BEYOND and not declares:
        module.provider_info = module_of("provider_info").provider_info
    return module


def loaded(*modules):
    """The loader, after the modules were loaded as plugins; none is broken."""
    loader = PluginLoader()
    found = [in_process(f"example{at}", module) for at, module in enumerate(modules)]
    loader.load(found, wait_s=10, limit_s=10)
    assert loader.broken == []
    return loader


class Source:
    """Answers every request with one body."""

    def __init__(self, body):
        self.body = body

    async def get_json(self, path, params=None):
        return json.loads(json.dumps(self.body))

    async def post_json(self, path, body):
        return json.loads(json.dumps(self.body))


@pytest.mark.parametrize("name", sorted(REFERENCES))
def test_a_reference_is_what_the_code_says(name):
    """`make docs` would write the page as it is."""
    assert (DOCS / name).read_text() == REFERENCES[name](), (
        "run `make docs`; a line that leaves public_api.txt goes under Removed in CHANGELOG.md"
    )


@pytest.mark.parametrize("hook", list(HOOKS))
def test_every_hook_has_an_example_that_implements_it(hook):
    """The example's function carries the mark of an implementation."""
    assert hasattr(getattr(module_of(hook), hook), "coinmux_impl")


def test_every_example_belongs_to_a_hook():
    """No file is left of a hook that is gone."""
    assert set(EXAMPLES.glob("*.py")) == {example_of(hook) for hook in HOOKS}
    assert sorted(replies()) == sorted(FETCH_HOOKS)
    assert sorted(messages()) == sorted(STREAM_HOOKS)


@pytest.mark.parametrize("hook", FETCH_HOOKS)
async def test_the_example_of_a_fetch_hook_makes_its_result(hook):
    """Loaded as a plugin and given the reply that is shown, it returns the result model."""
    row = next(row for row in CAPABILITIES.values() if row.hook == hook)
    provider = loaded(module_of(hook)).providers["acme"]
    shown = replies()[hook]
    result = await provider.fetch[row.name](row.query(**shown["query"]), Source(shown["reply"]))
    assert type(result) is row.result
    assert not result.is_empty()


@pytest.mark.parametrize("hook", STREAM_HOOKS)
def test_the_example_of_a_stream_hook_reads_its_message(hook):
    """With the example's dialect, the message that is shown is one of its channel."""
    module = module_of("socket_dialect")
    setattr(module, hook, getattr(module_of(hook), hook))
    module.fetch_ticker = module_of("fetch_ticker").fetch_ticker
    provider = loaded(module).providers["acme"]
    row = CAPABILITIES[hook.removeprefix("stream_")]
    shown = messages()[hook]
    followed = provider.follow[row.name](row.query(**shown["query"]))
    dialect = provider.dialect("")
    (frame,) = dialect.subscribe(followed.channels)
    assert json.loads(frame)["channels"] == list(followed.channels)
    (said,) = dialect.read(json.dumps(shown["message"]))
    assert said.channel in followed.channels
    read = list(followed.read(said.channel, said.body))
    assert type(read[0]).__name__ in {"Ticker", "Trade", "BookChange", "LiveCandle"}
    (refused,) = dialect.read('{"op": "unknown", "channel": "ticker:NO-PE"}')
    assert isinstance(refused.error, UnknownSymbol)


def test_the_example_of_provider_info_declares_a_provider():
    """It is complete: with any fetch hook it loads."""
    info = module_of("provider_info").provider_info()
    assert isinstance(info, ProviderInfo)
    assert info.base_url


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"last": "1"}, type(None)),
        ({"error": "no such pair"}, UnknownSymbol),
        ({"error": "slow down"}, RateLimited),
        ({"error": "credits used up"}, QuotaExhausted),
    ],
)
def test_the_example_of_map_error_finds_errors_in_replies(body, error):
    """Beside a fetch hook it is the provider's mapper."""
    module = module_of("map_error")
    module.fetch_ticker = module_of("fetch_ticker").fetch_ticker
    provider = loaded(module).providers["acme"]
    query = CAPABILITIES["ticker"].query(symbol="BTC/USDT")
    reply = Reply(status=200, body=body, is_json=True, headers={})
    assert isinstance(provider.map_error(reply, query), error)


def test_the_example_of_coinmux_capabilities_adds_a_capability():
    """Another plugin may then implement its hook."""
    moon = module_of("coinmux_capabilities")
    del moon.provider_info
    source = types.ModuleType("source")
    source.provider_info = module_of("provider_info").provider_info

    async def fetch_moon(query, http):
        return moon.Moon(lit=0.5)

    source.fetch_moon = hookimpl(fetch_moon)
    loader = loaded(moon, source)
    assert "moon" in loader.capabilities
    assert "moon" in loader.providers["acme"].fetch


def test_the_example_of_an_indicator_computes():
    """One value for each candle, none for the first ones."""
    loader = loaded(module_of("indicator_info"))
    indicator = loader.indicators["change"]
    values = indicator.compute({"close": np.array([100.0, 110.0, 99.0])}, {"period": 1})
    assert np.isnan(values[0])
    assert values[1:] == pytest.approx([10, -10])


def test_every_error_code_says_what_to_do():
    """And no code that is gone has advice."""
    assert {error.code for error in all_errors()} == ADVICE.keys()


def extension(hook):
    """The example, loaded as a plugin, as a function of the hook's arguments."""
    ((_, function),) = loaded(module_of(hook)).extensions.with_hook(hook)
    return function


def test_the_example_of_advise_order_advises():
    """Of the sources it is shown it spares the one that bills; for gas it prefers its own."""
    advise = extension("advise_order")
    sources = [RankedSource(name, State.HEALTHY, 0, 10, None, None) for name in ("acme", "other")]
    query = CAPABILITIES["ticker"].query(symbol="BTC/USDT")
    (advice,) = advise("ticker", query, sources)
    assert (advice.provider, advice.weight) == ("acme", -0.5)
    (advice,) = advise("gas", CAPABILITIES["gas"].query(chain="ethereum"), sources)
    assert (advice.provider, advice.weight) == ("our_node", 1)


def test_the_example_of_cache_rule_keeps_stablecoins_longer():
    """Others are kept for the usual time."""
    rule, row = extension("cache_rule"), CAPABILITIES["ticker"]
    assert rule("ticker", row.query(symbol="USDC/USDT"), row.freshness) == Freshness(60, 60, 60)
    assert rule("ticker", row.query(symbol="BTC/USDT"), row.freshness) is None


def test_the_example_of_on_event_keeps_what_went_offline(tmp_path, monkeypatch):
    """Of a real change of a real source's state."""
    monkeypatch.chdir(tmp_path)
    bus, clock = EventBus(FakeClock()), FakeClock()
    bus.subscribe(extension("on_event"))
    health = HealthTracker(clock)
    health.subscribe(ChangeEvents(bus, Redactor()).on_change)
    health.register("acme", ["ticker"])
    for _ in range(20):
        if (lease := health.begin("acme", "ticker", 1.0)) is not None:
            health.record(lease, Outcome.FAILURE, elapsed_s=0.1)
    lines = (tmp_path / "went_offline.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == {"source": "acme", "at": clock.wall_ms()}


def test_the_example_of_register_commands_asks_a_gateway(monkeypatch):
    """With the pair it was given; what it prints is made of the answer."""

    class Asked:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def order_book(self, symbol, depth):
            book = OrderBook(symbol=symbol, bids=[[100, 1]], asks=[[101, 1]])
            return types.SimpleNamespace(data=book, provider="acme")

    module = module_of("register_commands")
    del module.provider_info
    loaded(module)
    monkeypatch.setattr(module.SyncGateway, "from_env", classmethod(lambda _: Asked()))
    (command,) = module.register_commands()
    done = CliRunner().invoke(command, ["BTC/USDT"])
    assert done.output == "1.0000 % at acme\n", done.exception


def test_the_example_of_register_alert_channels_sends():
    """To a real pager, with its token; one that refuses is an error."""
    answers, got = iter([204, 403]), []

    class Pager(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Authorization"], json.loads(body)))
            self.send_response(next(answers))
            self.end_headers()

        def log_message(self, *args):
            pass

    _, kind = loaded(module_of("register_alert_channels")).extensions.alert_kinds()["acmepager"]
    alert, settings = Alert("down", "acme is down", "major", ()), {"ACME_PAGER_TOKEN": "t"}
    settings["ACME_PAGER_PLAIN"] = "yes"
    with HTTPServer(("127.0.0.1", 0), Pager) as pager:
        thread = threading.Thread(target=lambda: [pager.handle_request() for _ in range(2)])
        thread.start()
        address = f"acmepager://127.0.0.1:{pager.server_port}/team"
        assert kind.send(alert, address, settings) is None
        with pytest.raises(OSError, match="answered 403"):
            kind.send(alert, address, settings)
        thread.join()
    assert got[0] == ("/team", "Bearer t", {"title": "down", "text": "acme is down"})


def test_the_record_of_what_is_public_names_all_of_it_once():
    """Each name of `coinmux`, with its arguments, fields and members; every hook and setting."""
    lines = public_api().splitlines()[3:]
    assert len(lines) == len(set(lines))
    named = {re.match(r"coinmux\.(\w+)", one)[1] for one in lines if one.startswith("coinmux.")}
    assert named == set(coinmux.__all__)
    assert {
        "coinmux.Gateway.fetch(self, asked, query=, options=, *, request_id=, trail=)",
        "coinmux.Advice(provider, weight, reason)",
        "hook advise_order(capability, query, sources)",
        "error unknown_symbol UnknownSymbol",
        "setting ALERT_URLS",
        "command doctor",
    } <= set(lines)


async def test_the_example_of_register_routes_answers_and_shows_a_price():
    """And says what is missing, as every route does."""

    class Prices:
        @hookimpl
        def provider_info(self):
            return ProviderInfo(
                name="prices", title="Prices", category="market", base_url="https://example.com"
            )

        @hookimpl
        async def fetch_ticker(self, query, http):
            return Ticker(symbol=query.symbol, last=1.0875)

    found = [in_process("prices", Prices()), in_process("house", module_of("register_routes"))]
    async with Gateway.from_env(None, environ={"CHECKER": "off"}, found=found) as gateway:
        assert await gateway.wait_loaded() == []
        routes = {path: (plugin, one) for plugin, path, one in gateway.extensions.routes.every()}

        async def ask(path, **query):
            request = RouteRequest("GET", path, query, b"", "r-1", gateway)
            return await gateway.extensions.routes.answer(*routes[path], request)

        answer = await ask("/plugins/house/rate", symbol="EUR/USDT")
        assert json.loads(answer) == {"symbol": "EUR/USDT", "rate": 1.0875, "provider": "prices"}
        with pytest.raises(InvalidRequest, match="symbol is missing"):
            await ask("/plugins/house/rate")
        assert b"<p>1.0875 USDT, by prices</p>" in await ask("/plugins/house/euro")


def test_every_error_code_is_listed_once():
    """Codes are the contract: two errors of one code could not be told apart."""
    codes = [error.code for error in all_errors()]
    assert len(codes) == len(set(codes)) > 40
