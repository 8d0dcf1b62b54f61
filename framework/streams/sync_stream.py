"""A stream for programs without an event loop."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Generic, Self

from coinmux.framework.models.base import R_co

if TYPE_CHECKING:
    from coinmux.framework.streams.events import LiveEvent
    from coinmux.framework.streams.explanation import FeedExplanation
    from coinmux.framework.streams.stream import Stream


class SyncStream(Generic[R_co]):
    """A `Stream` whose events are waited for by a plain `for`.

    ```python
    with gateway.stream("ticker", "BTC/USDT") as stream:
        for event in stream:
            print(event.data)
    ```
    """

    def __init__(
        self, stream: Stream[R_co], run: Callable[[Coroutine[Any, Any, Any]], Any]
    ) -> None:
        self._stream = stream
        self._run = run

    def __enter__(self) -> Self:
        self._run(self._stream.open())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._stream.close())

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> LiveEvent[R_co]:
        batch = self._run(self._next())
        if not batch:
            raise StopIteration
        event: LiveEvent[R_co] = batch[0]
        return event

    def batch(self) -> list[LiveEvent[R_co]]:
        """As `Stream.batch`."""
        found: list[LiveEvent[R_co]] = self._run(self._stream.batch())
        return found

    def explain(self) -> FeedExplanation:
        """As `Stream.explain`."""
        found: FeedExplanation = self._run(self._explain())
        return found

    def close(self) -> None:
        """As `Stream.close`."""
        self._run(self._stream.close())

    async def _explain(self) -> FeedExplanation:
        return self._stream.explain()

    async def _next(self) -> list[LiveEvent[R_co]]:
        try:
            return [await anext(self._stream)]
        except StopAsyncIteration:
            return []
