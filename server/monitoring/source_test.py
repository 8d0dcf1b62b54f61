"""Testing one source now, because a person asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from coinmux.framework.background.probe_queries import CHEAPEST_FIRST, probe_query
from coinmux.framework.errors import FeatureDisabled, InvalidRequest, ProviderError, UnknownSymbol
from coinmux.framework.health.tracker import KEY_REFUSED, State
from coinmux.framework.reports.base import FrozenReport
from coinmux.framework.reports.health import SourceHealth
from coinmux.server.asgi.problems import TooManyRequests

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.sources.source import Source

#: Seconds between two manual tests of one source, whichever client asks.
EVERY_S = 10.0


class TestOutcome(FrozenReport):
    """One question that was sent to test a source."""

    capability: str
    outcome: Literal["ok", "failed"]
    code: str | None
    message: str | None
    elapsed_ms: Annotated[float, msgspec.Meta(description="Milliseconds")]


class TestedHealth(SourceHealth):
    """The health of one source after a test, and the outcome of the test."""

    test: TestOutcome


class SourceTester:
    """Makes one real call for each test, and stores when each source was last tested."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._last: dict[str, float] = {}

    async def run(self, name: str) -> TestedHealth:
        """Send the named source its cheapest request, and return the source's health after it.

        An offline source is tested although its retry delay is not over. A cooldown still applies.

        Raises:
            UnknownProvider: with near names.
            FeatureDisabled: the source is disabled.
            InvalidRequest: the source has no request that is safe to send as a test.
            TooManyRequests: the source was tested a moment ago, is being probed, or is in a
                cooldown.
        """
        gateway = self._gateway
        source = gateway.registry.source(name)
        _check_on(source)
        capability, query = self._question(source)
        now = gateway.clock.monotonic()
        self._check_wait(source, capability, now)
        self._last[source.name] = now
        gateway.health.hasten(source.name)
        code = message = None
        try:
            asked = await gateway.probe(source, capability, query)
        except (ProviderError, UnknownSymbol) as error:
            asked, code, message = True, error.code, gateway.redactor.clean(error.detail)
        if not asked:
            raise TooManyRequests(f"{source.name} is being probed already", retry_after_s=1)
        elapsed_ms = round((gateway.clock.monotonic() - now) * 1000, 3)
        outcome = "ok" if code is None else f"failed: {code}"
        gateway.events.publish(
            "config", f"{source.name} was tested by hand: {outcome}", source=source.name
        )
        return TestedHealth(
            **msgspec.structs.asdict(gateway.source_health_of(source.name)),
            test=TestOutcome(
                capability=capability,
                outcome="ok" if code is None else "failed",
                code=code,
                message=message,
                elapsed_ms=elapsed_ms,
            ),
        )

    def _question(self, source: Source) -> tuple[str, Any]:
        """The cheapest question; offline capabilities come first."""
        health = self._gateway.health.snapshot(source.name)
        offline = {one.name for one in health.capabilities if one.state is State.OFFLINE}
        ranked = sorted(CHEAPEST_FIRST, key=lambda capability: capability not in offline)
        for capability in ranked:
            if capability in source.fetch:
                query = probe_query(source.info, capability)
                if query is not None:
                    return capability, query
        raise InvalidRequest(f"{source.name} has no question that is safe to ask as a test")

    def _check_wait(self, source: Source, capability: str, now: float) -> None:
        left = self._last.get(source.name, now - EVERY_S) + EVERY_S - now
        if left > 0:
            raise TooManyRequests(
                f"{source.name} was tested a moment ago", retry_after_s=max(1.0, left)
            )
        availability = self._gateway.health.standing(source.name, capability)
        if availability.hold_until is not None:
            raise TooManyRequests(
                f"{source.name} is left alone: {availability.detail}",
                retry_after_s=availability.hold_until - now,
            )


def _check_on(source: Source) -> None:
    refusal = source.disabled()
    if refusal is not None and refusal.code != KEY_REFUSED:
        raise FeatureDisabled(
            f"{source.name} is off: {refusal.detail}",
            reason=refusal.code,
            missing=source.feature.missing,
        )
