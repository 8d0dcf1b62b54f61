"""Bars of a market as the columns that a chart asks for, window by window, back in time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.models.candles import MOST_CANDLES, CandlesQuery
from coinmux.framework.reference.values import EARLIEST_MS
from coinmux.framework.routing.options import RequestOptions
from coinmux.server.udf.resolutions import interval_of
from coinmux.server.udf.symbols import market_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.models.candles import Candles

    Ask = Callable[[CandlesQuery, RequestOptions], Awaitable[Answer[Candles]]]

#: Bars of one answer; a chart asks again for what is before them.
MOST_BARS = 5_000
#: A chart may ask for all there is by times before and after any market.
_FAR_S = 1_000_000_000_000
_PRICES = {"o": "open", "h": "high", "l": "low", "c": "close"}


def read_number(values: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    """A whole number of the question; None where it is not given.

    Raises:
        InvalidRequest: it is none, or out of bounds.
    """
    text = values.get(name, "").strip()
    if not text:
        return None
    # Some clients send seconds with a fraction, and all of them a sign before 1970.
    try:
        number = math.floor(float(text))
    except (ValueError, OverflowError):
        number = None
    if number is None or not least <= number <= most:
        message = f"takes a whole number from {least} to {most}, not {text[:30]!r}"
        raise InvalidRequest(f"{name} {message}", errors=[{"name": name, "message": message}])
    return number


async def history(gateway: Gateway, values: Mapping[str, str], ask: Ask) -> dict[str, Any]:
    """The bars that `symbol`, `resolution`, `from`, `to` and `countback` ask for.

    `countback` bars that open before `to`, be they older than `from`; without it those that open in
    `from` to `to`. Fewer are returned only where the source has no more, or beyond `MOST_BARS`.

    Args:
        ask: asks sources; its error is the caller's.

    Raises:
        InvalidRequest: a value will not do; `errors` names it.
    """
    market = market_of(gateway, values.get("symbol", ""))
    interval = interval_of(values.get("resolution", ""))
    begin = read_number(values, "from", -_FAR_S, _FAR_S)
    end = read_number(values, "to", -_FAR_S, _FAR_S)
    count = read_number(values, "countback", 0, 1_000_000) or None
    if begin is None and count is None:
        message = "is missing; countback would do as well"
        raise InvalidRequest(f"from {message}", errors=[{"name": "from", "message": message}])
    end_ms = min((_FAR_S if end is None else end) * 1000, gateway.clock.wall_ms() + interval.ms)
    begin_ms = EARLIEST_MS if begin is None else max(begin * 1000, EARLIEST_MS)
    if end_ms <= EARLIEST_MS or (count is None and end_ms <= begin_ms):
        return {"s": "no_data"}
    wanted = count or -(-(end_ms - begin_ms) // interval.ms)
    pages = await _pages_before(
        end_ms,
        min(wanted, MOST_BARS),
        lambda last, limit: ask(
            CandlesQuery(symbol=market.symbol, interval=interval, limit=limit, end=last),
            RequestOptions(provider=market.provider),
        ),
    )
    return _columns(pages, begin_ms if count is None else None)


async def _pages_before(
    end_ms: int, wanted: int, ask: Callable[[int, int], Awaitable[Answer[Candles]]]
) -> list[Answer[Candles]]:
    """Answers with at most `wanted` candles that open before `end_ms`, oldest first."""
    pages: list[Answer[Candles]] = []
    left, last = wanted, end_ms - 1
    while left > 0 and last >= EARLIEST_MS:
        answer = await ask(last, min(left, MOST_CANDLES))
        found = answer.data.timestamp
        if not found.size:
            break
        pages.append(answer)
        left -= int(found.size)
        last = int(found[0]) - 1
    pages.reverse()
    return pages


def _columns(pages: list[Answer[Candles]], begin_ms: int | None) -> dict[str, Any]:
    """The answer of these pages, cut at `begin_ms` where it is given."""
    if not pages:
        return {"s": "no_data"}
    times = np.concatenate([one.data.timestamp for one in pages])
    kept = slice(0 if begin_ms is None else int(np.searchsorted(times, begin_ms)), None)
    if not times[kept].size:
        return {"s": "no_data", "nextTime": int(times[-1]) // 1000}
    body: dict[str, Any] = {"s": "ok", "t": (times[kept] // 1000).tolist()}
    for name, column in _PRICES.items():
        body[name] = np.concatenate([getattr(one.data, column) for one in pages])[kept].tolist()
    volumes = np.concatenate([one.data.volume for one in pages])[kept]
    notes = [note for one in pages for note in one.meta["notes"]]
    if not np.isnan(volumes).any():
        body["v"] = volumes.tolist()
    body["meta"] = {
        "providers": list(dict.fromkeys(one.provider for one in pages)),
        "fetched_at": min(one.meta["fetched_at"] for one in pages),
        "stale": any(one.meta["stale"] for one in pages),
        "simulated": any(one.meta["simulated"] for one in pages),
        "notes": list(dict.fromkeys(notes)),
    }
    return body
