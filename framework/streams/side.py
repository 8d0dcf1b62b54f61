"""One source of a feed: what it says, made into data, until it is not to be believed any more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from coinmux.framework.errors import (
    BrokenFeed,
    CoinmuxError,
    ProviderError,
    UnknownSymbol,
    UpstreamTimeout,
)
from coinmux.framework.plugins.raised import failure_of
from coinmux.framework.routing.options import RequestOptions
from coinmux.framework.streams.channel_silence import ChannelSilence
from coinmux.framework.streams.lanes import BookLane, TickerLane

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.plugins.socket_dialect import BookRules, Subscription
    from coinmux.framework.sources.http import HTTP
    from coinmux.framework.streams.checks import FeedChecks
    from coinmux.framework.streams.lanes import Lane, Told
    from coinmux.framework.streams.listening import Follower, Following

#: A book that breaks twice within so many seconds is followed elsewhere.
_AGAIN_S = 60.0
#: A book that is not known again after so long is followed elsewhere.
_UNKNOWN_S = 8.0
#: How often a request for what is missing is made before it is given up, and the pause between.
_TRIES, _PAUSE_S = 3, 1.0
#: How long such a request may take.
_ASK_S = 10.0

#: Asks a source by REST, within its limits: the query and how.
Ask = Callable[["Query", RequestOptions], Any]


class SideOwner(Protocol):
    """The feed that a side belongs to."""

    def began(self, side: Side) -> None:
        """The source confirmed that it is followed."""
        ...

    def told(self, side: Side, told: Told, at: float, filled_by: str | None = None) -> None:
        """Data that passed every check."""
        ...

    def gap(self, side: Side, missed: str) -> None:
        """Something was lost and could not be fetched."""
        ...

    def failed(self, side: Side, error: CoinmuxError) -> None:
        """The source does not tell any more, or must not be believed."""
        ...


class Side:
    """One source of a feed; a `Listener`.

    Args:
        name: of the source.
        lane: makes data of what it says.
        checks: judge the data, and say whether it is older than it should be.
        ask: asks by REST for what is missing.
        http: a way to ask for the snapshot of a book.

    Attributes:
        has_begun: whether the source confirmed it.
        has_told: whether any data passed.
        heard_at: time of the loop at which it was last heard.
        messages: how many were heard.
        begun_again: how often it was begun anew, after a loss.
        is_doubted: whether what it said last is not told.
    """

    def __init__(
        self,
        name: str,
        owner: SideOwner,
        lane: Lane,
        checks: FeedChecks,
        ask: Ask,
        http: Callable[[], HTTP],
    ) -> None:
        self.name = name
        self.lane = lane
        self._owner = owner
        self.checks = checks
        self._ask = ask
        self._http = http
        self._loop = asyncio.get_running_loop()
        self._following: Following | None = None
        self._rules: BookRules | None = None
        self._subscription: Subscription[Any] | None = None
        self._asking: asyncio.Task[None] | None = None
        self._broke_at: float | None = None
        #: Since when its book is not known.
        self._unknown_at: float | None = None
        #: How often it was begun.
        self._begun = 0
        self._is_over = False
        self.has_begun = False
        self.has_told = False
        self.is_doubted = False
        self.heard_at = self._loop.time()
        self.messages = 0
        self.begun_again = 0
        self._was_begun = False
        self._may_ask = True
        self._channel = ChannelSilence(
            lane.snapshot, self._ask_again, lambda: self.heard_at, self._died
        )

    @property
    def left_out(self) -> int:
        """Messages that were left out."""
        return self.checks.left_out

    def follow(self, follower: Follower, make: Callable[[], Subscription[Any]]) -> None:
        """Begin.

        Raises:
            CoinmuxError: the source cannot be followed so.
        """

        def made() -> Subscription[Any]:
            self._subscription = make()
            self._rules = self._subscription.book
            return self._subscription

        self._following = follower.follow(made, self)

    def hurry(self) -> None:
        """Nobody else tells it."""
        if self._following is not None:
            self._following.hurry()

    def resume(self, since_ms: int | None) -> None:
        """Begin anew after what others told readers meanwhile."""
        self.lane.resume(since_ms)
        self._begun += 1
        if self.has_begun and self._subscription is not None:
            self.lane.begin(self._subscription)

    def stop(self) -> None:
        """End; nothing is told any more."""
        self._is_over = True
        self._channel.stop()
        if self._asking is not None:
            self._asking.cancel()
        if self._following is not None:
            self._following.stop()

    def tick(self) -> None:
        """Let time pass: candles close by the clock, and a book must come."""
        if not self.has_begun or self._is_over:
            return
        now = self._loop.time()
        try:
            self._tell(self.lane.tick(), now)
        except BrokenFeed as error:
            self._owner.failed(self, error)
        if self._unknown_at is not None and now - self._unknown_at > _UNKNOWN_S:
            self._unknown_at = None
            self._owner.failed(
                self, BrokenFeed("the whole book does not come", reason="no_snapshot")
            )
        self._channel.look(now)

    # Listener

    def begun(self) -> None:
        if self._is_over:
            return
        assert self._subscription is not None
        self.checks.begin()
        self.lane.begin(self._subscription)
        self.begun_again += self._was_begun
        self._was_begun = True
        self.has_begun = True
        self._begun += 1
        # A book that the socket sends whole, and prices, leave nothing to be asked for.
        if isinstance(self.lane, BookLane):
            self._may_ask = self._rules is not None and self._rules.snapshot is not None
        else:
            self._may_ask = not isinstance(self.lane, TickerLane)
        self._note_unknown()
        self.heard_at = self._loop.time()
        self._channel.begin()
        self._owner.began(self)
        self._ask_for_rest()

    def renewed(self) -> None:
        if not self._is_over:
            assert self._subscription is not None
            self.lane.renew(self._subscription)
            self.heard_at = self._loop.time()

    def heard(self, said: Sequence[Any], at: float) -> None:
        if self._is_over:
            return
        self.heard_at = at
        self.messages += 1
        try:
            for one in self.lane.hear(said):
                self._tell_one(one, at)
        except BrokenFeed as error:
            self._broke(error)
        except ProviderError as error:
            self._bad(error)
        except Exception as error:  # noqa: BLE001 - what a plugin yields may be anything
            self._bad(failure_of(error))
        if self._may_ask and self._asking is None:
            self._ask_for_rest()

    def unreadable(self, error: CoinmuxError) -> None:
        if self._is_over:
            return
        try:
            self.lane.unreadable(error)
        except BrokenFeed as broken:
            self._broke(broken)
            return
        if isinstance(error, ProviderError):
            self._bad(error)

    def lost(self, error: CoinmuxError) -> None:
        if not self._is_over:
            self._channel.stop()
            self.has_begun = False
            self._owner.failed(self, error)

    def _died(self, silent_s: float) -> None:
        """Its channel says nothing, though the connection lives and the market moves."""
        if self._is_over or not self.has_begun:
            return
        said = f"its channel said nothing for {silent_s:.0f} s, though it told more when asked"
        self.lost(UpstreamTimeout(said))
        if self._following is not None and not self._is_over:
            self._following.again()

    # What is told, and what is not

    def _tell(self, told: Iterable[Told], at: float, filled_by: str | None = None) -> None:
        for one in told:
            self._tell_one(one, at, filled_by)

    def _tell_one(self, one: Told, at: float, filled_by: str | None = None) -> None:
        checked = self.checks.passed(one.data)
        self.is_doubted = checked is None
        if checked is not None and not self._is_over:
            self.has_told = True
            self._unknown_at = None
            if checked is not one.data:
                one = type(one)(checked, one.replaces)
            self._owner.told(self, one, at, filled_by)

    def _bad(self, error: ProviderError | UnknownSymbol) -> None:
        if not isinstance(error, ProviderError):
            self._owner.failed(self, error)
            return
        try:
            self.checks.bad(error)
        except BrokenFeed as broken:
            self._owner.failed(self, broken)

    def _broke(self, error: BrokenFeed) -> None:
        """Repair a book by a fresh one; anything else, and a second time, is for another source."""
        now = self._loop.time()
        is_again = self._broke_at is not None and now - self._broke_at < _AGAIN_S
        self._broke_at = now
        self._note_unknown()
        if not isinstance(self.lane, BookLane) or is_again or self._following is None:
            self._owner.failed(self, error)
        elif self._rules is not None and self._rules.snapshot is not None:
            self._ask_for_rest()
        else:
            self._following.again()

    def _note_unknown(self) -> None:
        if isinstance(self.lane, BookLane) and self._unknown_at is None:
            self._unknown_at = self._loop.time()

    # What is asked for by REST

    def _ask_for_rest(self) -> None:
        """Begin to ask for what the socket does not send."""
        if self._asking is not None or self._is_over:
            return
        if self._needs_book() or self.lane.asks() is not None:
            self._asking = self._loop.create_task(self._fill())

    def _needs_book(self) -> bool:
        if not isinstance(self.lane, BookLane) or self._rules is None:
            return False
        return self._rules.snapshot is not None and self.lane.line.needs_snapshot

    async def _fill(self) -> None:
        try:
            tries = 0
            while not self._is_over:
                if tries:
                    await asyncio.sleep(_PAUSE_S)
                tries += 1
                if self._needs_book():
                    if await self._take_book() or tries < _TRIES:
                        continue
                    return
                query = self.lane.asks()
                if query is None:
                    return
                await self._take_answer(query)
                if tries >= _TRIES:
                    if (missed := self.lane.give_up()) is not None:
                        self._owner.gap(self, missed)
                    return
        finally:
            self._asking = None

    async def _take_answer(self, query: Query) -> None:
        options = RequestOptions(provider=self.name, max_age_s=0, timeout_s=_ASK_S, background=True)
        begun = self._begun
        try:
            answer: Any = await self._ask(query, options)
            if begun != self._begun:
                return  # it does not know of what was lost meanwhile
            result: Result = answer.data
            if not self.checks.fits(result):
                return  # another market's: the line must not keep it
            self._tell(self.lane.answered(result, self.name), self._loop.time(), self.name)
        except (CoinmuxError, ValueError) as error:
            if isinstance(error, BrokenFeed):
                self._owner.failed(self, error)

    async def _ask_again(self) -> Result | None:
        """What it tells by REST of what is followed; None where that is another market's."""
        options = RequestOptions(provider=self.name, max_age_s=0, timeout_s=_ASK_S, background=True)
        answer: Any = await self._ask(self.checks.question, options)
        result: Result = answer.data
        try:
            return result if self.checks.fits(result) else None
        except BrokenFeed as error:
            self._owner.failed(self, error)
            return None

    async def _take_book(self) -> bool:
        """Ask for the whole book; whether it was taken."""
        assert isinstance(self.lane, BookLane)
        assert self._rules is not None
        assert self._rules.snapshot is not None
        try:
            async with asyncio.timeout(_ASK_S):
                change = await self._rules.snapshot(self._http())
            self.is_doubted = False
            self._tell(self.lane.take(change), self._loop.time())
            if self.is_doubted:
                # Another market's, or its own in doubt: it is not kept.
                self.lane.line.missed("the book that was asked for is in doubt")
        except BrokenFeed:
            return False  # older than what came meanwhile, or in doubt: asked for once more
        except (CoinmuxError, TimeoutError) as error:
            if isinstance(error, CoinmuxError):
                self._owner.failed(self, error)
            return False
        except Exception as error:  # noqa: BLE001 - the border around a plugin
            self._owner.failed(self, failure_of(error))
            return False
        return True
