"""Small documents that any worker may look up for some minutes, such as decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.cluster.store import Store

_KEPT_MS = 600_000
#: A larger one stays with the worker that made it.
_MOST_BYTES = 200_000
#: Notes on their way to the store; those beyond are not shared.
_MOST_WAITING = 64


class SharedNotes:
    """The notes in the store; without it, each worker has its own.

    Args:
        prefix: of the keys.
    """

    def __init__(self, store: Store, prefix: str) -> None:
        self._store = store
        self._prefix = f"{prefix}note:"
        self._waiting = 0

    def keep(self, name: str, make: Callable[[], bytes]) -> None:
        """Store what `make` gives, in the background."""
        if self._store.online and self._waiting < _MOST_WAITING:
            self._waiting += 1
            self._store.spawn(self._keep(name, make))

    async def _keep(self, name: str, make: Callable[[], bytes]) -> None:
        try:
            data = make()
            if len(data) <= _MOST_BYTES and self._store.online:
                sent = self._store.ask("SET", self._prefix + name, data, "PX", _KEPT_MS)
                await self._store.guard(sent)
        finally:
            self._waiting -= 1

    async def find(self, name: str) -> bytes | None:
        """What any worker stored under `name`; None where there is nothing, or no store."""
        if not self._store.online:
            return None
        found = await self._store.guard(self._store.ask("GET", self._prefix + name))
        return bytes(found) if found is not None and len(found) <= _MOST_BYTES else None
