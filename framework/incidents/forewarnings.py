"""What is not down yet, or answers and should not be trusted: quotas, keys, feeds, disk, doubts.

Each is an incident of the kind `warning` for as long as it is found.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from coinmux.framework.config.alert_settings import expiries_of
from coinmux.framework.incidents.conditions import Condition
from coinmux.framework.incidents.disk_watch import DiskWatch
from coinmux.framework.incidents.doubt_watch import DoubtWatch
from coinmux.framework.incidents.feed_watch import FeedWatch
from coinmux.framework.limits.quota import long_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from coinmux.framework.clock import Clock
    from coinmux.framework.config.env_file import EnvConfig
    from coinmux.framework.dispatch.decision import Decision
    from coinmux.framework.limits.rate_window import RateWindow
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source

#: From this share on a quota is nearly spent.
NEARLY = 0.9
_DAY_MS = 86_400_000
#: A key that expires is told so many days before, and is worse from the second on.
_KEY_DAYS, _KEY_SOON_DAYS = 14, 2


class Forewarnings:
    """Everything that is looked at for them.

    Args:
        title_of: the title of a source by its name.
        folder: where something is stored; None where nothing is.

    Attributes:
        feeds: looks at news.
    """

    def __init__(
        self,
        registry: SourceRegistry,
        title_of: Callable[[str], str],
        clock: Clock,
        folder: Callable[[], Path | None],
    ) -> None:
        self._registry = registry
        self._clock = clock
        self.feeds: FeedWatch = FeedWatch(title_of, clock)
        self._doubts = DoubtWatch(title_of)
        self._disk = DiskWatch(folder)

    def measure(self) -> None:
        """Begin what must not be waited for."""
        self._disk.measure(self._clock.monotonic())

    def count(self, decisions: Iterable[Decision]) -> None:
        """Count the attempts of new decisions."""
        self._doubts.count(decisions, self._clock.wall_ms())

    def look(self) -> list[Condition]:
        """What is found now."""
        sources, now_ms = self._registry.sources, self._clock.wall_ms()
        return [
            *of_quotas(sources.values(), self._clock.monotonic()),
            *of_keys(self._registry.env, sources, now_ms),
            *self.feeds.look(now_ms),
            *self._doubts.look(),
            *self._disk.look(),
        ]

    async def stop(self) -> None:
        """Wait for no measurement any more."""
        await self._disk.stop()


def of_quotas(sources: Iterable[Source], now: float) -> list[Condition]:
    """Quotas that are nearly spent, and when they will be."""
    found = []
    for source in sources:
        if not source.feature.enabled:
            continue
        scarce = [
            window
            for window in long_windows(source.gate.windows)
            if window.used(now) >= NEARLY * window.requests
        ]
        if not scarce:
            continue
        window = max(scarce, key=lambda one: one.used(now) / one.requests)
        is_spent = window.used(now) >= window.requests
        found.append(
            Condition(
                "warning", f"quota:{source.name}", f"Quota of {source.info.title}", "minor",
                "quota_spent" if is_spent else "quota_nearly_spent", _quota_words(window, now),
                tuple(sorted(source.fetch)),
            )
        )  # fmt: skip
    return found


def _quota_words(window: RateWindow, now: float) -> str:
    used, limit = window.used(now), window.requests
    said = f"{used:g} of {limit:g} calls in {_length(window.per_s)} are used"
    if used >= limit:
        free_s = window.wait_s(1, now)
        return f"{said}; the next is free in {_length(free_s)}" if free_s < math.inf else said
    # The last hour, or a twelfth of a shorter quota, says how fast it goes.
    lately_s = min(3_600.0, window.per_s / 12)
    per_s = window.used_in(lately_s, now) / lately_s
    if per_s <= 0:
        return f"{said}; none lately"
    return f"{said}; at the rate of late it is spent in {_length((limit - used) / per_s)}"


def of_keys(env: EnvConfig, sources: Mapping[str, Source], now_ms: int) -> list[Condition]:
    """Keys that expire soon, as `KEYS_EXPIRE` says; of keys that are set."""
    found = []
    for variable, ends in expiries_of(env.settings.keys_expire).items():
        left = math.ceil((ends - now_ms) / _DAY_MS)
        if variable not in env.values or left > _KEY_DAYS:
            continue
        titles = [
            source.info.title
            for source in sources.values()
            if any(variable in (one.name, *one.aliases) for one in source.info.env)
        ]
        of = f" of {', '.join(titles)}" if titles else ""
        days = "day" if left == 1 else "days"
        message = (
            f"{variable}{of} has expired by KEYS_EXPIRE" if left <= 0
            else f"{variable}{of} expires within {left} {days}"
        )  # fmt: skip
        found.append(
            Condition(
                "warning", f"key:{variable}", f"Key {variable}",
                "major" if left <= _KEY_SOON_DAYS else "minor",
                "key_expired" if left <= 0 else "key_expires", message,
            )
        )  # fmt: skip
    return found


def _length(seconds: float) -> str:
    for size, word in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 1.5 * size or (word == "min" and seconds >= size):
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"
