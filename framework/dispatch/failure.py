"""The error a caller receives when no source answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import (
    AllProvidersFailed,
    BadStatus,
    CoinmuxError,
    DeadlineExceeded,
    Empty,
    InvalidRequest,
    NoProviderAvailable,
    NotFound,
    NotOffered,
    OtherSubject,
    Outcome,
    ProviderBusy,
    UnknownChain,
    UnknownInterval,
    UnknownSymbol,
)
from coinmux.framework.reference.symbols import QUOTES, Symbol
from coinmux.framework.routing.router import OVER_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coinmux.framework.dispatch.request import RequestContext
    from coinmux.framework.sources.source import Refusal, Source

#: Refusals of sources that may answer later.
_LATER = frozenset({"circuit_open", "probe_running", "told_to_wait", "list_awaited", OVER_SHARE})
#: How sources refuse a pair that nobody has heard of: they name it, or anything else they can say.
_REFUSALS = (UnknownSymbol, BadStatus, Empty, OtherSubject)
#: Reasons of sources in one message.
_REASONS = 3


def failure_of(
    request: RequestContext,
    refusals: Sequence[tuple[str, Refusal]],
    serving: Iterable[Source],
    now: float,
) -> CoinmuxError:
    """The error for a request that no source answered.

    "Unknown" if all that answered said so; "not found" if none offers the question; 502 if some
    were tried and failed; 504 if the time ran out first; 503 with the earliest retry if none could
    be tried; and where no source can ever serve the query, an error that names the refused part.

    Args:
        request: with its attempts and their errors.
        refusals: of the sources passed over, in order.
        serving: every source of the capability.
        now: monotonic seconds.
    """
    serving = list(serving)
    models = sorted({model for source in serving for model in source.info.models})
    model = request.query.needed_model()
    if model is not None and model not in models:
        hint = {"name": "model", "message": "takes a model there is", "known": models}
        return InvalidRequest(f"no source offers the model {model[:60]!r}", errors=[hint])
    asked = [(name, refusal) for name, refusal in refusals if refusal.code != "not_pinned"]
    tried = {attempt["provider"] for attempt in request.attempts}
    others = [refusal for name, refusal in asked if name not in tried]
    if _is_unknown(request, others, serving):
        return _unlisted(request)
    if not request.attempts:
        if others and all(refusal.for_good for refusal in others):
            return _never_served(request, others, serving)
        return _none_now(request, asked, now)
    if (
        request.errors
        and not request.stale
        and all(isinstance(one, (NotOffered, UnknownSymbol)) for one in request.errors)
    ):
        return _not_offered(request, asked, others, now)
    if request.out_of_time or request.deadline.remaining_s() <= 0:
        return DeadlineExceeded("the request's deadline passed", attempts=request.attempts)
    if all(one["code"] == ProviderBusy.code for one in request.attempts):
        return NoProviderAvailable(
            f"every source of {request.row.name} is busy",
            candidates=[
                {"provider": one["provider"], "reason": "busy", "detail": str(error.detail)}
                for one, error in zip(request.attempts, request.errors, strict=True)
            ],
            retry_after_s=1.0,
        )
    names = ", ".join(f"{one['provider']} ({one['code']})" for one in request.attempts)
    return AllProvidersFailed(
        f"every source that was tried failed: {names}",
        attempts=request.attempts,
        retry_after_s=_earliest_s([one for one in asked if one[0] in tried], now),
    )


def _is_unknown(
    request: RequestContext, others: Sequence[Refusal], serving: Sequence[Source]
) -> bool:
    """Whether nobody knows the pair or coin.

    Sources that did not answer (busy, offline, blocked, off, at a loss with the question) say
    nothing about it. One that refuses a pair of which no coin or currency is known says so too.
    Those that failed say nothing either, as long as more did answer: one broken server does not
    turn every typing error into a server error.
    """
    refusals = _REFUSALS if _is_strange(request, serving) else UnknownSymbol
    said_so = sum(
        isinstance(error, refusals) and error.outcome is not Outcome.FAILURE
        for error in request.errors
    )
    said_so += sum(refusal.code == "unsupported_symbol" for refusal in others)
    failed = sum(error.outcome is Outcome.FAILURE for error in request.errors)
    return (
        not request.out_of_time
        and not request.stale  # whatever was held back is an answer about the pair
        and failed < said_so
        and not any(isinstance(error, NotOffered) for error in request.errors)
        and not any(
            source.lists(request.row.name, request.query)
            for source in serving
            if request.ask.provider in (None, source.name)
        )
    )


def _is_strange(request: RequestContext, serving: Sequence[Source]) -> bool:
    """Whether the question is about a pair of which one half is no known coin or currency."""
    symbol = request.query.__dict__.get("symbol")
    return type(symbol) is Symbol and not all(
        half in QUOTES or any(half in source.assets.known for source in serving)
        for half in (symbol.base, symbol.quote)
    )


def _unlisted(request: RequestContext) -> InvalidRequest:
    subject = request.query.about() or request.row.name
    silent = [
        f"{one['provider']} ({one['code']})"
        for one in request.attempts
        if one["code"] != UnknownSymbol.code
    ]
    but = f"; {', '.join(silent)} did not" if silent else ""
    error = request.query.unlisted(f"{subject} is not listed by any source that answered{but}")
    error.extra["attempts"] = list(request.attempts)
    return error


def _not_offered(
    request: RequestContext,
    asked: Sequence[tuple[str, Refusal]],
    others: Sequence[Refusal],
    now: float,
) -> CoinmuxError:
    """The error where each source that was tried does not offer this variant of the question."""
    if any(refusal.code in _LATER for refusal in others):
        return _none_now(request, asked, now)
    reasons = dict.fromkeys(
        error.detail for error in request.errors if isinstance(error, NotOffered) and error.detail
    )
    return NotFound(
        f"no source offers this {request.row.name}: {'; '.join(list(reasons)[:_REASONS])}",
        attempts=list(request.attempts),
    )


def _none_now(
    request: RequestContext, asked: Sequence[tuple[str, Refusal]], now: float
) -> NoProviderAvailable:
    shares = [f"{name}: {refusal.detail}" for name, refusal in asked if refusal.code == OVER_SHARE]
    but = f"; {'; '.join(shares[:_REASONS])}" if shares else ""
    return NoProviderAvailable(
        f"no source can answer {request.row.name} now{but}",
        candidates=[
            {"provider": name, "reason": refusal.code, "detail": refusal.detail}
            for name, refusal in asked
        ],
        retry_after_s=_earliest_s(asked, now),
    )


def _never_served(
    request: RequestContext, others: list[Refusal], serving: Iterable[Source]
) -> CoinmuxError:
    name, query = request.row.name, request.query
    codes = {refusal.code for refusal in others}
    if "unsupported_chain" in codes:
        chains = sorted({chain for source in serving for chain in source.info.chains or ()})
        return UnknownChain(f"no source serves {name} on {query.needed_chain()}", known=chains)
    if "unsupported_interval" in codes:
        missing = (query.missing_interval(source.info.intervals or ()) for source in serving)
        interval = next((one for one in missing if one is not None), None)
        return UnknownInterval(f"no source has {interval} candles of that pair")
    subject, pinned = request.query.about() or name, request.ask.provider
    who = "no source serves" if pinned is None else f"{pinned} does not serve"
    return UnknownSymbol(subject, f"{who} {name} for {subject}")


def _earliest_s(refusals: Sequence[tuple[str, Refusal]], now: float) -> float | None:
    times = [refusal.retry_at for _, refusal in refusals if refusal.retry_at is not None]
    return max(1.0, min(times) - now) if times else None
