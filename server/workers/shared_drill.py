"""Failure drills where several workers have a simulator each: what one is told, all do."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from coinmux.server.monitoring.drill import OwnDrill

_ORDERS = msgspec.json.Decoder(dict[str, str])


class SharedDrill:
    """The drill of one worker, after the orders in the folder that all of them share.

    Args:
        own: breaks this worker's sources.
    """

    def __init__(self, own: OwnDrill, folder: Path) -> None:
        self._own = own
        self._file = folder / "drill.json"
        self._lock = folder / "drill.lock"
        self._seen = 0
        # Whoever ordered a fault and then asks a source sees it, whichever worker answers.
        own.before_answers(self.catch_up)

    @property
    def faults(self) -> Mapping[str, str]:
        """The faults that can be ordered, each with its description."""
        return self._own.faults

    @property
    def followed(self) -> Collection[str]:
        """Providers with live feeds."""
        return self._own.followed

    def broken(self) -> dict[str, str]:
        """The fault in force of each broken provider."""
        self.catch_up()
        return self._own.broken()

    def break_(self, provider: str, fault: str) -> None:
        """Corrupt every answer of `provider` in every worker."""
        self._own.break_(provider, fault)
        self._order(provider, fault)

    def mend(self, provider: str) -> None:
        """Let `provider` answer correctly again, whichever worker asks it."""
        self._own.mend(provider)
        self._order(provider, None)

    def catch_up(self) -> None:
        """Do what another worker was told since the last time."""
        try:
            stamp = self._file.stat().st_mtime_ns
        except FileNotFoundError:
            return
        if stamp == self._seen:
            return
        self._seen = stamp
        orders, mine = _ORDERS.decode(self._file.read_bytes()), self._own.broken()
        for provider in mine.keys() - orders.keys():
            self._own.mend(provider)
        for provider, fault in orders.items():
            if mine.get(provider) != fault:
                self._own.break_(provider, fault)

    def _order(self, provider: str, fault: str | None) -> None:
        with self._lock.open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            orders = _ORDERS.decode(self._file.read_bytes()) if self._file.exists() else {}
            orders.pop(provider, None)
            if fault is not None:
                orders[provider] = fault
            fresh = self._file.with_suffix(".new")
            fresh.write_bytes(msgspec.json.encode(orders))
            fresh.replace(self._file)
