"""Notices that one channel says nothing any more, though its connection lives and others tell.

A quiet market is silent too. So nothing is said of a channel that is silent for longer than usual
before its own source was asked, once: only where it tells more by REST, and the channel still says
nothing after a moment, has the channel died.
"""

from __future__ import annotations

import asyncio
from math import inf
from typing import TYPE_CHECKING

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.streams.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coinmux.framework.models.base import Result

#: A channel is not suspected sooner, nor asked about more often.
_LEAST_S = 10.0
#: What the source told by REST comes on its channel within this time, if that lives.
_COMES_S = 3.0


class ChannelSilence:
    """Of one source's feed.

    Args:
        known: what the channel told, as a whole; None for nothing.
        ask: the same by REST; None where the answer is not to be believed.
        heard_at: when it told something last, by the loop's clock.
        died: called with how many seconds it has said nothing for.
    """

    def __init__(
        self,
        known: Callable[[], Result | None],
        ask: Callable[[], Awaitable[Result | None]],
        heard_at: Callable[[], float],
        died: Callable[[float], None],
    ) -> None:
        self._known, self._ask = known, ask
        self._heard_at, self._died = heard_at, died
        self._loop = asyncio.get_running_loop()
        self._silence = self._begun()
        #: When the source was asked last, and told no more than the channel.
        self._quiet_at = 0.0
        self._asking: asyncio.Task[None] | None = None

    def _begun(self) -> Silence:
        return Silence(inf, self._loop.time(), has_ping=True, least_s=_LEAST_S)

    def begin(self) -> None:
        """It was subscribed to anew."""
        self.stop()
        self._silence = self._begun()

    def stop(self) -> None:
        """It is followed no longer."""
        if self._asking is not None:
            self._asking.cancel()
            self._asking = None

    def look(self, now: float) -> None:
        """Ask about it if it is silent for longer than is usual; to be called every second."""
        # A quiet market lengthens what is usual, so that it is asked about ever more rarely.
        last_at = max(self._heard_at(), self._quiet_at)
        if self._silence.look(now, last_at) == "ping" and self._asking is None:
            self._asking = self._loop.create_task(self._look_closer(self._heard_at()))

    async def _look_closer(self, heard_at: float) -> None:
        try:
            answer = await self._ask()
        except CoinmuxError:
            answer = None  # then nothing is known of it
        known = self._known()
        if answer is not None and known is not None and answer.tells_more(known):
            await asyncio.sleep(_COMES_S)
            if heard_at == self._heard_at():
                self._asking = None
                self._died(self._loop.time() - heard_at)
                return
        self._quiet_at = self._loop.time()
        self._asking = None
