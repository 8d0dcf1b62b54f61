"""What becomes an incident, who answered meanwhile, and what a restart leaves of it."""

from contextlib import suppress

import pytest

from coinmux import (
    AllProvidersFailed,
    AuthRefused,
    NoProviderAvailable,
    RequestOptions,
    TickerQuery,
    UnknownSymbol,
    Unreachable,
)
from coinmux.framework.incidents.report import IncidentFilter

QUERY = TickerQuery(symbol="BTC/USDT")
FRESH = RequestOptions(max_age_s=0)
FAILS = Unreachable("no route to host, key=abcdefgh12345678")
EVERYTHING = IncidentFilter()


async def ask(world, times=1, failing=(), name="r"):
    """Ask for a fresh ticker; `failing` are the errors it may end with."""
    for n in range(times):
        world.clock.advance(0.5)
        with suppress(*failing):
            await world.gateway.fetch(QUERY, FRESH, request_id=f"{name}-{n}")


async def fail(world, *names):
    """Have sources fail until they are offline: each is asked alone."""
    for name in names:
        for n in range(3):
            world.clock.advance(0.5)
            options = RequestOptions(max_age_s=0, provider=name)
            with pytest.raises((AllProvidersFailed, NoProviderAvailable)):
                await world.gateway.fetch(QUERY, options, request_id=f"{name}-{n}")


async def rounds(world, count=1, seconds=5.0):
    for _ in range(count):
        world.clock.advance(seconds)
        await world.gateway._incidents.round()


async def incidents(world, **wanted):
    page = await world.gateway.incidents.page(IncidentFilter(**wanted))
    return {one.name: one for one in page.incidents}


async def test_a_source_that_goes_offline_is_an_incident_with_its_cause(gateway_of):
    """Secrets are removed from it, and who answers meanwhile is counted."""
    async with gateway_of(a=[FAILS], b=[2.0], c=[3.0]) as world:
        await fail(world, "a")
        await rounds(world)
        await ask(world, 5, name="later")
        await rounds(world)
        found = (await incidents(world))["a"]
        assert (found.kind, found.severity, found.ended_at) == ("source", "minor", None)
        assert found.cause.code == "upstream_unreachable"
        assert "abcdefgh12345678" not in found.cause.message
        assert [(one.provider, one.requests) for one in found.answered_by] == [("b", 5)]
        assert found.failed_requests == 0
        assert found.reason.startswith("A is offline: no route to host")
        assert found.reason.endswith("B answers meanwhile.")
        assert found.capabilities == ("ticker",)


async def test_its_recovery_ends_it(gateway_of):
    async with gateway_of(a=[FAILS], b=[2.0]) as world:
        await fail(world, "a")
        await rounds(world)
        world.clock.advance(60)
        world.plugins["a"].outcomes = [1.0]
        world.gateway.reset("a")
        await rounds(world)
        found = (await incidents(world, kind="source"))["a"]
        detail = await world.gateway.incidents.of(found.id)
        assert found.ended_at is not None
        assert 60 <= found.duration_s < 70
        assert [(one.what, one.text) for one in detail.timeline][-1] == (
            "ended", "its health was reset",
        )  # fmt: skip


async def test_a_source_that_would_not_have_been_asked_has_lost_no_request(gateway_of):
    """One after the source that answers, pins of another, and cached answers."""
    async with gateway_of(a=[1.0], b=[FAILS], c=[3.0]) as world:
        await fail(world, "b")
        await rounds(world)
        await ask(world, 4)
        await world.gateway.fetch(QUERY, request_id="cached")
        await world.gateway.fetch(
            QUERY, RequestOptions(max_age_s=0, provider="c"), request_id="pinned"
        )
        await rounds(world)
        found = (await incidents(world))["b"]
        assert (found.answered_by, found.failed_requests) == ((), 0)


async def test_a_capability_that_nobody_is_left_for_is_an_incident(gateway_of):
    """With the requests nobody answered; the sources it had are worse off than others."""
    async with gateway_of(a=[FAILS], b=[FAILS]) as world:
        await rounds(world)
        await fail(world, "a", "b")
        await rounds(world, 2)
        await ask(world, 4, failing=(AllProvidersFailed, NoProviderAvailable), name="none")
        await rounds(world, 2)
        found = await incidents(world)
        ticker = found["ticker"]
        assert (ticker.kind, ticker.severity) == ("capability", "critical")
        assert ticker.cause.code == "no_source_left"
        assert ticker.failed_requests == 4
        assert "nobody is left to ask" in ticker.reason
        assert {found[name].severity for name in "ab"} == {"major"}
        detail = await world.gateway.incidents.of(ticker.id)
        assert {one.request_id for one in detail.requests} == {f"none-{n}" for n in range(4)}


async def test_one_source_left_of_several_is_a_lesser_one(gateway_of):
    """It turns worse, and ends, as the same incident."""
    async with gateway_of(a=[FAILS], b=[2.0]) as world:
        await ask(world)
        await fail(world, "a")
        await rounds(world, 2)
        found = (await incidents(world, kind="capability"))["ticker"]
        assert (found.severity, found.cause.code) == ("minor", "one_source_left")
        world.plugins["b"].outcomes = [FAILS]
        await fail(world, "b")
        await rounds(world, 2)
        worse = (await incidents(world, kind="capability"))["ticker"]
        assert (worse.id, worse.severity) == (found.id, "critical")
        world.gateway.reset_all()
        await rounds(world, 2)
        over = (await incidents(world, kind="capability"))["ticker"]
        assert (over.id, over.times) == (found.id, 1)
        assert over.ended_at is not None


async def test_a_question_nobody_can_answer_is_no_failed_request(gateway_of):
    async with gateway_of(a=[FAILS], b=["unknown"]) as world:
        await fail(world, "a")
        await rounds(world)
        await ask(world, 2, failing=(UnknownSymbol,), name="odd")
        await rounds(world, 2)
        assert (await incidents(world))["a"].failed_requests == 0


async def test_a_kept_answer_is_neither_a_failure_nor_another_sources(gateway_of):
    """Every source failed, and the client got what was cached."""
    async with gateway_of(a=[1.0, FAILS]) as world:
        await world.gateway.fetch(QUERY)
        world.clock.advance(30)
        plain = RequestOptions()
        for n in range(6):
            world.clock.advance(0.5)
            await world.gateway.fetch(QUERY, plain, request_id=f"kept-{n}")
            await rounds(world, 1, 0.5)
        await rounds(world, 2)
        found = (await incidents(world))["a"]
        assert found.failed_requests == 0
        assert [one.provider for one in found.answered_by] == ["cache"]
        assert found.answered_by[0].title == "Kept answers"
        assert found.notes


async def test_a_refused_key_is_an_incident_and_a_switch_is_none(gateway_of):
    async with gateway_of(a=[AuthRefused("401")], b=[2.0], c=[3.0]) as world:
        await ask(world, 1)
        await rounds(world)
        assert (await incidents(world))["a"].cause.code == "key_refused"
        world.gateway.health.disable("b", "switched_off")
        await rounds(world)
        assert "b" not in await incidents(world, kind="source")


async def test_a_source_whose_channels_are_all_down_is_down(gateway_of):
    """Though its own circuit says nothing; each channel is an incident of its own too."""
    channels = {"a": {"channels": _channels("x_one", "y")}}
    async with gateway_of(_info=channels, a=[1.0], b=[2.0]) as world:
        tracker = world.gateway.health
        for name in ("a:x_one", "a:y"):
            for capability in tracker.capabilities(name):
                for _ in range(3):
                    lease = tracker.begin(name, capability, 5.0)
                    tracker.record(
                        lease, FAILS.outcome, elapsed_s=0.1, code=FAILS.code, message="refused"
                    )
        await rounds(world)
        found = await incidents(world, source="a")
        assert set(found) == {"a", "a:x_one", "a:y"}
        assert found["a"].cause.message == "refused", "the newest channel's error"
        assert found["a:x_one"].title == "A: x one"
        world.gateway.reset("a:x_one")
        await rounds(world)
        found = await incidents(world, source="a")
        assert (found["a"].ended_at is None, found["a:y"].ended_at is None) == (False, True)


def _channels(*names):
    from coinmux import Channel

    return tuple(Channel(name=name, base_url=f"https://{name[0]}.example") for name in names)


async def test_a_service_in_trouble_is_an_incident_if_it_lasts(gateway_of):
    """A moment of it is none: an archive opens for a moment at every start."""
    async with gateway_of(a=[1.0], b=[2.0]) as world:
        checker = world.gateway._housekeeping
        checker.trouble = "PermissionError: the disk is full"
        await rounds(world)
        checker.trouble = None
        await rounds(world)
        assert await incidents(world, kind="service") == {}
        checker.trouble = "PermissionError: the disk is full"
        await rounds(world, 2)
        found = (await incidents(world, kind="service"))["housekeeping"]
        assert "the disk is full" in found.reason
        assert found.failed_requests is None


async def test_incidents_are_filtered_and_paged(gateway_of):
    scripts = {name: [FAILS] for name in "abcde"}
    async with gateway_of(**scripts, z=[1.0]) as world:
        await fail(world, *"abcde")
        await rounds(world)
        wanted = {"kind": "source", "limit": 2}
        page = await world.gateway.incidents.page(IncidentFilter(**wanted))
        seen = []
        while True:
            seen += [one.name for one in page.incidents]
            if page.next is None:
                break
            page = await world.gateway.incidents.page(IncidentFilter(**wanted, cursor=page.next))
        assert seen == list("edcba")
        assert (page.kept, page.known_since) == ("memory", world.gateway.started_ms)
        assert set(await incidents(world, kind="source", source="c")) == {"c"}
        assert set(await incidents(world, capability="ticker", severity="minor")) >= set("abcde")
        assert await incidents(world, capability="gas") == {}
        assert await incidents(world, kind="source", ended=True) == {}
        now = world.clock.wall_ms()
        assert await incidents(world, to_ms=world.gateway.started_ms - 1) == {}
        assert set(await incidents(world, kind="source", from_ms=now)) == set("abcde")


async def test_a_name_that_means_nothing_is_said_to_mean_nothing(gateway_of):
    async with gateway_of(kraken=[1.0]) as world:
        page = await world.gateway.incidents.page(IncidentFilter(source="kracken"))
        assert page.notes == ("no source is called 'kracken' now; did you mean kraken?",)


# Over a restart


def _kept(tmp_path):
    return {"ARCHIVE": "on", "DATA_DIR": str(tmp_path)}


async def test_incidents_are_there_after_a_restart(gateway_of, clock, tmp_path):
    """One that ended stays as it was; the stop between is one too."""
    async with gateway_of(_kept(tmp_path), a=[FAILS], b=[2.0], c=[3.0]) as world:
        await fail(world, "a")
        await rounds(world)
        await ask(world, 2, name="later")
        world.gateway.reset("a")
        await rounds(world)
        before = (await incidents(world))["a"]
    clock.advance(120)
    async with gateway_of(_kept(tmp_path), a=[1.0], b=[2.0], c=[3.0]) as world:
        found = await incidents(world)
        assert found["a"] == before
        gap = found["process"]
        assert (gap.kind, gap.severity, gap.cause.code) == ("service", "minor", "stopped")
        assert gap.duration_s == pytest.approx(120, abs=1)
        assert (gap.failed_requests, gap.answered_by) == (None, ())
        page = await world.gateway.incidents.page(EVERYTHING)
        assert (page.kept, page.known_since) == ("archive", None)


async def test_what_was_open_when_the_process_was_killed_has_no_known_end(
    gateway_of, clock, tmp_path
):
    """Known until it was last stored; and the gap says that the process was killed."""
    async with gateway_of(_kept(tmp_path), a=[FAILS], b=[2.0], c=[3.0]) as world:
        await fail(world, "a")
        await rounds(world, 3, 10)
        seen = clock.wall_ms()
        assert await world.gateway.archive.flush()
        await world.gateway.archive.close()
        world.gateway.archive.incidents.keep_presence = lambda *_: None
        world.gateway.archive.incidents.keep = lambda _: None
    clock.advance(3600)
    async with gateway_of(_kept(tmp_path), a=[FAILS], b=[2.0], c=[3.0]) as world:
        found = await incidents(world)
        assert (found["a"].ended_at, found["a"].unknown_until) == (seen, clock.wall_ms())
        assert found["a"].notes == (
            "It was open when coinmux ended; when it ended is not known.",
        )  # fmt: skip
        assert (found["process"].cause.code, found["process"].severity) == ("killed", "major")
        assert found["process"].started_at == seen
        assert found["process"].duration_s == 3600
        await fail(world, "a")
        await rounds(world)
        again = (await incidents(world, source="a"))["a"]
        assert (again.id, again.times, again.ended_at) == (found["a"].id, 2, None)


async def test_an_archive_that_does_not_answer_is_said_and_memory_answers(gateway_of, tmp_path):
    async with gateway_of(_kept(tmp_path), a=[FAILS], b=[2.0], c=[3.0]) as world:
        await fail(world, "a")
        await rounds(world)

        async def broken(**_):
            return None

        world.gateway._incidents.store.find = broken
        page = await world.gateway.incidents.page(EVERYTHING)
        assert [one.name for one in page.incidents] == ["a"]
        assert page.notes == (
            "the archive does not answer: only what this run has in memory is here",
        )  # fmt: skip
