"""How long plugins say an answer is good."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.models.capability import Freshness
from coinmux.framework.plugins.extensions.prompt_call import AskedHook

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.extensions.faults import HookFaults
    from coinmux.framework.plugins.extensions.register import PluginHook

HOOK = "cache_rule"
#: No answer is kept for longer, whatever a plugin says.
_LONGEST_S = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """The rule an answer is kept by.

    Attributes:
        plugin: whose it is.
        freshness: within what the capability allows.
        cut: whether the plugin asked for more.
    """

    plugin: str
    freshness: Freshness
    cut: bool

    def public(self) -> dict[str, object]:
        """The rule as `meta` and `explain` show it."""
        good = self.freshness
        return {
            "plugin": self.plugin,
            "fresh_s": good.fresh_s,
            "refresh_s": good.refresh_s,
            "failed_s": good.failed_s,
            "cut": self.cut,
        }


class CacheRules:
    """Asks the plugins in the order of their names; the first that answers decides."""

    def __init__(self, hooks: Iterable[PluginHook], faults: HookFaults, clock: Clock) -> None:
        self._asked = [
            AskedHook(plugin, HOOK, hook, _checked, faults, clock) for plugin, hook in hooks
        ]

    def rule(self, row: Capability, query: Query, usual: Freshness) -> AppliedRule | None:
        """How long an answer to `query` is good; None where no plugin has a say.

        Args:
            usual: how long it is good without a rule.
        """
        for one in self._asked:
            wanted = one.ask(row.name, query, usual)
            if wanted is not None:
                allowed = within(row, wanted)
                return AppliedRule(one.plugin, allowed, cut=allowed != wanted)
        return None

    def close(self) -> None:
        """End the threads they ran in."""
        for one in self._asked:
            one.close()


def within(row: Capability, wanted: Freshness) -> Freshness:
    """`wanted`, cut so that nothing is served when it is older than its kind may be.

    A capability with a `max_age_s`, such as a price, calls older data stale; a rule cannot have it
    served as if it were not.
    """
    most_s = _LONGEST_S if row.max_age_s is None else row.max_age_s
    fresh_s = min(wanted.fresh_s, most_s)
    left_s = most_s - fresh_s
    return Freshness(fresh_s, min(wanted.refresh_s, left_s), min(wanted.failed_s, left_s))


def _checked(told: object) -> Freshness:
    if not isinstance(told, Freshness):
        raise TypeError(f"{HOOK} returns a Freshness or None, not {type(told).__name__}")
    for name in ("fresh_s", "refresh_s", "failed_s"):
        seconds = getattr(told, name)
        if (
            isinstance(seconds, bool)
            or not isinstance(seconds, (int, float))
            or not math.isfinite(seconds)
            or seconds < 0
        ):
            raise ValueError(f"{HOOK} returned {name}={seconds!r}, which is no length of time")
    return told
