"""Whatever a plugin raises or returns is `plugin_error` of that source, and another one answers."""

import asyncio

import pytest

from coinmux import (
    AllProvidersFailed,
    Capability,
    Freshness,
    Gateway,
    NotOffered,
    ProviderInfo,
    Query,
    RateLimited,
    RequestOptions,
    Result,
    State,
    Ticker,
    TickerQuery,
    UnknownSymbol,
    Unreachable,
    hookimpl,
    hookspec,
)
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.plugins.raised import failure_of

QUERY = TickerQuery(symbol="BTC/USDT")


class Panic(BaseException):
    """As an extension written in Rust raises it."""


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class UnprintableValue(ValueError):
    def __str__(self):
        raise SystemExit("no text")


class ReadOnly(Unreachable):
    def __init__(self):
        """Nothing: the detail cannot be set."""

    extra: dict[str, object] = {}  # noqa: RUF012 - a test's

    @property
    def detail(self):
        return "fixed"

    @detail.setter
    def detail(self, _):
        raise KeyboardInterrupt


def with_members(error, **members):
    for name, value in members.items():
        setattr(error, name, value)
    return error


def without_init():
    return Unreachable.__new__(Unreachable)


def constructed(**values):
    """A ticker past its own checks."""
    good = Ticker(symbol="BTC/USDT", last=1.0, timestamp=1_764_000_000_000)
    return Ticker.model_construct(**{**good.__dict__, **values})


class Unencodable(Ticker):
    def encode(self):
        raise Panic("no bytes")


class TextEncoded(Ticker):
    def encode(self):
        return "{}"


class Uncounted(Ticker):
    def data_length(self):
        return "1"


RAISED = {
    "a panic": Panic("rust"),
    "GeneratorExit": GeneratorExit("over"),
    "a BaseExceptionGroup": BaseExceptionGroup("two", [Panic("a"), KeyboardInterrupt()]),
    "an ExceptionGroup": ExceptionGroup("two", [ValueError("a")]),
    "KeyboardInterrupt": KeyboardInterrupt("stop"),
    "SystemExit": SystemExit(3),
    "CancelledError": asyncio.CancelledError("mine"),
    "StopAsyncIteration": StopAsyncIteration(),
    "no text": Unprintable(),
    "a wait as text": RateLimited("wait", retry_after_s="7"),
    "a wait that is True": RateLimited("wait", retry_after_s=True),
    "detail None": with_members(Unreachable("x"), detail=None),
    "detail bytes": Unreachable(b"gone"),
    "detail of an unknown symbol": with_members(UnknownSymbol("X"), detail=7),
    "detail of an invalid request": with_members(NotOffered("x"), detail=["x"]),
    "an outcome as text": with_members(Unreachable("x"), outcome="F"),
    "a code in capitals": with_members(Unreachable("x"), code="GONE\x1b[31m"),
    "no members at all": without_init(),
    "a detail that cannot be set": ReadOnly(),
}
RETURNED = {
    "nan": constructed(last=float("nan")),
    "infinity": constructed(last=1.0, bid=float("inf")),
    "a text for a number": constructed(last="1"),
    "no time": constructed(timestamp="today"),
    "encode raises": Unencodable(symbol="BTC/USDT", last=1.0),
    "encode returns text": TextEncoded(symbol="BTC/USDT", last=1.0),
    "a length that is text": Uncounted(symbol="BTC/USDT", last=1.0),
}


@pytest.mark.parametrize("error", RAISED.values(), ids=RAISED)
async def test_what_is_raised_is_the_plugins_defect(gateway_of, error):
    """Three times `plugin_error`, each time answered by the next source; then it is offline."""
    async with gateway_of(odd=[error], good=[2.0]) as world:
        await _fails_thrice(world)


@pytest.mark.parametrize("result", RETURNED.values(), ids=RETURNED)
async def test_what_is_returned_past_the_models_is_the_plugins_defect(gateway_of, result):
    """A result that could not be sent, or would be sent wrong, is refused while others are left."""
    async with gateway_of(odd=[1.0], good=[2.0]) as world:
        world.plugins["odd"].made = result
        await _fails_thrice(world)


async def _fails_thrice(world):
    gateway = world.gateway
    answer = await gateway.fetch(QUERY)
    assert answer.provider == "good"
    assert [one.get("code") for one in answer.meta["attempts"]] == ["plugin_error", None]
    assert answer.body
    for _ in range(2):
        with pytest.raises(AllProvidersFailed) as caught:
            await gateway.fetch(QUERY, RequestOptions(provider="odd"))
        assert [one["code"] for one in caught.value.attempts] == ["plugin_error"]
    assert gateway.health.snapshot("odd").state is State.OFFLINE
    assert gateway.health.snapshot("odd").failures == 3
    assert gateway.health.snapshot("good").state is State.HEALTHY


async def test_a_callers_cancellation_stays_one(gateway_of):
    """The border does not take the end of a request for a defect of the plugin."""
    async with gateway_of(slow=["hang"]) as world:
        task = asyncio.ensure_future(world.gateway.fetch(QUERY))
        for _ in range(5):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert world.gateway.health.snapshot("slow").failures == 0


@pytest.mark.parametrize(
    "error", [UnprintableValue(), with_members(UnknownSymbol("X"), code=None)], ids=["text", "code"]
)
def test_errors_that_cannot_be_read_have_a_failure(error):
    """Whatever their members do, reading them raises nothing."""
    failure = failure_of(error)
    assert failure.code in ("plugin_error", "upstream_schema")
    assert isinstance(failure.detail, str)


class TideQuery(Query["Tide"]):
    """The tide."""


class Tide(Result):
    """Its height."""

    metres: float


class Tides:
    """A plugin with a capability of its own, whose freshness is a function that raises."""

    @hookspec
    def fetch_tide(self, query, http):
        """The tide now."""

    @hookimpl
    def coinmux_capabilities(self):
        def fresh(query, now_ms):
            raise Panic("no freshness")

        return [Capability("tide", TideQuery, Tide, Freshness(1, 0, 0), freshness_for=fresh)]


class TideSource:
    def __init__(self, metres):
        self.metres = metres

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="tides", title="T", category="market", base_url="https://t.example"
        )

    @hookimpl
    async def fetch_tide(self, query, http):
        return Tide(metres=self.metres)


@pytest.mark.parametrize("metres", [1.0, float("nan")], ids=["freshness", "nan"])
async def test_a_result_of_its_own_is_checked_too(clock, metres):
    """Not a number is refused in any model, and a freshness that raises is its plugin's defect."""
    found = [in_process("tide", Tides()), in_process("tides", TideSource(metres))]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found, clock=clock)
    async with gateway:
        with pytest.raises(AllProvidersFailed) as caught:
            await gateway.get("tide")
    assert [one["code"] for one in caught.value.attempts] == ["plugin_error"]


MANIFESTS = {
    "priority": {"priority": "5"},
    "category": {"category": {1}},
    "title": {"title": 5},
    "timeout_s": {"timeout_s": "4"},
    "rate_limits": {"rate_limits": (60, 60)},
    "max_candles": {"max_candles": 1e3},
    "intervals": {"intervals": {"1h": 60}},
    "quotes": {"quotes": "USDT"},
    "headers": {"headers": [("a", "b")]},
    "seen": {"seen": "rumoured"},
    "errors": {"errors": {"code": "x"}},
}


@pytest.mark.parametrize("field", MANIFESTS)
def test_a_manifest_of_wrong_types_is_broken(field):
    """The plugin is listed with the field's name, before anything uses it."""

    class Odd:
        @hookimpl
        def provider_info(self):
            values = {"name": "odd", "title": "Odd", "category": "market",
                      "base_url": "https://odd.example"}  # fmt: skip
            return ProviderInfo(**{**values, **MANIFESTS[field]})

        @hookimpl
        async def fetch_ticker(self, query, http): ...

    loader = _loaded(Odd())
    assert loader.providers == {}
    (broken,) = loader.broken
    assert f"ProviderInfo.{field} takes" in broken.error


def test_titles_and_errors_are_one_clean_line():
    """No terminal or badge gets a control character or a change of direction."""

    class Odd:
        @hookimpl
        def provider_info(self):
            return ProviderInfo(
                name="odd", title="\x1b]0;owned\x07A\n\u202eB" + "x" * 500, category="market",
                base_url="https://odd.example",
            )  # fmt: skip

        @hookimpl
        async def fetch_ticker(self, query, http): ...

    class Broken:
        @hookimpl
        def provider_info(self):
            raise ValueError("\x1b[2J\x1b]8;;http://x\x07 gone \u2066")

    loader = _loaded(Odd())
    title = loader.providers["odd"].info.title
    assert title.isprintable()
    assert len(title) <= 80
    (broken,) = _loaded(Broken()).broken
    assert broken.error.isprintable()


def _loaded(*plugins):
    from coinmux.framework.plugins.discovery import PluginLoader

    loader = PluginLoader()
    found = [in_process(f"plugin{at}", one) for at, one in enumerate(plugins)]
    loader.load(found, wait_s=2, limit_s=5)
    return loader
