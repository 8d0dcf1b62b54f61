"""One call of one source: its lease, its hook under a deadline, and what the outcome counts for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from framework.aggregate import aggregate, finer, finer_query
from framework.clock import Deadline
from framework.errors import (
    CoinmuxError,
    CutShort,
    Empty,
    InvalidRequest,
    NotOffered,
    Outcome,
    PluginError,
    ProviderBusy,
    ProviderError,
    SchemaMismatch,
    UnknownSymbol,
    UpstreamTimeout,
)
from framework.heads import ChainHeads
from framework.health import Lease, State
from framework.http import HTTP
from framework.models.chain import ChainHead
from framework.models.market import Candles, CandlesQuery
from framework.plausibility import age_s, check

if TYPE_CHECKING:
    from framework.capabilities import Capability
    from framework.client import SafeHTTPClient
    from framework.clock import Clock
    from framework.health import HealthTracker
    from framework.models.base import Query, Result
    from framework.redact import Redactor
    from framework.sources import Source

T = TypeVar("T")

#: A timeout counts against a source only if it had at least so long (`faults.md`, fair timeouts).
FAIR_S = 2.0
#: What reading a body raises when the source changed its shape.
_MISREAD = (KeyError, IndexError, TypeError, ValueError, AttributeError)


class StaleResult(Exception):
    """An answer older than its kind may be: an error only if another source has a fresher one.

    Attributes:
        lease: still to be recorded, once it is known which of the two it is.
    """

    def __init__(self, result: Result, why: str, lease: Lease, elapsed_s: float) -> None:
        super().__init__(why)
        self.result = result
        self.lease = lease
        self.elapsed_s = elapsed_s


class AttemptRunner:
    """Runs attempts and records what came of them."""

    def __init__(self, health: HealthTracker, client: SafeHTTPClient, clock: Clock) -> None:
        self._health = health
        self._client = client
        self._clock = clock
        self._desk = ChannelDesk(health, client.redactor, clock)
        self._heads = ChainHeads(clock)

    async def run(
        self,
        source: Source,
        capability: Capability,
        query: Query,
        lease: Lease,
        limit_s: float,
    ) -> Result:
        """The source's answer within `limit_s` seconds, checked; its outcome is recorded.

        Raises:
            ProviderError, UnknownSymbol: as it ended.
            StaleResult: an answer that is too old; its lease is the caller's to record.
        """
        clock = self._clock
        started = clock.monotonic()
        try:
            result = await self._call(source, capability, query, limit_s)
            why_stale = self._why_stale(capability, result)
        except (ProviderError, UnknownSymbol) as caught:
            error = _fair(caught, source, query, limit_s)
            # What a plugin quotes of a source has not passed the client's redactor.
            error.detail = self._client.redactor.clean(error.detail)
            record_error(self._health, lease, error, clock.monotonic() - started)
            raise error from caught.__cause__
        except BaseException:
            # Cancelled, or a defect of ours: whoever holds the probe must give it back.
            self._health.release(lease)
            raise
        elapsed = clock.monotonic() - started
        if why_stale is not None:
            raise StaleResult(result, why_stale, lease, elapsed)
        self._health.record(lease, Outcome.SUCCESS, elapsed_s=elapsed)
        return result

    def _why_stale(self, capability: Capability, result: Result) -> str | None:
        """Why the answer is older than its kind may be, None where it is not."""
        if isinstance(result, ChainHead):
            return self._heads.lag(result)
        if capability.max_age_s is None:
            return None
        age = age_s(result, self._clock.wall_ms())
        return f"{age:.0f} s old" if age is not None and age > capability.max_age_s else None

    async def _call(
        self, source: Source, capability: Capability, query: Query, limit_s: float
    ) -> Result:
        asked = query
        if isinstance(query, CandlesQuery):
            asked = _in_offered_interval(source, query)
        fetch = source.fetch[capability.name]
        http = HTTP(
            source.bound, self._client, Deadline.after(self._clock, limit_s), asked, self._desk
        )
        try:
            async with asyncio.timeout(limit_s):
                result = await fetch(asked, http)
            checked = check(capability, asked, result, self._clock.wall_ms())
        except TimeoutError:
            raise UpstreamTimeout(f"no answer within {limit_s:.1f} s") from None
        except (ProviderError, UnknownSymbol):
            raise
        except ValidationError as error:
            raise _mismatch(error) from error
        except InvalidRequest as error:
            # The caller's values passed our own checks: it is this source that cannot take them.
            raise NotOffered(error.detail) from error
        except _MISREAD as error:
            raise _mismatch(error) from error
        except CoinmuxError:
            raise
        except (Exception, SystemExit) as error:
            # The border around a plugin's call: whatever it raises is its own defect.
            raise PluginError(f"{type(error).__name__}: {str(error)[:200]}") from error
        if isinstance(checked, Candles) and isinstance(query, CandlesQuery):
            return _finished(checked, query, self._clock.wall_ms())
        return checked


def record_error(
    health: HealthTracker, lease: Lease, error: ProviderError | UnknownSymbol, elapsed_s: float
) -> None:
    """Record how an attempt failed, with the wait it was told."""
    health.record(
        lease,
        error.outcome,
        elapsed_s=elapsed_s,
        code=error.code,
        message=error.detail,
        retry_after_s=getattr(error, "retry_after_s", None),
    )


def _mismatch(error: Exception) -> SchemaMismatch:
    """What reading a body of another shape came to."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return SchemaMismatch(f"{place or 'answer'}: {first['msg'][:200]}")
    return SchemaMismatch(f"{type(error).__name__}: {str(error)[:200]}")


def _fair(
    error: ProviderError | UnknownSymbol, source: Source, query: Query, limit_s: float
) -> ProviderError | UnknownSymbol:
    """Counted against the source only what is its fault.

    A timeout is if it had a fair time; nothing in a range of the caller's choosing never is.
    """
    if isinstance(error, UpstreamTimeout) and limit_s < min(source.timeout_s, FAIR_S) - 1e-9:
        return CutShort(f"the caller's deadline left it {limit_s:.2f} s")
    asked = query.__dict__
    if isinstance(error, Empty) and (asked.get("start") or asked.get("end")) is not None:
        error.outcome = Outcome.NEUTRAL
    return error


def _in_offered_interval(source: Source, query: CandlesQuery) -> CandlesQuery:
    offered = source.info.intervals
    if offered is None or query.interval in offered:
        return query
    interval = finer(query.interval, offered)
    if interval is None:
        return query
    return finer_query(query, interval, source.info.max_candles)


def _finished(candles: Candles, query: CandlesQuery, now_ms: int) -> Candles:
    """Gathered to the asked interval, and judged whether the last one is closed."""
    if candles.interval != query.interval:
        candles = aggregate(candles, query)
    closes = int(candles.timestamp[-1]) + query.interval.ms if len(candles) else 0
    return candles.model_copy(update={"last_closed": closes <= now_ms})


class ChannelDesk:
    """Which of a provider's channels may be asked, and what each call of one counts for.

    A channel is a source of its own to the health rules, named `<provider>:<channel>`, with one
    capability, `channel`.
    """

    CAPABILITY = "channel"

    def __init__(self, health: HealthTracker, redactor: Redactor, clock: Clock) -> None:
        self._health = health
        self._redactor = redactor
        self._clock = clock

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
        lease = self._health.begin(f"{provider}:{channel}", self.CAPABILITY, limit_s)
        if lease is None:
            raise ProviderBusy(f"{channel} may not be asked now")
        started = self._clock.monotonic()
        try:
            result = await _read(call)
        except (ProviderError, UnknownSymbol) as error:
            counted: ProviderError | UnknownSymbol = error
            if isinstance(error, UpstreamTimeout) and limit_s < FAIR_S:
                counted = CutShort("the caller's deadline left it too little time")
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
    except _MISREAD as error:
        raise _mismatch(error) from error


def describe(query: Any) -> dict[str, Any]:
    """A query's parameters as plain values, for events and explanations."""
    plain: dict[str, Any] = query.model_dump(mode="json", exclude_none=True)
    return plain
