"""Limits the requests in flight: in total, and of one client."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict
from typing import TYPE_CHECKING

from coinmux.framework.errors import Overloaded
from coinmux.server.asgi.host_check import is_loopback
from coinmux.server.asgi.problems import TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.clock import Clock
    from coinmux.framework.config.settings import Settings

#: Clients remembered; those with nothing in flight that were quiet longest are forgotten first.
_CLIENTS = 4_096


#: Seconds after which a client of an overloaded server should try again.
_STRAIN_S = 2.0


def _no_strain() -> str | None:
    return None


class _Client:
    """One distant client's allowance: a bucket that fills steadily, and what it has in flight."""

    __slots__ = ("at", "in_flight", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens = tokens
        self.at = at
        self.in_flight = 0


class Traffic:
    """Counts requests in and out.

    Attributes:
        in_flight: requests being served.
        draining: the server is stopping and takes no new work.
        keeps_callers: while it stops, callers who are connected get one more answer each, after
            which they connect to another worker.
        strain: why new work is shed; None while it is accepted.
        stopped: its patience is over: what is still in flight is being ended.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._clients: OrderedDict[str, _Client] = OrderedDict()
        self._loopback: set[str] = set()
        self.in_flight = 0
        self.draining = False
        self.keeps_callers = False
        self.strain: Callable[[], str | None] = _no_strain
        self.stopped = False

    def enter(self, client: str, settings: Settings) -> None:
        """Let one request of `client` in; `leave` must follow.

        Raises:
            Overloaded: the server is stopping, or full.
            TooManyRequests: this client has had its share. Loopback clients have no share.
        """
        if self.draining and not self.keeps_callers:
            raise Overloaded("the server is stopping", retry_after_s=1)
        if (strain := self.strain()) is not None:
            raise Overloaded(strain, retry_after_s=_STRAIN_S)
        if self.in_flight >= settings.max_in_flight:
            raise Overloaded(f"{self.in_flight} requests are in flight", retry_after_s=1)
        if client not in self._loopback and not self._is_loopback(client):
            self._enter_distant(client, settings)
        self.in_flight += 1

    def take_more(self, client: str, settings: Settings) -> None:
        """Take one more question of a request of `client` that was let in.

        Raises:
            TooManyRequests: this client has had its share.
        """
        if client not in self._loopback and not self._is_loopback(client):
            self._take(self._known(client, settings), settings)

    def leave(self, client: str) -> None:
        """One request of `client` is over."""
        self.in_flight -= 1
        if client not in self._loopback:
            known = self._clients.get(client_network(client))
            if known is not None and known.in_flight:
                known.in_flight -= 1

    def _is_loopback(self, client: str) -> bool:
        if not is_loopback(client):
            return False
        if len(self._loopback) < _CLIENTS:
            self._loopback.add(client)
        return True

    def _enter_distant(self, client: str, settings: Settings) -> None:
        known = self._known(client, settings)
        if known.in_flight >= settings.client_in_flight:
            raise TooManyRequests(
                f"{known.in_flight} of your requests are in flight; wait for one to end",
                retry_after_s=1,
            )
        self._take(known, settings)
        known.in_flight += 1

    def _known(self, client: str, settings: Settings) -> _Client:
        """The client's allowance as it is now."""
        rate = settings.client_requests_per_min
        now = self._clock.monotonic()
        network = client_network(client)
        known = self._clients.get(network)
        if known is None:
            self._forget_quiet()
            known = self._clients[network] = _Client(rate, now)
        self._clients.move_to_end(network)
        known.tokens = min(float(rate), known.tokens + (now - known.at) * rate / 60)
        known.at = now
        return known

    def _take(self, known: _Client, settings: Settings) -> None:
        rate = settings.client_requests_per_min
        if known.tokens < 1:
            raise TooManyRequests(
                f"at most {rate} requests a minute", retry_after_s=(1 - known.tokens) * 60 / rate
            )
        known.tokens -= 1

    def _forget_quiet(self) -> None:
        while len(self._clients) >= _CLIENTS:
            idle = next((name for name, one in self._clients.items() if not one.in_flight), None)
            if idle is None:
                raise Overloaded("too many clients at once", retry_after_s=1)
            del self._clients[idle]


def client_network(client: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 an IPv6 address lies in."""
    if ":" not in client:
        return client
    try:
        address = ipaddress.IPv6Address(client.partition("%")[0])
    except ValueError:
        return client
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
