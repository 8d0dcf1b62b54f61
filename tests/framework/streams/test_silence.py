"""When a connection counts as silent: soon, and never while it lives."""

import asyncio
import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.errors import UpstreamTimeout
from coinmux.framework.plugins.socket_dialect import Alive, SocketInfo
from coinmux.framework.streams.session import Session
from coinmux.framework.streams.silence import ANSWER_S, Silence
from coinmux.framework.testing.clock import FakeClock
from tests.framework.streams.virtual_time import run

LOOK_S = 0.5
MOST_S = st.sampled_from([20.0, 28.0, 40.0, 60.0, 70.0])
#: What a market's messages do: each in so many seconds, times what chance makes of it.
PACE_S = st.sampled_from([0.05, 0.4, 1.0, 2.5, 4.0])
JITTER = st.lists(st.floats(0.3, 2.0), min_size=5, max_size=40)
STEADY = st.lists(st.floats(0.55, 2.0), min_size=5, max_size=40)


class Line:
    """A connection before a clock that goes on by half a second; it answers pings, or does not."""

    def __init__(self, most_s, *, has_ping, answers=True):
        self.clock = FakeClock()
        self.silence = Silence(most_s, self.clock.monotonic(), has_ping=has_ping)
        self.answers = answers
        self.heard_at = self.clock.monotonic()
        self.pings = 0

    def step(self, times=()):
        """Half a second in which messages came at these times; what is made of it."""
        self.clock.advance(LOOK_S)
        now = self.clock.monotonic()
        self.heard_at = max([self.heard_at, *times])
        found = self.silence.look(now, self.heard_at)
        if found == "ping":
            self.pings += 1
            if self.answers:
                self.heard_at = now + 0.1
        return found

    def told(self, seconds, pace_s, jitter):
        """It tells something for so long; every doubt there was."""
        end = self.clock.monotonic() + seconds
        spacings = itertools.cycle(jitter)
        found = []
        at = self.heard_at + pace_s * next(spacings)
        while self.clock.monotonic() < end:
            until, last = self.clock.monotonic() + LOOK_S, ()
            while at <= until:
                last, at = (at,), at + pace_s * next(spacings)
            found.append(self.step(last))
        return [one for one in found if one is not None]

    def until_silent(self):
        """Seconds of silence until it counts as silent."""
        for _ in range(1_000):
            if self.step() == "silent":
                return self.clock.monotonic() - self.heard_at
        raise AssertionError("a stopped line was not found")


@given(MOST_S, PACE_S, STEADY, st.booleans())
def test_a_steady_line_is_never_called_silent(most_s, pace_s, jitter, has_ping):
    """Whatever its pace and whether it may be asked; nor is it asked."""
    line = Line(most_s, has_ping=has_ping)
    assert line.told(300, pace_s, jitter) == []


@given(MOST_S, PACE_S, JITTER, st.booleans())
def test_one_that_is_less_steady_is_asked_at_most(most_s, pace_s, jitter, has_ping):
    line = Line(most_s, has_ping=has_ping)
    assert set(line.told(300, pace_s, jitter)) <= ({"ping"} if has_ping else set())


def poisson(rng):
    """Ten times a second."""
    while True:
        yield rng.expovariate(10)


def bursts(rng):
    """Some twenty seconds of trade, then ten in which hardly anything happens."""
    while True:
        for lasts_s, pace in ((rng.expovariate(1 / 20), 20.0), (rng.expovariate(1 / 10), 1.0)):
            gone_s = 0.0
            while gone_s < lasts_s:
                spacing = rng.expovariate(pace)
                gone_s += spacing
                yield spacing


def heavy(rng):
    """Ten times a second on average, some a hundred times as far apart as others."""
    while True:
        yield rng.lognormvariate(-3.4, 1.5)


def stops(rng):
    """Ten times a second, but for a pause of any length every other minute."""
    while True:
        yield rng.expovariate(10) if rng.random() < 0.999 else rng.paretovariate(1.5)


@pytest.mark.parametrize("market", [poisson, bursts, heavy, stops])
def test_a_busy_line_is_asked_some_times_a_day_and_a_bursty_one_not_taken_for_silent(market):
    """One that lives is ended only where a ping takes three seconds: one in a thousand, at most."""
    spacings = market(Random(1))
    line = Line(60.0, has_ping=True)
    at, asked = line.heard_at + next(spacings), 0
    hours = 6
    for _ in range(round(hours * 3_600 / LOOK_S)):
        until, last = line.clock.monotonic() + LOOK_S, ()
        while at <= until:
            last, at = (at,), at + next(spacings)
        found = line.step(last)
        assert found != "silent"
        asked += found == "ping"
    a_day = asked * 24 / hours
    assert a_day / 1_000 < 0.1


@given(MOST_S, PACE_S, JITTER, st.booleans())
def test_a_stopped_line_is_found_within_the_bound(most_s, pace_s, jitter, has_ping):
    """Four times its longest spacing and an answer's time; never after `silence_s`."""
    line = Line(most_s, has_ping=has_ping, answers=False)
    line.told(150, pace_s, jitter)
    longest = pace_s * max(jitter)
    least = 2.0 if has_ping else most_s / 2
    waits = ANSWER_S if has_ping else 0.0
    # A spacing is known to half a second, and looked at each half second.
    bound = min(max(4 * (longest + LOOK_S), least) + waits + 2 * LOOK_S, most_s + LOOK_S)
    assert line.until_silent() <= bound


@given(MOST_S, st.lists(st.floats(0.1, 300.0), min_size=1, max_size=12))
def test_a_line_that_answers_pings_lives_however_quiet_its_markets_are(most_s, pauses):
    """From the first second on, through pauses of any length; it is asked ever less often."""
    line = Line(most_s, has_ping=True)
    line.told(60, 0.5, [1.0])
    for pause_s in pauses:
        pings = line.pings
        for _ in range(int(pause_s / LOOK_S)):
            assert line.step() != "silent"
        assert line.pings - pings <= 3 + pause_s / (most_s - 4)
        line.step([line.clock.monotonic() + 0.1])


def test_a_line_that_was_just_opened_is_given_all_its_time():
    """It has no usual spacing yet."""
    line = Line(20.0, has_ping=True, answers=False)
    line.told(4, 0.2, [1.0])
    for _ in range(20):
        assert line.step() is None


def test_a_process_that_stood_still_does_not_blame_the_line():
    """What came meanwhile waits to be read; silence counts from when it goes on."""
    line = Line(60.0, has_ping=False)
    line.told(60, 0.2, [1.0])
    line.clock.advance(40.0)
    assert line.step() is None
    assert line.step([line.clock.monotonic() + 0.1]) is None


def test_an_hour_of_calm_makes_patient_and_five_minutes_of_trade_impatient_again():
    """The longest spacing of the last minutes counts, not that of long ago."""
    line = Line(60.0, has_ping=True)
    line.told(600, 10.0, [1.0])
    assert line.silence.after_s(line.clock.monotonic()) == pytest.approx(42, abs=3)
    line.told(360, 0.2, [1.0])
    assert line.silence.after_s(line.clock.monotonic()) == pytest.approx(2.2, abs=0.3)


class Wire:
    """Counts pings; answers none."""

    def __init__(self):
        self.alive_at = 0.0
        self.bytes_in = 0
        self.pings = 0
        self.closed = False

    def ping(self):
        self.pings += 1

    def close(self):
        self.closed = True


class Dialect:
    """Nothing is said but that it lives; a ping is the protocol's."""

    is_ready = staticmethod(lambda: True)
    opening = staticmethod(lambda: ())
    keep_alive = staticmethod(lambda: None)
    read = staticmethod(lambda frame: (Alive(),))


class Owner:
    """Notes the end."""

    def __init__(self):
        self.error = None
        self.is_over = asyncio.Event()

    def ended(self, session, error):
        self.error = error
        self.is_over.set()


def test_a_session_asks_and_then_ends_a_line_that_died():
    """Some five seconds after its last message, not after the source's own minute."""
    wire, owner = Wire(), Owner()

    async def lived(clock):
        info = SocketInfo(url="wss://a.example", ping_s=20.0, silence_s=60.0)
        session = Session(info, Dialect(), owner)
        taken = []

        async def open_wire(heard, lost):
            taken.append(heard)
            return wire

        await session.open(open_wire)
        for _ in range(200):
            await asyncio.sleep(0.2)
            taken[0]("a frame")
        died, pings = clock.monotonic(), wire.pings
        await owner.is_over.wait()
        return clock.monotonic() - died, wire.pings - pings

    took_s, pings = run(lived)
    assert isinstance(owner.error, UpstreamTimeout)
    assert wire.closed
    assert 4.5 < took_s < 6.5
    assert pings >= 1
