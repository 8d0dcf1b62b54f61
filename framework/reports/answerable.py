"""What can be answered now, by capability: the status of the whole follows from it alone.

Users ask for prices and news, not for sources: one source of fifty that is offline changes nothing
for them, and one that is left of fifty does not answer the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from coinmux.framework.health.circuit import State
from coinmux.framework.reports.base import FrozenReport

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.health.snapshot import HealthSnapshot
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

Overall = Literal["ONLINE", "DEGRADED", "OFFLINE"]

#: A cooldown that ends this soon is waited for, so the source can still answer.
_SOON_S = 10.0
#: So many sources that fail while none answers: it is not the sources.
_SEVERAL = 3
#: Names in one sentence.
_NAMED = 5


class CapabilityStatus(FrozenReport):
    """Whether one kind of question can be answered now."""

    name: str
    title: Annotated[str, Meta(description="Its name for people")]
    group: Annotated[str, Meta(description="What it belongs to: `market`, `chain`, `news` …")]
    status: Annotated[
        Overall,
        Meta(
            description="ONLINE, DEGRADED with one source left of several, OFFLINE with none left"
        ),
    ]
    usable: Annotated[int, Meta(description="Sources that may be asked now")]
    enabled: Annotated[int, Meta(description="Sources that are configured for it")]


class Answerable(FrozenReport):
    """The status of the whole: what can be answered, and what cannot.

    Attributes:
        answering: whether any data can be asked for at all.
    """

    status: Overall
    reason: str
    capabilities: tuple[CapabilityStatus, ...]
    answering: bool


class AnswerableReports:
    """Judges each capability by the sources that may be asked for it now."""

    def __init__(
        self,
        registry: SourceRegistry,
        tracker: HealthTracker,
        rows: Callable[[], Mapping[str, Capability]],
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._tracker = tracker
        self._rows = rows
        self._clock = clock

    def now(self) -> Answerable:
        """Every capability that some enabled source offers, and the whole."""
        rows = self._rows()
        enabled = [one for one in self._registry.sources.values() if one.feature.enabled]
        remote = [source for source in enabled if _is_remote(source)]
        health = {source.name: self._tracker.snapshot(source.name) for source in remote}
        states = {name: one.state for name, one in health.items()}
        # A source that never answered may do so yet, unless nobody did and some are offline or
        # several fail: the first failures of a day without a network make nobody offline yet.
        failing = sum(one.failures > 0 for one in health.values())
        unreached = (State.OFFLINE in states.values() or failing >= _SEVERAL) and not any(
            self._answers(source, health[source.name]) for source in remote
        )
        usable: dict[str, int] = {}
        offered: dict[str, int] = {}
        answering = False
        for source in enabled:
            is_remote = source.name in states
            state = states.get(source.name, State.HEALTHY)
            asleep = state in (State.OFFLINE, State.DISABLED) or (is_remote and unreached)
            for capability in source.fetch:
                offered[capability] = offered.get(capability, 0) + 1
                can = not asleep and self._may_be_asked(source, capability)
                usable[capability] = usable.get(capability, 0) + can
                answering = answering or (can and is_remote)
        lines = tuple(
            _line(rows[name], usable[name], count) for name, count in sorted(offered.items())
        )
        essential = [line for line in lines if rows[line.name].is_essential]
        return _judged(
            lines,
            answering=answering or (bool(enabled) and not remote),
            essential_left=not essential or any(line.usable for line in essential),
        )

    def _answers(self, source: Source, health: HealthSnapshot) -> bool:
        """Whether it, or a channel of it, answered one of its newest calls."""
        if health.state not in (State.HEALTHY, State.DEGRADED):
            return False
        channels = (
            self._tracker.snapshot(f"{source.name}:{one.name}") for one in source.info.channels
        )
        return any(one.success_rate for one in (health, *channels))

    def _may_be_asked(self, source: Source, capability: str) -> bool:
        standing = self._tracker.standing(source.name, capability)
        if standing.eligible:
            return True
        until = standing.hold_until
        return (
            standing.reason == "held"
            and until is not None
            and until <= self._clock.monotonic() + _SOON_S
        )


def _is_remote(source: Source) -> bool:
    info = source.info
    return bool(info.base_url or info.hosts or info.channels)


def _line(row: Capability, usable: int, enabled: int) -> CapabilityStatus:
    status: Overall = "ONLINE"
    if usable == 0:
        status = "OFFLINE"
    elif usable == 1 and enabled > 1:
        status = "DEGRADED"
    return CapabilityStatus(
        name=row.name,
        title=row.label,
        group=row.group,
        status=status,
        usable=usable,
        enabled=enabled,
    )


def _judged(
    lines: tuple[CapabilityStatus, ...], *, answering: bool, essential_left: bool
) -> Answerable:
    down = [line for line in lines if line.status == "OFFLINE"]
    reduced = [line for line in lines if line.status == "DEGRADED"]
    status: Overall = "DEGRADED"
    if not lines:
        status, reason = "OFFLINE", "no source is on"
    elif not answering:
        status, reason = "OFFLINE", "no source can be asked for data now"
    elif not essential_left:
        status, reason = "OFFLINE", f"no source can be asked for {listed(down)} now"
    elif down:
        reason = f"no source can be asked for {listed(down)} now"
    elif reduced:
        reason = f"one source is left for {listed(reduced)}"
    else:
        status, reason = "ONLINE", "every capability can be answered"
    return Answerable(status=status, reason=reason, capabilities=lines, answering=answering)


def listed(lines: Iterable[CapabilityStatus]) -> str:
    """The titles of capabilities within a sentence; many are cut short."""
    words = [uncapitalized(line.title) for line in lines]
    if len(words) > _NAMED:
        words = [*words[:_NAMED], f"{len(words) - _NAMED} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def uncapitalized(title: str) -> str:
    """The title inside a sentence; words in capitals stay."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]
