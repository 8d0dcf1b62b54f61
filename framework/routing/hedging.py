"""A second source asked before the first has answered, where the first is slower than it ever is.

The tail at scale: of two requests the slow one no longer decides (J. Dean and L. A. Barroso,
Communications of the ACM, 2013). Off unless `HEDGE=on`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from coinmux.framework.limits.retry_budget import HedgeBudget

if TYPE_CHECKING:
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.routing.candidates import Candidate, Upcoming

T = TypeVar("T")

#: No hedge is sooner: most sources answer within this, and a hedge then only costs a call.
LEAST_S = 0.3


class Hedger:
    """Decides when a second source is asked, and lets the faster one win."""

    def __init__(self, health: HealthTracker) -> None:
        self._health = health
        self._budget = HedgeBudget()

    def asked(self) -> None:
        """One request began: a twentieth of a hedge is saved."""
        self._budget.asked()

    def delay_s(self, step: Candidate) -> float | None:
        """Seconds after which the source counts as slow; None where it is not hedged at all."""
        if step.score.tier != 0 or step.probe:
            return None
        p95_s = self._health.snapshot(step.score.name).p95_s
        return max(LEAST_S, p95_s or 0.0)

    def second(self, upcoming: Upcoming) -> Candidate | None:
        """The source to ask in addition, taken from the route; None where none is fit."""
        step = upcoming.peek()
        if step is None or step.score.tier != 0 or step.probe or step.busy is not None:
            return None
        return upcoming.take() if self._budget.take() else None

    async def race(
        self,
        first: Awaitable[T | None],
        delay_s: float,
        begin_second: Callable[[], Awaitable[T | None] | None],
    ) -> T | None:
        """The first result that is one, of two calls the second of which begins late; else None.

        The other is cancelled, and over when this returns.

        Args:
            begin_second: returns None where there is no second source to ask.
        """
        tasks = [asyncio.ensure_future(first)]
        try:
            await asyncio.wait(tasks, timeout=delay_s)
            if not tasks[0].done() and (other := begin_second()) is not None:
                tasks.append(asyncio.ensure_future(other))
            pending = set(tasks)
            while pending:
                done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    if (result := task.result()) is not None:
                        return result
            return None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
