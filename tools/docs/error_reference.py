"""`docs/reference/errors.md`, generated from the tree of errors."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from coinmux.framework import errors
from coinmux.framework.errors import (
    CoinmuxError,
    InvalidRequest,
    Outcome,
    ProviderError,
    RoutingError,
)
from coinmux.server.asgi import problems
from tools.docs.error_advice import ADVICE

_HEAD = """\
# Errors

Generated from `framework/errors.py` and `server/asgi/problems.py` by `make docs`; a test compares
it. Every error of coinmux is a `CoinmuxError` with a `code`, which does not change, and a `detail`
for people, which may. Over HTTP it is a problem document (RFC 9457) with the same `code`. The type
says what to do; do not read the text.

"""
_GROUPS: tuple[tuple[type[CoinmuxError], str, str], ...] = (
    (InvalidRequest, "The request is wrong", "Correct it; the same request fails again."),
    (
        RoutingError,
        "No source answered",
        "Try again later, after `retry_after_s` (`Retry-After`) where it is given.",
    ),
    (
        ProviderError,
        "A source failed",
        "Codes of attempts (`meta.attempts`). The next source is asked, so a caller receives one "
        "of these as an error only if the request names its provider. *Counts as* is the effect on "
        "the health of the source ([health.md](../health.md)).",
    ),
    (CoinmuxError, "The server refuses", "These are raised by the server only."),
)
#: Errors of other modules, plugins for example, are not part of the contract.
_MODULES = (errors.__name__, problems.__name__)
_COUNTS = {
    Outcome.FAILURE: "failure",
    Outcome.HOLD: "cooldown",
    Outcome.DENIED: "key refused",
    Outcome.NEUTRAL: "nothing",
}


def error_reference() -> str:
    """Every code in its group."""
    parts = [_HEAD]
    for base, title, advice in _GROUPS:
        kinds = [kind for kind in all_errors() if _group(kind) is base]
        parts += [f"## {title}\n\n{advice}\n\n", _table(kinds), "\n"]
    return "".join(parts).rstrip() + "\n"


def all_errors() -> Iterator[type[CoinmuxError]]:
    """Every error that has a code of its own, in the order of the source."""
    seen: set[str] = set()
    waiting: list[type[CoinmuxError]] = [CoinmuxError]
    while waiting:
        kind = waiting.pop(0)
        if kind.__module__ in _MODULES and kind.code not in seen:
            seen.add(kind.code)
            yield kind
        waiting[:0] = kind.__subclasses__()


def _group(kind: type[CoinmuxError]) -> type[CoinmuxError]:
    return next(base for base, _, _ in _GROUPS if issubclass(kind, base))


def _table(kinds: list[type[CoinmuxError]]) -> str:
    sources = all(issubclass(kind, ProviderError) for kind in kinds)
    lines = ["| code | class | HTTP | meaning | what to do |" + (" counts as |" if sources else "")]
    lines.append("|---|---|---|---|---|" + ("---|" if sources else ""))
    for kind in kinds:
        meaning = (inspect.getdoc(kind) or "").split("\n\n", 1)[0].replace("\n", " ")
        if kind is CoinmuxError:
            meaning = "A defect of coinmux; the log has the request id."
        status, _ = problems.status_and_title(kind)
        row = f"| `{kind.code}` | `{kind.__name__}` | {status} | {meaning} | {ADVICE[kind.code]} |"
        if issubclass(kind, ProviderError):
            row += f" {_COUNTS[kind.outcome]} |"
        lines.append(row)
    return "\n".join(lines) + "\n"
