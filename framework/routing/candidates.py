"""The sources a request may try, in the order to try them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from coinmux.framework.routing.advised import AdvisedOrder
    from coinmux.framework.routing.ranking import SourceScore
    from coinmux.framework.sources.source import Refusal


@dataclass(slots=True)
class Candidate:
    """One source in the order of a route.

    Attributes:
        refusal: why it is passed over; None where it may be tried.
        busy: no permit is free: it is tried after all others.
        saving: its quota is nearly used up: as if it were busy.
        probe: it is offline and due: it may be tried once.
    """

    score: SourceScore
    refusal: Refusal | None
    busy: str | None = None
    saving: str | None = None
    probe: bool = False


class Upcoming:
    """Those of `steps` that may be tried, in the order to try them; judged as they are reached.

    A source with no permit free goes after those with one. A probe goes first where nothing else
    would ever probe the source, and last where the background checker does.

    Args:
        steps: every source in its order.
        probes_first: whether requests probe what is offline.
        passed: receives those that are passed over.

    Attributes:
        advised: the order as plugins advised it; None where none did.
    """

    __slots__ = ("_later", "_passed", "_probes_first", "_ready", "_steps", "advised")

    def __init__(
        self,
        steps: Iterator[Candidate],
        *,
        probes_first: bool,
        passed: list[Candidate] | None = None,
        advised: AdvisedOrder | None = None,
    ) -> None:
        self.advised = advised
        self._steps = steps
        self._probes_first = probes_first
        self._passed = passed
        self._ready: list[Candidate] = []
        self._later: list[Candidate] = []

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Candidate:
        step = self.take()
        if step is None:
            raise StopIteration
        return step

    def peek(self) -> Candidate | None:
        """The next step without taking it, None where there is none."""
        if not self._ready:
            step = self._reach()
            if step is None:
                return None
            self._ready.append(step)
        return self._ready[0]

    def take(self) -> Candidate | None:
        """The next step, None where there is none."""
        return self._ready.pop(0) if self._ready else self._reach()

    def prefer(self, fits: Callable[[Candidate], bool]) -> None:
        """Move the first remaining step that fits before the others."""
        left = list(self)
        chosen = next((step for step in left if fits(step)), None)
        if chosen is not None:
            left.remove(chosen)
            left.insert(0, chosen)
        self._ready = left

    def _reach(self) -> Candidate | None:
        for step in self._steps:
            if step.refusal is not None:
                if self._passed is not None:
                    self._passed.append(step)
            elif (
                step.busy is not None
                or step.saving is not None
                or (step.probe and not self._probes_first)
            ):
                self._later.append(step)
            else:
                return step
        if not self._later:
            return None
        return self._later.pop(min(range(len(self._later)), key=lambda at: self._later[at].probe))
