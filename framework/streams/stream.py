"""A stream of one reader: what `Gateway.stream` returns."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, Self

from coinmux.framework.models.base import R_co
from coinmux.framework.streams.events import LiveEvent

if TYPE_CHECKING:
    from types import TracebackType

    from coinmux.framework.streams.explanation import FeedExplanation
    from coinmux.framework.streams.outlets import Outlet
    from coinmux.framework.streams.reader import Reader

#: Begins a reader on its feed; also returns what ends it.
OpenReader = Callable[[], Awaitable[tuple["Reader[R_co]", Callable[["Reader[R_co]"], None]]]]


class Stream(Generic[R_co]):
    """Events of one market, as they happen.

    ```python
    async with gateway.stream("ticker", "BTC/USDT") as stream:
        async for event in stream:
            print(event.kind, event.data, event.meta.provider)
    ```
    """

    __slots__ = ("__weakref__", "_ended", "_explained", "_is_closed", "_opened", "_reader")

    def __init__(self, opened: OpenReader[R_co], explained: Callable[[], FeedExplanation]) -> None:
        self._opened: OpenReader[R_co] | None = opened
        self._ended: Callable[[Reader[R_co]], None] | None = None
        self._explained = explained
        self._reader: Reader[R_co] | None = None
        self._is_closed = False

    def explain(self) -> FeedExplanation:
        """Why it is told by whom: every source that could, and what happened lately.

        Raises:
            InvalidRequest: it cannot be followed; its subtypes say why.
        """
        return self._explained()

    async def open(self) -> None:
        """Begin; entering the stream does it.

        Raises:
            InvalidRequest: it cannot be followed; its subtypes say why.
            RoutingError: no source can tell it now.
        """
        if self._reader is None and not self._is_closed and self._opened is not None:
            reader, ended = await self._opened()
            self._opened = None  # what it holds of the question, readers need no longer
            if self._is_closed:
                ended(reader)  # meanwhile
            else:
                self._reader, self._ended = reader, ended

    async def close(self) -> None:
        """End it; waiting for events ends with it."""
        self._is_closed = True
        reader, self._reader = self._reader, None
        if reader is not None and self._ended is not None:
            reader.end()
            self._ended(reader)

    async def batch(self) -> list[LiveEvent[R_co]]:
        """All events that wait, or the next one; none once it is closed."""
        if self._reader is None:
            await self.open()
        reader = self._reader
        return [] if reader is None else await reader.batch()

    def lead_to(self, outlet: Outlet) -> Reader[R_co] | None:
        """Wake `outlet` when events wait; the reader, None where the stream is not open."""
        if self._reader is not None:
            self._reader.lead_to(outlet)
        return self._reader

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[LiveEvent[R_co]]:
        # The reader's own coroutine: one around it would be entered twice for each event.
        return self._first() if self._reader is None else self._reader.next()

    async def _first(self) -> LiveEvent[R_co]:
        await self.open()
        if self._reader is None:
            raise StopAsyncIteration
        return await self._reader.next()
