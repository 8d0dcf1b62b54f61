"""Identical questions share one call (`faults.md` G1 to G3)."""

import asyncio

import pytest

from coinmux.framework.cache.single_flight import SingleFlight


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_G2_a_hundred_askers_cause_one_call():
    shared, calls, gate = SingleFlight(), 0, asyncio.Event()

    async def work():
        nonlocal calls
        calls += 1
        await gate.wait()
        return "answer"

    askers = [asyncio.ensure_future(shared.join("key", work, 5)) for _ in range(100)]
    await settled()
    gate.set()
    results = await asyncio.gather(*askers)
    assert calls == 1
    assert [joined for _, joined in results].count(False) == 1
    assert len(shared) == 0


async def test_G2_an_asker_who_leaves_takes_nobody_along():
    shared, gate = SingleFlight(), asyncio.Event()

    async def work():
        await gate.wait()
        return 1

    first = asyncio.ensure_future(shared.join("key", work, 5))
    second = asyncio.ensure_future(shared.join("key", work, 5))
    await settled()
    first.cancel()
    await settled()
    gate.set()
    assert (await second)[0] == 1
    assert first.cancelled()


async def test_G1_the_last_to_leave_ends_the_call():
    shared, ended = SingleFlight(), asyncio.Event()

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    asker = asyncio.ensure_future(shared.join("key", work, 5))
    await settled()
    asker.cancel()
    await asyncio.wait_for(ended.wait(), 1)
    assert not shared.running("key")
    await shared.close()


async def test_G3_each_asker_keeps_a_deadline_of_his_own():
    shared, gate = SingleFlight(), asyncio.Event()

    async def work():
        await gate.wait()
        return 2

    patient = asyncio.ensure_future(shared.join("key", work, 5))
    await settled()
    with pytest.raises(TimeoutError):
        await shared.join("key", work, 0.01)
    gate.set()
    assert (await patient) == (2, False)


async def test_G2_a_failure_reaches_everybody_and_is_not_kept():
    shared = SingleFlight()

    async def fail():
        await asyncio.sleep(0)
        raise ValueError("no")

    async def work():
        return 3

    askers = [asyncio.ensure_future(shared.join("key", fail, 5)) for _ in range(3)]
    results = await asyncio.gather(*askers, return_exceptions=True)
    assert [type(one) for one in results] == [ValueError] * 3
    assert (await shared.join("key", work, 5)) == (3, False)


async def test_closing_ends_calls_in_flight():
    shared = SingleFlight()
    shared.start("key", lambda: asyncio.sleep(60))
    await settled()
    await shared.close()
    assert len(shared) == 0


async def test_a_call_that_one_caller_waits_for_needs_no_task(monkeypatch):
    """Nor does one that others join, while its first caller stays."""
    shared, gate = SingleFlight(), asyncio.Event()
    made = []
    loop = asyncio.get_running_loop()
    create = loop.create_task
    monkeypatch.setattr(
        loop, "create_task", lambda *args, **more: made.append(args) or create(*args, **more)
    )

    async def work():
        await gate.wait()
        return 1

    async def ends_the_wait():
        await settled()
        gate.set()

    opener = asyncio.ensure_future(ends_the_wait())
    made.clear()
    assert await shared.join("key", work, 5) == (1, False)
    assert made == []
    await opener


async def test_a_call_goes_on_where_its_first_caller_left_it():
    """Whatever it waits for then: a pause, other tasks, or only its next turn."""

    async def part(value):
        await asyncio.sleep(0.01)
        return value

    async def work():
        parts = await asyncio.gather(part(1), part(2))
        await asyncio.sleep(0)
        task = asyncio.ensure_future(part(3))
        return [*parts, await task]

    for steps in range(12):
        shared = SingleFlight()
        first = asyncio.ensure_future(shared.join("key", work, 5))
        second = asyncio.ensure_future(shared.join("key", work, 5))
        for _ in range(steps):
            await asyncio.sleep(0 if steps % 2 else 0.004)
        first.cancel()
        assert (await second)[0] == [1, 2, 3]
        await shared.close()


async def test_what_a_deserted_call_waits_for_is_cancelled():
    shared, ended = SingleFlight(), []

    async def part():
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("part")
            raise

    async def work():
        try:
            await asyncio.ensure_future(part())
        except asyncio.CancelledError:
            ended.append("call")
            raise

    with pytest.raises(TimeoutError):
        await shared.join("key", work, 0.01)
    await shared.close()
    assert ended == ["part", "call"]


async def test_closing_ends_a_call_that_its_caller_runs():
    shared, ended = SingleFlight(), asyncio.Event()

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    askers = [asyncio.ensure_future(shared.join("key", work, 5)) for _ in range(2)]
    await settled()
    await shared.close()
    assert ended.is_set()
    results = await asyncio.gather(*askers, return_exceptions=True)
    assert [type(one) for one in results] == [asyncio.CancelledError] * 2


async def test_a_call_run_apart_has_a_task_that_a_timeout_can_end():
    """The timeout of a call's task must not end its first caller."""
    shared = SingleFlight()

    async def work():
        try:
            async with asyncio.timeout(0.05):
                await asyncio.sleep(60)
        except TimeoutError:
            return "late"

    first = asyncio.ensure_future(shared.join("key", work, 5, apart=True))
    second = asyncio.ensure_future(shared.join("key", work, 5, apart=True))
    await settled()
    first.cancel()
    assert await second == ("late", True)


def test_a_call_is_closed_with_the_coroutine_of_its_caller():
    """Nothing runs on once the loop has gone, and nothing is created there."""
    closed = []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            closed.append(True)

    async def main():
        asker = SingleFlight().join("key", work, 5)
        asker.send(None)
        asker.close()

    asyncio.run(main())
    assert closed == [True]
