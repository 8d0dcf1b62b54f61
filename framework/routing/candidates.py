"""The sources a request may try, in the order to try them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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


def walk(
    steps: Iterable[Candidate], *, probes_first: bool, passed: list[Candidate] | None = None
) -> Iterator[Candidate]:
    """Those of `steps` that may be tried, in the order to try them; lazily.

    A source with no permit free goes after those with one. A probe goes first where nothing else
    would ever probe the source, and last where the background checker does. Those passed over are
    appended to `passed`.
    """
    later: list[Candidate] = []
    for step in steps:
        if step.refusal is not None:
            if passed is not None:
                passed.append(step)
            continue
        if step.busy is not None or step.saving is not None or (step.probe and not probes_first):
            later.append(step)
        else:
            yield step
    yield from sorted(later, key=lambda step: step.probe)


class Upcoming:
    """The remaining steps of a walk; the next can be read without taking it."""

    __slots__ = ("_next", "_steps")

    def __init__(self, steps: Iterator[Candidate]) -> None:
        self._steps = steps
        self._next: list[Candidate] = []

    def peek(self) -> Candidate | None:
        """The next step without taking it, None where there is none."""
        if not self._next:
            self._next.extend(islice(self._steps, 1))
        return self._next[0] if self._next else None

    def take(self) -> Candidate | None:
        """The next step, None where there is none."""
        self.peek()
        return self._next.pop() if self._next else None

    def prefer(self, fits: Callable[[Candidate], bool]) -> None:
        """Move the first remaining step that fits before the others."""
        left = [*self._next, *self._steps]
        chosen = next((step for step in left if fits(step)), None)
        if chosen is not None:
            left.remove(chosen)
            left.insert(0, chosen)
        self._next, self._steps = [], iter(left)
