"""Decisions of past requests: bounded, by client, and of any worker."""

import json

import pytest

from coinmux import NotFound
from coinmux.server.monitoring import kept_decisions
from coinmux.server.monitoring.kept_decisions import KeptDecisions


class Notes:
    """What workers share, in one process."""

    def __init__(self):
        self.kept = {}

    def keep(self, name, make):
        self.kept[name] = make()

    async def find(self, name):
        return self.kept.get(name)


def alone(shared=None):
    return KeptDecisions(lambda decision: {"about": decision}, lambda: shared)


async def test_the_oldest_are_dropped(monkeypatch):
    """By the number of decisions, as one request may have many."""
    monkeypatch.setattr(kept_decisions, "_MOST", 5)
    kept = alone()
    for number in range(4):
        kept.keep("", f"r{number}", (number, number))
    for gone in ("r0", "r1"):
        with pytest.raises(NotFound, match=gone):
            await kept.find("me", gone)
    assert (await kept.find("me", "r3"))["decisions"][0]["about"] == 3


async def test_an_id_that_is_used_again_has_its_latest_decision():
    """Of the same client."""
    kept = alone()
    kept.keep("me", "job", ("one",))
    kept.keep("me", "job", ("two",))
    assert await kept.find("me", "job") == {"about": "two", "request_id": "job"}


async def test_any_worker_finds_what_another_decided():
    """In what they share; of one's own id only for oneself."""
    notes = Notes()
    here, there = alone(notes), alone(notes)
    here.keep("", "run-1", ("a",))
    here.keep("me", "job", ("b", "c"))
    assert (await there.find("you", "run-1"))["about"] == "a"
    assert [one["about"] for one in (await there.find("me", "job"))["decisions"]] == ["b", "c"]
    with pytest.raises(NotFound):
        await there.find("you", "job")
    assert all(json.loads(data)["request_id"] for data in notes.kept.values())


async def test_a_worker_that_is_asked_answers_for_what_it_decided():
    """By the same rule: an id of one's own is found by oneself alone."""
    here, there = alone(), alone()

    async def elsewhere(question):
        return here.answer(question)

    there.elsewhere = elsewhere
    here.keep("", "run-1", ("a",))
    here.keep("me", "job", ("b", "c"))
    assert await there.find("you", "run-1") == {"about": "a", "request_id": "run-1"}
    assert [one["about"] for one in (await there.find("me", "job"))["decisions"]] == ["b", "c"]
    with pytest.raises(NotFound):
        await there.find("you", "job")
