"""Answers that are none: each must end in the error of ours that fits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import (
    Outcome,
    PluginError,
    ProviderError,
    ToldToWait,
)
from coinmux.framework.testing.conformance.border import (
    NOW_MS,
    CannedClient,
    Ended,
    ask_with,
)
from coinmux.framework.testing.conformance.check import Case, NotApplicable
from coinmux.framework.transport.messages import Answer

if TYPE_CHECKING:
    from coinmux.framework.testing.conformance.subject import Subject

_JSON = {"content-type": "application/json"}
_PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon</body></html>"
WAIT_S = 7.0
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
    async def one(kind: str, reply: Answer) -> str | None:
        wrong = _misunderstood(kind, await _asked(subject, capability, reply), subject)
        return None if wrong is None else f"{kind}: {wrong}"

    return all_of(lambda: [one(kind, reply) for kind, reply in _replies()])


def all_of(make: Callable[[], Iterable[Coroutine[Any, Any, str | None]]]) -> Any:
    """A case of many questions, put a few at once; the first that went wrong is reported."""

    async def run() -> str | None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def within(question: Coroutine[Any, Any, str | None]) -> str | None:
            async with gate:
                return await question

        questions = list(make())
        try:
            found = await asyncio.gather(*(within(question) for question in questions))
        finally:
            for question in questions:
                # Those whose turn did not come before the check was ended.
                question.close()
        return next((wrong for wrong in found if wrong is not None), None)

    return run


def _replies() -> Iterator[tuple[str, Answer]]:
    yield "401", Answer(401, _JSON, b'{"message": "unauthorized"}')
    limited = {**_JSON, "retry-after": f"{WAIT_S:g}"}
    yield (
        "429 with Retry-After",
        Answer(429, limited, b'{"message": "too many requests"}'),
    )
    yield "500", Answer(500, _JSON, b'{"message": "internal error"}')
    yield "200 with HTML", Answer(200, {"content-type": "text/html"}, _PAGE)
    yield (
        "200 with half an answer",
        Answer(200, _JSON, b'{"data": [{"id": 1, "na'),
    )
    yield "200 with nothing", Answer(200, _JSON, b"")


def _misunderstood(kind: str, ended: Ended, subject: Subject) -> str | None:
    error = ended.error
    if error is None:
        told = "passed on as an answer" if ended.crash is None else f"ends in {ended}"
        return f"{told}; it takes an error of the framework"
    if isinstance(error, PluginError) or not isinstance(error, ProviderError):
        return f"ends in {ended}; let the status speak for itself (map_error returns None)"
    if kind.startswith("429"):
        if not isinstance(error, ToldToWait):
            return f"ends in {error.code}, and no retry delay follows: leave it to the framework"
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
        ended = await _asked(subject, capability, Answer(200, _JSON, body))
        shown = body.decode()
        if ended.crash is not None or isinstance(ended.error, PluginError):
            return f"{shown} ends in {ended}"
        if ended.result is None:
            return None
        if body != b"null" and row.empty_legal and ended.result.is_empty():
            return None
        return f"{shown} is taken for an answer: it takes an error"

    return all_of(lambda: [one(body) for body in (b"null", b"{}", b"[]")])


def odd_replies(subject: Subject) -> Sequence[Case]:
    """Errors of an undocumented shape are still reported as errors, and never crash the plugin."""
    return [Case(name, _survives(subject, name)) for name in subject.served]


def _survives(subject: Subject, capability: str) -> Any:
    async def one(status: int, body: bytes) -> str | None:
        ended = await _asked(subject, capability, Answer(status, _JSON, body))
        what = f"HTTP {status} {body.decode()}"
        if ended.crash is not None or isinstance(ended.error, PluginError):
            return f"{what} ends in {ended}"
        if ended.result is not None and status != 200:
            return f"{what} is taken for an answer"
        if ended.result is not None and not ended.result.is_empty():
            return f"{what} is taken for an answer that holds something"
        return None

    bodies = (*_ODD_BODIES, b"{}", b"[]", b"not JSON")
    return all_of(lambda: [one(status, body) for status in _STATUSES for body in bodies])


async def _asked(subject: Subject, capability: str, reply: Answer) -> Ended:
    query = subject.question(capability)
    if query is None:
        raise NotApplicable(f"no question for {capability} is known: it takes a sample")
    return await ask_with(subject, capability, query, CannedClient(reply), NOW_MS)
