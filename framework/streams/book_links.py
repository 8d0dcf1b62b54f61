"""Whether a change of a live book follows what is known of it, by the source's numbers. Pure."""

from __future__ import annotations

from collections import deque
from types import NoneType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from coinmux.framework.models.live import BookChange

#: Changes older than the whole book that may come after it; more say that numbers began anew.
_OLD = 100
#: Changes applied lately, of which one may come again.
_LATELY = 64

#: Types of numbers that are whole, or that are not told.
_WHOLE = {int, NoneType}

Link = Literal["none", "adjacent", "previous"]


def wrong_number(change: BookChange) -> str | None:
    """Which number of a message is none, in words: a plugin hands on what its source sent."""
    first, last, previous, time = change.first, change.last, change.previous, change.timestamp
    if (
        (last is None or type(last) is int)
        and (first is None or type(first) is int)
        and (previous is None or type(previous) is int)
        and (time is None or type(time) is int)
    ):
        return None
    values = (first, last, previous, time)
    wrong = next(value for value in values if type(value) not in _WHOLE)
    return f"{str(wrong)[:40]!r} is no whole number"


class BookLinks:
    """The numbers of the changes that were applied since the whole book.

    Attributes:
        last: the number of the newest; None without numbers.
    """

    __slots__ = ("_is_fresh", "_lately", "_link", "_old", "last")

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lately: deque[tuple[int | None, int | None]] = deque(maxlen=_LATELY)
        self.begin(None)

    def begin(self, last: int | None) -> None:
        """Begin with the whole book of number `last`."""
        self.last = last
        #: No change has followed yet: the first may begin before the end of the whole book.
        self._is_fresh = True
        self._old = 0
        self._lately.clear()

    def add(self, change: BookChange) -> None:
        """Note a change that was applied."""
        if change.last is not None:
            self.last = change.last
            self._is_fresh = False
            self._lately.append((change.first, change.last))

    def is_over(self, change: BookChange) -> bool:
        """Whether a change is in the whole book already."""
        return self.last is not None and change.last is not None and change.last <= self.last

    def is_next(self, change: BookChange) -> bool:
        """Whether a change follows what is known at once."""
        last = self.last
        if self._link == "none":
            return True
        if last is None:
            return change.last is not None
        if self._link == "previous":
            begins = change.previous
        else:
            begins = None if change.first is None else change.first - 1
        if begins == last:
            return True
        is_across = self._is_fresh and begins is not None and begins < last
        return is_across and change.last is not None and last < change.last

    def is_known(self, change: BookChange) -> bool:
        """Whether a change that does not follow was applied before, or is in the whole book."""
        if (change.first, change.last) in self._lately:
            return True
        if not (self._is_fresh and self.is_over(change)):
            return False
        self._old += 1
        return self._old <= _OLD

    def gap(self, change: BookChange) -> str:
        """What is missing before a change, in words."""
        came = change.previous if self._link == "previous" else change.first
        return f"a change from {came} on came after {self.last}"
