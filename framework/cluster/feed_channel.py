"""The connection on which a worker hears the events of all shared feeds that others follow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import ResponseError

from coinmux.framework.cluster.lane import Lane

if TYPE_CHECKING:
    from collections.abc import Callable


class FeedChannel(Lane):
    """Any number of channels on one connection; it is of no more use once it has ended."""

    def __init__(self) -> None:
        super().__init__(lambda _: None)
        self._heard: dict[bytes, Callable[[bytes], None]] = {}
        self._begun: dict[bytes, asyncio.Future[None]] = {}
        self.has_ended = False

    async def subscribe(self, name: str, heard: Callable[[bytes], None]) -> None:
        """Call `heard` with each message of a channel from now on.

        Raises:
            ConnectionError: the connection has ended.
        """
        if self.has_ended:
            raise StoreConnectionError("closed")
        key = name.encode()
        begun = self._begun.get(key)
        if begun is None:
            begun = self._begun[key] = self._loop.create_future()
            self._put(("SUBSCRIBE", name), None, None)
        self._heard[key] = heard
        await asyncio.shield(begun)

    def unsubscribe(self, name: str) -> None:
        """Hear nothing of it any more."""
        if self._heard.pop(name.encode(), None) is not None and not self.has_ended:
            self._begun.pop(name.encode(), None)
            self._put(("UNSUBSCRIBE", name), None, None)

    def close(self, error: BaseException | None = None) -> None:
        """End the connection."""
        self.has_ended = True
        super().close(error)
        for begun in self._begun.values():
            if not begun.done():
                begun.set_exception(error or StoreConnectionError("closed"))
                # Who waited may have gone meanwhile.
                begun.exception()

    def _take(self, answer: Any) -> None:
        if isinstance(answer, ResponseError):
            self._end(answer)
        elif isinstance(answer, list) and answer[0] == b"message":
            heard = self._heard.get(answer[1])
            if heard is not None:
                heard(answer[2])
        elif isinstance(answer, list):
            self._sent.popleft()
            begun = self._begun.get(answer[1])
            if answer[0] == b"subscribe" and begun is not None and not begun.done():
                begun.set_result(None)
