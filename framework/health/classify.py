"""Classify errors of calls: what each counts for under the health rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from coinmux.framework.errors import ProviderError, SchemaMismatch, UnknownSymbol

if TYPE_CHECKING:
    from coinmux.framework.health.tracker import HealthTracker, Lease

#: A timeout counts against a source only if it had this long (`docs/health.md`, "What counts").
FAIR_S = 2.0
#: What reading a body raises when the source changed its shape.
MISREAD = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError)
#: Of a text a plugin quotes, before secrets are taken out of it.
_QUOTED = 2_000


def record_error(
    health: HealthTracker, lease: Lease, error: ProviderError | UnknownSymbol, elapsed_s: float
) -> None:
    """Record how an attempt failed, with the wait the source asked for."""
    health.record(
        lease,
        error.outcome,
        elapsed_s=elapsed_s,
        code=error.code,
        message=error.detail,
        retry_after_s=getattr(error, "retry_after_s", None),
    )


def mismatch(error: Exception) -> SchemaMismatch:
    """The error for a body that has another shape."""
    if isinstance(error, ValidationError):
        first = error.errors(include_context=False, include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return SchemaMismatch(f"{place or 'answer'}: {first['msg'][:_QUOTED]}")
    return SchemaMismatch(quoted(error))


def quoted(error: BaseException) -> str:
    """The error in one line; the text may still contain secrets."""
    try:
        text = str.__str__(str(error))[:_QUOTED]
    except BaseException:  # noqa: BLE001 - the error's own `__str__` is a plugin's code too
        text = "its text cannot be read"
    try:
        name = str.__str__(type(error).__name__)
    except BaseException:  # noqa: BLE001 - nor is its class ours
        name = "an error without a name"
    return f"{name}: {text}" if text else name
