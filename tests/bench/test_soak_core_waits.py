"""For how long workers waited for a core."""

import os
import time

from bench.soak.core_waits import CoreWaits, waited_s


def told(*looks, since):
    """What is said since then, after looks of `(seconds, {pid: waited})`."""
    found = {}
    waits = CoreWaits(lambda: list(found), lambda pid: found[pid])
    for at, waited in looks:
        found = waited
        waits.look(at)
    return waits.longest_s(since)


def test_it_is_the_wait_of_the_one_that_waited_longest():
    looks = [(0, {1: 5.0, 2: 0.0}), (10, {1: 5.0, 2: 0.5}), (11, {1: 5.25, 2: 0.625})]
    assert told(*looks, since=10) == 0.25
    assert told(*looks, since=9) == 0.625


def test_a_worker_that_just_began_does_not_count():
    looks = [(0, {1: 0.0}), (10, {1: 0.0, 2: 0.0}), (11, {1: 0.125, 2: 1.0})]
    assert told(*looks, since=10.5) == 0.125


def test_one_that_was_killed_does_not_count():
    assert told((0, {1: 0.0, 2: 0.0}), (10, {1: 0.0, 2: 0.0}), (11, {1: 0.5}), since=10) == 0.5


def test_nothing_is_known_before_the_first_look():
    assert told(since=10) == 0.0


def test_linux_counts_it():
    """Of this process; nobody is no process."""
    found = waited_s(os.getpid())
    assert found is None or 0.0 <= found <= time.monotonic()
    assert waited_s(2**22 + 1) is None
