"""Who calls a tool: what they may ask, and under which id what was decided is found again."""

from __future__ import annotations

import os
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from coinmux.framework.dispatch.decision_log import DecisionTrail
from coinmux.server.monitoring.event_json import plain
from coinmux.server.monitoring.kept_decisions import KeptDecisions

if TYPE_CHECKING:
    from coinmux.framework.errors import CoinmuxError
    from coinmux.framework.gateway import Gateway


class Visit(Protocol):
    """One call.

    Attributes:
        request_id: by which its decision is found.
        trail: receives what is decided for it.
    """

    request_id: str
    trail: DecisionTrail

    def check(self, area: str) -> None:
        """Let it ask for a part of the API; empty for what needs no right.

        Raises:
            ScopeMissing: whose key it carries may not.
        """
        ...

    async def decision(self, request_id: str) -> dict[str, Any]:
        """What was decided for a call that was made.

        Raises:
            NotFound: none is kept under that id.
        """
        ...

    def ended(self, error: CoinmuxError | None) -> None:
        """It is over: with an answer, or with an error."""
        ...


class Visits(Protocol):
    """What knows each caller."""

    def visit(self, request: Any) -> Visit:
        """Of the call that came with an HTTP request; None where it came another way."""
        ...


class OwnVisits:
    """Calls of whoever started the process: they may ask everything."""

    def __init__(self, gateway: Gateway) -> None:
        self._ids = count(1)
        self._run = os.urandom(5).hex()
        self.decisions = KeptDecisions(
            lambda decision: plain(decision.public(), gateway.redactor), lambda: None
        )

    def visit(self, request: Any) -> Visit:
        return _OwnVisit(f"{self._run}-{next(self._ids):x}", self.decisions)


class _OwnVisit:
    def __init__(self, request_id: str, decisions: KeptDecisions) -> None:
        self.request_id = request_id
        self.trail = DecisionTrail()
        self._decisions = decisions

    def check(self, area: str) -> None:
        """Everything may be asked."""

    async def decision(self, request_id: str) -> dict[str, Any]:
        return await self._decisions.find("", request_id)

    def ended(self, error: CoinmuxError | None) -> None:
        if self.trail.decisions:
            self._decisions.keep("", self.request_id, tuple(self.trail.decisions))
