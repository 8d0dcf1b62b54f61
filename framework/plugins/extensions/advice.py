"""What plugins advise about the order of sources."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from coinmux.framework.plugins.extensions.prompt_call import AskedHook
from coinmux.framework.reference.values import clean_text

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.health.circuit import State
    from coinmux.framework.models.base import Query
    from coinmux.framework.plugins.extensions.faults import HookFaults
    from coinmux.framework.plugins.extensions.register import PluginHook

HOOK = "advise_order"
_MOST = 200
_REASON_CHARS = 200


@dataclass(frozen=True, slots=True)
class RankedSource:
    """A source as `advise_order` is shown it.

    Attributes:
        name: of the provider.
        state: `HEALTHY`, `UNKNOWN`, `DEGRADED`, `OFFLINE` or `DISABLED`.
        tier: of health, the lower the earlier; advice moves a source within its tier only.
        priority: as configured, the lower the earlier.
        latency_ms: its usual time to answer; None before its first success.
        quota_left: share of its scarcest daily or monthly quota that is left, 0 to 1; None where
            it has none.
    """

    name: str
    state: State
    tier: int
    priority: int
    latency_ms: float | None
    quota_left: float | None


@dataclass(frozen=True, slots=True)
class Advice:
    """Ask a source earlier or later than its rank says.

    Attributes:
        provider: the source meant.
        weight: from -1 (after all others of its tier) to 1 (before them).
        reason: why, for people: `explain` shows it with the plugin's name.
    """

    provider: str
    weight: float
    reason: str

    def __post_init__(self) -> None:
        if not isinstance(self.provider, str) or not isinstance(self.reason, str):
            raise TypeError("Advice takes provider and reason as text")
        if isinstance(self.weight, bool) or not isinstance(self.weight, (int, float)):
            raise TypeError("Advice takes a weight from -1 to 1")
        if not -1 <= self.weight <= 1:
            raise ValueError(f"Advice takes a weight from -1 to 1, not {self.weight}")
        if not self.reason.strip():
            raise ValueError("Advice takes a reason")


class GivenAdvice(NamedTuple):
    """Advice of one plugin about one source."""

    plugin: str
    weight: float
    reason: str


class Advisers:
    """Asks every plugin for its advice, and takes what is sound."""

    def __init__(self, hooks: Iterable[PluginHook], faults: HookFaults, clock: Clock) -> None:
        self._asked = [
            AskedHook(plugin, HOOK, hook, _checked, faults, clock) for plugin, hook in hooks
        ]

    def ask(
        self, capability: str, query: Query, sources: tuple[RankedSource, ...]
    ) -> dict[str, tuple[GivenAdvice, ...]]:
        """The advice about each source that has any, in the order of the plugins' names."""
        given: dict[str, tuple[GivenAdvice, ...]] = {}
        for one in self._asked:
            for told in one.ask(capability, query, sources) or ():
                reason = clean_text(told.reason)[:_REASON_CHARS]
                known = given.get(told.provider, ())
                given[told.provider] = (*known, GivenAdvice(one.plugin, told.weight, reason))
        return given

    def close(self) -> None:
        """End the threads they ran in."""
        for one in self._asked:
            one.close()


def _checked(told: object) -> Sequence[Advice]:
    if not isinstance(told, (list, tuple)) or not all(isinstance(one, Advice) for one in told):
        raise TypeError(f"{HOOK} returns a list of Advice, or None")
    if len(told) > _MOST:
        raise ValueError(f"{HOOK} returned {len(told)} pieces of advice, {_MOST} are the most")
    return told
