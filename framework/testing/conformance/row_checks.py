"""Lists with one damaged row: the row is left out and reported, and the rest is the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.conformance.border import Ended, ForgivingClient, ask, source_of
from coinmux.framework.testing.conformance.check import Case, NotApplicable
from coinmux.framework.testing.conformance.response_checks import all_of
from coinmux.framework.testing.conformance.sample_checks import stem

if TYPE_CHECKING:
    from coinmux.framework.samples.format import Exchange, Sample
    from coinmux.framework.testing.conformance.subject import Subject

#: Which answer of a sample, and the way to a list of rows in its body.
Place = tuple[int, tuple[Any, ...]]
#: Rows of one list that are damaged in turn; a long list repeats itself.
_MOST_LISTS = 12
#: What stands in place of a row that is an object or a list.
_DAMAGED: tuple[Any, ...] = (None, "damaged", 7)


def bad_row(subject: Subject) -> Sequence[Case]:
    """A list with one bad row is answered without it and with a remark; rows may grow."""
    cases = [
        Case(stem(sample), _holds(subject, sample, at, way))
        for sample in good_samples(subject)
        for at, way in list(lists_of(sample))[:_MOST_LISTS]
    ]
    if not cases:
        raise NotApplicable("no sample has a list of rows")
    return cases


def good_samples(subject: Subject) -> list[Sample]:
    """Samples of answers whose capability the provider serves."""
    return [s for s in subject.samples if s.outcome == "ok" and s.capability in subject.served]


def lists_of(sample: Sample) -> Iterator[Place]:
    """Lists of at least three objects or lists in the bodies: one of them is not most of them."""
    for at, exchange in enumerate(sample.exchanges):
        if exchange.response.has_body:
            for way in _ways(exchange.response.body, ()):
                yield at, way


def _ways(value: Any, way: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _ways(item, (*way, key))
    elif isinstance(value, list):
        if len(value) > 2 and {type(item) for item in value} in ({dict}, {list}):
            yield way
        # Rows may have lists of rows in them; the first shows how.
        for item in value[:1]:
            yield from _ways(item, (*way, 0))


def _holds(subject: Subject, sample: Sample, at: int, way: tuple[Any, ...]) -> Any:
    row = len(inside(sample.exchanges[at].response.body, way)) // 2

    async def answered(change: Any) -> Ended:
        return await play_changed(subject, sample, at, way, change)

    async def one() -> str | None:
        whole, shorter = await answered(list), await answered(lambda rows: _without(rows, row))
        if whole.result is None or shorter.result is None:
            return None  # `ok_samples` says so, or the answer is nothing without its whole list
        if whole.result.rows_left_out:
            return None  # with one more, most of its rows may be bad
        if _items(shown(shorter)) >= _items(shown(whole)):
            return None  # its rows are no items of the answer
        for bad in _DAMAGED:
            wrong = _wrong(await answered(_replacing(row, bad)), shorter, whole)
            if wrong is not None:
                place = ".".join(map(str, (*way, row)))
                return f"{place} {json.dumps(bad)}: {wrong}"
        grown = await answered(_grown)
        if shown(grown) != shown(whole):
            return f"{'.'.join(map(str, way))}: rows that grew are not read as before: {grown}"
        return None

    return all_of(lambda: [one()])


def _items(data: Any) -> int:
    """How many items the lists of an answer have."""
    if isinstance(data, dict):
        return sum(map(_items, data.values()))
    return len(data) + sum(map(_items, data)) if isinstance(data, list) else 0


def _replacing(row: int, bad: Any) -> Any:
    return lambda rows: [*rows[:row], bad, *rows[row + 1 :]]


def _without(rows: list[Any], row: int) -> list[Any]:
    return [*rows[:row], *rows[row + 1 :]]


def _grown(rows: list[Any]) -> list[Any]:
    """Every row with a member, or a column at its end, that is not documented."""
    return [{**row, "kitGrew": None} if isinstance(row, dict) else [*row, None] for row in rows]


def _wrong(ended: Ended, shorter: Ended, whole: Ended) -> str | None:
    if ended.result is None:
        return f"one bad row costs the answer ({ended}): read rows by coinmux.models.read_rows"
    if shown(ended) != shown(shorter):
        return "the rest is not the answer as it is without that row"
    if not is_remarked(ended, whole):
        return "it is left out without a remark: read rows by coinmux.models.read_rows"
    return None


def is_remarked(ended: Ended, whole: Ended) -> bool:
    """Whether an answer says more of what it lacks than the undamaged one."""
    if ended.result is None or whole.result is None:
        return False
    more = set(ended.result.notes) - set(whole.result.notes)
    return bool(more) or ended.result.rows_left_out > whole.result.rows_left_out


def shown(ended: Ended) -> Any:
    """The data of an answer as plain values; None if there is none."""
    return None if ended.result is None else json.loads(ended.result.encode())


async def play_changed(
    subject: Subject, sample: Sample, at: int, way: Sequence[Any], change: Any
) -> Ended:
    """How the sample ends with `change` of what stands at a place of one body in its place."""
    exchange = sample.exchanges[at]
    body = changed(exchange.response.body, way, change)
    response = exchange.response.model_copy(update={"body": body})
    damaged = exchange.model_copy(update={"response": response})
    exchanges: list[Exchange] = [*sample.exchanges[:at], damaged, *sample.exchanges[at + 1 :]]
    ended, strayed = await _put(subject, sample, exchanges, {})
    if strayed and subject.all_keys() != subject.required_keys():
        # Some sources have another address for callers with a key.
        again, strayed = await _put(subject, sample, exchanges, subject.all_keys())
        return ended if strayed else again
    return ended


async def _put(
    subject: Subject, sample: Sample, exchanges: Sequence[Exchange], keys: Mapping[str, str]
) -> tuple[Ended, bool]:
    """How the question ends, and whether it asked for what no exchange answers."""
    source = source_of(subject, FakeClock(wall_ms=sample.recorded_at), environ=keys)
    client = ForgivingClient(source.bound, exchanges)
    query = subject.query_of(sample)
    ended = await ask(subject, sample.capability, query, client, source=source)
    return ended, bool(client.strays)


def inside(body: Any, way: Sequence[Any]) -> Any:
    """What stands at the end of a way through a body."""
    for key in way:
        body = body[key]
    return body


def changed(body: Any, way: Sequence[Any], change: Any) -> Any:
    """The body with another value at the end of a way; only what lies on it is copied."""
    if not way:
        return change(body)
    copied = dict(body) if isinstance(body, dict) else list(body)
    copied[way[0]] = changed(copied[way[0]], way[1:], change)
    return copied
