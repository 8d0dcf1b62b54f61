"""What consumers used, as one for all workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from coinmux.framework.cluster.scripts import USE
from coinmux.framework.consumers.ledger import Delta, Key

if TYPE_CHECKING:
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.store import Store

_BETWEEN = " "


class SharedUsage:
    """The figures in the store: a hash for each day, a field for each consumer and what it used.

    Args:
        prefix: of the keys.
    """

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = f"{prefix}usage:"

    async def add(self, deltas: Mapping[Key, Delta], days: Iterable[str]) -> Mapping[Key, float]:
        """Add the deltas; the totals of every figure of `days`.

        Raises:
            ConnectionError: the store is not there; nothing was added.
        """
        totals: dict[Key, float] = {}
        for day in sorted({*days, *(key.day for key in deltas)}):
            args: list[Part] = []
            for key, delta in deltas.items():
                if key.day == day:
                    args += [f"{key.consumer}{_BETWEEN}{key.what}", delta.more, delta.known]
            answer = await self._store.run(USE, [self._prefix + day], args)
            if answer is None:
                raise ConnectionError("the shared store is not there")
            for field, total in zip(answer[::2], answer[1::2], strict=True):
                consumer, _, what = bytes(field).decode().partition(_BETWEEN)
                totals[Key(consumer, what, day)] = float(total)
        return totals
