"""The interface of what makes several workers one: a shared store, or a folder of one machine.

With it they have one health, one count of each limit, and one of them does what is done once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from coinmux.framework.limits.limiter import SharedWindow
    from coinmux.framework.limits.rate_window import RateWindow


class OtherWorkers(Protocol):
    """The other workers, as the gateway of one of them uses them."""

    async def open(self) -> None:
        """Begin to hear the others and to be heard; `close` must follow."""
        ...

    async def close(self) -> None:
        """Leave: what only one worker does may be done by another from now on."""
        ...

    def attach(self) -> None:
        """Let the limiters of all sources share their windows, those of a reload included."""
        ...

    def share(self, name: str, windows: tuple[RateWindow, ...]) -> SharedWindow:
        """Share windows that are no source's under `name`."""
        ...

    async def count_known(self) -> None:
        """Count for all workers what this one knows of the use of limits before its start."""
        ...

    async def leads(self, work: str) -> bool:
        """Whether this worker does the background `work`; only one of all workers does."""
        ...

    async def may_probe(self, source: str, capability: str, limit_s: float) -> bool:
        """Whether this worker may make the probe within `limit_s`; only one of all workers may."""
        ...

    def reset(self, source: str | None) -> None:
        """Tell the others that the health of one source was reset, or of every source."""
        ...
