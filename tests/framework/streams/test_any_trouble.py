"""Whatever goes wrong in whatever order: what a reader is told is true, or is said not to be."""

import asyncio
import os
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.framework.streams.chaotic import BEAT_S, beats, gateway_over, reading
from tests.framework.streams.venue import LASTING, ONCE, Venue, Way
from tests.framework.streams.virtual_time import run
from tests.framework.streams.witness import Witness

#: How many plans are tried of each kind of feed; a night may try thousands.
PLANS = int(os.environ.get("STREAM_PLANS", "8"))
#: By then a reader is told by a socket again: a source is avoided for a minute, and a connection
#: that failed often waits for as long.
WELL_S = 140.0
WAYS = {
    "ticker": [Way()],
    "trades": [Way(), Way(ids="rising")],
    "order_book": [Way(book=one) for one in ("socket", "asked", "checksum", "whole")],
    "candles": [
        Way(candles="flags"), Way(candles="clock"), Way(candles="made"),
        Way(candles="made", ids="rising"),
    ],
}  # fmt: skip

_kinds = st.sampled_from(ONCE + LASTING)
#: After how many moments, at which source, what, and for how long.
_steps = st.tuples(
    st.sampled_from((0, 1, 2, 4, 9, 20, 40)), st.integers(0, 1), _kinds,
    st.sampled_from((7.0, 12.0, 30.0)),
)  # fmt: skip


def plans(capability):
    ways = st.sampled_from(WAYS[capability])
    return st.tuples(st.tuples(ways, ways), st.lists(_steps, max_size=10), st.integers(0, 99))


async def told(capability, plan, clock):
    """What was wrong about what a reader was told."""
    ways, steps, seed = plan
    rng = Random(seed)
    venues = {
        name: Venue(name, place, clock, rng, way)
        for place, (name, way) in enumerate(zip(("a", "b"), ways, strict=True), 1)
    }
    loop = asyncio.get_running_loop()
    witness = Witness(capability, venues, "BTC-USDT", loop, clock)
    async with (
        gateway_over(venues, clock) as gateway,
        reading(gateway, capability, "BTC/USDT", witness),
    ):
        for pause, place, kind, seconds in steps:
            await beats(venues, witness, pause)
            venues["ab"[place]].begin(kind, seconds)
        await beats(venues, witness, 20)
        for venue in venues.values():
            venue.heal()
        healed_at = loop.time()
        await beats(venues, witness, 1)
        while not (witness.is_live and witness.told_at >= loop.time() - 2 * BEAT_S):
            if loop.time() - healed_at > WELL_S:
                return [*witness.wrong, f"it is not live {WELL_S:g} s later",
                        str(gateway.feeds()), str(gateway.live_figures().sockets)]  # fmt: skip
            await beats(venues, witness, 1)
        await beats(venues, witness, 40 if capability != "candles" else 160)
        witness.conclude()
        followed = [one for venue in venues.values() for one in venue.followed().values()]
        if max(followed) > 1:
            witness.wrong.append(f"it is followed {followed} times")
    return witness.wrong


@pytest.mark.parametrize("capability", WAYS)
def test_a_reader_is_told_the_truth_or_that_it_is_not_known(capability):
    """And is told by a socket again once nothing is wrong any more."""

    @settings(
        max_examples=PLANS, deadline=None, derandomize=PLANS < 100,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(plan=plans(capability))
    def every(plan):
        assert run(lambda clock: told(capability, plan, clock)) == []

    every()


async def _told_again(clock):
    """How long readers have nothing where one source failed, and no other says anything."""
    loop = asyncio.get_running_loop()
    venues = {
        name: Venue(name, place, clock, Random(place), Way())
        for place, name in enumerate(("a", "b", "c"), 1)
    }
    witness = Witness("ticker", venues, "BTC-USDT", loop, clock)
    async with (
        gateway_over(venues, clock) as gateway,
        reading(gateway, "ticker", "BTC/USDT", witness),
    ):
        await beats(venues, witness, 20)
        assert witness.provider == "a"
        for name in ("b", "c"):
            venues[name].begin("mute", 300.0)
        venues["a"].cut()
        await beats(venues, witness, 2)
        assert not witness.is_live or witness.provider == "a"
        since = witness.told_at
        while witness.told_at == since:
            await beats(venues, witness, 1)
            assert loop.time() - since < 60
        return loop.time() - since, witness.provider


def test_one_that_failed_is_followed_again_where_no_other_says_anything():
    waited_s, provider = run(_told_again)
    assert (waited_s < 10.0, provider) == (True, "a")


async def _first_told(capability, silent, clock):
    """How long a reader waits where these say nothing, and who is followed in the end."""
    loop = asyncio.get_running_loop()
    venues = {
        name: Venue(name, place, clock, Random(place), Way())
        for place, name in enumerate(("a", "b", "c"), 1)
    }
    for name, kind in silent.items():
        venues[name].begin(kind, 60.0)
    witness = Witness(capability, venues, "BTC-USDT", loop, clock)
    async with (
        gateway_over(venues, clock) as gateway,
        reading(gateway, capability, "BTC/USDT", witness),
    ):
        begun_at = loop.time()
        while not (witness.is_live and witness.provider in venues):
            await beats(venues, witness, 1)
            assert loop.time() - begun_at < 60
        waited_s = loop.time() - begun_at
        await beats(venues, witness, 10)
        assert witness.wrong == []
        return waited_s, {name for name, one in venues.items() if one.followed()}


@pytest.mark.parametrize("capability", ["ticker", "order_book", "candles"])
@pytest.mark.parametrize(
    ("silent", "within_s"), [({"a": "hang"}, 3.0), ({"a": "mute", "b": "hang"}, 5.0)]
)
def test_while_a_source_says_nothing_another_is_followed_beside_it(capability, silent, within_s):
    """Who holds a question after another died does not wait for the first source it finds."""
    waited_s, followed = run(lambda clock: _first_told(capability, silent, clock))
    assert waited_s < within_s
    assert len(followed) == 1
