"""What a figure is: a number beside its yardstick, with the limit it must hold."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Absent(Exception):
    """A yardstick cannot be had on this machine, and why."""


class Reading(NamedTuple):
    """One round of one side.

    Attributes:
        value: in the figure's unit.
        cpu_us: CPU of one call in microseconds, where calls are counted.
        wall_us: wall time of one call, the same.
    """

    value: float
    cpu_us: float | None = None
    wall_us: float | None = None


@dataclass(slots=True)
class Series:
    """What a measurement found.

    Attributes:
        readings: of each side by its name, one a round. Sides of one round were measured one
            after the other, so that the nth readings of two sides are a pair.
        absent: why a side was not measured, by its name.
    """

    readings: dict[str, list[Reading]] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)

    def add(self, side: str, reading: Reading) -> None:
        self.readings.setdefault(side, []).append(reading)

    def merge(self, other: Series) -> None:
        self.readings.update(other.readings)
        self.absent.update(other.absent)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure, and what.

    Attributes:
        upstream: address of the loopback source.
        sides: only these sides are measured; all when None.
        quick: a tenth of the work, for a look.
        most_rounds: no measurement takes more rounds.
        peers: whether peers of other environments are measured.
    """

    upstream: str
    sides: Collection[str] | None = None
    quick: bool = False
    most_rounds: int | None = None
    peers: bool = True

    def rounds(self, usual: int) -> int:
        """How many rounds, where `usual` are enough."""
        wanted = min(2, usual) if self.quick else usual
        return wanted if self.most_rounds is None else min(wanted, self.most_rounds)

    def calls(self, usual: int) -> int:
        """How many calls a round."""
        return max(1, usual // 10) if self.quick else usual

    def seconds(self, usual: float) -> float:
        """How long a round of load is."""
        return usual / 4 if self.quick else usual

    def wants(self, *sides: str) -> bool:
        """Whether any of `sides` is to be measured."""
        return self.sides is None or any(side in self.sides for side in sides)


def shown(unit: str) -> str:
    """A unit for people."""
    return "µs" if unit == "us" else unit


Measure = Callable[[Plan], Series]


@dataclass(frozen=True, slots=True)
class Limit:
    """What must hold: of our value, or of our value divided by the yardstick's."""

    value: float
    of: Literal["ours", "ratio"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number beside its yardstick.

    Attributes:
        name: by which it is chosen and stored; letters, digits and hyphens.
        title: what is measured, for a table.
        unit: of both values.
        ours: the side that is ours, by its name in the series.
        measure: finds the readings; figures that share it share one measurement.
        yardstick: the side beside it, None where the limit is a plain number.
        limit: what must hold, None for a figure that is for scale only.
        better: which values are better.
    """

    name: str
    title: str
    unit: str
    ours: str
    measure: Measure
    yardstick: str | None = None
    limit: Limit | None = None
    better: Literal["less", "more"] = "less"

    def holds(self, value: float, ratio: float | None) -> bool | None:
        """Whether the limit holds; None without a limit, or without the yardstick it needs."""
        if self.limit is None:
            return None
        judged = value if self.limit.of == "ours" else ratio
        if judged is None:
            return None
        return judged <= self.limit.value if self.better == "less" else judged >= self.limit.value

    def used(self, value: float, ratio: float | None) -> float | None:
        """The share of the limit that is used up: 1 is just held, more is missed."""
        judged = None if self.limit is None else value if self.limit.of == "ours" else ratio
        if self.limit is None or judged is None:
            return None
        return judged / self.limit.value if self.better == "less" else self.limit.value / judged

    def target(self) -> str:
        """The limit in words."""
        if self.limit is None:
            return ""
        sign = "<=" if self.better == "less" else ">="
        unit = "x" if self.limit.of == "ratio" else shown(self.unit)
        return f"{sign} {self.limit.value:g} {unit}"


def ratio(value: float) -> Limit:
    """A limit of our value divided by the yardstick's."""
    return Limit(value, "ratio")


def plain(value: float) -> Limit:
    """A limit of our value."""
    return Limit(value, "ours")
