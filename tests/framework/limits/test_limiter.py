"""The gate before a source: slots, permits, queue, and what replies say of our use."""

import asyncio

import pytest

from coinmux import ProviderBusy, RateLimit, UsageHeader
from coinmux.framework.limits.limiter import Limiter
from coinmux.framework.testing.clock import FakeClock


async def test_a_limit_lets_through_what_it_says():
    """The call past it is refused at once where waiting would not help in time."""
    clock = FakeClock()
    gate = Limiter(clock, [RateLimit(2, 60)])
    for _ in range(2):
        await gate.enter()
        gate.leave()
    assert gate.busy_reason() == "the rate limit of 2 in 60 s is used up; free in 60.0 s"
    with pytest.raises(ProviderBusy):
        await gate.enter()
    clock.advance(60)
    await gate.enter()


async def test_weights_count_in_every_window():
    """Several windows hold at once, and a weight is taken from all or none."""
    gate = Limiter(FakeClock(), [RateLimit(10, 1), RateLimit(12, 60)])
    await gate.enter(8)
    assert not gate.available(5)
    used = [window["used"] for window in gate.snapshot()["windows"]]
    assert used == [8, 8]
    assert not Limiter(FakeClock(), [RateLimit(4, 1)]).available(5)


async def test_calls_queue_for_a_slot_in_order():
    """A slot that is given back goes to who waited longest."""
    gate = Limiter(FakeClock(), [], concurrent=1, queue_s=5)
    await gate.enter()
    first = asyncio.create_task(gate.enter())
    second = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    assert gate.waiting == 2
    gate.leave()
    await first
    assert not second.done()
    gate.leave()
    await second
    assert (gate.in_flight, gate.waiting) == (1, 0)


async def test_a_turn_that_does_not_come_is_busy():
    """After its time in the queue a call gives up, and leaves no trace."""
    gate = Limiter(FakeClock(), [], concurrent=1, queue_s=0.01)
    await gate.enter()
    with pytest.raises(ProviderBusy, match="1 calls are running"):
        await gate.enter()
    assert (gate.in_flight, gate.waiting) == (1, 0)


async def test_a_call_cancelled_in_the_queue_takes_no_slot():
    """Those behind it move up."""
    gate = Limiter(FakeClock(), [], concurrent=1, queue_s=5)
    await gate.enter()
    leaver = asyncio.create_task(gate.enter())
    other = asyncio.create_task(gate.enter())
    await asyncio.sleep(0)
    leaver.cancel()
    gate.leave()
    await other
    assert gate.in_flight == 1


@pytest.mark.parametrize(
    ("tells", "text", "used"),
    [
        ("used", "40", 40),
        ("remaining", "40", 60),
        ("used", "-5", 0),
        ("used", "many", 0),
        ("remaining", "1e9", 0),
        ("remaining", "900", 0),
    ],
)
def test_replies_tell_our_use(tells, text, used):
    """Others behind our address count too; what is no number says nothing."""
    usage = [UsageHeader("X-Use", 60, tells)]
    gate = Limiter(FakeClock(), [RateLimit(100, 60)], usage=usage)
    gate.observe({"x-use": text})
    gate.observe({})
    assert gate.snapshot()["windows"][0]["used"] == used


def test_less_than_we_counted_is_no_news():
    """The source's window may have begun anew; ours has not."""
    gate = Limiter(FakeClock(), [RateLimit(100, 60)], usage=[UsageHeader("x-use", 60, "used")])
    gate.observe({"x-use": "40"})
    gate.observe({"x-use": "10"})
    assert gate.snapshot()["windows"][0]["used"] == 40
