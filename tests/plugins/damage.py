"""Damage to the answers of samples, one row or one value at a time, and what may come of it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from types import NoneType
from typing import Any, get_args

from coinmux.framework.errors import NotOffered, OtherSubject, ProviderError, UnknownSymbol
from coinmux.framework.samples import units
from coinmux.framework.samples.format import Sample
from coinmux.framework.testing.conformance import Subject
from coinmux.framework.testing.conformance.border import Ended
from coinmux.framework.testing.conformance.field_checks import place_of
from coinmux.framework.testing.conformance.hostile_checks import unsound
from coinmux.framework.testing.conformance.row_checks import (
    good_samples,
    inside,
    is_remarked,
    lists_of,
    play_changed,
    shown,
)

GONE = object()
GREW = object()
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
#: What no reader can take for a value of a number, and what it may.
_NO_NUMBER: tuple[Any, ...] = (None, "", GONE, [], {}, "nan", "x1", "1e999", "1,5", 10**400)
_ANY_NUMBER: tuple[Any, ...] = (0, -1)
_NO_TEXT: tuple[Any, ...] = (None, "", GONE, [], {})
_NO_ROW: tuple[Any, ...] = (None, "", "damaged", 7, {}, [])
#: Members of our own making: they follow from the rows that are left.
_OURS = ("last_closed",)
#: Texts that are made of several members of the source, or of another where one is missing.
_MADE = ("name", "source", "url", "cursor", "summary", "title")
_MINUTE_MS = 60_000


@dataclass(frozen=True)
class Damage:
    """One change of one body.

    Attributes:
        at: which exchange of the sample.
        way: to the value in its body.
        bad: what stands there then.
        row: whether a whole row is damaged.
    """

    at: int
    way: tuple[Any, ...]
    bad: Any
    row: bool = False

    def apply(self, value: Any) -> Any:
        """For `changed`: the value in place of the one that stands at the end of `parent`."""
        key = self.way[-1]
        copied = dict(value) if isinstance(value, dict) else list(value)
        if self.bad is GONE and isinstance(copied, dict):
            del copied[key]
        elif self.bad is GONE:
            copied = copied[:key]
        elif self.bad is GREW:
            inner = copied[key]
            grown = {**inner, "kitGrew": "new"} if isinstance(inner, dict) else [*inner, "new"]
            copied[key] = grown
        else:
            copied[key] = self.bad
        return copied

    def __str__(self) -> str:
        bad = {id(GONE): "gone", id(GREW): "grown"}.get(id(self.bad), repr(self.bad)[:20])
        return f"{self.at}:{'.'.join(map(str, self.way))} {bad}"


class Victim:
    """A sample, its undamaged answer, and which of its lists hold the rows of the answer."""

    def __init__(self, subject: Subject, sample: Sample) -> None:
        self.subject = subject
        self.sample = sample
        self.whole = Ended()
        self.rows: set[tuple[int, tuple[Any, ...]]] = set()

    @property
    def is_gathered(self) -> bool:
        """Whether its candles are made of shorter ones, so that a lost row changes others."""
        intervals = self.subject.info.intervals
        asked = self.sample.query.get("interval", "1h")
        return intervals is not None and asked not in intervals

    async def prepare(self) -> bool:
        """Whether the sample can be used: it is answered, and its figures are not gathered."""
        if self.is_gathered:
            return False
        self.whole = await play_changed(self.subject, self.sample, 0, (), lambda body: body)
        if self.whole.result is None:
            return False
        for at, way in lists_of(self.sample):
            # Most of them, as what is beyond a limit may take the place of one.
            shorter = await play_changed(self.subject, self.sample, at, way, lambda rows: rows[:2])
            if shorter.result is not None and _items(shown(shorter)) < _items(shown(self.whole)):
                self.rows.add((at, way))
        return True

    def damages(self) -> Iterator[Damage]:
        """Every damage there is."""
        for at, exchange in enumerate(self.sample.exchanges):
            if exchange.response.has_body:
                yield from self._at(at, exchange.response.body, ())

    def _at(self, at: int, value: Any, way: tuple[Any, ...]) -> Iterator[Damage]:
        in_rows = bool(way) and (at, way[:-1]) in self.rows
        if isinstance(value, (dict, list)):
            if in_rows:
                yield from (Damage(at, way, bad, row=True) for bad in _NO_ROW)
                yield Damage(at, way, GREW)
            elif isinstance(value, dict) and value and way:
                yield Damage(at, way, GREW)
            inner = value.items() if isinstance(value, dict) else enumerate(value)
            for key, item in inner:
                yield from self._at(at, item, (*way, key))
            is_row = in_rows or not (way or any(isinstance(v, (dict, list)) for v in value))
            if isinstance(value, list) and is_row:
                # A row, or an answer that is one row, may end too early.
                yield from (Damage(at, (*way, end), GONE) for end in range(len(value)))
        elif way:
            of_list = isinstance(way[-1], int)
            for bad in _bad_for(value):
                if bad is not GONE or not of_list:
                    yield Damage(at, way, bad)

    def is_in_rows(self, damage: Damage) -> bool:
        """Whether it is of a row, or within one."""
        ways = [damage.way[:end] for end in range(len(damage.way))]
        return any((damage.at, way) in self.rows for way in ways)

    async def is_as_without_row(self, damage: Damage, after: Any) -> bool:
        """Whether an answer is the one that the body gives without the row that is damaged."""
        body = self.sample.exchanges[damage.at].response.body
        for end in range(len(damage.way) - 1, -1, -1):
            way, key = damage.way[:end], damage.way[end]
            rows = inside(body, way)
            of_rows = isinstance(rows, list) and all(isinstance(r, (dict, list)) for r in rows)
            if of_rows and len(rows) > 1:
                shorter = await play_changed(
                    self.subject, self.sample, damage.at, way, _without(key)
                )
                if shown(shorter) == after:
                    return True
        return False

    def _told(self) -> set[tuple[int, str]]:
        """Where the sample's figures stand that are not derived."""
        sources = self.sample.fields.values()
        return {place_of(one.path) for one in sources if not one.unit.startswith(units.DERIVED)}

    def is_optional(self, damage: Damage) -> bool:
        """Whether what is damaged is a figure that our model can do without."""
        assert self.whole.result is not None
        if damage.bad is GONE and isinstance(damage.way[-1], int):
            return False  # with it went what stands after it
        if self._told() == {(damage.at, ".".join(map(str, damage.way)))}:
            return False  # nothing else is in the answer
        fields = type(self.whole.result).model_fields
        for name, source in self.sample.fields.items():
            field = fields.get(name)
            if field is None or NoneType not in get_args(field.annotation):
                continue
            at, path = place_of(source.path)
            if source.unit.startswith(units.DERIVED) or at != damage.at:
                continue
            if path == ".".join(map(str, damage.way)):
                return True
        return False

    async def wrong(self, damage: Damage) -> str | None:
        """What is wrong with what comes of a damage; None if it is as it should be."""
        ended = await play_changed(
            self.subject, self.sample, damage.at, damage.way[:-1], damage.apply
        )
        if ended.crash is not None:
            return str(ended)
        if ended.error is not None:
            return self._wrong_error(damage, ended)
        loud = is_remarked(ended, self.whole)
        before, after = shown(self.whole), shown(ended)
        if damage.bad is GREW:
            return "what grew is not read as before" if before != after or loud else None
        found = unsound(ended)
        if found is not None:
            return found
        seen = _Difference(damage)
        if before != after and await self.is_as_without_row(damage, after):
            seen.lost += _items(before) - _items(after)
        else:
            seen.compare(before, after, "")
        if seen.wrong:
            return seen.wrong[0]
        if self.sample.capability == "news" and self.sample.query.get("asset"):
            return None  # without its title, a story may be about no coin, or another
        if seen.lost and not loud and not _is_nothing(self.sample.capability, damage):
            return "rows are lost without a remark"
        silent = damage.bad in (None, "", GONE, "nan") or damage.bad in _ANY_NUMBER
        if seen.nulled and not loud and not silent:
            return f"{seen.nulled[0]} is null without a remark"
        return None

    def _wrong_error(self, damage: Damage, ended: Ended) -> str | None:
        if not isinstance(ended.error, (ProviderError, UnknownSymbol, NotOffered)):
            return str(ended)
        found = unsound(ended)
        if found is not None:
            return found
        if damage.bad is GREW:
            return f"what grew costs the answer: {ended}"
        has_bad = self.whole.result is not None and self.whole.result.rows_left_out > 0
        honest = isinstance(ended.error, OtherSubject) or has_bad
        if self.is_in_rows(damage) and not honest:
            return f"one row costs the answer: {ended}"
        if self.is_optional(damage) and not isinstance(ended.error, OtherSubject):
            return f"a figure we can do without costs the answer: {ended}"
        return None


def _without(key: int) -> Any:
    return lambda rows: [*rows[:key], *rows[key + 1 :]]


def _is_nothing(capability: str, damage: Damage) -> bool:
    """Whether a row says by such a value that there is none, which is no damage."""
    if capability == "order_book":
        return bool(damage.bad == 0)  # an order of no size
    in_series = capability in ("onchain_metric", "tvl") and not damage.row
    return in_series and damage.bad in (None, "", GONE, "nan")


def _bad_for(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    if isinstance(value, bool):
        return (*_NO_TEXT, "nan", 7)
    if isinstance(value, (int, float)) or _NUMBER.fullmatch(str(value)):
        return (*_NO_NUMBER, *_ANY_NUMBER)
    return _NO_TEXT


def _items(data: Any) -> int:
    if isinstance(data, dict):
        return sum(map(_items, data.values()))
    return len(data) + sum(map(_items, data)) if isinstance(data, list) else 0


class _Difference:
    """How a damaged answer differs from the undamaged one.

    Attributes:
        lost: items that are gone.
        nulled: where a value became null.
        wrong: where another value stands, which the damage does not explain.
    """

    def __init__(self, damage: Damage) -> None:
        self.damage = damage
        self.lost = 0
        self.nulled: list[str] = []
        self.wrong: list[str] = []

    def compare(self, before: Any, after: Any, place: str) -> None:
        if before == after or place.rpartition(".")[2] in _OURS:
            return
        if after is None or after == []:
            # A sender is an address or none: sources put other things there.
            if place.rpartition(".")[2] not in ("from", "to"):
                self.nulled.append(place)
        elif isinstance(before, dict) and isinstance(after, dict):
            for key in before.keys() | after.keys():
                if key in before and key not in after:
                    self.lost += 1
                else:
                    self.compare(before.get(key), after[key], f"{place}.{key}" if place else key)
        elif isinstance(before, list) and isinstance(after, list):
            self._lists(before, after, place)
        elif not self._explained(before, after, place):
            self.wrong.append(f"{place} is {str(after)[:60]!r}, and was {str(before)[:60]!r}")

    def _lists(self, before: list[Any], after: list[Any], place: str) -> None:
        if len(before) == len(after) and not any(isinstance(b, (dict, list)) for b in before):
            for at, (one, other) in enumerate(zip(before, after, strict=True)):
                self.compare(one, other, f"{place}.{at}")
            return
        left, new = list(before), []
        for item in after:
            if item in left:
                left.remove(item)
            else:
                new.append(item)
        self.lost += max(0, len(before) - len(after))
        if len(new) > 1:
            self.wrong.append(f"{len(new)} items of {place} are others")
        for item in new:
            # It must be one of those that are not there, with something null.
            tries = []
            for old in left:
                one = _Difference(self.damage)
                one.compare(old, item, f"{place}.*")
                tries.append(one)
            best = min(tries, key=lambda one: len(one.wrong), default=None)
            if best is None and self.damage.bad is GONE and self.damage.way[-1] == "type":
                continue  # old answers have no such member, and their rows are all of one kind
            if best is None:
                self.wrong.append(f"{place} has an item more: {str(item)[:80]}")
                continue
            self.wrong += best.wrong
            self.nulled += best.nulled

    def _explained(self, before: Any, after: Any, place: str) -> bool:
        bad = self.damage.bad
        if bad in _ANY_NUMBER and type(bad) is int:
            return True  # a figure that may be true, so what follows from it may be too
        if bad in (None, "", GONE) and place.endswith(".id"):
            return True  # an older name of the same, where a source has two
        if isinstance(before, str) and isinstance(after, str) and place.rpartition(".")[2] in _MADE:
            return True
        if isinstance(after, (int, float)) and after == bad:
            return True
        if isinstance(after, str) and after == str(bad):
            return True  # a text is carried as it is
        if place.endswith(".active") and isinstance(bad, (str, int)):
            return after is False  # a word for the state of a market that is not known
        if isinstance(before, float) and isinstance(after, (int, float)):
            # A change that is worked out of the price before, where the source's is damaged.
            return place.endswith("change_percent") and math.isclose(before, after, abs_tol=0.05)
        # The envelope's time, where that of the book is missing.
        is_time = place == "timestamp" and isinstance(after, int) and isinstance(before, int)
        return is_time and abs(before - after) < _MINUTE_MS


async def damaged(subject: Subject, tries: int) -> list[str]:
    """What is wrong with how a provider reads damaged answers: one of each sample, at random."""
    chance = Random(f"damage of {subject.name}")
    victims = [Victim(subject, sample) for sample in good_samples(subject)]
    pools = [list(v.damages()) for v in victims if await v.prepare()]
    usable = [v for v in victims if v.whole.result is not None]
    if victims and not usable and any(not v.is_gathered for v in victims):
        return [f"no sample is answered: {victims[0].sample.file} ends in {victims[0].whole}"]
    found = []
    for victim, pool in zip(usable, pools, strict=True):
        share = -(-tries // len(pools))
        for damage in chance.sample(pool, min(share, len(pool))):
            wrong = await victim.wrong(damage)
            if wrong is not None:
                found.append(f"{victim.sample.file} {damage}: {wrong}")
    return found
