"""Answers that are none, or spoilt: each must end in an error of ours, or in a sound result."""

from __future__ import annotations

import asyncio
import copy
import json
import math
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel

from framework.client import RawReply
from framework.errors import (
    NotOffered,
    Outcome,
    PluginError,
    ProviderError,
    ToldToWait,
    UnknownSymbol,
)
from framework.testing import dotted
from framework.testing.clock import FakeClock
from framework.testing.kit.check import Case, NotApplicable
from framework.testing.kit.played import stem
from framework.testing.kit.trial import (
    NOW_MS,
    CannedClient,
    Ended,
    ForgivingClient,
    ask,
    ask_with,
    source_of,
)

if TYPE_CHECKING:
    from framework.testing.kit.subject import Subject
    from framework.testing.samples import Exchange, Sample

_JSON = {"content-type": "application/json"}
_PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon</body></html>"
WAIT_S = 7.0
#: What stands in place of a value.
_STRANGERS: tuple[Any, ...] = (None, "", "spoilt", "NaN", -1, True, [], {})
_GONE = object()
#: Places of one body that are spoilt; a long answer repeats itself.
_MOST_PLACES = 120
#: Questions put at once: few enough that plain functions, which take threads, get their turn.
_AT_ONCE = 16
#: Bodies a source might send in place of those it documents.
_ODD_BODIES: tuple[bytes, ...] = (
    b'{"error": null}',
    b'{"error": {"code": "x", "message": null}}',
    b'{"error": ["odd"]}',
    b'{"code": [], "status": {}, "message": 7, "msg": null, "data": "none"}',
    b'{"status": "0", "message": "NOTOK"}',
    b'{"result": null, "errors": [null]}',
    b'{"data": []}',
    b"[null]",
    b'["odd"]',
    b'"odd"',
    b"7",
)
_STATUSES = (200, 400, 401, 402, 403, 404, 418, 422, 429, 451, 500, 503)


def transport(subject: Subject) -> Sequence[Case]:
    """What HTTP alone tells is understood: refused, limited, broken, no JSON, half of it."""
    return [Case(name, _understood(subject, name)) for name in subject.served]


def _understood(subject: Subject, capability: str) -> Any:
    async def one(kind: str, reply: RawReply) -> str | None:
        wrong = _misunderstood(kind, await _asked(subject, capability, reply), subject)
        return None if wrong is None else f"{kind}: {wrong}"

    return _all_of(lambda: [one(kind, reply) for kind, reply in _replies()])


def _all_of(make: Callable[[], Iterable[Coroutine[Any, Any, str | None]]]) -> Any:
    """A case of many questions, put a few at once; the first that went wrong is told."""

    async def run() -> str | None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def within(question: Coroutine[Any, Any, str | None]) -> str | None:
            async with gate:
                return await question

        found = await asyncio.gather(*(within(question) for question in make()))
        return next((wrong for wrong in found if wrong is not None), None)

    return run


def _replies() -> Iterator[tuple[str, RawReply]]:
    yield "401", RawReply(401, _JSON, b'{"message": "unauthorized"}')
    limited = {**_JSON, "retry-after": f"{WAIT_S:g}"}
    yield "429 with Retry-After", RawReply(429, limited, b'{"message": "too many requests"}')
    yield "500", RawReply(500, _JSON, b'{"message": "internal error"}')
    yield "200 with HTML", RawReply(200, {"content-type": "text/html"}, _PAGE)
    yield "200 with half an answer", RawReply(200, _JSON, b'{"data": [{"id": 1, "na')
    yield "200 with nothing", RawReply(200, _JSON, b"")


def _misunderstood(kind: str, ended: Ended, subject: Subject) -> str | None:
    error = ended.error
    if error is None:
        told = "passed on as an answer" if ended.crash is None else f"ends in {ended}"
        return f"{told}; it takes an error of the framework"
    if isinstance(error, PluginError) or not isinstance(error, ProviderError):
        return f"ends in {ended}; let the status speak for itself (map_error returns None)"
    if kind.startswith("429"):
        if not isinstance(error, ToldToWait):
            return f"ends in {error.code}, and nobody waits: let the status speak for itself"
        if error.retry_after_s is None or error.retry_after_s < WAIT_S:
            return "Retry-After is lost: leave retry_after_s out where the header tells it"
    elif kind == "401":
        if _has_key(subject) and error.outcome not in (Outcome.DENIED, Outcome.HOLD):
            return f"ends in {error.code}: a refused key is AuthRefused"
    elif error.outcome is not Outcome.FAILURE and not subject.info.channels:
        # Where there are channels each counts for itself.
        return f"ends in {error.code}, which counts for nothing: it is a failure"
    return None


def _has_key(subject: Subject) -> bool:
    return any(variable.required and variable.secret for variable in subject.info.env)


def emptiness(subject: Subject) -> Sequence[Case]:
    """`null`, `{}` and `[]` are answers only where there may be nothing."""
    return [Case(name, _not_taken(subject, name)) for name in subject.served]


def _not_taken(subject: Subject, capability: str) -> Any:
    row = subject.capabilities[capability]

    async def one(body: bytes) -> str | None:
        ended = await _asked(subject, capability, RawReply(200, _JSON, body))
        shown = body.decode()
        if ended.crash is not None or isinstance(ended.error, PluginError):
            return f"{shown} ends in {ended}"
        if ended.result is None:
            return None
        if body != b"null" and row.empty_legal and ended.result.is_empty():
            return None
        return f"{shown} is taken for an answer: it takes an error"

    return _all_of(lambda: [one(body) for body in (b"null", b"{}", b"[]")])


def odd_replies(subject: Subject) -> Sequence[Case]:
    """Errors in no shape it documents are still told as errors, and never trip the plugin."""
    return [Case(name, _survives(subject, name)) for name in subject.served]


def _survives(subject: Subject, capability: str) -> Any:
    async def one(status: int, body: bytes) -> str | None:
        ended = await _asked(subject, capability, RawReply(status, _JSON, body))
        what = f"HTTP {status} {body.decode()}"
        if ended.crash is not None or isinstance(ended.error, PluginError):
            return f"{what} ends in {ended}"
        if ended.result is not None and status != 200:
            return f"{what} is taken for an answer"
        if ended.result is not None and not ended.result.is_empty():
            return f"{what} is taken for an answer that holds something"
        return None

    bodies = (*_ODD_BODIES, b"{}", b"[]", b"not JSON")
    return _all_of(lambda: [one(status, body) for status in _STATUSES for body in bodies])


async def _asked(subject: Subject, capability: str, reply: RawReply) -> Ended:
    query = subject.question(capability)
    if query is None:
        raise NotApplicable(f"no question for {capability} is known: it takes a sample")
    return await ask_with(subject, capability, query, CannedClient(reply), NOW_MS)


def hostile_fields(subject: Subject) -> Sequence[Case]:
    """A field that is missing, null or of another type ends in an error, or in a sound result."""
    good = [
        s
        for s in subject.samples
        if s.outcome == "ok" and s.capability in subject.served and _has_json(s)
    ]
    return [Case(stem(sample), _spoilt(subject, sample)) for sample in good]


def _has_json(sample: Sample) -> bool:
    return any(exchange.response.has_body for exchange in sample.exchanges)


def _spoilt(subject: Subject, sample: Sample) -> Any:
    query = subject.query_of(sample)

    async def one(exchanges: list[Exchange], what: str) -> str | None:
        source = source_of(subject, FakeClock(wall_ms=sample.recorded_at))
        client = ForgivingClient(source.bound, exchanges)
        wrong = unsound(await ask(subject, sample.capability, query, client, source=source))
        return None if wrong is None else f"{what}: {wrong}"

    return _all_of(lambda: [one(exchanges, what) for exchanges, what in _variants(sample)])


def unsound(ended: Ended) -> str | None:
    """What is wrong with how a spoilt answer ended."""
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


def _variants(sample: Sample) -> Iterator[tuple[list[Exchange], str]]:
    """The sample's exchanges with one place of one body spoilt, and which."""
    for at, exchange in enumerate(sample.exchanges):
        if not exchange.response.has_body:
            continue
        places = [p for p in _places(exchange.response.body, ()) if p][:_MOST_PLACES]
        for parts in places:
            for stranger in (_GONE, *_STRANGERS):
                body = _with(exchange.response.body, parts, stranger)
                if body is _GONE:
                    continue
                response = exchange.response.model_copy(update={"body": body})
                spoilt = exchange.model_copy(update={"response": response})
                told = "missing" if stranger is _GONE else json.dumps(stranger)
                yield (
                    [*sample.exchanges[:at], spoilt, *sample.exchanges[at + 1 :]],
                    f"{'.'.join(parts)} {told}",
                )


def _places(value: Any, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Every place of a body; of a list the first and the last item."""
    yield above
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _places(item, (*above, key))
    elif isinstance(value, list) and value:
        yield from _places(value[0], (*above, "0"))
        if len(value) > 1:
            yield from _places(value[-1], (*above, str(len(value) - 1)))


def _with(body: Any, parts: tuple[str, ...], stranger: Any) -> Any:
    """A copy of the body with something else in that place; `_GONE` where nothing would change."""
    changed = copy.deepcopy(body)
    container, key = next(iter(dotted.places(changed, parts)), (None, None))
    if container is None:
        return _GONE
    if stranger is _GONE:
        del container[key]
    elif container[key] == stranger and type(container[key]) is type(stranger):
        return _GONE
    else:
        container[key] = copy.deepcopy(stranger)
    return changed
