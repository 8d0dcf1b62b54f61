"""Every exchange's sockets on one port of loopback: `/<provider>` and `/<provider>/<socket>`."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from coinmux.framework.simulator.sockets.connection import Connection
from coinmux.framework.simulator.sockets.exchange_end import ExchangeEnd
from coinmux.framework.simulator.sockets.wire import Refusal, Wire

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.simulator.faults import FaultBook
    from coinmux.framework.simulator.price_model import PriceModel
    from coinmux.framework.simulator.providers import SimulatedProvider

#: How often it is looked whether there is something to tell.
_PUMP_S = 0.05
_BAN = frozenset({"feed_ban"})
_I_AM_A_TEAPOT = 418


@dataclass(slots=True)
class SocketCalls:
    """What clients did on an exchange's sockets.

    Attributes:
        opened: connections so far.
        open: connections now.
        subscribed: how often each channel was followed so far.
        followed: by how many connections each channel is followed now.
        cut_slow: connections that were cut off because the client did not read.
    """

    opened: int = 0
    open: int = 0
    subscribed: Counter[str] = field(default_factory=Counter)
    followed: Counter[str] = field(default_factory=Counter)
    cut_slow: int = 0

    def report(self) -> dict[str, Any]:
        """For `GET /_simulator/calls`."""
        return {
            "opened": self.opened,
            "open": self.open,
            "subscribed": dict(self.subscribed),
            "followed": dict(self.followed),
            "cut_slow": self.cut_slow,
        }


class SocketServer:
    """Serves the exchanges that say how their sockets speak; 404 for the others.

    Args:
        providers: those with sockets.
        market: where prices come from.
        clock: what now is.
        faults: ordered faults.

    Attributes:
        ends: exchanges by name.
        connections: open ones.
        calls: by exchange.
    """

    def __init__(
        self,
        providers: Sequence[SimulatedProvider],
        market: PriceModel,
        clock: Clock,
        faults: FaultBook,
    ) -> None:
        self.ends: Mapping[str, ExchangeEnd] = {
            one.info.name: ExchangeEnd(one, market) for one in providers
        }
        self.connections: set[Connection] = set()
        self.calls: dict[str, SocketCalls] = {name: SocketCalls() for name in self.ends}
        self.clock = clock
        self.faults = faults
        self._server: asyncio.Server | None = None
        self._pump: asyncio.Task[None] | None = None
        self._wires: set[Wire] = set()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def port(self) -> int:
        if self._server is None:
            raise RuntimeError("the simulator has not been started")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Wire(self._opened, self._wires), host, port)

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        if self._server is None:
            return
        self._server.close()
        # A connection accepted just now has its protocol in the loop's next rounds.
        for _ in range(2):
            await asyncio.sleep(0)
        for wire in list(self._wires):
            wire.cut()
        await self._empty.wait()
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    def entered(self, connection: Connection) -> None:
        """A connection is open from now on."""
        self.connections.add(connection)
        self._empty.clear()
        calls = self.calls[connection.end.name]
        calls.opened += 1
        calls.open += 1
        if self._pump is None or self._pump.done():
            self._pump = asyncio.get_running_loop().create_task(self._tell())

    def left(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.discard(connection)
        if not self.connections:
            self._empty.set()
        self.calls[connection.end.name].open -= 1

    def _opened(self, asked: str) -> Connection | Refusal:
        """The server's end of a new connection to a path and query."""
        path, mark, query = asked.partition("?")
        name, _, rest = path[1:].partition("/")
        end = self.ends.get(unquote(name))
        if end is None:
            return Refusal(404, "no such exchange here")
        first, _, more = rest.partition("/")
        socket = first if first and first in end.sockets else ""
        target = f"/{more if socket else rest}{mark}{query}"
        order = self.faults.take_feed(_BAN, end.name)
        if order is not None:
            told = {} if order.retry_after is None else {"Retry-After": str(order.retry_after)}
            code = order.code if order.code is not None else _I_AM_A_TEAPOT
            return Refusal(code, "banned", told)
        return Connection(self, end, socket, target)

    async def _tell(self) -> None:
        """Tell every client what is new, while there are any."""
        while self.connections:
            now_ms = self.clock.wall_ms()
            for connection in list(self.connections):
                connection.advance(now_ms)
            await asyncio.sleep(_PUMP_S)
