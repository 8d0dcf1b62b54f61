"""Which candles a request asks for, and what a sample of them tells."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coinmux.framework.reference.intervals import INTERVALS
from coinmux.framework.samples import json_paths
from coinmux.framework.simulator import candle_series
from coinmux.framework.simulator.time_shift import read_time

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import ProviderInfo
    from coinmux.framework.samples.format import Exchange, FieldSource, SampleSeries


@dataclass(frozen=True, slots=True)
class Span:
    """Which candles a request asks for, in seconds."""

    step_s: int
    limit: int
    start_s: int | None = None
    end_s: int | None = None


def steps_of(info: ProviderInfo, series: SampleSeries) -> Mapping[str, int]:
    """The source's words for lengths of candles: those the sample tells, and those of its info."""
    ours = info.intervals if info.intervals is not None else {}
    return {**{word: INTERVALS[one] for one, word in ours.items()}, **series.step.values}


def rows_of(
    exchange: Exchange,
    series: SampleSeries,
    steps: Mapping[str, int],
    volume: FieldSource | None = None,
) -> tuple[candle_series.Rows, Span]:
    """How a sample's rows are written, and what its request asks for.

    Args:
        volume: where what was traded stands in the sample.

    Raises:
        ValueError: the rows do not tell which price is which.
    """
    root = json_paths.parse(series.path)
    rows = next(json_paths.values(exchange.response.body, root))
    time = json_paths.parse(series.time)
    times = [next(json_paths.values(row, time)) for row in rows]
    request = exchange.request
    word = request.params.get(series.step.param) if series.step.param else None
    if word is None and series.step.segment is not None:
        word = series.step.word(request.path.split("/")[1:])
    step_s = steps.get(word or "") or _spacing(times)
    limit = request.params.get(series.limit.param) if series.limit.param else None
    count = int(limit) if limit and limit.isdigit() else series.limit.default
    paths = [json_paths.parse(path) for path in exchange.times]
    prices = [json_paths.parse(path) for path in exchange.prices]
    read = candle_series.Rows.read(
        rows,
        step_s=step_s,
        time=time,
        times=[inside for path in paths if (inside := json_paths.below(path, root)) is not None],
        prices=[inside for path in prices if (inside := json_paths.below(path, root)) is not None],
        columns=series.columns,
        order=series.order,
        at=series.at,
        volume=_in_a_row(volume, root),
    )
    return read, Span(step_s, min(count, series.limit.max))


def _in_a_row(volume: FieldSource | None, root: json_paths.Parts) -> json_paths.Parts | None:
    """The path of the volume in a row; None where it is told in other units than the base's."""
    path = volume.path_in(0) if volume is not None and volume.unit == "base" else None
    parts = json_paths.parse(path) if path else ()
    return parts[len(root) + 1 :] or None if parts[: len(root)] == root else None


def _spacing(times: list[Any]) -> int:
    moments = sorted(stamp.ns // 10**9 for time in times if (stamp := read_time(time)) is not None)
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    return min((gap for gap in gaps if gap > 0), default=3600)
