"""Corrupted answers: whatever a field holds, the hook raises a framework error or returns sense."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from coinmux.framework.errors import NotOffered, PluginError, ProviderError, UnknownSymbol
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.conformance.border import Ended, ForgivingClient, ask, source_of
from coinmux.framework.testing.conformance.check import Case
from coinmux.framework.testing.conformance.response_checks import all_of
from coinmux.framework.testing.conformance.sample_checks import stem

if TYPE_CHECKING:
    from coinmux.framework.samples.format import Exchange, Sample
    from coinmux.framework.testing.conformance.subject import Subject

#: Which answer of a sample, and where in its body.
_Place = tuple[int, tuple[str, ...]]
#: What stands in place of a value.
_STRANGERS: tuple[Any, ...] = (None, "", "corrupted", "NaN", -1, True, [], {})
_GONE = object()
#: How many places of one body are corrupted; a long answer repeats itself.
_MOST_PLACES = 120


def hostile_fields(subject: Subject) -> Sequence[Case]:
    """A field that is missing, null or of another type ends in an error, or in a sound result."""
    cases = []
    seen: set[Any] = set()
    for sample in subject.samples:
        if sample.outcome == "ok" and sample.capability in subject.served:
            places = _new_places(sample, seen)
            if places:
                cases.append(Case(stem(sample), _spoilt(subject, sample, places)))
    return cases


def _spoilt(subject: Subject, sample: Sample, places: Sequence[_Place]) -> Any:
    query = subject.query_of(sample)

    async def one(exchanges: list[Exchange], what: str) -> str | None:
        source = source_of(subject, FakeClock(wall_ms=sample.recorded_at))
        client = ForgivingClient(source.bound, exchanges)
        wrong = unsound(await ask(subject, sample.capability, query, client, source=source))
        return None if wrong is None else f"{what}: {wrong}"

    return all_of(lambda: [one(exchanges, what) for exchanges, what in _variants(sample, places)])


def unsound(ended: Ended) -> str | None:
    """What is wrong with how a corrupted answer ended."""
    error = ended.error
    if ended.crash is not None:
        return f"ends in {ended}"
    if isinstance(error, PluginError):
        return f"ends in {error}: read with care, or let KeyError, TypeError or ValueError pass"
    if error is not None:
        return None if isinstance(error, (ProviderError, UnknownSymbol, NotOffered)) else str(error)
    place = _no_number(ended.result, "")
    return None if place is None else f"the result has no finite number at {place}"


def _no_number(value: Any, place: str) -> str | None:
    """Where a value is not finite; a candle without volume may have nan there."""
    if isinstance(value, float):
        return None if math.isfinite(value) else place
    if isinstance(value, np.ndarray):
        bare = place.endswith("volume")
        sound = bool(np.isinf(value).any()) if bare else not bool(np.isfinite(value).all())
        return place if sound else None
    inside: Sequence[tuple[str, Any]] = ()
    if isinstance(value, BaseModel):
        inside = [(name, getattr(value, name)) for name in type(value).model_fields]
    elif isinstance(value, Mapping):
        inside = [(str(name), item) for name, item in value.items()]
    elif isinstance(value, (list, tuple)):
        inside = [(str(at), item) for at, item in enumerate(value)]
    for name, item in inside:
        found = _no_number(item, f"{place}.{name}" if place else name)
        if found is not None:
            return found
    return None


def _variants(sample: Sample, places: Sequence[_Place]) -> Iterator[tuple[list[Exchange], str]]:
    """The sample's exchanges with one place of one body corrupted, and which."""
    for at, parts in places:
        exchange = sample.exchanges[at]
        for stranger in (_GONE, *_STRANGERS):
            body = _with(exchange.response.body, parts, stranger)
            if body is _GONE:
                continue
            response = exchange.response.model_copy(update={"body": body})
            corrupted = exchange.model_copy(update={"response": response})
            told = "missing" if stranger is _GONE else json.dumps(stranger)
            yield (
                [*sample.exchanges[:at], corrupted, *sample.exchanges[at + 1 :]],
                f"{'.'.join(parts)} {told}",
            )


def _new_places(sample: Sample, seen: set[Any]) -> list[_Place]:
    """Places of its bodies that no sample before it had, with a value of that type."""
    found: list[_Place] = []
    for at, exchange in enumerate(sample.exchanges):
        if not exchange.response.has_body:
            continue
        for parts, shape in _places(exchange.response.body, (), ()):
            key = (sample.capability, at, shape)
            if parts and key not in seen and len(found) < _MOST_PLACES:
                seen.add(key)
                found.append((at, parts))
    return found


def _places(
    value: Any, above: tuple[str, ...], shape: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Every place of a body, and what it is alike; of a list the first and the last item."""
    yield above, (*shape, type(value).__name__)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*above, key), (*shape, key))
    elif isinstance(value, list) and value:
        is_row = bool(above) and above[-1].isdigit()
        wanted = range(len(value)) if is_row else sorted({0, len(value) - 1})
        for at in wanted:
            alike = str(at) if is_row else "first" if at == 0 else "last"
            yield from _places(value[at], (*above, str(at)), (*shape, alike))


def _with(body: Any, parts: tuple[str, ...], stranger: Any) -> Any:
    """The body with something else in that place; `_GONE` where nothing would change.

    Only what lies on the way is copied; the rest goes over the wire as JSON anyway.
    """
    head, rest = parts[0], parts[1:]
    copied = dict(body) if isinstance(body, dict) else list(body)
    key: Any = head if isinstance(body, dict) else int(head)
    if rest:
        inside = _with(copied[key], rest, stranger)
        if inside is _GONE:
            return _GONE
        copied[key] = inside
    elif stranger is _GONE:
        del copied[key]
    elif copied[key] == stranger and type(copied[key]) is type(stranger):
        return _GONE
    else:
        copied[key] = stranger
    return copied
