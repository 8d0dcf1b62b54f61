"""The order book of a live feed: true as long as every message is linked to the one before.

Pure: messages go in, the book comes out, or the reason why it is not known any more.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING

from coinmux.framework.errors import BrokenFeed
from coinmux.framework.models.market import OrderBook
from coinmux.framework.plugins.socket_dialect import BookRules
from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS
from coinmux.framework.streams.book_links import BookLinks, wrong_number
from coinmux.framework.streams.book_side import BookSide

if TYPE_CHECKING:
    from coinmux.framework.models.live import BookChange
    from coinmux.framework.reference.symbols import Symbol

#: Changes kept until the whole book is there, where it is asked for, and where it should come.
_KEPT, _EARLY = 5_000, 20
#: Older whole books in a row that are dropped; more say that the source began its numbers anew.
_OLD = 5


#: The fields of a book that are told.
_GIVEN = {"symbol", "timestamp", "bids", "asks"}


class BookState(StrEnum):
    """What is known of a book.

    Attributes:
        WAITING: nothing yet: the whole book has not come.
        TRUE: it is the source's book.
        DOUBTED: a checksum was wrong, fewer times than breaks it; it is not told until one fits.
        BROKEN: a message was lost or wrong: the whole book is needed anew.
    """

    WAITING = "waiting"
    TRUE = "true"
    DOUBTED = "doubted"
    BROKEN = "broken"


class BookLine:
    """The book of one market, as one source tells it.

    Args:
        rules: how its messages hang together; None where each of them is the whole book.

    Attributes:
        state: what is known of it.
        reason: why it was broken last; None if it never was.
        repeated: messages that were dropped, as they or newer ones were applied before.
        version: grows with every change of what `book` gives.
    """

    def __init__(self, symbol: Symbol, rules: BookRules | None = None) -> None:
        self._symbol = symbol
        self._rules = rules if rules is not None else BookRules()
        has_checksum = self._rules.checksum is not None
        self._bids = BookSide(is_bids=True, keeps_written=has_checksum)
        self._asks = BookSide(is_bids=False, keeps_written=has_checksum)
        self.state = BookState.WAITING
        self.reason: str | None = None
        self.repeated = 0
        self.version = 0
        #: Whether messages may be changes, and whether one ever was.
        self._may_change, self._has_changed = rules is not None, False
        #: Changes that came before the whole book.
        self._kept: deque[BookChange] = deque()
        self._links = BookLinks(self._rules.link)
        #: The number at which the book broke; a snapshot must not be older.
        self._broke_at: int | None = None
        #: What `book` gave since the last message, by depth.
        self._told: dict[int, OrderBook] = {}
        self._forget()

    def _forget(self) -> None:
        """The book is not known; the changes that were kept stay."""
        self._links.begin(None)
        self._timestamp: int | None = None
        #: In a row: whole books that were older than this one, wrong checksums.
        self._old = self._wrong = 0
        #: Prices beyond which no level is known.
        self._floors: tuple[float | None, float | None] = (None, None)
        self._told.clear()

    def begin(self) -> None:
        """Forget everything: the channel was subscribed to anew."""
        self._forget()
        self._kept.clear()
        self._broke_at = None
        self.state = BookState.WAITING

    def renew(self) -> None:
        """Another connection goes on: its changes may begin before the end of what is known."""
        self._links.begin(self._links.last)

    def missed(self, detail: str) -> None:
        """A message about the book came and could not be read.

        Raises:
            BrokenFeed: it may have been a change, without which the book is not known.
        """
        if self._may_change and self.state is not BookState.BROKEN:
            raise self._broken("unreadable", detail)

    def apply(self, change: BookChange) -> None:
        """Apply a message of the socket; a change before the whole book is kept.

        Raises:
            BrokenFeed: the book is not known any more; said once, until it is known again.
        """
        if (wrong := wrong_number(change)) is not None:
            raise self._broken("unreadable", wrong)
        if change.is_whole:
            if self._is_older(change):
                return
            self._replace(change)
            if self._kept:
                self._follow_up(must_link=False)
            return
        self._may_change = self._has_changed = True
        if self.state is BookState.TRUE or self.state is BookState.DOUBTED:
            self._follow(change)
        else:
            self._keep(change)

    def snapshot(self, change: BookChange) -> None:
        """Begin with the whole book that was asked for; the newer of the kept changes follow it.

        Only a book counts that was asked for after the line began or broke.

        Raises:
            BrokenFeed: it is older than the changes that came meanwhile; ask once more.
        """
        if (wrong := wrong_number(change)) is not None:
            raise self._broken("unreadable", wrong)
        if self._rules.link != "none":
            if change.last is None:
                raise self._broken("gap", "the book that was asked for has no number")
            if self._broke_at is not None and change.last < self._broke_at:
                detail = f"the book that was asked for is of {change.last}"
                raise BrokenFeed(f"{detail}, it broke at {self._broke_at}", reason="gap")
        self._replace(change)
        if (cut := self._rules.snapshot_levels) is not None:
            self._floors = (
                self._bids.prices[0] if len(self._bids.prices) >= cut else None,
                self._asks.prices[-1] if len(self._asks.prices) >= cut else None,
            )
        self._follow_up(must_link=True)

    @property
    def last(self) -> int | None:
        """The source's number of the newest change in the book; None where it has none."""
        return self._links.last

    @property
    def needs_snapshot(self) -> bool:
        """Whether the source must be asked for the whole book, for `snapshot`."""
        is_known = self.state is BookState.TRUE or self.state is BookState.DOUBTED
        return self._rules.snapshot is not None and not is_known

    def book(self, depth: int) -> OrderBook:
        """The best `depth` levels of each side; fewer where the source did not tell more.

        Raises:
            BrokenFeed: the book is not known.
        """
        if self.state is not BookState.TRUE:
            raise BrokenFeed(f"the book is {self.state}", reason=self.reason or "no_snapshot")
        told = self._told.get(depth)
        if told is None:
            # Sorted, each price once, not crossed: what the model would check is known.
            values = {
                "notes": (),
                "rows_left_out": 0,
                "symbol": self._symbol,
                "timestamp": self._timestamp,
                "bids": self._bids.best(depth, self._floors[0]),
                "asks": self._asks.best(depth, self._floors[1]),
            }
            told = self._told[depth] = OrderBook.sound(values, _GIVEN)
        return told

    def is_shallow(self, depth: int) -> bool:
        """Whether a fresh snapshot would tell more of `depth` levels than is known."""
        if self._floors == (None, None) or self.state is not BookState.TRUE:
            return False
        book, (bid, ask) = self.book(depth), self._floors
        return (bid is not None and len(book.bids) < depth) or (
            ask is not None and len(book.asks) < depth
        )

    def _is_older(self, change: BookChange) -> bool:
        """Whether a whole book is older than the one that is there, and is dropped.

        Where changes come too it replaces them in any case: those that follow tell if it was old.
        """
        if self._has_changed or self.state is not BookState.TRUE:
            return False
        for told, known in ((change.last, self._links.last), (change.timestamp, self._timestamp)):
            if told is not None and known is not None and told != known:
                self._old = self._old + 1 if told < known else 0
                if 0 < self._old <= _OLD:
                    self.repeated += 1
                    return True
                return False
        return False

    def _keep(self, change: BookChange) -> None:
        """Keep a change until the whole book is there."""
        is_asked, has_numbers = self._rules.snapshot is not None, self._rules.link != "none"
        if is_asked or has_numbers:
            self._kept.append(change)
            if len(self._kept) <= (_KEPT if is_asked else _EARLY):
                return
            self._kept.popleft()
        if not is_asked and self.state is BookState.WAITING:
            kept = self._kept.copy()
            error = self._broken("no_snapshot", "changes came before the whole book")
            self._kept = kept
            raise error

    def _follow_up(self, *, must_link: bool) -> None:
        """Apply the kept changes that are newer than the whole book.

        Args:
            must_link: where the book was asked for, a change after it must be linked to it. On the
                socket messages come in order: what is not linked came before it and is over.
        """
        kept, self._kept = self._kept, deque()
        links = self._links
        while kept and links.is_over(kept[0]):
            kept.popleft()
        if kept and not must_link and (links.last is None or not links.is_next(kept[0])):
            return
        while kept:
            try:
                self._follow(kept[0])
            except BrokenFeed:
                # A later snapshot may link to them.
                self._kept = kept
                raise
            kept.popleft()

    def _replace(self, change: BookChange) -> None:
        """Begin with a whole book."""
        wrong = self._wrong
        self._forget()
        self._wrong = wrong
        try:
            self._bids.replace(change.bids)
            self._asks.replace(change.asks)
        except (ValueError, LookupError, TypeError) as error:
            raise self._broken("unreadable", f"a level: {error}") from None
        self._links.begin(change.last)
        self.state = BookState.TRUE
        self._check(change)

    def _follow(self, change: BookChange) -> None:
        """Apply a change to the book that is there."""
        if not self._links.is_next(change):
            self._unlinked(change)
            return
        try:
            if change.bids:
                self._bids.change(change.bids)
            if change.asks:
                self._asks.change(change.asks)
        except (ValueError, LookupError, TypeError) as error:
            self._links.add(change)
            raise self._broken("unreadable", f"a level: {error}") from None
        self._links.add(change)
        self._check(change)

    def _unlinked(self, change: BookChange) -> None:
        """Drop a change that is in the book already.

        Raises:
            BrokenFeed: it is not.
        """
        if self._links.is_known(change):
            self.repeated += 1
            return
        error = self._broken("gap", self._links.gap(change))
        if self._rules.snapshot is not None:
            self._kept.append(change)
        raise error

    def _check(self, change: BookChange) -> None:
        """Check the book after a message, and forget what was told of it before."""
        rules, bids, asks = self._rules, self._bids, self._asks
        depth = rules.depth
        if depth is not None:
            if len(bids.prices) > depth:
                bids.cut(depth)
            if len(asks.prices) > depth:
                asks.cut(depth)
        if bids.prices and asks.prices and bids.prices[-1] >= asks.prices[0]:
            said = f"a bid of {bids.prices[-1]:g} against an ask of {asks.prices[0]:g}"
            raise self._broken("crossed", said)
        self.version += 1
        if self._told:
            self._told.clear()
        if change.timestamp is not None and EARLIEST_MS <= change.timestamp <= LATEST_MS:
            self._timestamp = change.timestamp
        if change.checksum is None or rules.checksum is None:
            return
        levels = rules.checksum_levels
        if rules.checksum(bids.written(levels), asks.written(levels)) == change.checksum:
            self._wrong = 0
            self.state = BookState.TRUE
            return
        self._wrong += 1
        if self._wrong >= rules.mismatches:
            raise self._broken("checksum", f"{self._wrong} wrong in a row")
        self.state = BookState.DOUBTED

    def _broken(self, reason: str, detail: str) -> BrokenFeed:
        """The error that says why the book is not known from now on."""
        error = BrokenFeed(detail, reason=reason)
        self._broke_at = self._links.last
        self._forget()
        self._kept.clear()
        self.state, self.reason = BookState.BROKEN, reason
        return error
