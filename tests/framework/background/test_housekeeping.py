"""Housekeeping does its jobs in time, and goes on after one failed."""

import asyncio
import threading

import pytest

from coinmux.framework.background.housekeeping import Housekeeping
from coinmux.framework.events import EventBus
from coinmux.framework.testing.clock import FakeClock


class Jobs:
    """Counts what was called; `broken` is raised instead of saving cooldowns."""

    def __init__(self, clock):
        self.events = EventBus(clock)
        self.done = {"adopt": 0, "cooldowns": 0, "quota": 0}
        self.broken = None
        self.graded_in = None
        self.graded = threading.Event()
        self.housekeeping = Housekeeping(
            lambda: self.count("adopt"),
            self.save_cooldowns,
            lambda: self.count("quota"),
            self.read_grades,
            self.events,
            clock,
        )

    def count(self, job):
        self.done[job] += 1

    def read_grades(self):
        self.graded_in = threading.current_thread()
        self.graded.set()

    def save_cooldowns(self):
        if self.broken is not None:
            raise self.broken
        self.count("cooldowns")


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def jobs(clock):
    return Jobs(clock)


def test_quotas_are_saved_every_ten_seconds_and_the_rest_every_round(jobs, clock):
    """Ten rounds a second apart save the quota once; the eleventh saves it again."""
    for _ in range(10):
        jobs.housekeeping.round()
        clock.advance(1)
    assert jobs.done == {"adopt": 10, "cooldowns": 10, "quota": 1}
    jobs.housekeeping.round()
    assert jobs.done["quota"] == 2


async def test_a_job_that_fails_is_an_event_and_does_not_end_the_task(jobs):
    """A full disk is reported once for each try, and the task stays alive."""
    jobs.broken = OSError("the disk is full")
    reported = asyncio.Event()
    jobs.events.subscribe(lambda event: reported.set())
    jobs.housekeeping.start()
    await asyncio.wait_for(reported.wait(), 5)
    (event,) = jobs.events.recent()
    assert (event.kind, event.level) == ("error", "error")
    assert event.message == "housekeeping: OSError: the disk is full; again in 2 s"
    await jobs.housekeeping.stop()


async def test_grades_are_read_beside_the_event_loop_after_the_start(jobs, monkeypatch):
    """Reading hundreds of files neither delays the first answer nor holds up later ones."""
    monkeypatch.setattr("coinmux.framework.background.housekeeping._TICK_S", 0.01)
    jobs.housekeeping.start()
    assert jobs.graded_in is None
    assert await asyncio.to_thread(jobs.graded.wait, 10)
    assert jobs.graded_in is not threading.main_thread()
    await jobs.housekeeping.stop()
