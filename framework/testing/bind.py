"""A source bound to any address, with its client: what a test needs to make one call."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from coinmux.framework.clock import Deadline, SystemClock
from coinmux.framework.models.base import Query
from coinmux.framework.plugins.provider_info import ProviderInfo
from coinmux.framework.reference.assets import AssetDirectory, AssetTable
from coinmux.framework.secrets import Redactor, Secret
from coinmux.framework.sources.binding import BoundSource
from coinmux.framework.sources.http import HTTP
from coinmux.framework.transport.client import ClientLimits, SafeHTTPClient

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from coinmux.framework.sources.binding import CallLimiter, ChannelChooser, MapError
    from coinmux.framework.transport.choice import Transport

INFO = ProviderInfo(
    name="acme", title="Acme", category="market", base_url="https://api.acme.example"
)


class OpenGate:
    """A limiter that lets everything through."""

    __slots__ = ()

    async def enter(self, weight: float) -> None:
        return None

    def leave(self) -> None:
        return None

    def observe(self, headers: Mapping[str, str]) -> None:
        return None


@asynccontextmanager
async def outbound(
    url: str | Mapping[str, str] | None,
    *,
    info: ProviderInfo = INFO,
    values: Mapping[str, str] | None = None,
    map_error: MapError | None = None,
    gate: CallLimiter | None = None,
    desk: ChannelChooser | None = None,
    timeout_s: float = 5.0,
    limits: ClientLimits | None = None,
    client: SafeHTTPClient | None = None,
    ca_file: str | None = None,
    transport: Transport | None = None,
) -> AsyncIterator[HTTP]:
    """The `HTTP` a fetch hook would get, its base URL overridden by `url`.

    Args:
        url: as an operator would override it; None leaves the declared address.
        info: of the provider.
        values: of its variables, by name.
        map_error: the plugin's hook.
        gate: everything passes without one.
        desk: keeps the health of channels.
        timeout_s: until the deadline, from now.
        limits: of one answer.
        client: in place of one of its own; not closed.
        transport: of httpx, in place of the guarded one.
        ca_file: certificates trusted in addition to the usual ones.
    """
    clock = SystemClock()
    redactor = Redactor()
    for value in (values or {}).values():
        redactor.add(value)
    own = SafeHTTPClient(clock, redactor, limits, ca_file=ca_file, transport=transport)
    source = BoundSource.of(
        info,
        base_url_override=url,
        values={name: Secret(value) for name, value in (values or {}).items()},
        gate=gate if gate is not None else OpenGate(),
        map_error=map_error,
        assets=AssetDirectory(info.name, AssetTable([]), clock),
        clock=clock,
    )
    try:
        deadline = Deadline.after(clock, timeout_s)
        yield HTTP(source, client if client is not None else own, deadline, Query(), desk)
    finally:
        await own.close()
