"""Time: a hook ends by its deadline, ends when it is cancelled, and never holds up the loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from coinmux.framework.clock import SystemClock
from coinmux.framework.errors import PluginError, PluginTimeout
from coinmux.framework.plugins.hook_runner import is_hook
from coinmux.framework.plugins.loop_watch import BLOCKED_S
from coinmux.framework.testing.conformance.border import (
    NOW_MS,
    CannedClient,
    Ended,
    ask,
    ask_with,
    play,
    real_client,
    source_of,
)
from coinmux.framework.testing.conformance.check import Case, NotApplicable
from coinmux.framework.testing.conformance.local_server import LocalSource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

    from coinmux.framework.testing.conformance.subject import Subject
from coinmux.framework.transport.messages import Answer

_DEADLINE_S = 0.2
#: What may pass between the deadline, or the cancellation, and the end.
_GRACE_S = 1.0
_ASKED_S = 5.0
#: The longest the loop may stand still (`faults.md` A12 allows 250 ms in all).
_STALL_S = 0.1
_BEAT_S = 0.002
#: The longest a sample is played for; one that waits for its source asks it several times.
_WORK_S = 30.0
_TRIES = 3


@asynccontextmanager
async def _hanging(
    subject: Subject, capability: str, limit_s: float
) -> AsyncIterator[tuple[LocalSource, Callable[[], Coroutine[Any, Any, Ended]]]]:
    """A source that takes every request and never answers, and a question to it."""
    query = subject.question(capability)
    if query is None:
        raise NotApplicable(f"no question for {capability} is known: it takes a sample")
    async with LocalSource(subject.info) as server, real_client(subject) as client:
        source = source_of(subject, SystemClock(), environ=server.overrides())

        def question() -> Coroutine[Any, Any, Ended]:
            return ask(subject, capability, query, client, source=source, limit_s=limit_s)

        yield server, question


def deadline(subject: Subject) -> Sequence[Case]:
    """A source that never answers costs no more than the time there is."""
    return [Case(name, _ends_in_time(subject, name)) for name in subject.served]


def _ends_in_time(subject: Subject, capability: str) -> Any:
    async def run() -> str | None:
        async with _hanging(subject, capability, _DEADLINE_S) as (_, question):
            ended = await question()
            if isinstance(ended.error, PluginTimeout):
                return "goes on after its deadline: let CancelledError and TimeoutError pass"
            if ended.result is not None:
                return "answers although no source answered it"
            if ended.crash is not None or isinstance(ended.error, PluginError):
                return f"ends in {ended}"
        return None

    return run


def cancellation(subject: Subject) -> Sequence[Case]:
    """A cancelled call leaves nothing running."""
    return [Case(name, _ends_at_once(subject, name)) for name in subject.served]


def _ends_at_once(subject: Subject, capability: str) -> Any:
    async def run() -> str | None:
        async with _hanging(subject, capability, 30.0) as (server, question):
            before = asyncio.all_tasks()
            task = asyncio.ensure_future(question())
            asked = asyncio.ensure_future(server.asked.wait())
            await asyncio.wait({task, asked}, timeout=_ASKED_S, return_when="FIRST_COMPLETED")
            asked.cancel()
            if task.done():
                raise NotApplicable("it ends before it asks anybody")
            if not server.asked.is_set():
                task.cancel()
                await asyncio.wait({task}, timeout=_GRACE_S)
                return f"sends no request within {_ASKED_S:g} s"
            hook = next((one for one in asyncio.all_tasks() - before if is_hook(one)), task)
            task.cancel()
            done, _ = await asyncio.wait({hook}, timeout=_GRACE_S)
            if not done:
                return "goes on after it was cancelled: let CancelledError pass"
            if not hook.cancelled():
                return "turns its cancellation into something else: let CancelledError pass"
            await asyncio.sleep(0.01)
            left = [
                one
                for one in asyncio.all_tasks() - before - {task, asked, hook}
                if not one.done() and not server.owns(one)
            ]
            if left:
                name = getattr(left[0].get_coro(), "__qualname__", "a task")
                return f"leaves {name} running: await what you start, in a TaskGroup or gather"
        return None

    return run


def no_blocking(subject: Subject) -> Sequence[Case]:
    """The event loop goes on while a hook works."""
    return [Case(name, _lets_go(subject, name)) for name in subject.served]


def _lets_go(subject: Subject, capability: str) -> Any:
    good = subject.of_capability(capability, ok=True)
    query = subject.question(capability)

    async def once() -> None:
        if good:
            await play(subject, good[0])
        elif query is not None:
            # Without a sample it gets an empty reply: what it does before that counts as well.
            client = CannedClient(Answer(200, {"content-type": "application/json"}, b"{}"))
            await ask_with(subject, capability, query, client, NOW_MS)

    async def run() -> str | None:
        # The least of some tries: a busy machine stalls now and then, a hook that blocks always.
        if not good and query is None:
            raise NotApplicable(f"no sample of {capability} to work on")
        stalls: list[float] = []
        while len(stalls) < _TRIES and (not stalls or stalls[-1] < BLOCKED_S):
            stalls.append(await _stall_s(once))
            if stalls[-1] <= _STALL_S:
                if not good and subject.is_remote:
                    raise NotApplicable(f"no sample of {capability} to work on")
                return None
        return (
            f"holds up the event loop for {min(stalls) * 1000:.0f} ms: "
            "await, or make the hook a plain function, which runs in a thread"
        )

    return run


async def _stall_s(work: Callable[[], Awaitable[None]]) -> float:
    """The longest the loop stood still while it worked."""
    longest = 0.0

    async def beat() -> None:
        nonlocal longest
        last = time.monotonic()
        while True:
            await asyncio.sleep(_BEAT_S)
            now = time.monotonic()
            longest = max(longest, now - last - _BEAT_S)
            last = now

    heart = asyncio.ensure_future(beat())
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(_WORK_S):
            await work()
        await asyncio.sleep(_BEAT_S)
    finally:
        heart.cancel()
        await asyncio.gather(heart, return_exceptions=True)
    return longest
