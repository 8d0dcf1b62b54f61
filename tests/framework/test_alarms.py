"""Alarms: each call at its time, through one timer of the loop."""

import asyncio

from coinmux.framework.alarms import Alarms


async def test_each_is_called_at_its_time_and_in_order():
    alarms, called = Alarms(), []
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for after_s in (0.06, 0.02, 0.04):
        alarms.after(after_s, lambda after_s=after_s: called.append((after_s, loop.time() - begun)))
    while len(called) < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    assert [after_s for after_s, _ in called] == [0.02, 0.04, 0.06]
    assert all(at >= after_s - 0.002 for after_s, at in called)


async def test_a_cancelled_one_is_not_called_and_leaves_the_heap():
    """However many are set and cancelled, the heap stays small."""
    alarms, called = Alarms(), []
    for _ in range(10_000):
        alarms.cancel(alarms.after(60, lambda: called.append("late")))
        assert len(alarms) <= 130
    alarms.after(0, lambda: called.append("now"))
    await asyncio.sleep(0.02)
    assert called == ["now"]


async def test_one_may_be_cancelled_twice_or_after_it_rang():
    alarms, called = Alarms(), []
    rung = alarms.after(0, lambda: called.append(1))
    await asyncio.sleep(0.01)
    alarms.cancel(rung)
    twice = alarms.after(5, lambda: called.append(2))
    alarms.cancel(twice)
    alarms.cancel(twice)
    assert (called, alarms._cancelled) == ([1], 1)


async def test_a_call_may_set_further_alarms_and_many_of_them():
    alarms, called = Alarms(), []

    def again():
        for _ in range(200):
            alarms.cancel(alarms.after(9, again))
        alarms.after(0.001, lambda: called.append("second"))
        called.append("first")

    alarms.after(0.001, again)
    alarms.after(0.002, lambda: called.append("other"))
    while len(called) < 3:  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    assert sorted(called) == ["first", "other", "second"]


def test_another_loop_begins_anew():
    """An alarm of a loop that has gone is forgotten."""
    alarms, called = Alarms(), []

    async def first():
        alarms.after(0.01, lambda: called.append("first"))

    async def second():
        alarms.after(0.01, lambda: called.append("second"))
        await asyncio.sleep(0.05)

    asyncio.run(first())
    asyncio.run(second())
    assert called == ["second"]
