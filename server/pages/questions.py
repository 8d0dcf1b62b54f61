"""The questions of one request of a page, asked as the dashboard's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.dispatch.decision_log import DecisionTrail
from coinmux.framework.dispatch.request import key_of
from coinmux.framework.routing.options import RequestOptions
from coinmux.server.asgi.problems import problem
from coinmux.server.asgi.requests import request_id
from coinmux.server.asgi.scope import state_of
from coinmux.server.pages.parts import Shown, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.errors import CoinmuxError
    from coinmux.framework.models.base import Query
    from coinmux.server.asgi.requests import AnyRequest
    from coinmux.server.context import ServerContext
    from coinmux.server.pages.kept_answers import KeptAnswers, Outcome, Problem


class PageQuestions:
    """Asks what one request of a page needs.

    Attributes:
        gateway: who answers.
        kept: what all pages were answered.
    """

    def __init__(self, desk: ServerContext, kept: KeptAnswers, request: AnyRequest) -> None:
        self.gateway = desk.gateway
        self.kept = kept
        self.request_id = request_id(request)
        self._trail = state_of(request.scope).trail

    def options(self, capability: str, every_s: float, *, is_newest: bool) -> RequestOptions:
        """How a page asks: for itself, and for what is fresh where the newest is not needed.

        Args:
            every_s: the interval in which the page asks.
            is_newest: whether an answer may be no older than that interval.
        """
        fresh_s = self.gateway.capabilities[capability].freshness.fresh_s
        return RequestOptions(own=True, max_age_s=every_s if is_newest else max(every_s, fresh_s))

    async def answer(
        self, capability: str, query: Query, every_s: float, *, is_newest: bool = False
    ) -> Outcome[Shown]:
        """The answer to `query`; arguments as of `options`."""
        gateway = self.gateway
        options = self.options(capability, every_s, is_newest=is_newest)
        row = gateway.capabilities[capability]
        trail = DecisionTrail()

        async def ask() -> Shown:
            answer = await gateway.fetch(
                capability, query, options, request_id=self.request_id, trail=trail
            )
            return shown(answer.fetched, answer.cache, gateway)

        def older() -> Shown | None:
            known = gateway.cache.get(key_of(row, query, options))
            return None if known is None else shown(known, "stale", gateway)

        key = (capability, query, is_newest)
        return await self.kept.get(key, every_s, ask, self.teller(trail), older)

    def teller(self, trail: DecisionTrail) -> Callable[[CoinmuxError], Problem]:
        """What makes the problem document of an error of a question with that trail.

        The decision of a question that failed is kept, so that the id in its problem leads to it.
        """
        own = self._trail

        def tell(error: CoinmuxError) -> Problem:
            if own is not None:
                for decision in trail.decisions:
                    own.note(decision)
            return self.problem(error)

        return tell

    def problem(self, error: CoinmuxError) -> Problem:
        """The problem document of `error`."""
        return problem(error, self.request_id, self.gateway.redactor)
