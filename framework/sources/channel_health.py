"""A provider's channels: which may be asked now, and what each call of one counts for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from coinmux.framework.errors import (
    CutShort,
    Outcome,
    ProviderBusy,
    ProviderError,
    UnknownSymbol,
    UpstreamTimeout,
)
from coinmux.framework.health.classify import FAIR_S, MISREAD, record_error
from coinmux.framework.health.tracker import HealthTracker, State
from coinmux.framework.plugins.raised import failure_of

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.health.leases import Leases
    from coinmux.framework.secrets import Redactor

T = TypeVar("T")


class ChannelHealth:
    """Which of a provider's channels may be asked, and what each call of one counts for.

    A channel is a source of its own to the health rules, named `<provider>:<channel>`, with one
    capability, `channel`.

    Args:
        is_question: whether an error may be the caller's question's, so that it counts for nobody.
    """

    CAPABILITY = "channel"

    def __init__(
        self,
        health: HealthTracker,
        leases: Leases,
        redactor: Redactor,
        clock: Clock,
        is_question: Callable[[ProviderError | UnknownSymbol], bool] | None = None,
    ) -> None:
        self._health = health
        self._leases = leases
        self._redactor = redactor
        self._clock = clock
        self._is_question = is_question

    def judged_by(
        self, is_question: Callable[[ProviderError | UnknownSymbol], bool]
    ) -> ChannelHealth:
        """The same for one attempt, whose question may be at fault."""
        return ChannelHealth(self._health, self._leases, self._redactor, self._clock, is_question)

    def available(self, provider: str, names: Sequence[str]) -> list[str]:
        """Those of `names` that may be asked now: healthy before degraded, then as declared.

        One whose probe is due goes first: nothing but a request ever probes a channel.
        """
        ranked = []
        for at, name in enumerate(names):
            standing = self._health.standing(f"{provider}:{name}", self.CAPABILITY)
            if standing.eligible or standing.probe:
                tier = -1 if standing.probe else int(standing.state is State.DEGRADED)
                ranked.append((tier, at, name))
        return [name for _, _, name in sorted(ranked)]

    async def run(
        self, provider: str, channel: str, call: Callable[[], Awaitable[T]], limit_s: float
    ) -> T:
        """Make one call of a channel and record its outcome.

        Raises:
            ProviderError: as the call ended, or ProviderBusy where it may not be asked now.
        """
        lease = await self._leases.begin(f"{provider}:{channel}", self.CAPABILITY, limit_s)
        if lease is None:
            raise ProviderBusy(f"{channel} may not be asked now")
        started = self._clock.monotonic()
        try:
            result = await _read(call)
        except (ProviderError, UnknownSymbol) as error:
            counted: ProviderError | UnknownSymbol = error
            if isinstance(error, UpstreamTimeout) and limit_s < FAIR_S:
                counted = CutShort("the caller's deadline left it too little time")
            elif self._is_question is not None and self._is_question(error):
                error.outcome = Outcome.NEUTRAL
            counted.detail = self._redactor.clean(counted.detail)
            record_error(self._health, lease, counted, self._clock.monotonic() - started)
            raise
        except BaseException:
            self._health.release(lease)
            raise
        self._health.record(lease, Outcome.SUCCESS, elapsed_s=self._clock.monotonic() - started)
        return result


async def _read(call: Callable[[], Awaitable[T]]) -> T:
    """`call()`; a body it cannot read is the channel's failure and leaves others to ask."""
    try:
        return await call()
    except (ProviderError, UnknownSymbol) as error:
        failure = failure_of(error)
        if failure is error:
            raise
        raise failure from error
    except MISREAD as error:
        raise failure_of(error) from error
