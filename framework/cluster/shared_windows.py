"""One source's rate limits and quotas as one for all workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.cluster.scripts import COUNT, TAKE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.store import Store
    from coinmux.framework.limits.rate_window import RateWindow


class SharedWindows:
    """The windows of one source in the store, which its local windows follow.

    While the store is there it alone decides. When it is lost, each worker goes on with its share
    of the limits and of what was used, and adds what it used meanwhile when the store is back.

    Args:
        prefix: of the keys; names the source.
        windows: the local ones.
    """

    def __init__(
        self, store: Store, prefix: str, windows: Sequence[RateWindow], clock: Clock
    ) -> None:
        self._store = store
        self._windows = windows
        self._clock = clock
        self._keys = [f"{prefix}{round(window.per_s * 1000)}" for window in windows]
        self._alone = [0.0] * len(windows)
        self._is_alone = False

    @property
    def shared(self) -> bool:
        """Whether the store decides now."""
        return self._store.online and bool(self._keys)

    async def take(self, weight: float) -> float | None:
        """Take `weight` from every window or from none: 0 where it was taken, else the seconds to
        wait (infinite for never); None where the store is not there.
        """
        args: list[float] = [weight]
        for window in self._windows:
            args += [window.limit, round(window.per_s * 1000)]
        answer = await self._store.run(TAKE, self._keys, args)
        if answer is None:
            return None
        self._follow(answer[2:])
        if answer[0] == 1:
            return 0.0
        return float("inf") if answer[1] < 0 else max(answer[1] / 1000, 0.001)

    def told(self, per_s: float) -> None:
        """Raise the count in the store to the local window's, which a reply has just corrected."""
        if not self.shared:
            return
        now = self._clock.monotonic()
        for key, window in zip(self._keys, self._windows, strict=True):
            if window.per_s == per_s:
                args: list[Part] = ["raise", round(per_s * 1000), window.used(now)]
                self._store.post(COUNT, [key], args)

    async def read(self) -> None:
        """Let the local windows follow the store's."""
        if self.shared:
            await self._count("add", [0.0] * len(self._windows))

    def count_alone(self, weight: float) -> None:
        """Something was taken while the store was away."""
        if self._is_alone:
            self._alone = [one + weight for one in self._alone]

    def part(self, workers: int) -> None:
        """The store was lost: from now on this worker has its share of each window."""
        self._is_alone = True
        self._alone = [0.0] * len(self._windows)
        for window in self._windows:
            window.scale(1 / workers)

    async def join(self, *, same: bool, first: bool) -> None:
        """The store is back.

        Args:
            same: it has what it had when it was lost; else it is empty, or another.
            first: it is reached for the first time; what is used is known from before the start,
                and by every worker alike.
        """
        if not self._keys:
            return
        now = self._clock.monotonic()
        if first:
            await self._count("raise", [window.used(now) for window in self._windows])
        elif same:
            await self._count("add", self._alone)
        else:
            await self._count("add", [window.used(now) for window in self._windows])
        self._is_alone = False
        for window in self._windows:
            window.requests = window.limit

    async def _count(self, how: str, weights: Sequence[float]) -> None:
        args: list[float | str] = [how]
        for window, weight in zip(self._windows, weights, strict=True):
            args += [round(window.per_s * 1000), weight]
        answer = await self._store.call(COUNT, self._keys, args)
        if answer is not None:
            self._follow(answer)

    def _follow(self, used: Sequence[bytes]) -> None:
        now = self._clock.monotonic()
        for window, text in zip(self._windows, used, strict=True):
            window.follow(float(text), now)
