"""A source's connections: who is followed on which, and when another is opened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, TypeVar

from coinmux.framework.errors import CoinmuxError, Disconnected
from coinmux.framework.limits.rate_window import Limits
from coinmux.framework.streams.connection import Connection
from coinmux.framework.streams.followed import Followed
from coinmux.framework.streams.pauses import Hold

if TYPE_CHECKING:
    from coinmux.framework.plugins.socket_dialect import SocketDialect, SocketInfo, Subscription
    from coinmux.framework.streams.listening import Listener
    from coinmux.framework.streams.session import OpenWire, Session
    from coinmux.framework.streams.socket_use import SocketUse

T = TypeVar("T")

#: A connection nothing is followed on is kept for so long, since another feed may begin.
_LINGER_S = 5.0
#: The first pause before a lost one is opened again.
_FIRST_S = 1.0
#: How often the silence of feeds is looked at.
_LOOK_S = 0.5


class Connections:
    """The connections of one source; a `Follower`.

    Args:
        sockets: its sockets by name.
        dialect: makes the dialect of a new connection of a socket.
        open_wire: opens a socket's WebSocket: given its name, its dialect and until when.
        rng: spreads the pauses.

    Attributes:
        hold: how long it asked to be left alone.
        connects: limits of new connections, by socket.
    """

    def __init__(
        self,
        sockets: dict[str, SocketInfo],
        dialect: Callable[[str], SocketDialect],
        open_wire: Callable[[str, SocketDialect, float], OpenWire],
        *,
        rng: Random | None = None,
        on_opened: Callable[[float], None] = lambda _: None,
        on_lost: Callable[[CoinmuxError], None] = lambda _: None,
    ) -> None:
        self.sockets = sockets
        self.dialect = dialect
        self.open_wire = open_wire
        self.rng = rng if rng is not None else Random()  # noqa: S311 - spreads waits only
        self.on_opened = on_opened
        self.on_lost = on_lost
        self.connects = {name: Limits(info.connects) for name, info in sockets.items()}
        self.hold = Hold(self.rng)
        self._connections: list[Connection] = []
        #: What those that have ended counted.
        self._past: SocketUse | None = None
        #: Ends of sessions that their peers have not answered yet.
        self._ending: set[asyncio.Task[None]] = set()
        self._looker: asyncio.TimerHandle | None = None
        self._is_closed = False

    def follow(self, make: Callable[[], Subscription[T]], listener: Listener[T]) -> Followed[T]:
        """Follow what `make` describes, on a connection with room for it.

        Raises:
            CoinmuxError: as `make`: it cannot be followed.
        """
        followed = Followed(make, listener)
        followed.renew()
        subscription = followed.subscription
        found = self._connection_for(subscription.socket, len(subscription.channels))
        found.place.add(followed)
        if self._looker is None:
            self._look()
        return followed

    def uses(self) -> list[SocketUse]:
        """Each connection, in figures; those that have ended are one that is idle."""
        found = [one.use() for one in self._connections]
        return found if self._past is None else [*found, self._past]

    @property
    def held(self) -> CoinmuxError | None:
        """Why no connection of it may be opened now; None if one may."""
        return self.hold.error(asyncio.get_running_loop().time())

    async def close(self) -> None:
        """End every connection, and wait until each is over."""
        self._is_closed = True
        if self._looker is not None:
            self._looker.cancel()
            self._looker = None
        tasks = [one.end() for one in self._connections]
        await asyncio.gather(*tasks, return_exceptions=True)
        self._connections.clear()
        await asyncio.gather(*self._ending)

    def let_go(self, session: Session) -> None:
        """End a session; `close` waits for its end."""
        session.close()
        task = asyncio.get_running_loop().create_task(session.closed())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def drop(self, connection: Connection) -> None:
        """A connection is empty and over."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._past = connection.use().ended(self._past)

    def _connection_for(self, socket: str, need: int) -> Connection:
        if socket not in self.sockets:
            raise Disconnected(f"it has no socket {socket!r}")
        most = self.sockets[socket].subscriptions
        for one in self._connections:
            if one.socket == socket and one.is_taking and one.place.channels + need <= most:
                return one
        made = Connection(self, socket, linger_s=_LINGER_S, first_s=_FIRST_S)
        self._connections.append(made)
        return made

    def _look(self) -> None:
        self._looker = None
        if self._is_closed or not self._connections:
            return
        loop = asyncio.get_running_loop()
        self._looker = loop.call_later(_LOOK_S, self._look)
        now = loop.time()
        for one in list(self._connections):
            one.look(now)
