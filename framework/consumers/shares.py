"""Fair shares of a source whose quota runs short.

While there is plenty, everybody takes what they need. When four fifths of a quota are used, or a
month's is used too fast, those who want the source get an equal share of it each: who used less
than its share is served, who used more is passed over until the window has moved on or the others
have not asked for an hour. What nobody else wants is nobody's to be denied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.consumers.caller import CALLER
from coinmux.framework.limits.quota import long_windows, saving, span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.clock import Clock
    from coinmux.framework.consumers.ledger import UsageLedger
    from coinmux.framework.limits.rate_window import RateWindow

#: Seconds after which one who has not asked a source is not waited for.
_WANTED_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Share:
    """How one consumer stands with one source.

    Attributes:
        used: what the source counted for it within the window.
        share: what it may use while the quota runs short.
        among: how many want the source now, this one included.
        window_s: length of the quota's window.
        is_short: whether the quota runs short now.
    """

    used: float
    share: float
    among: int
    window_s: float
    is_short: bool

    @property
    def is_over(self) -> bool:
        """Whether others are served before it."""
        return self.is_short and self.among > 1 and self.used >= self.share


class FairShares:
    """Who has had its share of which source.

    Args:
        names: the consumers there are.
    """

    def __init__(
        self, ledger: UsageLedger, clock: Clock, names: Callable[[], Iterable[str]]
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._names = names
        self._wanted: dict[tuple[str, str], float] = {}

    def over(self, source: str, windows: Iterable[RateWindow]) -> str | None:
        """Why the caller is passed over at a source, in words; None where it is served."""
        caller = CALLER.get()
        if caller is None:
            return None
        self._wanted[caller, source] = self._clock.monotonic()
        found = self.of(caller, source, windows)
        if found is None or not found.is_over:
            return None
        return (
            f"its quota runs short: {caller} used {found.used:g} in {span(found.window_s)}, "
            f"and the share of each of the {found.among} who ask is {found.share:g}"
        )

    def of(self, consumer: str, source: str, windows: Iterable[RateWindow]) -> Share | None:
        """How a consumer stands with a source; None where the source has no quota."""
        metered = long_windows(windows)
        if not metered:
            return None
        now = self._clock.monotonic()
        window = max(metered, key=lambda one: one.used(now) / one.requests)
        among = {
            one
            for one in self._names()
            if now - max(
                self._wanted.get((one, source), float("-inf")),
                self._ledger.grew_at(one, f"calls:{source}"),
            ) < _WANTED_S
        } | {consumer}  # fmt: skip
        return Share(
            used=round(self._ledger.units_within(consumer, source, window.per_s), 3),
            share=round(window.limit / len(among), 3),
            among=len(among),
            window_s=window.per_s,
            is_short=saving(metered, now) is not None,
        )
