"""Runs figures: each measurement once, however many figures it serves."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from bench.figure import Figure, Measure, Plan, Series


@dataclass(frozen=True, slots=True)
class Found:
    """A figure and what was found for it.

    Attributes:
        series: with its sides; empty where the measurement broke.
        broken: why it did.
    """

    figure: Figure
    series: Series
    broken: str | None = None


def chosen(figures: Iterable[Figure], names: Iterable[str]) -> list[Figure]:
    """The figures whose names begin with one of `names`; all of them when there are none.

    Raises:
        ValueError: a name fits no figure.
    """
    figures, names = list(figures), list(names)
    for name in names:
        if not any(figure.name.startswith(name) for figure in figures):
            known = ", ".join(figure.name for figure in figures)
            raise ValueError(f"no figure begins with {name!r}; there are {known}")
    return [figure for figure in figures if not names or any(map(figure.name.startswith, names))]


def sides_of(figures: Iterable[Figure], *, ours_only: bool = False) -> set[str]:
    """The sides that these figures read."""
    sides = set()
    for figure in figures:
        sides.add(figure.ours)
        if figure.yardstick is not None and not ours_only:
            sides.add(figure.yardstick)
    return sides


def run(
    figures: list[Figure],
    plan: Plan,
    begins: Callable[[str], None] = lambda _: None,
    *,
    ours_only: bool = False,
) -> Iterator[Found]:
    """Measure, and yield each figure as soon as it is known.

    Args:
        begins: is called with the names of the figures that are measured next.
        ours_only: no yardstick is measured.
    """
    groups: dict[Measure, list[Figure]] = {}
    for figure in figures:
        groups.setdefault(figure.measure, []).append(figure)
    for measure, group in groups.items():
        begins(", ".join(figure.name for figure in group))
        series, broken = Series(), None
        try:
            series = measure(replace(plan, sides=sides_of(group, ours_only=ours_only)))
        except Exception as error:  # noqa: BLE001 - one that breaks does not hide the others
            traceback.print_exc()
            broken = f"{type(error).__name__}: {error}"
        for figure in group:
            yield Found(figure, series, broken)
