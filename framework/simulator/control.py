"""The simulator's own routes: what was asked of it, and faults ordered over HTTP."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

import msgspec

from coinmux.framework.simulator.faults import BadFault, FaultOrder
from coinmux.framework.simulator.http_server import Request
from coinmux.framework.simulator.player import PlayedAnswer

if TYPE_CHECKING:
    from coinmux.framework.simulator.sockets.server import SocketCalls

#: What their paths begin with; no provider's name begins so.
CONTROL = "/_simulator/"


class Controlled(Protocol):
    """What these routes need of a simulator."""

    calls: Counter[str]
    log: deque[Any]

    @property
    def socket_calls(self) -> Mapping[str, SocketCalls]:
        """What clients did on the sockets."""
        ...

    def faults(self) -> list[dict[str, Any]]:
        """Faults in force."""
        ...

    def clear(self, provider: str | None = None) -> int:
        """Forget faults."""
        ...

    def order(self, order: FaultOrder | str) -> FaultOrder:
        """Take a fault."""
        ...


def control(simulator: Controlled, request: Request) -> PlayedAnswer:
    """The answer to a request of the simulator itself."""
    what, _, provider = request.target[len(CONTROL) :].partition("/")
    # A page in a browser must not order faults: it would send an Origin.
    if request.method != "GET" and "origin" in request.headers:
        return json_answer(403, {"error": "not for browsers"})
    match request.method, what:
        case "GET", "calls":
            log = [asdict(call) for call in simulator.log]
            sockets = {name: one.report() for name, one in simulator.socket_calls.items()}
            told = {"calls": dict(simulator.calls), "log": log, "sockets": sockets}
            return json_answer(200, told)
        case "GET", "faults":
            return json_answer(200, {"faults": simulator.faults()})
        case "DELETE", "faults":
            return json_answer(200, {"cleared": simulator.clear(unquote(provider) or None)})
        case "POST", "faults":
            return _ordered(simulator, request)
        case _:
            return json_answer(404, {"error": "GET calls; GET, POST or DELETE faults"})


def _ordered(simulator: Controlled, request: Request) -> PlayedAnswer:
    try:
        held = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        held = None
    if not isinstance(held, dict):
        return json_answer(400, {"errors": [{"name": "body", "message": "takes a JSON object"}]})
    try:
        order = FaultOrder.read(held)
        simulator.order(order)
    except BadFault as exc:
        return json_answer(400, {"errors": exc.errors})
    return json_answer(201, order.model_dump(exclude_unset=True, exclude_none=True))


def json_answer(status: int, content: Any) -> PlayedAnswer:
    """An answer of JSON."""
    return PlayedAnswer(status, {"content-type": "application/json"}, msgspec.json.encode(content))
