"""Markets that a page follows, and indicators of the first, in one stream answered 200 on any day.

A browser writes each refused request into its console, where it looks like a defect of the page. So
what cannot be followed is an event of the stream, and not its end while other markets go on.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import CoinmuxError
from coinmux.server.asgi.live_events import Sent, framed
from coinmux.server.asgi.live_params import IndicatorFollowed
from coinmux.server.asgi.sse import event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from coinmux.framework.gateway import Gateway
    from coinmux.framework.streams.events import LiveEvent
    from coinmux.server.asgi.live_events import Batches, Events, Sendable
    from coinmux.server.asgi.live_params import LiveQuestion
    from coinmux.server.pages.indicator_asks import IndicatorAsk

_ENCODER = msgspec.json.Encoder()
#: Opens the feed of a question.
Open = Callable[["LiveQuestion | IndicatorFollowed"], Awaitable["Batches"]]
#: The problem document of an error.
Tell = Callable[[CoinmuxError], dict[str, Any]]


class Refusal:
    """Why something is not followed, in place of its events.

    Args:
        ind: the indicator it is of, as the page wrote it; None for a market.

    Attributes:
        id: nothing can be resumed from it.
        kind: of the event.
    """

    id = ""
    kind = "refused"

    def __init__(
        self, subject: str | None, problem: dict[str, Any], ind: str | None = None
    ) -> None:
        of = {} if ind is None else {"ind": ind}
        self._body = {**of, "subject": subject, "data": None, "meta": None, "error": problem}

    def encode(self) -> bytes:
        """As the events of a feed, with the problem document beside them."""
        return _ENCODER.encode(self._body)


class _Followed(ABC):
    """One part of a page's stream: its feed's events, or one that says why there are none.

    Args:
        opened: opens its feed, which may take a while.
        tell: makes a problem document.
    """

    def __init__(self, opened: Open, tell: Tell) -> None:
        self._opened = opened
        self._tell = tell
        self._feed: Batches | None = None
        self._is_refused = False

    async def batch(self) -> Sequence[Sendable]:
        """All events that wait, or the next one; none at the end."""
        if self._is_refused:
            return ()
        if self._feed is None:
            try:
                self._feed = await self._begun()
            except CoinmuxError as error:
                self._is_refused = True
                return (self._refusal(self._tell(error)),)
        return self._told(await self._feed.batch())

    async def close(self) -> None:
        """Follow it no longer."""
        if self._feed is not None:
            await self._feed.close()

    @abstractmethod
    async def _begun(self) -> Batches:
        """The open feed."""

    @abstractmethod
    def _refusal(self, problem: dict[str, Any]) -> Refusal:
        """What says that there is none."""

    def _told(self, events: Sequence[LiveEvent]) -> Sequence[Sendable]:
        """Events of the feed as the page gets them."""
        return events


class FollowedMarket(_Followed):
    """One market of a page's stream."""

    def __init__(self, question: LiveQuestion, opened: Open, tell: Tell) -> None:
        super().__init__(opened, tell)
        self._question = question

    async def _begun(self) -> Batches:
        return await self._opened(self._question)

    def _refusal(self, problem: dict[str, Any]) -> Refusal:
        # As the events of its feed name it.
        interval = self._question.fields.get("interval")
        pair = str(self._question.symbol)
        return Refusal(pair if interval is None else f"{pair} {interval}", problem)


class IndicatorEvent:
    """An event of an indicator's feed, which says in `ind` what the page wrote.

    By its subject alone a page could not tell apart two that differ in the price they are made of.
    """

    __slots__ = ("_event", "_head", "id", "kind")

    def __init__(self, event: LiveEvent, head: bytes) -> None:
        self._event = event
        self._head = head
        self.id = event.id
        self.kind: str = event.kind

    def encode(self) -> bytes:
        """As the event itself, which is encoded once for all its readers."""
        return self._head + self._event.encode()[1:]


class FollowedIndicator(_Followed):
    """One indicator of a page's stream.

    Args:
        ask: the indicator as the page wrote it.
        market: whose candles it is computed of.
        since: id of the last event the page has; None for none.
    """

    def __init__(
        self, ask: IndicatorAsk, market: LiveQuestion, since: str | None, opened: Open, tell: Tell
    ) -> None:
        super().__init__(opened, tell)
        self._ask = ask
        self._market = market
        self._since = since
        self._head = b'{"ind":%b,' % _ENCODER.encode(ask.text)

    def _refusal(self, problem: dict[str, Any]) -> Refusal:
        return Refusal(None, problem, self._ask.text)

    def _told(self, events: Sequence[LiveEvent]) -> Sequence[Sendable]:
        return [IndicatorEvent(one, self._head) for one in events]

    async def _begun(self) -> Batches:
        plan, market = self._ask.plan, self._market
        if isinstance(plan, CoinmuxError):
            raise plan
        question = IndicatorFollowed(
            name=plan.info.name,
            symbol=market.symbol,
            interval=str(market.fields["interval"]),
            given=plan.values,
            closed_only=False,
            options=market.options,
            since=self._since,
        )
        return await self._opened(question)


async def followed(
    gateway: Gateway,
    questions: Sequence[LiveQuestion],
    opened: Open,
    tell: Tell,
    indicators: Iterable[tuple[IndicatorAsk, str | None]] = (),
) -> AsyncIterator[bytes]:
    """The events of all these markets, after one that has the titles of sources.

    Args:
        indicators: of the first market, each with the id of the last event the page has of it.
    """
    titles = {name: source.info.title for name, source in gateway.sources.items()}
    yield event("hello", {"titles": titles})
    streams: list[Events] = [FollowedMarket(one, opened, tell) for one in questions]
    streams += [
        FollowedIndicator(one, questions[0], since, opened, tell) for one, since in indicators
    ]
    async with aclosing(Sent(streams)) as events:
        async for chunk in events:
            yield chunk


async def refused_all(problem: dict[str, Any]) -> AsyncIterator[bytes]:
    """The stream of a page that may follow nothing now."""
    refusal = Refusal(None, problem)
    yield framed(refusal, refusal.id)
