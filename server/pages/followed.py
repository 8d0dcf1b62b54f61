"""Markets that a page follows, in one stream that is answered 200 on any day.

A browser writes each refused request into its console, where it looks like a defect of the page. So
what cannot be followed is an event of the stream, and not its end while other markets go on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import CoinmuxError
from coinmux.server.asgi.live_events import Sent, framed
from coinmux.server.asgi.sse import event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.live_events import Batches, Sendable
    from coinmux.server.asgi.live_params import LiveQuestion

_ENCODER = msgspec.json.Encoder()
#: Opens the feed of a question.
Open = Callable[["LiveQuestion"], Awaitable["Batches"]]
#: The problem document of an error.
Tell = Callable[[CoinmuxError], dict[str, Any]]


class Refusal:
    """Why a market is not followed, in place of its events.

    Attributes:
        id: nothing can be resumed from it.
        kind: of the event.
    """

    id = ""
    kind = "refused"

    def __init__(self, subject: str | None, problem: dict[str, Any]) -> None:
        self._body = {"subject": subject, "data": None, "meta": None, "error": problem}

    def encode(self) -> bytes:
        """As the events of a feed, with the problem document beside them."""
        return _ENCODER.encode(self._body)


class FollowedMarket:
    """One market of a page's stream: its feed's events, or one that says why there are none.

    Args:
        opened: opens its feed, which may take a while.
        tell: makes a problem document.
    """

    def __init__(self, question: LiveQuestion, opened: Open, tell: Tell) -> None:
        self._question = question
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
                self._feed = await self._opened(self._question)
            except CoinmuxError as error:
                self._is_refused = True
                return (Refusal(self._subject, self._tell(error)),)
        return await self._feed.batch()

    async def close(self) -> None:
        """Follow it no longer."""
        if self._feed is not None:
            await self._feed.close()

    @property
    def _subject(self) -> str:
        """As the events of its feed name it."""
        interval = self._question.fields.get("interval")
        pair = str(self._question.symbol)
        return pair if interval is None else f"{pair} {interval}"


async def followed(
    gateway: Gateway, questions: Iterable[LiveQuestion], opened: Open, tell: Tell
) -> AsyncIterator[bytes]:
    """The events of all these markets, after one that has the titles of sources."""
    titles = {name: source.info.title for name, source in gateway.sources.items()}
    yield event("hello", {"titles": titles})
    markets = [FollowedMarket(one, opened, tell) for one in questions]
    async with aclosing(Sent(markets)) as events:
        async for chunk in events:
            yield chunk


async def refused_all(problem: dict[str, Any]) -> AsyncIterator[bytes]:
    """The stream of a page that may follow nothing now."""
    refusal = Refusal(None, problem)
    yield framed(refusal, refusal.id)
