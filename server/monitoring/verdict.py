"""The state of the whole in a sentence or two: what can be answered, since when, and why not.

It is made of segments, so that the pages can make links of names and show times in their own zone.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from msgspec import UNSET, Meta, UnsetType

from coinmux.framework.reports.answerable import uncapitalized
from coinmux.framework.reports.base import FrozenReport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from coinmux.framework.reports.answerable import CapabilityStatus, Overall

#: Names in one list; more of them make a sentence nobody reads.
_NAMED = 3
#: Times that lie so near each other are one event.
_TOGETHER_MS = 120_000
_DAY_MS = 86_400_000
#: Codes of errors as words that follow "they".
_WHY = {
    "upstream_unreachable": "cannot be reached",
    "upstream_timeout": "do not answer in time",
    "upstream_disconnected": "break the connection",
    "upstream_tls": "have no valid certificate",
    "upstream_status": "answer with an error",
    "upstream_rate_limited": "limit our requests",
    "upstream_geo_blocked": "refuse this country",
    "upstream_challenge": "ask for a human",
    "local_network": "cannot be reached: this machine has no network",
}


class Segment(FrozenReport, omit_defaults=True):
    """A piece of the sentence, in order; a name is a link, a time is written by the page."""

    text: Annotated[str, Meta(description="Words as they stand; empty where `at` is given")]
    capability: Annotated[
        str | UnsetType, Meta(description="The capability that the text names")
    ] = UNSET
    provider: Annotated[str | UnsetType, Meta(description="The provider that the text names")] = (
        UNSET
    )
    at: Annotated[int | UnsetType, Meta(description="A time to be put here, Unix ms")] = UNSET


@dataclass(frozen=True, slots=True)
class DownProvider:
    """A provider that is OFFLINE.

    Attributes:
        since: Unix ms; None where it is not known.
        code: of its last error.
    """

    name: str
    title: str
    since: int | None
    code: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentence is made from.

    Attributes:
        answering: whether any data can be asked for at all.
        since: when each capability got its status, Unix ms.
        overall_since: when the whole got its status, Unix ms.
        down: most important first.
        helpers: names and titles of those that answer in place of the ones that are down.
        failed_share: of the last minute's requests; None where there were too few to say.
    """

    status: Overall
    answering: bool
    capabilities: Sequence[CapabilityStatus]
    since: Callable[[str], int]
    overall_since: int
    down: Sequence[DownProvider] = ()
    helpers: Sequence[tuple[str, str]] = ()
    failed_share: float | None = None


def verdict_of(facts: Facts) -> tuple[Segment, ...]:
    """The sentence, in segments."""
    said = _Sentence()
    if not facts.capabilities:
        said.text("No source is switched on, so nothing can be answered.")
        return said.segments()
    if not facts.answering:
        _nothing(said, facts)
        return said.segments()
    _answered(said, facts)
    _capabilities(said, facts)
    if facts.failed_share is not None and facts.failed_share > 0:
        said.text(f" {100 * facts.failed_share:.0f} % of the last minute's requests failed.")
    _providers(said, facts)
    return said.segments()


def plain(segments: Iterable[Segment], now_ms: int) -> str:
    """The same as text, with times in UTC."""
    return "".join(one.text if one.at is UNSET else _utc(one.at, now_ms) for one in segments)


def _utc(at_ms: int, now_ms: int) -> str:
    form = "%H:%M UTC" if now_ms - at_ms < _DAY_MS else "%d %b %H:%M UTC"
    return dt.datetime.fromtimestamp(at_ms / 1000, dt.UTC).strftime(form)


class _Sentence:
    """Segments in the making; words that follow each other become one."""

    def __init__(self) -> None:
        self._made: list[Segment] = []
        self._words = ""

    def text(self, words: str) -> None:
        self._words += words

    def add(self, segment: Segment) -> None:
        if self._words:
            self._made.append(Segment(text=self._words))
            self._words = ""
        self._made.append(segment)

    def at(self, at_ms: int) -> None:
        self.add(Segment(text="", at=at_ms))

    def segments(self) -> tuple[Segment, ...]:
        if self._words:
            self._made.append(Segment(text=self._words))
            self._words = ""
        return tuple(self._made)

    def names(self, parts: Sequence[Segment]) -> None:
        """Names with commas and "and" between; those past the third are counted."""
        shown = parts if len(parts) <= _NAMED + 1 else parts[:_NAMED]
        left = len(parts) - len(shown)
        for place, part in enumerate(shown):
            if place:
                self.text(", " if left or place < len(shown) - 1 else " and ")
            self.add(part)
        if left:
            self.text(f" and {left} more")


def _nothing(said: _Sentence, facts: Facts) -> None:
    """No data can be asked for; what this machine answers by itself is named."""
    left = [line for line in facts.capabilities if line.usable > 0]
    if left:
        said.text("Only ")
        said.names(_titles(left, begins=False))
    else:
        said.text("Nothing")
    said.text(" can be answered since ")
    said.at(facts.overall_since)
    codes = Counter(one.code for one in facts.down if one.code is not None)
    why = _WHY.get(codes.most_common(1)[0][0], "do not answer") if codes else "may not be asked"
    if not facts.down:
        said.text(": no source may be asked now.")
    elif len(facts.down) == 1:
        said.text(": ")
        said.add(_provider(facts.down[0]))
        said.text(" is down.")
    else:
        said.text(f": all {len(facts.down)} sources that were asked {why}.")


def _answered(said: _Sentence, facts: Facts) -> None:
    count = len(facts.capabilities)
    up = sum(line.usable > 0 for line in facts.capabilities)
    if up == count == 1:
        said.names(_titles(facts.capabilities))
        said.text(" can be answered.")
    elif up == count:
        said.text(f"All {count} questions can be answered.")
    else:
        said.text(f"{up} of {count} questions can be answered.")


def _capabilities(said: _Sentence, facts: Facts) -> None:
    """Those that nobody answers, by the time since when; then those that one source is left for."""
    down = sorted(
        (line for line in facts.capabilities if not line.usable),
        key=lambda line: (facts.since(line.name), line.title),
    )
    while down:
        since = facts.since(down[0].name)
        together = [one for one in down if facts.since(one.name) - since < _TOGETHER_MS]
        down = down[len(together) :]
        said.text(" ")
        said.names(_titles(together))
        said.text(": nobody left since ")
        said.at(since)
        said.text(".")
    reduced = [line for line in facts.capabilities if line.status == "DEGRADED"]
    if reduced:
        said.text(" ")
        said.names(_titles(reduced))
        said.text(": one source left.")


def _titles(lines: Sequence[CapabilityStatus], *, begins: bool = True) -> list[Segment]:
    """Their names; the first is capitalized where it begins a sentence."""
    return [
        Segment(
            text=line.title if begins and not place else uncapitalized(line.title),
            capability=line.name,
        )
        for place, line in enumerate(lines)
    ]


def _provider(one: DownProvider) -> Segment:
    return Segment(text=one.title, provider=one.name)


def _providers(said: _Sentence, facts: Facts) -> None:
    """Who is down, since when, and who answers in its place."""
    down = facts.down
    if not down:
        return
    said.text(" ")
    said.names([_provider(one) for one in down])
    said.text(" is down" if len(down) == 1 else " are down")
    times = [one.since for one in down if one.since is not None]
    if len(times) == len(down) and max(times) - min(times) < _TOGETHER_MS:
        said.text(" since ")
        said.at(min(times))
    if facts.helpers:
        said.text("; ")
        said.names([Segment(text=title, provider=name) for name, title in facts.helpers])
        said.text(" answers" if len(facts.helpers) == 1 else " answer")
        said.text(" for it" if len(down) == 1 else " for them")
    said.text(".")
