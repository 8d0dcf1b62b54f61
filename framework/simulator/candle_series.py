"""Candles in a source's own rows: as many, of the length and in the time that is asked. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec

from coinmux.framework.reference.values import EARLIEST_MS
from coinmux.framework.samples import json_paths
from coinmux.framework.samples.amounts import finest, like, read_amount, scaled
from coinmux.framework.simulator.time_shift import SECOND_NS, read_time, shifted

#: A step of so many seconds is a calendar month.
_MONTH_S = range(28 * 86_400, 31 * 86_400 + 1)
#: 5 January 1970 was a Monday; weeks open then.
_WEEK_S, _MONDAY_S = 7 * 86_400, 4 * 86_400

OHLC = ("open", "high", "low", "close")
Values = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Rows:
    """How the rows of one sample are written.

    Attributes:
        samples: rows oldest first, as JSON.
        times: of their openings, in seconds.
        step_s: the length of their candles.
        time: path of the time in a row.
        at: whether that is when it opens or closes.
        also: paths of further times in a row.
        columns: open, high, low, close -> path.
        prices: paths of further prices in a row.
        volume: path of what was traded, in units of the base; None if the sample does not say.
        forms: what prices are written like, see `finest`.
        order: of the source.
    """

    samples: tuple[bytes, ...]
    times: tuple[int, ...]
    step_s: int
    time: json_paths.Parts
    also: tuple[json_paths.Parts, ...]
    columns: Mapping[str, json_paths.Parts]
    prices: tuple[json_paths.Parts, ...]
    volume: json_paths.Parts | None
    forms: Mapping[bool, Any]
    order: Literal["asc", "desc"]
    at: Literal["open", "close"] = "open"

    @classmethod
    def read(
        cls,
        rows: Sequence[Any],
        *,
        step_s: int,
        time: json_paths.Parts,
        times: Sequence[json_paths.Parts],
        prices: Sequence[json_paths.Parts],
        columns: Mapping[Any, str] | None,
        order: Literal["asc", "desc"],
        volume: json_paths.Parts | None = None,
        at: Literal["open", "close"] = "open",
    ) -> Rows:
        """What a sample's rows tell.

        Args:
            rows: at least one.
            step_s: what its request says the length is.
            time: path of the time in a row.
            times, prices: paths in a row.
            columns: where the four prices stand; found out from the rows without it.
            order: of the source.
            volume: path of what was traded in a row, in units of the base.
            at: whether the time is when a candle opens or closes.

        Raises:
            ValueError: the columns cannot be told apart.
        """
        early_s = step_s if at == "close" else 0
        oldest_first = list(rows) if order == "asc" else list(rows)[::-1]
        found = (
            {name: json_paths.parse(path) for name, path in columns.items()}
            if columns is not None
            else find_columns(oldest_first, prices or _numeric(oldest_first[0], time))
        )
        return cls(
            samples=tuple(msgspec.json.encode(row) for row in oldest_first),
            times=tuple(_seconds(row, time) - early_s for row in oldest_first),
            step_s=step_s,
            time=time,
            also=tuple(path for path in times if path != time),
            columns=found,
            prices=tuple(path for path in prices if path not in found.values()),
            volume=volume,
            forms=finest(
                value
                for row in rows
                for path in found.values()
                for value in json_paths.values(row, path)
            ),
            order=order,
            at=at,
        )

    def write(
        self,
        opens_s: Sequence[int],
        closes_s: Sequence[int],
        values: Sequence[Values],
        traded: Callable[[int, int], float] | None = None,
        *,
        now_s: int | None = None,
    ) -> list[Any]:
        """Rows of candles that open (ascending) and close then, in the source's order.

        Args:
            traded: between two moments on average, in units of the base; as the sample has it
                without.
            now_s: one that is open is told to close then.
        """
        newest = opens_s[-1] if opens_s else 0
        rows = [
            self._row(
                open_s,
                four,
                close_s - open_s,
                is_newest=open_s == newest,
                # One that has just opened must not be told as the one before.
                closes_s=close_s if now_s is None else max(min(close_s, now_s), open_s + 1),
                traded=None if traded is None else traded(open_s, close_s),
            )
            for open_s, close_s, four in zip(opens_s, closes_s, values, strict=True)
        ]
        return rows if self.order == "asc" else rows[::-1]

    def negated(self, row: Any) -> Any:
        """The row with its prices below zero."""
        for path in (*self.columns.values(), *self.prices):
            for container, key in json_paths.places(row, path):
                container[key] = scaled(container[key], -1)
        return row

    def _row(
        self,
        open_s: int,
        four: Values,
        step_s: int,
        *,
        is_newest: bool,
        closes_s: int,
        traded: float | None,
    ) -> Any:
        count = len(self.samples)
        at = count - 1 if is_newest or count == 1 else (open_s // step_s) % (count - 1)
        sample, row = (msgspec.json.decode(self.samples[at]) for _ in range(2))
        done = [self.time, *self.also]
        moved_ns = (open_s - self.times[at]) * SECOND_NS
        for container, key in json_paths.places(row, self.time):
            later_s = closes_s - open_s - self.step_s if self.at == "close" else 0
            container[key] = shifted(container[key], moved_ns + later_s * SECOND_NS)
        for path in self.also:
            for container, key in json_paths.places(row, path):
                container[key] = self._other_time(container[key], at, moved_ns, step_s)
        for name, value in zip(OHLC, four, strict=True):
            path = self.columns[name]
            done.append(path)
            for container, key in json_paths.places(row, path):
                container[key] = self._written(container[key], value)
        for path in self.prices:
            done.append(path)
            for container, key in json_paths.places(row, path):
                container[key] = self._written(container[key], sum(four) / 4)
        chance = chance_of(open_s, step_s) + 0.5
        size = _amount(sample, self.volume) if traded is not None and self.volume else 0.0
        if traded is not None and size > 0:
            # What is no more than the volume is in the base's units, what is more in the quote's.
            factor = traded * chance / size
            dearer = four[3] / _amount(sample, self.columns["close"])
            _vary(row, {path[-1] for path in done}, factor, size, factor * dearer)
        else:
            _vary(row, {path[-1] for path in done}, chance)
        return row

    def _written(self, sample: Any, price: float) -> Any:
        return like(self.forms.get(isinstance(sample, str), sample), price)

    def _other_time(self, value: Any, at: int, moved_ns: int, step_s: int) -> Any:
        """A time in a row that is not its opening: its close keeps its distance to the end."""
        stamp = read_time(value)
        if stamp is None:
            return value
        after_s = stamp.ns / SECOND_NS - self.times[at]
        if abs(after_s - self.step_s) <= 1:
            moved_ns += (step_s - self.step_s) * SECOND_NS
        return stamp.write(stamp.ns + moved_ns)


def opening_times(
    step_s: int, now_s: int, limit: int, start_s: int | None = None, end_s: int | None = None
) -> list[int]:
    """Ascending opening times of at most `limit` candles: the latest, or the first from a start.

    The last one possible is the candle that is open now.
    """
    last = _floor(step_s, now_s if end_s is None else min(end_s, now_s))
    times: list[int] = []
    if start_s is not None:
        at = _floor(step_s, start_s)
        at = at if at >= start_s else _next(step_s, at)
        while at <= last and len(times) < limit:
            times.append(at)
            at = _next(step_s, at)
        return times
    at = last
    while len(times) < limit and at * 1000 >= EARLIEST_MS:
        times.append(at)
        at = _floor(step_s, at - 1)
    return times[::-1]


def closing_times(step_s: int, opens_s: Sequence[int]) -> list[int]:
    """When the candles of these opening times end."""
    return [_next(step_s, at) for at in opens_s]


def _floor(step_s: int, at_s: int) -> int:
    if step_s in _MONTH_S:
        moment = datetime.fromtimestamp(at_s, UTC)
        return int(datetime(moment.year, moment.month, 1, tzinfo=UTC).timestamp())
    origin = _MONDAY_S if step_s == _WEEK_S else 0
    return (at_s - origin) // step_s * step_s + origin


def _next(step_s: int, open_s: int) -> int:
    if step_s in _MONTH_S:
        later = datetime.fromtimestamp(open_s, UTC) + timedelta(days=31)
        return int(datetime(later.year, later.month, 1, tzinfo=UTC).timestamp())
    return open_s + step_s


def find_columns(
    rows: Sequence[Any], paths: Sequence[json_paths.Parts]
) -> dict[str, json_paths.Parts]:
    """Which price is the open, high, low and close: by the rows themselves, else by their names.

    The high is never below another, the low never above; of the rest the close is the one the next
    row's open comes nearest to.

    Raises:
        ValueError: fewer than four prices, or rows that do not tell.
    """
    named = {
        name: path
        for name in OHLC
        for path in paths
        if path[-1].lower().strip("_") in (name, name[0])
    }
    if len(named) == 4:
        return named
    table = {path: [_amount(row, path) for row in rows] for path in dict.fromkeys(paths)}
    left = list(table)
    if len(left) < 4:
        raise ValueError(f"series.columns: takes four prices in a row, found {len(left)}")
    high = max(left, key=lambda path: sum(table[path]))
    left.remove(high)
    low = min(left, key=lambda path: sum(table[path]))
    left.remove(low)
    gaps = {
        (first, last): sum(
            abs(after - before)
            for after, before in zip(table[first][1:], table[last][:-1], strict=True)
        )
        for first in left
        for last in left
        if first != last
    }
    first, last = min(gaps, key=lambda pair: gaps[pair])
    if len(rows) < 2:
        raise ValueError("series.columns: one row does not tell which price is which")
    return {"open": first, "high": high, "low": low, "close": last}


def _numeric(row: Any, time: json_paths.Parts) -> list[json_paths.Parts]:
    """Paths of the largest group of numbers of like size in a row, its time left out."""
    keys = list(row) if isinstance(row, dict) else list(range(len(row)))
    sizes: dict[json_paths.Parts, float] = {
        (str(key),): size
        for key in keys
        if (str(key),) != time and (size := read_amount(row[key])) is not None and size > 0
    }
    groups = [
        [path for path, size in sizes.items() if 0.5 < size / middle < 2]
        for middle in sizes.values()
    ]
    return max(groups, key=len, default=[])


def _amount(row: Any, path: json_paths.Parts) -> float:
    for value in json_paths.values(row, path):
        number = read_amount(value)
        if number is not None:
            return number
    raise ValueError(f"prices: a row has no number at {'.'.join(path)!r}")


def _seconds(row: Any, time: json_paths.Parts) -> int:
    stamp = read_time(next(json_paths.values(row, time), None))
    if stamp is None:
        raise ValueError(f"series.time: a row has no time at {'.'.join(time)!r}")
    return stamp.ns // SECOND_NS


def chance_of(open_s: int, step_s: int) -> float:
    """From 0 to 1, the same for the same candle."""
    digest = hashlib.blake2b(f"{open_s}:{step_s}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


def _vary(
    row: Any, done: set[str], factor: float, most: float = math.inf, beyond: float = 1.0
) -> None:
    """Volumes, recognised by their fraction, times `factor`: counts, flags and ids are whole.

    Args:
        most: volumes that are larger are multiplied by `beyond`.
    """
    keys = list(row) if isinstance(row, dict) else list(range(len(row)))
    for key in keys:
        value = row[key]
        if str(key) in done or not isinstance(value, str | float) or "." not in str(value):
            continue
        number = read_amount(value)
        if number is not None:
            row[key] = like(value, number * (factor if number <= most else beyond))
