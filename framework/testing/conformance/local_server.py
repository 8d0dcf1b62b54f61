"""A server of one's own for a provider: every address it declares leads to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

from coinmux.framework.simulator.delivery import Delivery, wire
from coinmux.framework.simulator.http_server import Loopback, Request
from coinmux.framework.simulator.player import PlayedAnswer

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import ProviderInfo


class LocalSource:
    """Stands for all addresses of a provider on loopback.

    Args:
        info: of the provider.
        answer: what comes; None for an answer that never does.

    Attributes:
        requests: what came.
        asked: set by the first.
    """

    def __init__(
        self, info: ProviderInfo, answer: Callable[[Request], PlayedAnswer] | None = None
    ) -> None:
        self.answer = answer
        self.requests: list[Request] = []
        self.asked = asyncio.Event()
        self._info = info
        self._server = Loopback(self._handle)

    async def __aenter__(self) -> Self:
        await self._server.start("127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()

    def overrides(self) -> dict[str, str]:
        """The environment that leads the provider here."""
        url = f"http://127.0.0.1:{self._server.port}"
        prefix = f"{self._info.name.upper()}_BASE_URL"
        names = [*self._info.hosts, *(channel.name for channel in self._info.channels)]
        return {prefix: url, **{f"{prefix}_{name.upper()}": url for name in names}}

    def owns(self, task: asyncio.Task[object]) -> bool:
        """Whether a task is the server's."""
        return task in self._server.tasks

    def _handle(self, request: Request) -> Delivery:
        self.requests.append(request)
        self.asked.set()
        if self.answer is None:
            return Delivery(b"", wait_s=float("inf"))
        return Delivery(wire(self.answer(request)))
