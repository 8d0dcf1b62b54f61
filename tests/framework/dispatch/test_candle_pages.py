"""History of candles: whole or said not to be, about the time asked for, never cut in silence."""

import pytest

from coinmux import AllProvidersFailed, CandlesQuery, RateLimit

HOUR, MINUTE, DAY = 3_600_000, 60_000, 86_400_000


@pytest.fixture
def now(clock):
    return clock.wall_ms()


@pytest.fixture
def hours(now):
    """Opening times of the last 400 days by the hour."""
    last = now // HOUR * HOUR
    return range(last - 9600 * HOUR, last + 1, HOUR)


def query(interval="1h", **more):
    return CandlesQuery(symbol="BTC/USDT", interval=interval, **more)


# Pages


@pytest.mark.parametrize(("most", "limit", "calls"), [(300, 1000, 4), (500, 800, 2), (300, 301, 2)])
@pytest.mark.parametrize("counts", ["rows", "time"])
async def test_a_limit_above_a_sources_page_is_paged(
    gateway_with, candle_source, hours, now, most, limit, calls, counts
):
    """The latest and those from a start on come whole, in as many requests as it takes."""
    source = candle_source("a", hours, most=most, counts=counts)
    async with gateway_with(source) as gateway:
        latest = await gateway.fetch(query(limit=limit))
        assert len(latest.data) == limit
        assert latest.data.timestamp[-1] == now // HOUR * HOUR
        assert len(source.asked) == calls
        assert latest.meta["complete"] is True
        assert "next_start" not in latest.meta
        start = now // HOUR * HOUR - 5_000 * HOUR
        since = await gateway.fetch(query(limit=limit, start=start))
        assert len(since.data) == limit
        assert since.data.timestamp[0] == start
        assert since.meta["complete"] is True
        assert not since.meta["stale"]


async def test_a_source_that_gives_the_whole_limit_at_once_goes_first(
    gateway_with, candle_source, hours
):
    small = candle_source("small", hours, most=300, priority=1)
    large = candle_source("large", hours, most=1000, priority=50)
    async with gateway_with(small, large) as gateway:
        answer = await gateway.fetch(query(limit=1000))
        assert (answer.provider, len(answer.data)) == ("large", 1000)
        assert (await gateway.fetch(query(limit=300))).provider == "small"
        lines = gateway.explain("candles", query(limit=1000))["candidates"]
        assert [(one["provider"], one["reason"]) for one in lines] == [
            ("large", "first_choice"),
            ("small", "more_requests"),
        ]


async def test_a_page_that_fails_leaves_the_others_and_says_so(
    gateway_with, candle_source, hours, now
):
    source = candle_source("a", hours, most=300)
    source.fails = 3
    start = now // HOUR * HOUR - 5_000 * HOUR
    async with gateway_with(source) as gateway:
        answer = await gateway.fetch(query(limit=1000, start=start))
    assert len(answer.data) == 600
    assert answer.meta["complete"] is False
    assert answer.meta["next_start"] == start + 600 * HOUR
    assert not answer.meta["stale"]
    assert "a further page could not be had: upstream_unreachable" in answer.meta["notes"]


async def test_a_metered_source_is_asked_for_two_pages_at_most(
    gateway_with, candle_source, hours, now
):
    source = candle_source("a", hours, most=200, rate_limits=(RateLimit(1000, 30 * 86_400),))
    async with gateway_with(source) as gateway:
        answer = await gateway.fetch(query(limit=1000))
    assert len(source.asked) == 2
    assert (len(answer.data), answer.meta["complete"]) == (400, False)


async def test_a_range_of_more_rows_than_the_limit_names_the_next_start(
    gateway_with, candle_source, hours, now
):
    """Following `next_start` gives every candle of the range once."""
    start, end = now // HOUR * HOUR - 5_000 * HOUR, now // HOUR * HOUR - 4_000 * HOUR
    async with gateway_with(candle_source("a", hours)) as gateway:
        times, following = [], start
        while following is not None:
            answer = await gateway.fetch(query(start=following, end=end))
            assert answer.meta["complete"] is ("next_start" not in answer.meta)
            times += answer.data.timestamp.tolist()
            following = answer.meta.get("next_start")
    assert times == list(range(start, end + 1, HOUR))


@pytest.mark.parametrize("counts", ["rows", "time"])
async def test_quiet_hours_do_not_end_a_range(gateway_with, candle_source, hours, now, counts):
    """A stretch without trades is passed over, whatever the source counts."""
    last = now // HOUR * HOUR
    quiet = range(last - 3_000 * HOUR, last - 2_000 * HOUR)
    times = [time for time in hours if time not in quiet]
    start, end = last - 3_300 * HOUR, last - 1_900 * HOUR
    async with gateway_with(candle_source("a", times, counts=counts)) as gateway:
        found, following = [], start
        while following is not None:
            answer = await gateway.fetch(query(start=following, end=end))
            found += answer.data.timestamp.tolist()
            following = answer.meta.get("next_start")
    assert found == [time for time in times if start <= time <= end]


# The range asked for


@pytest.mark.parametrize("days", [1, 7, 90, 300])
@pytest.mark.parametrize("limit", [3, 24, 100])
async def test_a_full_page_of_history_is_not_stale(
    gateway_with, candle_source, hours, now, days, limit
):
    """One source is asked, and its answer is no fault of it."""
    first, second = candle_source("a", hours), candle_source("b", hours, priority=20)
    start = now // HOUR * HOUR - days * DAY
    async with gateway_with(first, second) as gateway:
        answer = await gateway.fetch(query(limit=limit, start=start))
    if days * 24 >= limit:
        assert len(answer.data) == limit
    assert not answer.meta["stale"]
    assert [one["outcome"] for one in answer.meta["attempts"]] == ["ok"]
    assert second.asked == []


async def test_a_source_that_stopped_is_stale_where_the_range_reaches_now(
    gateway_with, candle_source, hours, now
):
    old = candle_source("a", [time for time in hours if time < now - 5 * DAY])
    async with gateway_with(old) as gateway:
        answer = await gateway.fetch(query(limit=300, start=now // HOUR * HOUR - 10 * DAY))
    assert answer.meta["stale"]


@pytest.mark.parametrize("limit", [10, 100, 500])
async def test_the_newest_candles_in_place_of_a_past_start_are_not_served(
    gateway_with, candle_source, hours, now, limit
):
    """The source that was right answers, and neither counts as failed."""
    wrong = candle_source("a", hours, ignores_start=True, priority=1)
    right = candle_source("b", hours)
    start = now // HOUR * HOUR - 90 * DAY
    async with gateway_with(wrong, right) as gateway:
        for _ in range(4):
            answer = await gateway.fetch(query(limit=limit, start=start))
            assert answer.provider == "b"
            assert answer.data.timestamp[0] == start
            assert not answer.meta["stale"]
            gateway.cache.clear()
        assert gateway.health.standing("a", "candles").state.value in ("HEALTHY", "UNKNOWN")


async def test_alone_a_source_that_ignores_start_is_refused(
    gateway_with, candle_source, hours, now
):
    wrong = candle_source("a", hours, ignores_start=True)
    async with gateway_with(wrong) as gateway:
        with pytest.raises(AllProvidersFailed) as failed:
            await gateway.fetch(query(limit=100, start=now // HOUR * HOUR - 90 * DAY))
        assert [one["code"] for one in failed.value.attempts] == ["upstream_implausible"]


@pytest.mark.parametrize("days", [42, 45, 60])
async def test_a_start_ignored_within_the_asked_span_shows_too(
    gateway_with, candle_source, hours, now, days
):
    """1,000 hours asked from 45 days ago: the newest 1,000 begin within them, and end too late."""
    wrong = candle_source("a", hours, ignores_start=True, priority=1)
    right = candle_source("b", hours)
    start = now // HOUR * HOUR - days * DAY
    async with gateway_with(wrong, right) as gateway:
        answer = await gateway.fetch(query(limit=1000, start=start))
    assert (answer.provider, answer.data.timestamp[0]) == ("b", start)


@pytest.mark.parametrize("most", [50, 100])
async def test_fewer_of_the_newest_are_doubted_until_another_source_has_older_ones(
    gateway_with, candle_source, hours, now, most
):
    """A source that ignores both start and limit looks like a market listed lately."""
    wrong = candle_source("a", list(hours)[-most:], ignores_start=True, priority=1)
    right = candle_source("b", hours)
    start = now // HOUR * HOUR - 90 * DAY
    async with gateway_with(wrong, right) as gateway:
        answer = await gateway.fetch(query(start=start))
    assert (answer.provider, answer.data.timestamp[0]) == ("b", start)


@pytest.mark.parametrize("age_h", [3, 50, 400, 3_000])
async def test_a_listing_later_than_start_is_served_from_its_first_candle(
    gateway_with, candle_source, hours, now, age_h
):
    listed = candle_source("a", list(hours)[-age_h:])
    async with gateway_with(listed) as gateway:
        answer = await gateway.fetch(query(start=now // HOUR * HOUR - 300 * DAY))
    assert answer.data.timestamp[0] == list(hours)[-age_h]
    assert not answer.meta["stale"]


async def test_the_earliest_of_several_listings_is_served(gateway_with, candle_source, hours, now):
    late = candle_source("a", list(hours)[-20:], priority=1)
    early = candle_source("b", list(hours)[-60:])
    async with gateway_with(late, early) as gateway:
        answer = await gateway.fetch(query(start=now // HOUR * HOUR - 300 * DAY))
    assert (answer.provider, len(answer.data)) == ("b", 60)


@pytest.mark.parametrize("every", [2, 5, 17])
@pytest.mark.parametrize("counts", ["rows", "time"])
async def test_a_quiet_market_is_valid_history(
    gateway_with, candle_source, hours, now, every, counts
):
    rest = [time for at, time in enumerate(hours) if at % every == 0 or at % (3 * every) == 1]
    start = now // HOUR * HOUR - 90 * DAY
    async with gateway_with(candle_source("a", rest, counts=counts)) as gateway:
        answer = await gateway.fetch(query(limit=100, start=start))
    assert 0 <= answer.data.timestamp[0] - start <= every * HOUR
    assert not answer.meta["stale"]


# Nothing there


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (lambda now: now // HOUR * HOUR - 100 * HOUR + 1, 0),
        (lambda now: now // HOUR * HOUR - 100 * HOUR + 60_000, 3_000_000),
        (lambda now: now + DAY, None),
        (lambda now: now + DAY, DAY),
    ],
    ids=["one-moment", "within-an-hour", "tomorrow", "day-after"],
)
async def test_a_range_without_an_opening_time_asks_nobody(
    gateway_with, candle_source, hours, now, start, end
):
    source, first = candle_source("a", hours), start(now)
    async with gateway_with(source) as gateway:
        answer = await gateway.fetch(query(start=first, end=None if end is None else first + end))
    assert len(answer.data) == 0
    assert answer.meta["complete"] is True
    assert len(answer.meta["notes"]) == 1
    assert answer.data.last_closed is None
    assert source.asked == []


async def test_a_range_before_the_listing_has_no_rows_and_is_nobodys_fault(
    gateway_with, candle_source, hours, now
):
    sources = [candle_source(name, hours) for name in ("a", "b")]
    start = now - 1_000 * DAY
    async with gateway_with(*sources) as gateway:
        for _ in range(4):
            answer = await gateway.fetch(query(start=start, end=start + 10 * HOUR))
            assert (len(answer.data), answer.meta["complete"]) == (0, True)
            assert answer.meta["notes"] == ("a, b have nothing in this range",)
            gateway.cache.clear()
        for source in sources:
            state = gateway.health.standing(source.name, "candles").state
            assert state.value in ("HEALTHY", "UNKNOWN")


async def test_an_empty_range_is_no_answer_where_most_sources_failed(
    gateway_with, candle_source, hours, now
):
    empty, broken = candle_source("a", hours), candle_source("b", hours)
    broken.fails = 1
    start = now - 1_000 * DAY
    async with gateway_with(empty, broken) as gateway:
        with pytest.raises(AllProvidersFailed):
            await gateway.fetch(query(start=start, end=start + 10 * HOUR))


async def test_the_latest_candles_are_never_an_empty_answer(gateway_with, candle_source):
    async with gateway_with(candle_source("a", [])) as gateway:
        with pytest.raises(AllProvidersFailed):
            await gateway.fetch(query())


# Longer candles from shorter ones


@pytest.mark.parametrize(
    ("interval", "most"),
    [("1d", 1000), ("12h", 1000), ("6h", 500), ("8h", 300), ("4h", 1000), ("2h", 999)],
)
@pytest.mark.parametrize("limit", [1, 3, 10, 200])
async def test_every_gathered_candle_is_whole(
    gateway_with, candle_source, hours, now, interval, most, limit
):
    """Rows have a volume of 1 each, so a whole candle's volume is how many it is made of."""
    source = candle_source("a", hours, most=most, intervals={"1h": "1h"})
    width = query(interval).interval.ms
    start = (now // DAY - 300) * DAY
    async with gateway_with(source) as gateway:
        answer = await gateway.fetch(query(interval, limit=limit, start=start))
    data = answer.data
    assert data.timestamp[0] == start
    assert (data.volume == width // HOUR).all()
    assert data.last_closed is True
    assert answer.meta["complete"] is (len(data) == limit)
    if len(data) < limit:
        assert answer.meta["next_start"] == data.timestamp[-1] + width


@pytest.mark.parametrize("limit", [1, 5, 30])
async def test_the_newest_gathered_candle_is_open_until_its_last_part_is_there(
    gateway_with, candle_source, hours, clock, now, limit
):
    """A source that is behind by a part does not close the whole."""
    times = [time for time in hours if time < now // DAY * DAY - HOUR]
    clock.advance((now // DAY * DAY + 5_000 - now) / 1000)
    async with gateway_with(candle_source("a", times, intervals={"1h": "1h"})) as gateway:
        answer = await gateway.fetch(query("1d", limit=limit))
    assert answer.data.timestamp[-1] + DAY <= clock.wall_ms()
    assert answer.data.volume[-1] == 23
    assert answer.data.last_closed is False


@pytest.mark.parametrize("every", [3, 7, 11])
@pytest.mark.parametrize("limit", [1, 2, 5, 40])
async def test_rows_that_are_counted_end_no_gathered_candle_early(
    gateway_with, candle_source, hours, now, every, limit
):
    """A quiet market whose source counts rows: what is closed has every row there is."""
    rest = [time for at, time in enumerate(hours) if at % every]
    start = (now // DAY - 300) * DAY
    async with gateway_with(candle_source("a", rest, intervals={"1h": "1h"})) as gateway:
        answer = await gateway.fetch(query("6h", limit=limit, start=start))
    data = answer.data
    for time, volume in zip(data.timestamp.tolist(), data.volume.tolist(), strict=True):
        assert volume == sum(time <= one < time + 6 * HOUR for one in rest)
