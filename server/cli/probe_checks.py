"""What `coinmux doctor --probe` learns by asking: each source, and each key, for real."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.background.probe_queries import CHEAPEST_FIRST, probe_query
from coinmux.framework.errors import (
    AuthRefused,
    CoinmuxError,
    GeoBlocked,
    LocalNetwork,
    PlanRestricted,
    TLSFailure,
    ToldToWait,
    Unreachable,
    UpstreamTimeout,
)
from coinmux.server.cli.findings import Finding

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.sources.source import Source

#: Errors of a source that was not reached at all.
_UNREACHED = (LocalNetwork, Unreachable, UpstreamTimeout)
#: Sources that are asked at a time: of forty at once, a small machine would take its own slowness
#: for theirs.
_AT_ONCE = 10
#: A source that says so has read the key.
_ACCEPTED = (ToldToWait,)


@dataclass(frozen=True, slots=True)
class _Told:
    """What asking one source came to.

    Attributes:
        asked: the capability; None where it has no cheap question.
    """

    source: Source
    asked: str | None
    took_ms: float
    error: CoinmuxError | None


async def probes(gateway: Gateway) -> list[Finding]:
    """Ask each source that is on; what all failures have in common is said once."""
    on = [source for source in gateway.sources.values() if source.disabled() is None]
    on.sort(key=lambda source: source.name)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def asked(source: Source) -> _Told:
        async with turns:
            return await _asked(gateway, source)

    told = await asyncio.gather(*map(asked, on))
    keys = [finding for one in told for finding in _keys(one)]
    unreached = [one for one in told if isinstance(one.error, _UNREACHED)]
    # One that works on this machine says nothing of the network.
    answered = any(
        one.asked is not None and one.error is None and one.source.info.base_url for one in told
    )
    if len(unreached) < 2 or answered:
        return [*keys, *(_source(gateway, one) for one in told)]
    conclusion = Finding(
        "network",
        "failed",
        f"no way out of this machine: none of {len(unreached)} sources can be reached",
        "see the network, its name server and its firewall; behind a proxy set HTTPS_PROXY and "
        "HTTP_TRANSPORT=httpx",
    )
    return [conclusion, *keys, *(_source(gateway, one) for one in told if one not in unreached)]


async def _asked(gateway: Gateway, source: Source) -> _Told:
    for capability in CHEAPEST_FIRST:
        query = probe_query(source.info, capability)
        if capability not in source.fetch or query is None:
            continue
        begun = gateway.clock.monotonic()
        error: CoinmuxError | None = None
        try:
            await gateway.probe(source, capability, query)
        except CoinmuxError as raised:
            error = raised
        return _Told(source, capability, (gateway.clock.monotonic() - begun) * 1000, error)
    return _Told(source, None, 0.0, None)


def _source(gateway: Gateway, told: _Told) -> Finding:
    name = told.source.name
    if told.asked is None:
        return Finding(name, "ok", "not asked: it has no cheap request")
    if told.error is None:
        return Finding(name, "ok", f"{told.asked} in {told.took_ms:.0f} ms")
    detail = gateway.redactor.clean(str(told.error))
    return Finding(name, "failed", detail, _remedy(told.source, told.error))


def _remedy(source: Source, error: CoinmuxError) -> str:
    """What to do about a source that did not answer."""
    off = f"{source.name.upper()}_ENABLED=off"
    if isinstance(error, AuthRefused):
        return _another_key(source) if source.bound.has_key else f"it wants a key, or {off}"
    if isinstance(error, (GeoBlocked, PlanRestricted)):
        return f"it does not serve this place or this account; {off} leaves it alone"
    if isinstance(error, ToldToWait):
        return "nothing: it is asked again when its limit allows"
    if isinstance(error, TLSFailure):
        return "see the clock, and whether something between reads along (a proxy's certificate)"
    if isinstance(error, _UNREACHED):
        return f"see whether {source.bound.endpoint.origin.host} can be reached from this machine"
    return f"others are asked in its place; {off} leaves it alone"


def _keys(told: _Told) -> list[Finding]:
    """What was learnt of each key of a source that is set."""
    source = told.source
    names = [
        one.name for one in source.info.env if one.secret and one.name in source.feature.present
    ]
    return [_key(told, name) for name in names]


def _key(told: _Told, variable: str) -> Finding:
    title = told.source.info.title
    if told.asked is None:
        return Finding(variable, "ok", f"not tried: {title} has no cheap request")
    if told.error is None or isinstance(told.error, _ACCEPTED):
        return Finding(variable, "ok", f"{title} takes it")
    if isinstance(told.error, (AuthRefused, PlanRestricted)):
        return Finding(variable, "failed", f"{title} refuses it", _another_key(told.source))
    return Finding(variable, "warning", f"not tried: {title} gave no answer", "try again later")


def _another_key(source: Source) -> str:
    urls = [one.signup_url for one in source.info.env if one.secret and one.signup_url]
    where = f" at {urls[0]}" if urls else ""
    return f"get another key{where}, and see that it is copied whole"
