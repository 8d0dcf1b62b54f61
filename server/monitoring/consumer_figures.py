"""What consumers did in one process, as workers tell each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from coinmux.framework.consumers.consumers import Consumers


class ConsumerFigures(msgspec.Struct, frozen=True, array_like=True):
    """Consumers in one process.

    Attributes:
        answered: consumer, outcome and how many requests.
        called: consumer, source and how many requests were sent to it.
        budgets: consumer, its calls of a month (None for no limit), and how many of them all
            processes together have used.
    """

    answered: list[tuple[str, str, int]]
    called: list[tuple[str, str, int]]
    budgets: list[tuple[str, int | None, float]]


def figures_of(consumers: Consumers) -> ConsumerFigures | None:
    """The figures of this process; None while no keys are set."""
    if not consumers.is_on:
        return None
    return ConsumerFigures(
        answered=[(*key, count) for key, count in consumers.answered.items()],
        called=[(*key, count) for key, count in consumers.called.items()],
        budgets=[
            (one.name, one.monthly, consumers.ledger.calls_in_month(one.name))
            for one in consumers.every
        ],
    )
