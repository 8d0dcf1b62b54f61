"""One request of several questions: how many failed, and how badly."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from coinmux.server.asgi.problems import status_and_title

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.errors import CoinmuxError


class Parts(NamedTuple):
    """How the questions of one request ended that has an answer for each of them.

    Attributes:
        unit: what the parts are, in the plural: `pairs`.
        at_fault: those that failed, and not for what the caller asked.
        worst: code of the worst failure; None where none failed.
    """

    unit: str
    asked: int
    failed: int
    at_fault: int
    worst: str | None


def parts_of(unit: str, outcomes: Sequence[CoinmuxError | None]) -> Parts:
    """The parts by what each ended with, None for an answer."""
    failed = [error for error in outcomes if error is not None]
    worst = max(failed, key=_status, default=None)
    return Parts(
        unit=unit,
        asked=len(outcomes),
        failed=len(failed),
        at_fault=sum(_status(error) >= 500 for error in failed),
        worst=None if worst is None else worst.code,
    )


def _status(error: CoinmuxError) -> int:
    return status_and_title(type(error))[0]
