"""The error a caller receives when no source answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import (
    AllProvidersFailed,
    CoinmuxError,
    DeadlineExceeded,
    InvalidRequest,
    NoProviderAvailable,
    ProviderBusy,
    UnknownChain,
    UnknownInterval,
    UnknownSymbol,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from coinmux.framework.dispatch.request import RequestContext
    from coinmux.framework.sources.source import Refusal, Source

#: Refusals that say the pair or coin is not listed.
_UNLISTED = frozenset({"unsupported_symbol", "unsupported_quote", "no_capability"})
#: Refusals of sources that are off: they do not count in whether a pair exists.
_OFF = frozenset({"missing_key", "switched_off", "retired", "key_refused", "broken", "disabled"})


def failure_of(
    request: RequestContext,
    refusals: Sequence[tuple[str, Refusal]],
    serving: Iterable[Source],
    now: float,
) -> CoinmuxError:
    """The error for a request that no source answered.

    "Unknown" only if every candidate said so; 502 if some were tried and failed; 504 if the time
    ran out first; 503 with the earliest retry if none could be tried; and where no source can ever
    serve the query, an error that names the refused part of it.

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
    if _unknown_to_all(request, others):
        subject = request.query.about() or request.row.name
        return request.query.unlisted(f"{subject} is not listed by any source that was asked")
    if not request.attempts:
        if others and all(refusal.for_good for refusal in others):
            return _never_served(request, others, serving)
        return NoProviderAvailable(
            f"no source can answer {request.row.name} now",
            candidates=[
                {"provider": name, "reason": refusal.code, "detail": refusal.detail}
                for name, refusal in asked
            ],
            retry_after_s=_earliest_s(asked, now),
        )
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


def _unknown_to_all(request: RequestContext, others: list[Refusal]) -> bool:
    said_so = bool(request.errors) or any(refusal.code in _UNLISTED for refusal in others)
    asked = bool(request.errors) or any(
        refusal.code in _UNLISTED and not refusal.for_good for refusal in others
    )
    # If sources were asked about the pair, one without the interval does not count.
    silent = _OFF | {"unsupported_interval"} if asked else _OFF
    return (
        said_so
        and len(request.errors) == len(request.attempts)
        and all(isinstance(error, UnknownSymbol) for error in request.errors)
        and all(refusal.code in _UNLISTED or refusal.code in silent for refusal in others)
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
    subject = request.query.about() or request.row.name
    return UnknownSymbol(subject, f"no source serves {name} for {subject}")


def _earliest_s(refusals: Sequence[tuple[str, Refusal]], now: float) -> float | None:
    times = [refusal.retry_at for _, refusal in refusals if refusal.retry_at is not None]
    return max(1.0, min(times) - now) if times else None
