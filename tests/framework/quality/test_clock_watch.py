"""Our own clock, set back or forward, is noticed and is no source's fault."""

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from coinmux import AllProvidersFailed, Gateway, ProviderInfo, Ticker, hookimpl
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.quality.clock_watch import ClockWatch
from coinmux.framework.testing.clock import FakeClock


def date_of(clock, ahead_s):
    return format_datetime(
        datetime.fromtimestamp(clock.wall_ms() / 1000 + ahead_s, UTC), usegmt=True
    )


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def told():
    return []


@pytest.fixture
def watch(clock, told):
    return ClockWatch(clock, told.append)


@pytest.mark.parametrize("ahead_s", [90, -90, 7_200, -7_200, 86_400, -86_400])
def test_two_dates_that_agree_are_believed(watch, clock, told, ahead_s):
    watch.date("a", date_of(clock, ahead_s))
    assert watch.skew_s == 0
    watch.date("b", date_of(clock, ahead_s + 1))
    assert watch.skew_s == pytest.approx(ahead_s, abs=2)
    assert len(told) == 1
    clock.advance(10)
    watch.date("c", date_of(clock, ahead_s))
    assert len(told) == 1, "it is told once"


@pytest.mark.parametrize(
    ("first", "second"), [(90, 0), (90, 300), (90, -90), (15, 15), (-10, -10), (90, 97)]
)
def test_dates_that_do_not_agree_say_nothing_of_ours(watch, clock, told, first, second):
    watch.date("a", date_of(clock, first))
    watch.date("b", date_of(clock, second))
    assert watch.skew_s == 0
    assert told == []


def test_more_that_are_right_outvote_two_that_are_wrong(watch, clock):
    for name in "abc":
        watch.date(name, date_of(clock, 0))
    for name in "de":
        watch.date(name, date_of(clock, 90))
    assert watch.skew_s == 0


def test_an_answer_out_of_a_cache_is_as_old_as_it_says(watch, clock):
    watch.date("a", date_of(clock, -300), "300")
    watch.date("b", date_of(clock, -300), "300")
    assert watch.skew_s == 0


def test_when_the_clock_is_set_right_it_is_told_once(watch, clock, told):
    watch.date("a", date_of(clock, 90))
    watch.date("b", date_of(clock, 90))
    clock.advance(61)
    for name in "ab":
        watch.date(name, date_of(clock, 0))
    assert watch.skew_s == 0
    assert told == [pytest.approx(90, abs=2), 0]


@pytest.mark.parametrize("header", ["", "yesterday", "Wed, 99 Nov 2026", "0" * 300])
def test_dates_that_are_none_are_passed_over(watch, header):
    watch.date("a", header)
    assert watch.skew_s == 0


class Source:
    """A ticker whose time is as far from ours as the world's is."""

    def __init__(self, name, clock, world):
        self.name, self.clock, self.world = name, clock, world

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="market",
            base_url=f"https://{self.name}.example",
        )  # fmt: skip

    @hookimpl
    async def fetch_ticker(self, query, http):
        now_ms = self.clock.wall_ms() + round(self.world["ahead_s"] * 1000)
        return Ticker(symbol=query.symbol, last=1, timestamp=now_ms)


@pytest.fixture
def world(clock):
    """Three sources that agree with each other about the time."""
    ahead = {"ahead_s": 0.0}
    found = [in_process(name, Source(name, clock, ahead)) for name in "abc"]
    gateway = Gateway.from_env(None, environ={"CHECKER": "off"}, found=found, clock=clock)
    return gateway, ahead


@pytest.mark.parametrize("ahead_s", [90, 600, 86_400])
async def test_a_clock_that_is_behind_puts_no_source_offline(world, clock, ahead_s):
    gateway, ahead = world
    async with gateway:
        ahead["ahead_s"] = ahead_s
        for at in range(6):
            answer = await gateway.ticker(f"A{at}/USDT", max_age_s=0)
            assert answer.data.last == 1
            clock.advance(1)
        assert gateway.source_health().summary.offline == 0
        (service,) = [one for one in gateway.status().services if one.name == "clock"]
        assert "behind: set it (NTP)" in service.detail
        told = [event for event in gateway.events.recent() if "clock is" in event.message]
        assert len(told) == 1


async def test_one_source_that_is_ahead_alone_is_at_fault(clock):
    right, wrong = {"ahead_s": 0.0}, {"ahead_s": 300.0}
    found = [in_process(n, Source(n, clock, w)) for n, w in (("a", right), ("b", wrong))]
    async with Gateway.from_env(
        None, environ={"CHECKER": "off"}, found=found, clock=clock
    ) as gateway:
        await gateway.ticker("BTC/USDT", provider="a")
        for _ in range(3):
            with pytest.raises(AllProvidersFailed, match="upstream_implausible"):
                await gateway.ticker("BTC/USDT", provider="b", max_age_s=0)
        assert gateway.source_health_of("b").state == "OFFLINE"


async def test_uptime_does_not_follow_the_wall_clock(world, clock):
    gateway, _ = world
    clock.advance(5)
    clock._wall_ms -= 7_200_000
    assert gateway.status().uptime_s == 5
    await gateway.close()


# With real sources on loopback, whose clocks are right while ours is not


class Loopback:
    """A source whose replies carry a `Date`, and a ticker of the same time."""

    def __init__(self, name, port):
        self.name, self.port = name, port

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="market",
            base_url=f"https://{self.name}.example",
        )  # fmt: skip

    @hookimpl
    async def fetch_ticker(self, query, http):
        body = await http.get_json("/ticker")
        return Ticker(symbol=query.symbol, last=1, timestamp=body["time"])


@asynccontextmanager
async def served(ahead_s):
    async def answer(reader, writer):
        while await reader.readuntil(b"\r\n\r\n"):
            at = time.time() + ahead_s
            body = b'{"time": %d}' % (at * 1000)
            date = format_datetime(datetime.fromtimestamp(at, UTC), usegmt=True)
            writer.write(
                f"HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            await writer.drain()

    writers = []

    async def closed_quietly(reader, writer):
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError, OSError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(closed_quietly, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("ahead_s", [90, 86_400, -7_200])
async def test_real_sources_keep_their_states_and_go_on_answering(ahead_s):
    """Not even the first answer counts: the source's own `Date` says the same."""
    async with served(ahead_s) as one, served(ahead_s) as two:
        found = [in_process(name, Loopback(name, port)) for name, port in (("x", one), ("y", two))]
        environ = {
            "CHECKER": "off",
            "X_BASE_URL": f"http://127.0.0.1:{one}",
            "Y_BASE_URL": f"http://127.0.0.1:{two}",
        }
        async with Gateway.from_env(None, environ=environ, found=found) as gateway:
            for at in range(4):
                answer = await gateway.ticker(f"A{at}/USDT", max_age_s=0)
                assert answer.meta["stale"] is False
            states = {one.name: str(one.state) for one in gateway.source_health().sources}
            assert set(states.values()) <= {"HEALTHY", "UNKNOWN"}, states
            assert gateway.clocks.skew_s == pytest.approx(ahead_s, abs=3)


def test_figures_of_a_day_say_nothing_of_the_clock():
    """Two sources whose data is of midnight do not put our clock back to it."""
    clock = FakeClock()
    watch = ClockWatch(clock)
    midnight = clock.wall_ms() // 86_400_000 * 86_400_000
    for name in ("one", "two"):
        watch.data(name, midnight)
    assert watch.skew_s == 0
