"""Rows of the fault catalogue that take a whole gateway: plugins that misbehave, time that ends."""

import asyncio
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest

from coinmux import (
    AllProvidersFailed,
    Candles,
    CandlesQuery,
    CoinmuxError,
    DeadlineExceeded,
    EnvVar,
    Gateway,
    Interval,
    NoProviderAvailable,
    ProviderBusy,
    ProviderInfo,
    RateLimit,
    RequestOptions,
    State,
    Ticker,
    TickerQuery,
    UnknownSymbol,
    Unreachable,
    hookimpl,
)
from coinmux.framework.config.settings import InvalidSetting
from coinmux.framework.plugins.discovery import Found, in_process
from coinmux.framework.sources import registry
from coinmux.framework.testing.clock import FakeClock

QUERY = TickerQuery(symbol="BTC/USDT")
HOUR_MS = 3_600_000
REAL = {"CHECKER": "off"}


def plugin(name, fetch, priority=1, **info):
    """A provider of tickers whose hook is `fetch`."""
    told = {"title": name, "category": "market", "base_url": f"https://{name}.example", **info}
    described = ProviderInfo(name=name, priority=priority, **told)

    def provider_info():
        return described

    fetch.__name__ = "fetch_ticker"
    return in_process(
        name,
        SimpleNamespace(provider_info=hookimpl(provider_info), fetch_ticker=hookimpl(fetch)),
    )


async def good(query, http):
    return Ticker(symbol=query.symbol, last=2.0)


def gateway(*found, **environ):
    """On the real clock: what plugins do to the loop is what is looked at."""
    return Gateway.from_env(None, environ={**REAL, **environ}, found=found)


def attempts(answer):
    return [(one["provider"], one.get("code")) for one in answer.meta["attempts"]]


@pytest.mark.parametrize(
    "raised",
    [ValueError("no"), RecursionError(), SystemExit(3), asyncio.CancelledError(),
     ExceptionGroup("two", [OSError()]), CoinmuxError("mine")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
async def test_F3_whatever_a_plugin_raises_is_its_own_defect(raised):
    """The next source answers, and the failure is counted."""

    async def bad(query, http):
        raise raised

    async with gateway(plugin("bad", bad), plugin("good", good, 2)) as world:
        answer = await world.fetch("ticker", QUERY)
        code = "upstream_schema" if isinstance(raised, ValueError) else "plugin_error"
        assert attempts(answer) == [("bad", code), ("good", None)]
        assert world.health.snapshot("bad").failures == 1


@pytest.mark.parametrize("answer", [None, {"last": 1}, 7, [1] * 10_000, good(None, None)])
async def test_F4_rubbish_is_no_answer(answer):
    """Only the capability's own model is."""

    async def bad(query, http):
        return answer

    async with gateway(plugin("bad", bad), plugin("good", good, 2)) as world:
        answered = await world.fetch("ticker", QUERY)
        assert attempts(answered) == [("bad", "plugin_error"), ("good", None)]
    if asyncio.iscoroutine(answer):
        answer.close()


async def test_F5_a_hook_that_holds_up_the_loop_past_its_time_fails():
    """What it came back with is too late."""

    async def blocking(query, http):
        time.sleep(0.5)  # noqa: ASYNC251 - that is what it does wrong
        return await good(query, http)

    found = plugin("slow", blocking, timeout_s=0.1), plugin("good", good, 2)
    async with gateway(*found) as world:
        answer = await world.fetch("ticker", QUERY)
        assert attempts(answer) == [("slow", "plugin_timeout"), ("good", None)]


async def test_F6_a_hook_that_ignores_its_end_is_left_behind(monkeypatch):
    """The next source answers; closing waits a moment and no longer."""
    monkeypatch.setattr("coinmux.framework.plugins.hook_runner.GRACE_S", 0.05)
    over = asyncio.Event()

    async def stubborn(query, http):
        while not over.is_set():
            try:
                await over.wait()
            except asyncio.CancelledError:
                continue
        return await good(query, http)

    found = plugin("stubborn", stubborn, timeout_s=0.05), plugin("good", good, 2)
    world = gateway(*found)
    async with world:
        answer = await world.fetch("ticker", QUERY)
        assert attempts(answer) == [("stubborn", "plugin_timeout"), ("good", None)]
    over.set()


async def test_F6_a_plain_function_that_hangs_takes_no_thread_of_others():
    """It runs in a thread of its own; after eight of them the source is busy."""
    over = threading.Event()

    def hanging(query):
        over.wait(30)

    found = plugin("hanging", hanging, timeout_s=0.05), plugin("good", good, 2)
    async with gateway(*found, CONCURRENT_PER_SOURCE="64", OFFLINE_RETRY_S="1") as world:
        asked = [
            world.fetch("ticker", TickerQuery(symbol=f"X{n}/USDT"), RequestOptions(timeout_s=5))
            for n in range(10)
        ]
        answers = await asyncio.gather(*asked)
        assert {answer.provider for answer in answers} == {"good"}
        codes = [answer.meta["attempts"][0]["code"] for answer in answers]
        assert codes.count("provider_busy") == 2
        assert await asyncio.to_thread(lambda: 1) == 1
    over.set()


async def test_A14_every_source_busy_is_503_with_a_time(gateway_of):
    """None was asked, so none failed."""
    async with gateway_of(a=[ProviderBusy("full")]) as world:
        with pytest.raises(NoProviderAvailable) as caught:
            await world.gateway.fetch("ticker", QUERY)
        assert caught.value.retry_after_s == 1
        assert caught.value.candidates[0]["reason"] == "busy"


async def test_G3_a_follower_is_not_bound_by_the_leaders_deadline(clock):
    """The leader's time ends with sources left; the follower asks them."""

    async def failing(query, http):
        await asyncio.sleep(0.05)
        raise Unreachable("down")

    async with gateway(plugin("a", failing), plugin("b", good, 2)) as world:
        leader = asyncio.create_task(world.fetch("ticker", QUERY, RequestOptions(timeout_s=0.2)))
        await asyncio.sleep(0)
        follower = asyncio.create_task(world.fetch("ticker", QUERY, RequestOptions(timeout_s=10)))
        with pytest.raises(DeadlineExceeded):
            await leader
        assert (await follower).provider == "b"


async def test_G4_time_that_ends_with_attempts_left_is_504():
    """It says what was tried."""

    async def failing(query, http):
        raise Unreachable("down")

    async with gateway(plugin("a", failing), plugin("b", failing, 2)) as world:
        with pytest.raises(DeadlineExceeded) as caught:
            await world.fetch("ticker", QUERY, RequestOptions(timeout_s=0.2))
        assert [one["provider"] for one in caught.value.attempts] == ["a"]


async def test_G5_all_sources_offline_is_503_with_the_earliest_time(gateway_of):
    """Nobody is called."""
    async with gateway_of(a=[Unreachable("x")]) as world:
        for n in range(3):
            with pytest.raises(AllProvidersFailed):
                await world.gateway.fetch("ticker", TickerQuery(symbol=f"X{n}/USDT"))
        with pytest.raises(NoProviderAvailable) as caught:
            await world.gateway.fetch("ticker", QUERY)
        assert caught.value.retry_after_s == 300
        assert caught.value.candidates[0]["reason"] == "circuit_open"
        assert world.plugins["a"].calls == 3


async def test_G7_what_was_used_of_a_limit_stays_used_over_a_reload(gateway_of):
    """Else reloading in a loop would be a way around it; a changed limit begins anew."""
    limits = {"a": {"rate_limits": (RateLimit(1, 60),)}}
    async with gateway_of(a=[1.0], _info=limits) as world:
        gate = world.gateway.sources["a"].gate
        await gate.enter()
        gate.leave()
        await world.gateway.reload()
        assert world.gateway.sources["a"].busy() is not None


async def test_G11_a_broken_file_at_reload_changes_nothing(tmp_path):
    """Else one stray byte would switch every keyed source off."""
    keyed = {"env": (EnvVar("A_KEY", send_as="header:X-Key"),)}
    path = tmp_path / ".env"
    path.write_text("A_KEY=0123456789abcdef\n")
    path.chmod(0o600)
    world = Gateway.from_env(path, environ=REAL, found=[plugin("a", good, **keyed)])
    async with world:
        path.write_bytes(b"A_KEY=0123456789abcdef\n# caf\xe9\n")
        with pytest.raises(InvalidSetting, match="line 2"):
            await world.reload()
        assert world.sources["a"].feature.enabled


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("A_KEY", "ключ-ключ-ключ-ключ", "A_KEY holds characters"),
        ("A_BASE_URL", "http://user:secret@host", "takes no user name"),
    ],
)
async def test_a_key_or_address_that_cannot_be_used_switches_off_one_source(variable, value, words):
    """It says why; the others answer."""
    keyed = {"env": (EnvVar("A_KEY", required=False, send_as="header:X-Key"),)}
    found = [plugin("a", good, **keyed), plugin("b", good, 2)]
    async with Gateway.from_env(None, environ={**REAL, variable: value}, found=found) as world:
        assert (await world.fetch("ticker", QUERY)).provider == "b"
        feature = world.sources["a"].feature
        assert (feature.enabled, feature.reason) == (False, "broken")
        assert words in feature.detail
        assert world.health.snapshot("a").state is State.DISABLED


async def test_a_plugin_that_arrives_late_changes_nothing_for_the_others(gateway_of):
    """What is known of them stays."""
    async with gateway_of(a=[Unreachable("x")], b=[2.0]) as world:
        await world.gateway.fetch("ticker", QUERY)
        late = plugin("late", good)
        late.run()
        world.gateway.loader.pending.append(late)
        world.gateway.registry.adopt_if_ready()
        assert "late" in world.gateway.sources
        assert world.gateway.health.snapshot("a").consecutive_failures == 1


async def test_a_plugin_whose_description_hangs_holds_up_nobody():
    """It is code like the rest of it, and loaded in the same thread."""
    over = threading.Event()

    def describe():
        over.wait(30)

    slow = in_process("slow", SimpleNamespace(provider_info=hookimpl(_named(describe))))
    async with gateway(slow, plugin("b", good), PLUGIN_LOAD_TIMEOUT_S="0.1") as world:
        assert (await world.fetch("ticker", QUERY)).provider == "b"
        world.registry.adopt_if_ready()
        assert [one.name for one in world.loader.broken] == ["slow"]
    over.set()


def slow_plugin(over):
    """A provider whose import takes until `over` is set."""
    ready = plugin("slow", good)

    def load():
        over.wait(30)
        return ready.load()

    return Found("slow", "elsewhere", "1", False, load)


async def test_who_needs_every_plugin_waits_for_the_slow_ones(monkeypatch):
    """The start does not wait; `wait_loaded` returns once the last one is taken in."""
    monkeypatch.setattr(registry, "_LOAD_WAIT_S", 0.0)
    over = threading.Event()
    async with gateway(slow_plugin(over), plugin("b", good, 2)) as world:
        assert "slow" not in world.sources
        waiting = asyncio.ensure_future(world.wait_loaded())
        await asyncio.sleep(0)
        assert not waiting.done()
        over.set()
        assert await waiting == []
        assert (await world.fetch("ticker", QUERY)).provider == "slow"


async def test_waiting_for_plugins_ends_and_names_those_still_loading(monkeypatch):
    """After the caller's limit; after the plugin's own limit it is broken and not waited for."""
    monkeypatch.setattr(registry, "_LOAD_WAIT_S", 0.0)
    over = threading.Event()
    async with gateway(slow_plugin(over), plugin("b", good)) as world:
        assert await world.wait_loaded(0.05) == ["slow"]
        assert "b" in world.sources
    async with gateway(slow_plugin(over), PLUGIN_LOAD_TIMEOUT_S="0.1") as world:
        assert await world.wait_loaded() == []
        assert [one.name for one in world.loader.broken] == ["slow"]
    over.set()


def _named(function):
    function.__name__ = "provider_info"
    return function


async def test_an_asset_unknown_to_one_capability_is_asked_for_in_another(gateway_of):
    """A source may have news of a coin it has no social figures of."""
    async with gateway_of(a=["unknown"]) as world:
        with pytest.raises(UnknownSymbol):
            await world.gateway.fetch("ticker", QUERY)
        source = world.gateway.sources["a"]
        assert source.refusal("ticker", QUERY).code == "unsupported_symbol"
        source.fetch = {"candles": None, **source.fetch}
        assert source.refusal("candles", CandlesQuery(symbol="BTC/USDT")) is None


async def test_another_currency_is_asked_for_only_where_the_pair_is_not_listed(gateway_of):
    """Never because a source failed: that would be another market's price without need."""
    ask = RequestOptions(quote_fallback=True)
    async with gateway_of(a=[Unreachable("x")]) as world:
        with pytest.raises(AllProvidersFailed):
            await world.gateway.fetch("ticker", TickerQuery(symbol="BTC/USD"), ask)
        assert world.plugins["a"].calls == 1
    async with gateway_of(a=["unknown", 3.0]) as world:
        answer = await world.gateway.fetch("ticker", TickerQuery(symbol="BTC/USD"), ask)
        assert answer.data.symbol == "BTC/USDT"


async def test_a_secret_is_taken_out_before_a_text_is_cut(gateway_of):
    """Half a key is not recognised, and still half a key."""
    key = "SECRETKEY0123456789"

    async def quoting(query, http):
        raise RuntimeError("x" * 290 + key)

    keyed = {"env": (EnvVar("A_KEY", send_as="header:X-Key"),)}
    found = [plugin("a", quoting, **keyed)]
    async with Gateway.from_env(None, environ={**REAL, "A_KEY": key}, found=found) as world:
        with pytest.raises(AllProvidersFailed):
            await world.fetch("ticker", QUERY)
        told = " ".join(f"{event.message} {event.detail}" for event in world.events.recent())
        assert "SECRET" not in told
        assert "SECRET" not in (world.health.snapshot("a").last_error or ("", ""))[1]


def candles(step_ms, rows, until, interval="1h"):
    """Flat candles, the last of which opens at `until`."""
    times = until - step_ms * np.arange(rows)[::-1]
    ones = np.ones(rows)
    return Candles(
        symbol="BTC/USDT", interval=Interval(interval), timestamp=times.astype(np.int64),
        open=ones, high=ones, low=ones, close=ones, volume=ones,
    )  # fmt: skip


def candle_gateway(made, clock):
    """A gateway of one source that answers with `made`."""

    async def fetch_candles(query, http):
        return made

    info = ProviderInfo(name="a", title="a", category="market", base_url="https://a.example")
    held = SimpleNamespace(
        provider_info=hookimpl(_named(lambda: info)), fetch_candles=hookimpl(fetch_candles)
    )
    return Gateway.from_env(None, environ=REAL, found=[in_process("a", held)], clock=clock)


@pytest.mark.parametrize(
    ("step_ms", "rows", "code"),
    [
        (HOUR_MS // 12, 200, "upstream_implausible"),
        (24 * HOUR_MS, 200, "upstream_implausible"),
        (4 * HOUR_MS, 3, "upstream_implausible"),
        (HOUR_MS, 200, None),
    ],
)
async def test_E8_candles_of_another_length_are_refused(step_ms, rows, code):
    """Shorter ones, and longer ones that only look like gaps."""
    clock = FakeClock()
    until = clock.wall_ms() // (24 * HOUR_MS) * 24 * HOUR_MS
    async with candle_gateway(candles(step_ms, rows, until), clock) as world:
        query = CandlesQuery(symbol="BTC/USDT", interval=Interval("1h"))
        if code is None:
            assert len((await world.fetch("candles", query)).data) == rows
        else:
            with pytest.raises(AllProvidersFailed) as caught:
                await world.fetch("candles", query)
            assert caught.value.attempts[0]["code"] == code


async def test_E9_the_latest_candles_of_a_year_ago_are_marked_stale():
    """Nobody is fresher, so they go out, and say so."""
    clock = FakeClock()
    until = clock.wall_ms() // HOUR_MS * HOUR_MS - 365 * 24 * HOUR_MS
    async with candle_gateway(candles(HOUR_MS, 10, until), clock) as world:
        answer = await world.fetch("candles", CandlesQuery(symbol="BTC/USDT"))
        assert answer.meta["stale"] is True
        ended = CandlesQuery(symbol="BTC/USDT", end=until)
        assert (await world.fetch("candles", ended)).meta["stale"] is False


async def test_the_last_attempt_goes_to_a_source_with_a_key():
    """Behind many keyless sources that fail together its turn would not come."""

    async def failing(query, http):
        raise Unreachable("down")

    keyed = {"env": (EnvVar("PAID_KEY", send_as="header:X-Key"),)}
    found = [plugin(f"free{n}", failing, n) for n in range(8)]
    found.append(plugin("paid", good, 99, **keyed))
    async with gateway(*found, PAID_KEY="0123456789abcdef") as world:
        answer = await world.fetch("ticker", QUERY)
        names = [name for name, _ in attempts(answer)]
        assert names == ["free0", "free1", "free2", "paid"]
