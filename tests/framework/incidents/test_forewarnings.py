"""What is not down yet, or answers and should not be trusted, is an incident of its own kind."""

from contextlib import suppress

import pytest

from coinmux import AllProvidersFailed, RateLimit, RequestOptions, TickerQuery
from coinmux.framework.errors import Implausible
from coinmux.framework.incidents.disk_watch import DiskWatch
from coinmux.framework.incidents.feed_watch import FeedWatch
from coinmux.framework.models.news import News, NewsItem

QUERY = TickerQuery(symbol="BTC/USDT")
GIB = 2**30
HOUR_MS = 3_600_000


async def rounds(world, count=2, seconds=5.0):
    for _ in range(count):
        world.clock.advance(seconds)
        await world.gateway._incidents.round()


def warnings_of(world):
    return {one.name: one for one in world.gateway._incidents.book.open if one.kind == "warning"}


async def ask(world, times, provider):
    for n in range(times):
        world.clock.advance(1)
        with suppress(AllProvidersFailed):
            options = RequestOptions(max_age_s=0, provider=provider)
            await world.gateway.fetch(QUERY, options, request_id=f"r-{n}")


async def test_a_quota_that_is_nearly_spent_says_when_it_will_be(gateway_of):
    """It ends when the window has moved on."""
    info = {"a": {"rate_limits": (RateLimit(100, per_s=86_400),)}}
    async with gateway_of(_info=info, a=[1.0], b=[2.0]) as world:
        (window,) = world.gateway.sources["a"].gate.windows
        window.take(89, world.clock.monotonic())
        await rounds(world)
        assert warnings_of(world) == {}
        window.take(3, world.clock.monotonic())
        await rounds(world)
        found = warnings_of(world)["quota:a"]
        assert (found.title, found.severity, found.code) == (
            "Quota of A", "minor", "quota_nearly_spent",
        )  # fmt: skip
        assert found.message.startswith("92 of 100 calls in 24 h are used; at the rate of late")
        assert "it is spent in" in found.message
        world.clock.advance(86_400)
        await rounds(world)
        assert warnings_of(world) == {}


@pytest.mark.parametrize(
    ("day", "severity", "message"),
    [
        ("2100-01-01", None, None),
        (10, "minor", "A_API_KEY expires within 10 days"),
        (1, "major", "A_API_KEY expires within 1 day"),
        (-3, "major", "A_API_KEY has expired by KEYS_EXPIRE"),
    ],
)
async def test_a_key_that_expires_soon_is_told_before(gateway_of, clock, day, severity, message):
    """Only of a key that is set."""
    from datetime import UTC, datetime, timedelta

    if not isinstance(day, str):
        today = datetime.fromtimestamp(clock.wall_ms() / 1000, UTC)
        day = f"{today + timedelta(days=day - (day > 0)):%Y-%m-%d}"
    settings = {"A_API_KEY": "k" * 20, "KEYS_EXPIRE": f"A_API_KEY={day}, B_API_KEY={day}"}
    async with gateway_of(settings, a=[1.0]) as world:
        await rounds(world)
        found = warnings_of(world)
        if severity is None:
            assert found == {}
            return
        (key,) = found.values()
        assert (key.name, key.severity, key.message) == ("key:A_API_KEY", severity, message)


async def test_a_source_whose_answers_are_doubted_too_often_is_named(gateway_of):
    """Five of ten minutes, and a fifth of what it was asked; it ends when it answers well."""
    wrong = Implausible("a price of 0")
    async with gateway_of(a=[1.0, 1.0, wrong] * 5, b=[2.0]) as world:
        await ask(world, 14, "a")
        await rounds(world)
        assert "doubt:a" not in warnings_of(world)
        await ask(world, 1, "a")
        await rounds(world, 3)
        found = warnings_of(world)["doubt:a"]
        assert found.title == "Answers of A"
        assert found.message == "5 of its last 15 answers were doubted"
        world.clock.advance(600)
        await rounds(world, 3)
        assert "doubt:a" not in warnings_of(world)


def test_a_feed_with_nothing_new_for_days_is_silent(clock):
    """One that nobody asked lately says nothing."""

    class Fetched:
        provider = "rss"

        def __init__(self, *ages_h):
            now = clock.wall_ms()
            self.data = News(items=tuple(
                NewsItem(id=str(age), title="t", url="https://a.example", source="s",
                         published_at=now - age * HOUR_MS)
                for age in ages_h
            ))  # fmt: skip

    watch = FeedWatch(str.upper, clock)
    watch.on_stored(Fetched(47, 100))
    assert watch.look(clock.wall_ms()) == []
    clock.advance(7_200)
    watch.on_stored(Fetched(49, 102))
    (found,) = watch.look(clock.wall_ms())
    assert (found.name, found.title, found.code) == ("feed:rss", "Feed of RSS", "feed_silent")
    assert found.message == "its newest item is 49 hours old"
    assert watch.look(clock.wall_ms() + 3 * HOUR_MS) == []
    watch.on_stored(Fetched(1))
    assert watch.look(clock.wall_ms()) == []


@pytest.mark.parametrize(
    ("free_gib", "found"),
    [
        ([50], []),
        ([4], [("minor", "disk_nearly_full")]),
        ([0.1], [("major", "disk_full")]),
        ([22, 20, 18, 16, 14], [("minor", "disk_filling")]),
        ([14, 16, 18, 20, 22], []),
    ],
)
async def test_the_disk_is_watched(tmp_path, free_gib, found):
    """What is free of 100 GiB, every ten minutes."""
    left = list(free_gib)
    watch = DiskWatch(lambda: tmp_path, lambda folder: (100 * GIB, round(left.pop(0) * GIB)))
    for n in range(len(free_gib)):
        watch.measure(600.0 * n)
        await watch._task
    assert [(one.severity, one.code) for one in watch.look()] == found
    if found == [("minor", "disk_filling")]:
        assert watch.look()[0].message.endswith("at the rate of late it is full in 1 h")


async def test_a_disk_that_hangs_holds_up_nothing(tmp_path):
    """A measurement that does not end is not begun again."""
    import threading

    held, begun = threading.Event(), []

    def hang(folder):
        begun.append(folder)
        held.wait(20)
        return 100 * GIB, 50 * GIB

    watch = DiskWatch(lambda: tmp_path, hang)
    try:
        for n in range(5):
            watch.measure(60.0 * n)
        assert watch.look() == []
    finally:
        held.set()
    await watch._task
    assert len(begun) == 1
