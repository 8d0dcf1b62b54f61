"""Requests as they came, and whether a sample answers them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coinmux.framework.samples.format import ANY, Sample, SampleSeries
from coinmux.framework.simulator.candle_spans import Span
from coinmux.framework.simulator.player import Play
from coinmux.framework.simulator.time_shift import SECOND_NS, read_time

#: A number of rows.
COUNT = re.compile(r"\d{1,5}", re.ASCII)
_STARTS = re.compile(r"start|since|from|begin", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came, decoded, without the provider's key parameters.

    Attributes:
        host, channel: at most one of them.
        segments: of the path, decoded; none for the root.
    """

    method: str
    segments: tuple[str, ...]
    params: Mapping[str, str]
    json: Any = None
    host: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class PatternMatch:
    """A sample that answers.

    Attributes:
        span: of candles.
        address: the sample's, and the one that was asked about in its place.
        page: of a list of coins, the first of the sample's rows and one past the last.
        said: words of a refusal that name its subject, and those of the one asked for.
    """

    play: Play
    span: Span | None = None
    address: tuple[str, str] | None = None
    page: tuple[int, int] | None = None
    said: tuple[tuple[str, str], ...] | None = None

    @property
    def sample(self) -> Sample:
        return self.play.script.sample


@dataclass(frozen=True, slots=True)
class Pattern:
    """What one sample in one pair answers.

    Attributes:
        address: the sample's, where it has one: another of its kind may stand in its place.
    """

    play: Play
    asked: Asked
    series: SampleSeries | None
    address: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it answers one request alone, of GET."""
        told = (*self.asked.params.values(), *self.asked.segments)
        return self.series is None and self.asked.json is None and ANY not in told

    def fits(self, asked: Asked) -> PatternMatch | None:
        """What it answers the request with; None where it does not."""
        own = self.asked
        if own.method != asked.method or len(own.segments) != len(asked.segments):
            return None
        caught: list[str] = []
        at_step = None if self.series is None else self.series.step.segment
        count = len(own.segments)
        for at, (mine, theirs) in enumerate(zip(own.segments, asked.segments, strict=True)):
            if at_step is not None and at == at_step % count and _same_but_step(self, mine, theirs):
                continue
            if not self._same(mine, theirs, caught):
                return None
        if self.series is not None:
            span = self._span(self.series, asked)
            return None if span is None else PatternMatch(self.play, span)
        if own.params.keys() != asked.params.keys():
            return None
        if not all(self._same(own.params[n], value, caught) for n, value in asked.params.items()):
            return None
        if not self._same(_without_id(own.json), _without_id(asked.json), caught):
            return None
        if len(set(caught)) > 1:
            return None
        old = self.address
        return PatternMatch(
            self.play, address=(old, caught[0]) if caught and old is not None else None
        )

    def _same(self, mine: Any, theirs: Any, caught: list[str]) -> bool:
        if mine in (ANY, theirs):
            return True
        if isinstance(mine, str) and isinstance(theirs, str) and self.address is not None:
            if mine.lower() == self.address.lower() and _alike(mine, theirs):
                caught.append(theirs)
                return True
            return False
        if isinstance(mine, dict) and isinstance(theirs, dict):
            return mine.keys() == theirs.keys() and all(
                self._same(value, theirs[name], caught) for name, value in mine.items()
            )
        if isinstance(mine, list) and isinstance(theirs, list):
            return len(mine) == len(theirs) and all(
                self._same(*both, caught) for both in zip(mine, theirs, strict=True)
            )
        return False

    def _span(self, series: SampleSeries, asked: Asked) -> Span | None:
        """The candles asked for; None where another parameter differs or the length is unknown."""
        usual = self.play.script.span
        assert usual is not None
        step_s, limit, steps = usual.step_s, series.limit.default, self.play.script.steps
        if series.step.segment is not None:
            known = steps.get(series.step.word(asked.segments) or "")
            if known is None:
                return None
            step_s = known
        own = self.asked.params
        moments: dict[str, int] = {}
        for name, value in asked.params.items():
            if name == series.step.param:
                if value not in steps:
                    return None
                step_s = steps[value]
            elif name == series.limit.param:
                if not COUNT.fullmatch(value):
                    return None
                limit = max(1, min(int(value), series.limit.max))
            elif own.get(name) == value and name not in (series.range.start, series.range.end):
                continue
            elif (stamp := read_time(value)) is not None:
                moments[name] = -(-stamp.ns // SECOND_NS)
            elif own.get(name) != ANY:
                return None
        free = {series.step.param, series.limit.param, series.range.start, series.range.end}
        for name, value in own.items():
            if name not in asked.params and name not in free and value != ANY:
                return None
        return Span(step_s, limit, *_bounds(series, moments))


def _bounds(series: SampleSeries, moments: Mapping[str, int]) -> tuple[int | None, int | None]:
    start = moments.get(series.range.start or "")
    end = moments.get(series.range.end or "")
    left = {n: at for n, at in moments.items() if n not in (series.range.start, series.range.end)}
    if len(left) > 1:
        return min(left.values()), max(left.values())
    for name, at in left.items():
        if start is None and _STARTS.search(name):
            start = at
        elif end is None:
            end = at
    return start, end


def _same_but_step(pattern: Pattern, mine: str, theirs: str) -> bool:
    """Whether two segments differ in the length of the candles alone, or are that length."""
    part = None if pattern.series is None else pattern.series.step.part
    if part is None:
        return True
    one, other = mine.split(":"), theirs.split(":")
    return one[:part] + one[part + 1 :] == other[:part] + other[part + 1 :]


def _alike(one: str, other: str) -> bool:
    """Whether two addresses are of one kind: by their prefix and length."""
    if one[:2].lower() == "0x" or other[:2].lower() == "0x":
        return one[:2].lower() == other[:2].lower() and len(one) == len(other)
    return 26 <= len(one) <= 90 and 26 <= len(other) <= 90


def _without_id(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: item for name, item in value.items() if name != "id"}
    if isinstance(value, list):
        return [_without_id(item) for item in value]
    return value
