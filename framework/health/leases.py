"""Permission to call a source; with several workers, only one of them may probe it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux.framework.health.tracker import HealthTracker, Lease

#: Whether a probe of (source, capability) within this many seconds may be made by this worker.
MayProbe = Callable[[str, str, float], Awaitable[bool]]


class Leases:
    """Hands out leases.

    Attributes:
        may_probe: asked before a probe; None where there is no other worker.
    """

    def __init__(self, health: HealthTracker) -> None:
        self._health = health
        self.may_probe: MayProbe | None = None

    async def begin(self, source: str, capability: str, limit_s: float) -> Lease | None:
        """Permission for one attempt of at most `limit_s` seconds, None where none is allowed now.

        The caller must end a lease by `HealthTracker.record` or `release`, once.
        """
        lease = self._health.begin(source, capability, limit_s)
        return await self.confirmed(lease, limit_s) if lease is not None and lease.probe else lease

    async def confirmed(self, lease: Lease, limit_s: float) -> Lease | None:
        """The lease of a probe, given by `HealthTracker.begin`; None if another worker probes."""
        if self.may_probe is None:
            return lease
        try:
            ours = await self.may_probe(lease.source, lease.capability, limit_s)
        except BaseException:
            self._health.release(lease)
            raise
        if ours:
            return lease
        self._health.release(lease)
        return None
