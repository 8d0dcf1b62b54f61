"""What a plugin's code raises, as an error that the rest of the framework can rely on.

A plugin may raise anything: errors that are no `Exception` (a panic of a Rust extension), errors
that cannot be printed, and our own errors with members of another type. Each is its own defect.
"""

from __future__ import annotations

import asyncio
import re
import traceback

from coinmux.framework.errors import (
    CoinmuxError,
    InvalidRequest,
    NotOffered,
    Outcome,
    PluginError,
    ProviderError,
    UnknownSymbol,
)
from coinmux.framework.health.classify import MISREAD, mismatch, quoted

_TRACE_CHARS = 8_000
_CODE = re.compile(r"[a-z][a-z0-9_]{0,60}")


def is_our_cancellation(error: BaseException) -> bool:
    """Whether the running task itself is being cancelled; a plugin may raise the same error."""
    if not isinstance(error, asyncio.CancelledError):
        return False
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def failure_of(error: BaseException) -> ProviderError | UnknownSymbol:
    """What a plugin's call is recorded as, from whatever it raised."""
    try:
        return _read(error)
    except BaseException:  # noqa: BLE001 - its class and members are the plugin's code too
        return PluginError(quoted(error))


def _read(error: BaseException) -> ProviderError | UnknownSymbol:
    if isinstance(error, (ProviderError, UnknownSymbol)):
        return error if (wrong := _wrong_member(error)) is None else _misused(error, wrong)
    if isinstance(error, InvalidRequest):
        # The caller's values passed our own checks: it is this source that cannot take them.
        wrong = _wrong_member(error)
        return NotOffered(error.detail) if wrong is None else _misused(error, wrong)
    if isinstance(error, MISREAD):
        return mismatch(error)
    return PluginError(quoted(error))


def sound(error: CoinmuxError) -> CoinmuxError:
    """`error` if its members are what they should be, else the `PluginError` that says so."""
    return error if (wrong := _wrong_member(error)) is None else _misused(error, wrong)


def trace_of(error: Exception) -> str | None:
    """Where a plugin's defect was raised, as a traceback; None for any other error.

    It may hold secrets, as any text of a plugin.
    """
    cause = error.__cause__
    if not isinstance(error, PluginError) or cause is None:
        return None
    try:
        return "".join(traceback.format_exception(cause))[-_TRACE_CHARS:]
    except BaseException:  # noqa: BLE001 - it reads members of the plugin's own error
        return "".join(traceback.format_tb(cause.__traceback__))[-_TRACE_CHARS:]


def _misused(error: CoinmuxError, wrong: str) -> PluginError:
    return PluginError(f"raised {type(error).__name__} with {wrong}")


def _wrong_member(error: CoinmuxError) -> str | None:
    """The first member that has another type than it should; None if there is none."""
    try:
        code, detail = error.code, error.detail
        if type(code) is not str or _CODE.fullmatch(code) is None:
            return "a code that is no lower-case word"
        if not isinstance(detail, str):
            return f"a detail that is {type(detail).__name__} and no text"
        wait_s = getattr(error, "retry_after_s", None)
        if wait_s is not None and type(wait_s) not in (int, float):
            return f"retry_after_s that is {type(wait_s).__name__} and no number of seconds"
        float(wait_s or 0)  # a whole number may be too long for one
        outcome = getattr(error, "outcome", Outcome.FAILURE)
        if not isinstance(outcome, Outcome) or outcome is Outcome.SUCCESS:
            return "an outcome that is no Outcome of a failure"
        if not isinstance(error.extra, dict):
            return "members that are no mapping"
        # The detail is cleaned of secrets later, so it must be possible to set it. Libraries have
        # texts of types of their own: only the text is taken.
        error.detail = str.__str__(detail)
    except BaseException as odd:  # noqa: BLE001 - a member may be a property of the plugin's
        return f"members that raise {type(odd).__name__}"
    return None
