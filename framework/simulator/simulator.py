"""Every provider's wire format on loopback, from the samples beside each, with faults to order."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, unquote

import msgspec

from coinmux.framework.clock import SystemClock
from coinmux.framework.samples.format import BadSample
from coinmux.framework.simulator.control import CONTROL, control, json_answer
from coinmux.framework.simulator.delivery import Delivery, delivery, wire
from coinmux.framework.simulator.faults import (
    FEED_KINDS,
    FEEDS,
    TWISTS,
    BadFault,
    FaultBook,
    FaultOrder,
)
from coinmux.framework.simulator.http_server import Loopback, Request
from coinmux.framework.simulator.matching import SampleIndex, segments_of
from coinmux.framework.simulator.patterns import Asked, PatternMatch
from coinmux.framework.simulator.player import PlayedAnswer
from coinmux.framework.simulator.price_model import PriceModel
from coinmux.framework.simulator.providers import SimulatedProvider, simulated_providers
from coinmux.framework.simulator.sockets.exchange_end import has_sockets
from coinmux.framework.sources.response_errors import NO_SAMPLE

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.simulator.sockets.server import SocketCalls, SocketServer

__all__ = ["Call", "SimulatedProvider", "Simulator", "simulated_providers"]

#: How many requests `Simulator.log` holds.
LOG_LENGTH = 1_000
#: That it has no sample is nobody's fault, so it is said.
_NOTHING = PlayedAnswer(404, {"content-type": "application/json", NO_SAMPLE: "1"}, b"{}")


@dataclass(frozen=True, slots=True)
class Call:
    """A request that came.

    Attributes:
        at_ms: Unix ms.
        path: below the base URL, without query: keys may stand there.
        capability: of the sample that answers; None where none does.
        fault: its kind, where one was ordered.
        status: of the answer without the fault.
    """

    at_ms: int
    provider: str
    host: str | None
    channel: str | None
    method: str
    path: str
    capability: str | None
    fault: str | None
    status: int


class Simulator:
    """Serves providers at `/<provider>`, `/<provider>@<host>` and `/<provider>:<channel>`.

    Their sockets are on a port of their own, see `socket_url`.

    Args:
        providers: whom to play.
        clock: tells what now is in answers.
        seed: another seed, another course of prices.

    Attributes:
        providers: by name.
        calls: requests so far, by provider.
        log: the last 1,000 of them.

    Raises:
        BadSample: a sample that does not fit its provider.
        ValueError: two providers of one name.
    """

    def __init__(
        self, providers: Sequence[SimulatedProvider], clock: Clock | None = None, seed: int = 0
    ) -> None:
        self.providers: dict[str, SimulatedProvider] = {}
        self._catalogues: dict[str, SampleIndex] = {}
        self._keys: dict[str, frozenset[str]] = {}
        self._sockets: SocketServer | None = None
        if len({one.info.name for one in providers}) != len(providers):
            raise ValueError("two providers of one name")
        self.market = PriceModel(seed)
        self.calls: Counter[str] = Counter()
        self.log: deque[Call] = deque(maxlen=LOG_LENGTH)
        self._clock = clock if clock is not None else SystemClock()
        self._faults = FaultBook()
        self._before_answers: Callable[[], None] | None = None
        for one in providers:
            self.take(one)
        self._server = Loopback(self._handle)
        self._address = ""
        self._socket_address = ""

    def take(self, one: SimulatedProvider) -> None:
        """Play a provider from now on, in place of one of the same name; its sockets are not.

        Raises:
            BadSample: a sample that does not fit its provider.
        """
        name = one.info.name
        self._catalogues[name] = _catalogue(one)
        self._keys[name] = frozenset(
            variable.send_as.partition(":")[2]
            for variable in one.info.env
            if variable.send_as.startswith("query:")
        )
        self.providers[name] = one

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        await self._server.start(host, port)
        shown = f"[{host}]" if ":" in host else host
        self._address = f"http://{shown}:{self._server.port}"
        speaking = [one for one in self.providers.values() if has_sockets(one)]
        # Without any, their library is not needed.
        if speaking:
            from coinmux.framework.simulator.sockets.server import SocketServer

            self._sockets = SocketServer(speaking, self.market, self._clock, self._faults)
            await self._sockets.start(host)
            self._socket_address = f"ws://{shown}:{self._sockets.port}"

    async def stop(self) -> None:
        """Stop, and drop the connections that still wait for an answer."""
        await self._server.stop()
        if self._sockets is not None:
            await self._sockets.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        if not self._address:
            raise RuntimeError("the simulator has not been started")
        return self._address

    def base_url(self, provider: str, host: str | None = None, channel: str | None = None) -> str:
        """The base URL of a provider, or of one of its hosts or channels.

        Raises:
            KeyError: it has no such provider, host or channel.
        """
        info = self.providers[provider].info
        if host is not None and host not in info.hosts:
            raise KeyError(host)
        if channel is not None and channel not in {one.name for one in info.channels}:
            raise KeyError(channel)
        place = f"@{host}" if host is not None else f":{channel}" if channel is not None else ""
        return f"{self.url}/{provider}{place}"

    def socket_url(self, provider: str, socket: str = "") -> str:
        """The address of one of a provider's sockets; one that is not simulated refuses.

        Raises:
            KeyError: it has no such provider or socket.
        """
        if socket not in self.providers[provider].info.sockets:
            raise KeyError(socket)
        # Nothing listens on port 9: a feed that is not simulated must not reach the world.
        address = self._socket_address or "ws://127.0.0.1:9"
        return f"{address}/{provider}{f'/{socket}' if socket else ''}"

    @property
    def socket_calls(self) -> Mapping[str, SocketCalls]:
        """What clients did on the sockets, by provider."""
        return self._sockets.calls if self._sockets is not None else {}

    def overrides(self) -> dict[str, str]:
        """The environment that leads a gateway here.

        `<PROVIDER>_BASE_URL[_<HOST or CHANNEL>]`, and `<PROVIDER>_WS_URL[_<SOCKET>]`.
        """
        found = {}
        for name, provider in self.providers.items():
            variable = f"{name.upper()}_BASE_URL"
            found[variable] = self.base_url(name)
            for host in provider.info.hosts:
                found[f"{variable}_{host.upper()}"] = self.base_url(name, host=host)
            for channel in provider.info.channels:
                url = self.base_url(name, channel=channel.name)
                found[f"{variable}_{channel.name.upper()}"] = url
            for socket in provider.info.sockets:
                variable = f"{name.upper()}_WS_URL{f'_{socket.upper()}' if socket else ''}"
                found[variable] = self.socket_url(name, socket)
        return found

    def placeholder_keys(self) -> dict[str, str]:
        """A made-up value for each variable a provider requires: no key is checked here."""
        return {
            variable.name: f"no-key-{variable.name.lower()}"
            for provider in self.providers.values()
            for variable in provider.info.env
            if variable.required
        }

    def before_answers(self, work: Callable[[], None]) -> None:
        """Do `work` before each answer; it must be quick. Orders from elsewhere are taken there."""
        self._before_answers = work

    def order(
        self, order: FaultOrder | str, kind: str = "", count: int | None = None, **arguments: Any
    ) -> FaultOrder:
        """Order a fault: a `FaultOrder`, or what one takes.

        Raises:
            BadFault: it cannot be carried out; names the fields.
        """
        if not isinstance(order, FaultOrder):
            order = FaultOrder.read({"provider": order, "kind": kind, "count": count, **arguments})
        self._check(order)
        self._faults.add(order)
        return order

    def clear(self, provider: str | None = None) -> int:
        """Forget every fault, or one provider's; how many there were."""
        return self._faults.clear(provider)

    def faults(self) -> list[dict[str, Any]]:
        """Faults in force, each with `left` and `done`."""
        return [one.report() for one in self._faults.standing]

    def _check(self, order: FaultOrder) -> None:
        if order.provider == "*":
            return
        provider = self.providers.get(order.provider)
        if provider is None:
            known = ", ".join(sorted(self.providers))
            raise BadFault([{"name": "provider", "message": f"is not simulated; known: {known}"}])
        info = provider.info
        is_of_feed = order.kind in FEED_KINDS
        if is_of_feed and not info.sockets:
            raise BadFault([{"name": "kind", "message": f"{info.name} has no sockets"}])
        for name, said, known_names in (
            ("host", order.host, set(info.hosts)),
            ("channel", None if is_of_feed else order.channel, {c.name for c in info.channels}),
            (
                "capability",
                order.capability,
                FEEDS if is_of_feed else {one.capability for one in provider.samples},
            ),
            ("outcome", order.outcome, {one.outcome for one in provider.samples}),
        ):
            if said is not None and said not in known_names:
                shown = ", ".join(sorted(known_names)) or "nothing"
                raise BadFault([{"name": name, "message": f"{info.name} has {shown}"}])

    def _handle(self, request: Request) -> Delivery:
        if request.target.startswith(CONTROL):
            return Delivery(wire(control(self, request)))
        path, _, query = request.target.partition("?")
        first, slash, rest = path[1:].partition("/")
        first = unquote(first)
        name, at, host = first.partition("@")
        name, colon, channel = (name, "", "") if at else first.partition(":")
        catalogue = self._catalogues.get(name)
        if catalogue is None:
            return Delivery(wire(json_answer(404, {"error": f"no provider {name[:40]!r} here"})))
        self.calls[name] += 1
        if self._before_answers is not None:
            self._before_answers()
        asked = Asked(
            request.method,
            segments_of(slash + rest),
            _params(query, self._keys[name]),
            _json(request),
            host if at else None,
            channel if colon else None,
        )
        found = catalogue.find(asked)
        capability = found.sample.capability if found is not None else None
        order = self._faults.take(name, capability, asked.host, asked.channel)
        # An order about how an answer is sent leaves it what it is; others change what it says.
        is_changed = order is not None and (order.kind in TWISTS or order.kind == "sample")
        answer = None if is_changed else self._live(name, slash + rest, asked)
        if answer is None:
            answer = self._answer(catalogue, found, asked, order)
        self.log.append(
            Call(
                self._clock.wall_ms(),
                name,
                asked.host,
                asked.channel,
                asked.method,
                slash + rest,
                capability,
                order.kind if order is not None else None,
                answer.status,
            )
        )
        return delivery(order, answer)

    def _live(self, name: str, path: str, asked: Asked) -> PlayedAnswer | None:
        """What REST says of what a feed tells too; None where the samples say it."""
        end = self._sockets.ends.get(name) if self._sockets is not None else None
        if end is None:
            return None
        now_ms = self._clock.wall_ms()
        body = end.rest_answer(path, asked.segments, asked.params, now_ms)
        return None if body is None else json_answer(200, body)

    def _answer(
        self,
        catalogue: SampleIndex,
        found: PatternMatch | None,
        asked: Asked,
        order: FaultOrder | None,
    ) -> PlayedAnswer:
        now_ms = self._clock.wall_ms()
        if order is not None and order.kind == "sample" and order.outcome is not None:
            play = catalogue.ending_in(order.outcome)
            return _NOTHING if play is None else play.answer(self.market, now_ms)
        if found is None:
            return _NOTHING
        return found.play.answer(
            self.market,
            now_ms,
            span=found.span,
            address=found.address,
            page=found.page,
            said=found.said,
            asked_json=asked.json,
            twist=order.kind if order is not None and order.kind in TWISTS else None,
            lie=1 + order.percent / 100 if order is not None and order.kind == "lie" else None,
        )


def _catalogue(provider: SimulatedProvider) -> SampleIndex:
    try:
        return SampleIndex(provider.info, provider.samples)
    except ValueError as exc:
        raise BadSample(str(exc)) from exc


def _params(query: str, keys: frozenset[str]) -> dict[str, str]:
    if not query:
        return {}
    pairs = parse_qsl(query, keep_blank_values=True)
    return {name: value for name, value in pairs if name not in keys}


def _json(request: Request) -> Any:
    if not request.body:
        return None
    try:
        return msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
