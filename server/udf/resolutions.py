"""Lengths of bars in the words of UDF, and ours: `60` is `1h`, `1D` is `1d`."""

from __future__ import annotations

from coinmux.framework.errors import UnknownInterval
from coinmux.framework.reference.intervals import INTERVALS, Interval
from coinmux.framework.suggest import near

_LONGER = {"1D": "1d", "3D": "3d", "1W": "1w", "1M": "1M"}
_MINUTES = {
    str(seconds // 60): name for name, seconds in INTERVALS.items() if seconds < INTERVALS["1d"]
}
_INTERVALS = {**_MINUTES, **_LONGER}
#: Minutes of bars within a day, and all lengths, shortest first.
INTRADAY = list(_MINUTES)
RESOLUTIONS = list(_INTERVALS)


def interval_of(resolution: str) -> Interval:
    """The interval of a resolution; `D`, `W` and `M` stand for one of each.

    Raises:
        UnknownInterval: there is no such resolution; with the known ones.
    """
    text = resolution.strip().upper()
    name = _INTERVALS.get(f"1{text}" if text in ("D", "W", "M") else text)
    if name is None:
        raise UnknownInterval(
            f"resolution takes one of {' '.join(RESOLUTIONS)}, not {resolution[:20]!r}",
            known=RESOLUTIONS,
            did_you_mean=near(text, RESOLUTIONS),
        )
    return Interval(name)
