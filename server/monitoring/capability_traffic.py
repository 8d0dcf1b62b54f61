"""What was asked of each capability within the last minute, and who answered."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.errors import CutShort, InvalidRequest, NotOffered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.decision import Decision

_WINDOW_S = 60.0
_SAMPLE_S = 5.0
_SERVING = 3
#: No source failed: the question was odd, or its caller left.
_NOBODY = frozenset(
    {CutShort.code, NotOffered.code, "caller_left"}
    | {one.code for one in InvalidRequest.__subclasses__()}
)


#: Capability, provider (None where nobody answered), and how many answers.
Answers = tuple[str, str | None, int]


@dataclass(frozen=True, slots=True)
class CapabilityRate:
    """The last minute of one capability.

    Attributes:
        serving: providers that answered, busiest first.
    """

    requests: int = 0
    failures: int = 0
    serving: tuple[str, ...] = ()


class CapabilityTraffic:
    """Counts answers by capability and provider; rates come from samples of the counts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        #: Since the start; the provider is None where nobody answered.
        self._counts: Counter[tuple[str, str | None]] = Counter()
        self._samples: deque[tuple[float, Mapping[tuple[str, str | None], int]]] = deque()

    def answered(self, capability: str, provider: str | None) -> None:
        """Count one answer of `provider`, kept ones included."""
        self._counts[capability, provider] += 1

    def decided(self, decisions: Iterable[Decision]) -> None:
        """Count the questions of one request by how each ended."""
        for one in decisions:
            if one.outcome == "answered" or one.outcome not in _NOBODY:
                self._counts[one.capability, one.provider] += 1

    def sample(self) -> None:
        """Store the counts now, unless that was done a moment ago."""
        now = self._clock.monotonic()
        if self._samples and now - self._samples[-1][0] < _SAMPLE_S:
            return
        self._samples.append((now, dict(self._counts)))
        while len(self._samples) > 1 and self._samples[1][0] <= now - _WINDOW_S:
            self._samples.popleft()

    def counts(self) -> list[Answers]:
        """Answers of the last minute: capability, provider, how many."""
        now = self._clock.monotonic()
        before = self._samples[0][1] if self._samples else {}
        for at, counts in self._samples:
            if at <= now - _WINDOW_S:
                before = counts
        return [
            (*key, new)
            for key, count in self._counts.items()
            if (new := count - before.get(key, 0)) > 0
        ]

    def rates(self) -> dict[str, CapabilityRate]:
        """The last minute, by capability; those nobody asked are left out."""
        return rates_of(self.counts())


def rates_of(answers: Iterable[Answers]) -> dict[str, CapabilityRate]:
    """The rates of these answers, by capability."""
    made: dict[str, Counter[str | None]] = {}
    for capability, provider, count in answers:
        made.setdefault(capability, Counter())[provider] += count
    return {name: _rate(counts) for name, counts in made.items()}


def helpers_of(
    down: Mapping[str, Collection[str]], rates: Mapping[str, CapabilityRate]
) -> list[str]:
    """Providers that answer for those that are down; the busiest of each, then the others.

    Args:
        down: the capabilities of each provider that is down, most important first.
        rates: the last minute, by capability.
    """

    def busiest(capabilities: Collection[str]) -> list[str]:
        counts: Counter[str] = Counter()
        for capability, rate in rates.items():
            if capability in capabilities:
                counts.update({name: rate.requests for name in rate.serving if name not in down})
        return [name for name, _ in counts.most_common()]

    first = [name for capabilities in down.values() for name in busiest(capabilities)[:1]]
    together = busiest({name for capabilities in down.values() for name in capabilities})
    return [*dict.fromkeys([*first, *together])]


def _rate(counts: Counter[str | None]) -> CapabilityRate:
    requests, failures = counts.total(), counts.pop(None, 0)
    busiest = [name for name, _ in counts.most_common(_SERVING) if name is not None]
    return CapabilityRate(requests, failures, tuple(busiest))
