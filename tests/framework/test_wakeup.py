"""A wakeup wakes its waiter: a task as a future would, a driver by hand at once."""

import asyncio

import pytest

from coinmux.framework.wakeup import Wakeup


async def waited(wakeup, log):
    try:
        await wakeup
        log.append("woken")
    except asyncio.CancelledError:
        log.append("cancelled")
        raise


async def test_a_task_that_waits_is_woken_and_one_that_comes_later_does_not_wait():
    wakeup, log = Wakeup(), []
    task = asyncio.create_task(waited(wakeup, log))
    await asyncio.sleep(0)
    assert log == []
    wakeup.give()
    await task
    wakeup.give()
    await asyncio.wait_for(waited(wakeup, log), 1)
    assert log == ["woken", "woken"]


async def test_a_waiting_task_can_be_cancelled_and_another_may_wait_after_it():
    wakeup, log = Wakeup(), []
    first = asyncio.create_task(waited(wakeup, log))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(first, 1)
    second = asyncio.create_task(waited(wakeup, log))
    await asyncio.sleep(0)
    wakeup.give()
    await asyncio.wait_for(second, 1)
    assert log == ["cancelled", "woken"]


async def test_one_given_as_the_task_begins_to_wait_wakes_it():
    wakeup, log = Wakeup(), []
    task = asyncio.create_task(waited(wakeup, log))
    asyncio.get_running_loop().call_soon(wakeup.give)
    await asyncio.wait_for(task, 1)
    assert log == ["woken"]


async def test_a_driver_is_woken_within_the_call():
    wakeup, loop = Wakeup(), asyncio.get_running_loop()
    steps = wakeup.__await__()
    assert next(steps) is wakeup
    wakeup.relay = loop.create_future()
    wakeup.give()
    assert wakeup.relay.done()
    assert list(steps) == []


async def test_a_driver_that_has_left_is_passed_over():
    wakeup = Wakeup()
    wakeup.relay = asyncio.get_running_loop().create_future()
    wakeup.relay.cancel()
    wakeup.give()
    assert wakeup.is_given
