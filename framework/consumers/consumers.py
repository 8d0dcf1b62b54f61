"""The consumers in force: whose key it is, what it may still do, what it used."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from coinmux.framework.config.api_keys import OPERATOR, UNKNOWN, owner_of
from coinmux.framework.consumers.caller import CALLER
from coinmux.framework.consumers.ledger import DAYS, UsageLedger, next_month_ms
from coinmux.framework.consumers.shares import FairShares
from coinmux.framework.errors import BudgetSpent
from coinmux.framework.limits.rate_window import RateWindow
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.clock import Clock
    from coinmux.framework.config.api_keys import Consumer
    from coinmux.framework.consumers.ledger import UsageStore
    from coinmux.framework.limits.limiter import SharedWindow

#: How often the store of the workers is told and asked, and the archive: a process that is killed
#: loses the count of so many seconds at most.
STORE_S, ARCHIVE_S = 1.0, 10.0
_PAUSE_S = 5.0
#: The names of the two places.
STORE, ARCHIVE = "store", "archive"


class WindowSharer(Protocol):
    """What makes the windows of all workers one."""

    def share(self, name: str, windows: tuple[RateWindow, ...]) -> SharedWindow:
        """Share `windows` with the other workers under `name`."""
        ...


class Rate:
    """One consumer's requests per minute.

    Attributes:
        window: as this process counts it.
        shared: the same for all workers; None where there are no others.
    """

    __slots__ = ("_clock", "limit", "shared", "window")

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self.window = RateWindow(limit, 60)
        self.shared: SharedWindow | None = None
        self._clock = clock

    async def take(self) -> float:
        """Take one request: 0 where it was taken, else the seconds to wait."""
        if self.shared is not None and self.shared.shared:
            wait_s = await self.shared.take(1)
            if wait_s is not None:
                return wait_s
        now = self._clock.monotonic()
        wait_s = self.window.wait_s(1, now)
        if wait_s == 0:
            self.window.take(1, now)
            if self.shared is not None:
                self.shared.count_alone(1)
        # A share of less than one request: one a window is let through, or none ever would be.
        return 60.0 if wait_s == float("inf") else wait_s

    def left(self) -> tuple[int, float]:
        """Requests left now, and the seconds until there is one more; 0 where none was used."""
        now = self._clock.monotonic()
        left = max(0, int(self.window.requests - self.window.used(now)))
        return left, self.window.wait_s(left + 1, now) if self.window.used(now) else 0.0


class Consumers:
    """Those who may ask, where keys are set. While none are, nothing here is run.

    Attributes:
        ledger: what each used.
        shares: who is passed over at which source.
        answered: requests of this process by consumer and outcome.
        called: calls of sources by this process, by consumer and source.
        workers: how many processes divide a month's budget among them where no store is shared.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Consumer] = {}
        self._rates: dict[str, Rate] = {}
        self.ledger = UsageLedger(clock)
        self.shares = FairShares(self.ledger, clock, lambda: (*self._known, OPERATOR))
        self.answered: Counter[tuple[str, str]] = Counter()
        self.called: Counter[tuple[str, str]] = Counter()
        self.last_at: dict[str, int] = {}
        self.workers = 1
        self._sharer: WindowSharer | None = None
        self._stores: dict[str, UsageStore] = {}
        self._due: dict[str, float] = {}
        self._started: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_on(self) -> bool:
        """Whether keys are set."""
        return bool(self._known)

    @property
    def refused_unknown(self) -> int:
        """Requests of this process that carried no key, or a wrong one."""
        return sum(count for (name, _), count in self.answered.items() if name == UNKNOWN)

    @property
    def every(self) -> list[Consumer]:
        """The consumers in the order of `API_KEYS`."""
        return list(self._known.values())

    def use(self, consumers: Iterable[Consumer]) -> None:
        """These may ask from now on; what they used so far still counts."""
        self._known = {one.name: one for one in consumers}
        rates = {}
        for one in self._known.values():
            if one.per_min is None:
                continue
            rate = self._rates.get(one.name)
            if rate is None or rate.limit != one.per_min:
                rate = Rate(one.per_min, self._clock)
                self._join(one.name, rate)
            rates[one.name] = rate
        self._rates = rates

    def owner(self, key: str) -> Consumer | None:
        """Whose key it is."""
        return owner_of(key, self._known.values())

    def rate(self, name: str) -> Rate | None:
        """The requests per minute of a consumer; None where it has no limit."""
        return self._rates.get(name)

    # What is charged

    def charge(self, source: str, weight: float) -> None:
        """Count a call of a source for whoever the running code works for."""
        caller = CALLER.get()
        if caller is None:
            return
        self.called[caller, source] += 1
        self.ledger.count(caller, f"calls:{source}")
        if weight != 1:
            self.ledger.count(caller, f"extra:{source}", weight - 1)

    def check_budget(self) -> None:
        """See that the caller may have sources asked.

        Raises:
            BudgetSpent: its calls of the month are used up.
        """
        name = CALLER.get()
        caller = self._known.get(name or "")
        if caller is None and name not in (None, OPERATOR):
            # A stream may outlive its key.
            raise BudgetSpent(f"{name} is in API_KEYS no more", budget=0, retry_after_s=math.inf)
        if caller is None or caller.monthly is None:
            return
        used, budget = self.ledger.calls_in_month(caller.name), caller.monthly
        if self._divided:
            budget = max(1, budget // self.workers)
        if used < budget:
            return
        now_ms = self._clock.wall_ms()
        raise BudgetSpent(
            f"{caller.name} used {used:g} of its {caller.monthly} calls of sources this month; "
            "what is in the cache is still answered",
            budget=caller.monthly,
            retry_after_s=(next_month_ms(now_ms) - now_ms) / 1000,
        )

    @property
    def _divided(self) -> bool:
        """Whether several processes count apart from each other."""
        return self.workers > 1 and not self._stores

    def count(self, name: str, outcome: str) -> None:
        """Count a request that ended.

        Args:
            name: of a consumer, `operator` or `unknown`.
            outcome: `ok`, `client_error`, `refused`, `limited` or `failed`.
        """
        self.answered[name, outcome] += 1
        self.last_at[name] = self._clock.wall_ms()
        if name != UNKNOWN:
            self.ledger.count(name, "refused" if outcome in ("refused", "limited") else "requests")

    # Life

    def start(self) -> None:
        """Tell the stores from now on, where keys are set."""
        if self._task is None and self.is_on:
            self._task = asyncio.ensure_future(keep_running(self._run, lambda _: _PAUSE_S))

    async def close(self) -> None:
        """Tell the stores the rest, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            for name in self._stores:
                await self._tell(name)

    async def use_store(self, name: str, store: UsageStore) -> None:
        """Add up with what others counted there, now and from now on."""
        self._stores[name] = store
        if self.is_on:
            await self._tell(name)

    def use_windows(self, sharer: WindowSharer) -> None:
        """Share the requests per minute with the other workers."""
        self._sharer = sharer
        for name, rate in self._rates.items():
            self._join(name, rate)

    def divide(self, workers: int) -> None:
        """Use a share of each limit and budget, as so many processes run that share nothing."""
        self.workers = workers
        for rate in self._rates.values():
            rate.window.scale(1 / workers)

    def _join(self, name: str, rate: Rate) -> None:
        if self._sharer is not None:
            rate.shared = self._sharer.share(f"consumer:{name}", (rate.window,))
        elif self.workers > 1:
            rate.window.scale(1 / self.workers)

    async def _run(self) -> None:
        while True:
            now = self._clock.monotonic()
            for name in list(self._stores):
                if now >= self._due.get(name, 0.0):
                    self._due[name] = now + (STORE_S if name == STORE else ARCHIVE_S)
                    await self._tell(name)
            await asyncio.sleep(STORE_S)

    async def _tell(self, name: str) -> None:
        """Tell one store; one that cannot be reached is told the next time."""
        first = name not in self._started
        try:
            await self.ledger.tell(name, self._stores[name], self.ledger.days(DAYS if first else 1))
        except ConnectionError:
            # It may come back with less than it had: it is told everything.
            self._started.discard(name)
            return
        self._started.add(name)
