"""Quotas of a day or a month: their use, stored over restarts, and when to spare the remainder.

The last fifth of a quota is a reserve for questions that no other source can answer. A monthly
quota is spread: a source that used three days' share within one day is ranked last for the rest of
that day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.limits.limiter import Limiter
    from coinmux.framework.limits.rate_window import RateWindow

#: A window of this length is a quota; the use of shorter windows is not stored.
LONG_S = 3_600.0
#: Above this share the remainder is a reserve.
SAVED_FROM = 0.8
#: A quota of so many days is spread over them.
_DAY_S = 86_400.0
_SPREAD_FROM_S = 7 * _DAY_S
#: Days' shares that may be used in one day while another source answers.
_DAYS_AT_ONCE = 3.0
_Uses = list[tuple[int, int, float]]


def long_windows(windows: Iterable[RateWindow]) -> list[RateWindow]:
    """Those that are quotas."""
    return [window for window in windows if window.per_s >= LONG_S]


def quota_lines(windows: Iterable[RateWindow], now: float) -> list[dict[str, Any]]:
    """What is used and left of each, as `/api/providers` shows it."""
    lines = []
    for window in long_windows(windows):
        used = window.used(now)
        lines.append(
            {
                "window_s": window.per_s,
                "limit": window.limit,
                "used": round(used, 3),
                "remaining": round(max(0.0, window.limit - used), 3),
            }
        )
    return lines


def saving(windows: Iterable[RateWindow], now: float) -> str | None:
    """Why the remainder of a quota is spared, in words; None while there is plenty."""
    for window in long_windows(windows):
        used = window.used(now)
        if used >= SAVED_FROM * window.requests:
            return (
                f"{used:g} of {window.limit:g} in {span(window.per_s)} are used; the rest is"
                " kept for what nobody else can answer"
            )
        if window.per_s >= _SPREAD_FROM_S:
            share = window.requests * _DAY_S / window.per_s
            today = window.used_in(_DAY_S, now)
            if today > max(_DAYS_AT_ONCE * share, 1.0):
                return (
                    f"{today:g} were used in a day, and {window.requests:g} are to last"
                    f" {span(window.per_s)}"
                )
    return None


def spent(windows: Iterable[RateWindow], now: float) -> float:
    """Share of the scarcest quota that is used, 0 to 1."""
    return max((window.used(now) / window.requests for window in long_windows(windows)), default=0)


def span(seconds: float) -> str:
    """A length of time as people say it."""
    days = seconds / _DAY_S
    return f"{days:g} days" if days > 1 else f"{seconds / 3_600:g} h"


def rows_of(limiters: Mapping[str, Limiter], clock: Clock) -> list[dict[str, Any]]:
    """The use of every quota, to be stored: uses as first and last time (Unix ms) and weight."""
    offset_ms = clock.wall_ms() - clock.monotonic() * 1000
    now = clock.monotonic()
    return [
        {
            "source": name,
            "window_s": round(window.per_s),
            "uses": msgspec.json.encode(
                [
                    (round(first * 1000 + offset_ms), round(last * 1000 + offset_ms), weight)
                    for first, last, weight in window.uses(now)
                ]
            ).decode(),
        }
        for name, limiter in limiters.items()
        for window in long_windows(limiter.windows)
        if window.used(now) > 0
    ]


def take_up(
    rows: Iterable[tuple[str, int, str]], limiters: Mapping[str, Limiter], clock: Clock
) -> None:
    """Count what was used before this run; what is damaged or of no source is passed over."""
    offset_ms = clock.wall_ms() - clock.monotonic() * 1000
    now = clock.monotonic()
    for name, window_s, text in rows:
        limiter = limiters.get(name)
        if limiter is None:
            continue
        try:
            uses = msgspec.json.decode(text, type=_Uses)
        except msgspec.DecodeError:
            continue
        for window in long_windows(limiter.windows):
            if round(window.per_s) == window_s:
                window.restore(
                    [
                        ((first - offset_ms) / 1000, (last - offset_ms) / 1000, weight)
                        for first, last, weight in uses
                    ],
                    now,
                )
