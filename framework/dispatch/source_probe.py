"""One question to one source, asked merely to learn whether it answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.dispatch.attempt import StaleResult
from coinmux.framework.errors import Outcome, ProviderError, UnknownSymbol
from coinmux.framework.routing.options import RequestOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.clock import Clock
    from coinmux.framework.dispatch.attempt import AttemptRunner
    from coinmux.framework.dispatch.decision_log import DecisionLog
    from coinmux.framework.dispatch.inputs import Inputs
    from coinmux.framework.health.leases import Leases
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.sources.source import Source

#: How a derived source asks others while it is probed: nobody waits, and no quota is spent on it.
_PROBED = RequestOptions(background=True)


class SourceProbe:
    """Asks one source a question of our own: probes, whose answers are dropped, and lists."""

    def __init__(
        self,
        health: HealthTracker,
        leases: Leases,
        runner: AttemptRunner,
        decisions: DecisionLog,
        inputs: Callable[[Source, RequestOptions], Inputs],
        clock: Clock,
    ) -> None:
        self._health = health
        self._leases = leases
        self._runner = runner
        self._decisions = decisions
        self._inputs = inputs
        self._clock = clock

    async def run(self, source: Source, row: Capability, query: Query) -> bool:
        """Ask the source, unless it may not be asked now.

        Returns:
            Whether it was asked.

        Raises:
            ProviderError, UnknownSymbol: as it ended; its outcome is recorded already.
        """
        return await self.fetch(source, row, query, source.timeout_s) is not None

    async def fetch(
        self, source: Source, row: Capability, query: Query, limit_s: float
    ) -> Result | None:
        """The source's own answer within `limit_s` seconds; None where it may not be asked now.

        Raises:
            ProviderError, UnknownSymbol: as it ended; its outcome is recorded already.
        """
        lease = await self._leases.begin(source.name, row.name, limit_s)
        if lease is None:
            return None
        begun = self._clock.monotonic()
        code = detail = failure = None
        try:
            inputs = self._inputs(source, _PROBED) if source.info.asks else None
            return await self._runner.run(
                source, row, query, lease, limit_s, ours=True, inputs=inputs
            )
        except StaleResult as held:
            # It answers; whether its data is too old shows where there is something to compare.
            self._health.record(held.lease, Outcome.SUCCESS, elapsed_s=held.elapsed_s)
            return held.result
        except (ProviderError, UnknownSymbol) as error:
            code, detail, failure = error.code, error.detail, error
            raise
        finally:
            self._decisions.attempt(
                row,
                query,
                source.name,
                "probe",
                self._clock.wall_ms(),
                round((self._clock.monotonic() - begun) * 1000, 3),
                code,
                detail,
                error=failure,
            )
