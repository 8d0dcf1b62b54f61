"""What happens in all workers, as each of them reads it."""

import asyncio

from coinmux.server.workers.event_board import EventBoard


async def test_a_worker_that_begins_reads_all_there_is_and_leaves_callers_their_turns(tmp_path):
    told = [("r", b'{"kind": "request"}')] * 1_000
    EventBoard(tmp_path, "first").append(told)
    begins, turns = EventBoard(tmp_path, "second"), 0

    async def take_turns():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    others = asyncio.ensure_future(take_turns())
    await begins.read()
    others.cancel()
    lines, left_out = begins.since(0, 2_000)
    assert (len(lines), left_out) == (1_000, 0)
    assert begins.last == lines[-1].id
    assert turns > 3
