"""What the pages were answered: kept for one of their intervals, and the last that was good.

However many pages are open, a question is asked once in an interval. A failure is kept as long as
an answer, so that a bad day is no dearer than a good one.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from coinmux.framework.errors import CoinmuxError, DeadlineExceeded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

    from coinmux.framework.clock import Clock
    from coinmux.framework.events import Event

#: Questions remembered, and bytes of their answers.
_MOST = 512
_MOST_BYTES = 16_000_000
#: Seconds a page waits for one of its parts; the others are shown then.
PATIENCE_S = 4.0


class Value(Protocol):
    """An answer that can be kept."""

    @property
    def fetched_at(self) -> float:
        """When it was fetched, in monotonic seconds."""
        ...

    @property
    def size(self) -> int:
        """Its bytes, roughly."""
        ...


V = TypeVar("V", bound=Value)

#: A problem document.
Problem = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome(Generic[V]):
    """What became of one question.

    Attributes:
        value: the answer; None where there is a problem.
        problem: why there is none; None where there is an answer.
        last: the newest answer there was before; None without a problem.
        is_kept: whether it was asked for another page or an earlier look.
    """

    value: V | None
    problem: Problem | None = None
    last: V | None = None
    is_kept: bool = False


@dataclass(slots=True)
class _Entry(Generic[V]):
    """What is kept of one question.

    Attributes:
        until: monotonic seconds until which it is served as it is.
    """

    outcome: Outcome[V]
    until: float

    @property
    def size(self) -> int:
        kept = self.outcome.value or self.outcome.last
        return 500 if kept is None else kept.size + 500


class KeptAnswers:
    """Answers by question, the least recently asked first out.

    A key names the whole question, so that no pair is ever shown the figures of another.
    """

    def __init__(self, clock: Clock, *, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._clock = clock
        self._most = most
        self._most_bytes = most_bytes
        self._entries: OrderedDict[Hashable, _Entry[Any]] = OrderedDict()
        self._bytes = 0
        self._running: dict[Hashable, asyncio.Task[Outcome[Any]]] = {}

    async def get(
        self,
        key: Hashable,
        every_s: float,
        ask: Callable[[], Awaitable[V]],
        tell: Callable[[CoinmuxError], Problem],
        older: Callable[[], V | None] = lambda: None,
    ) -> Outcome[V]:
        """The answer to a question, asked at most once in `every_s`.

        Args:
            ask: asks it; runs on when the page that began it leaves.
            tell: makes the problem document of an error.
            older: an answer of former times, where none is kept here.
        """
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
            if self._clock.monotonic() < entry.until:
                return entry.outcome
        task = self._running.get(key)
        if task is None:
            task = asyncio.create_task(self._ask(key, every_s, ask, tell, older))
            self._running[key] = task
            task.add_done_callback(lambda _: self._running.pop(key, None))
        done, _ = await asyncio.wait((task,), timeout=PATIENCE_S)
        if done:
            return task.result()
        late = DeadlineExceeded("no source has answered yet", attempts=[])
        known = None if entry is None else entry.outcome.value or entry.outcome.last
        return Outcome(None, tell(late), known if known is not None else older())

    async def _ask(
        self,
        key: Hashable,
        every_s: float,
        ask: Callable[[], Awaitable[V]],
        tell: Callable[[CoinmuxError], Problem],
        older: Callable[[], V | None],
    ) -> Outcome[V]:
        try:
            value = await ask()
        except CoinmuxError as error:
            entry = self._entries.get(key)
            known = None if entry is None else entry.outcome.value or entry.outcome.last
            last = known if known is not None else older()
            failed: Outcome[V] = Outcome(None, tell(error), last)
            self._keep(key, failed, self._clock.monotonic() + every_s)
            return failed
        self._keep(key, Outcome(value, is_kept=True), value.fetched_at + every_s)
        return Outcome(value)

    def _keep(self, key: Hashable, outcome: Outcome[Any], until: float) -> None:
        former = self._entries.pop(key, None)
        if former is not None:
            self._bytes -= former.size
        entry = self._entries[key] = _Entry(outcome, until)
        self._bytes += entry.size
        while len(self._entries) > self._most or self._bytes > self._most_bytes:
            _, oldest = self._entries.popitem(last=False)
            self._bytes -= oldest.size

    def last_where(self, suits: Callable[[Any], bool]) -> object | None:
        """The newest answer to a question whose key suits; None where there is none."""
        for key in reversed(self._entries):
            if suits(key):
                outcome = self._entries[key].outcome
                known: object | None = outcome.value or outcome.last
                if known is not None:
                    return known
        return None

    def on_event(self, event: Event) -> None:
        """Ask anew once the settings changed; a listener of the event stream."""
        if event.kind == "config":
            for entry in self._entries.values():
                entry.until = float("-inf")

    async def close(self) -> None:
        """End what is being asked."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def __len__(self) -> int:
        return len(self._entries)
