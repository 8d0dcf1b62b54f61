"""Notes that any worker finds, while the store is there."""

import asyncio

from coinmux.framework.cluster.shared_notes import SharedNotes


async def found(notes, name):
    """What is stored; it is stored in the background."""
    for _ in range(100):
        if (data := await notes.find(name)) is not None:
            return data
        await asyncio.sleep(0.01)
    return None


async def test_one_worker_finds_what_another_kept(workers):
    """Under the name it was kept by."""
    async with workers(2) as (one, two):
        one.state.notes.keep("a", lambda: b"told")
        assert await found(two.state.notes, "a") == b"told"
        assert await two.state.notes.find("b") is None


async def test_a_large_note_stays_at_home(workers):
    """The store is for small things."""
    async with workers(2) as (one, two):
        one.state.notes.keep("large", lambda: b"x" * 300_000)
        one.state.notes.keep("small", lambda: b"y")
        assert await found(two.state.notes, "small") == b"y"
        assert await two.state.notes.find("large") is None


async def test_without_a_store_nothing_is_kept_or_found():
    """And nothing waits for it."""

    class Away:
        online = False

    notes = SharedNotes(Away(), "x:")
    notes.keep("a", lambda: b"told")
    assert await notes.find("a") is None
