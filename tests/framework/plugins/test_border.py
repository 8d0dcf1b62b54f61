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
from coinmux.framework.errors import Outcome
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


class Subclass(Ticker):
    """With no field or method of its own: any it had would run outside the border."""


class OwnText(str):
    """As parsers return it; this one cannot be cut."""

    def __getitem__(self, at):
        raise Panic("no part")


class Unnamed(type):
    @property
    def __name__(cls):
        raise Panic("no name")


class WithoutName(Exception, metaclass=Unnamed):
    """Its class cannot be named."""


class WithoutClass(Exception):
    @property
    def __class__(self):
        raise Panic("no class")


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
    "a wait too long for a float": RateLimited("wait", retry_after_s=10**400),
    "an outcome that is success": with_members(Unreachable("x"), outcome=Outcome.SUCCESS),
    "a code of a text of its own": with_members(Unreachable("x"), code=OwnText("gone")),
    "a class without a name": WithoutName("x"),
    "no class": WithoutClass("x"),
}
RETURNED = {
    "nan": constructed(last=float("nan")),
    "infinity": constructed(last=1.0, bid=float("inf")),
    "a text for a number": constructed(last="1"),
    "no time": constructed(timestamp="today"),
    "a subclass": Subclass(symbol="BTC/USDT", last=1.0),
}


# By name: pytest reads the class of each value, which one of these does not let it.
@pytest.mark.parametrize("name", RAISED)
async def test_what_is_raised_is_the_plugins_defect(gateway_of, name):
    """Three times `plugin_error`, each time answered by the next source; then it is offline."""
    async with gateway_of(odd=[RAISED[name]], good=[2.0]) as world:
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


async def test_a_text_of_a_type_of_its_own_is_taken_as_plain_text(gateway_of):
    """Parsers of XML and arrays have such; what it says is kept and none of its methods is."""
    async with gateway_of(odd=[Unreachable(OwnText("gone"))], good=[2.0]) as world:
        with pytest.raises(AllProvidersFailed) as caught:
            await world.gateway.fetch(QUERY, RequestOptions(provider="odd"))
    assert [one["code"] for one in caught.value.attempts] == ["upstream_unreachable"]


class TideQuery(Query["Tide"]):
    """The tide."""


class Tide(Result):
    """Its height."""

    metres: float


def panics(*_):
    raise Panic("no answer")


class Tides:
    """A plugin with a capability of its own, and perhaps with a function of its freshness."""

    def __init__(self, kind=Tide, fresh=None):
        self.kind, self.fresh = kind, fresh

    @hookspec
    def fetch_tide(self, query, http):
        """The tide now."""

    @hookimpl
    def coinmux_capabilities(self):
        freshness = Freshness(1, 0, 0)
        return [Capability("tide", TideQuery, self.kind, freshness, freshness_for=self.fresh)]


class TideSource:
    def __init__(self, tide):
        self.tide = tide

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="tides", title="T", category="market", base_url="https://t.example"
        )

    @hookimpl
    async def fetch_tide(self, query, http):
        return self.tide


def of_its_own(**methods):
    """A tide whose class has these methods."""
    members = {"__annotations__": {"metres": float}, "__module__": __name__, **methods}
    return type("Tide", (Result,), members)(metres=1.0)


TIDES = {
    "nan": Tide(metres=float("nan")),
    "encode raises": of_its_own(encode=panics),
    "encode returns text": of_its_own(encode=lambda self: "{}"),
    "a length that is text": of_its_own(data_length=lambda self: "1"),
    "check returns nothing": of_its_own(check=lambda *_: None),
    "fitted returns nothing": of_its_own(fitted=lambda *_: None),
    "misplaced raises": of_its_own(misplaced=panics),
    "misplaced returns a number": of_its_own(misplaced=lambda *_: 7),
    "staleness returns a number": of_its_own(staleness=lambda *_: 7),
    "head returns a number": of_its_own(head=lambda *_: 7),
    "a time that is text": of_its_own(own_time_ms=lambda *_: "noon"),
}


@pytest.mark.parametrize("tide", TIDES.values(), ids=TIDES)
async def test_a_result_of_its_own_is_checked_too(clock, tide):
    """Whatever the methods of a model return or raise is a defect of its plugin."""
    await _is_a_defect(clock, Tides(type(tide)), tide)


async def test_a_freshness_that_raises_is_its_plugins_defect(clock):
    """It is asked for while the source can still be blamed."""
    await _is_a_defect(clock, Tides(fresh=panics), Tide(metres=1.0))


async def _is_a_defect(clock, tides, tide):
    found = [in_process("tide", tides), in_process("tides", TideSource(tide))]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found, clock=clock)
    async with gateway:
        with pytest.raises(AllProvidersFailed) as caught:
            await gateway.get("tide")
    assert caught.value.attempts[0]["code"] in ("plugin_error", "upstream_schema")


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
