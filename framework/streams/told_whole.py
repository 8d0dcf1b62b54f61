"""What readers were told of a question, and of one whose newest answer is all there is. Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Literal, NamedTuple

from coinmux.framework.quality.consensus import PROVIDER

if TYPE_CHECKING:
    from coinmux.framework.models.base import Result


class Marks(NamedTuple):
    """What tells whether an event says anything new, for a store that several workers tell.

    Attributes:
        rule: `unknown` refuses an event of which every name is known; `newer` one whose names have
            higher numbers already; `note` refuses none.
        names: each with its number; the store keeps those of the highest.
    """

    rule: Literal["note", "unknown", "newer"]
    names: tuple[tuple[str, int], ...] = ()


#: Of an event that says nothing that could be said twice.
NO_MARKS = Marks("note")


class ToldState(ABC):
    """What readers have of one question.

    Attributes:
        is_each_needed: whether what comes later does not replace what came before.
    """

    is_each_needed = True

    @abstractmethod
    def take(
        self, data: Result, source: str, *, is_asked: bool = False, is_whole: bool = False
    ) -> Result | None:
        """What is new to readers in what a source is to tell; None where nothing is.

        Args:
            is_asked: it came by REST, where trades may have other ids.
            is_whole: readers are told that it is the state as a whole, which may repeat.
        """

    @abstractmethod
    def add(self, data: Result, source: str) -> None:
        """Know more of the past than the source told, for readers that come."""

    @abstractmethod
    def switch(self) -> None:
        """Another tells it from now on: it may tell again what is known."""

    @abstractmethod
    def snapshot(self) -> Result | None:
        """The state as a whole, as the last source told it; None while nothing is known."""

    @abstractmethod
    def marks(self, data: Result, source: str, *, is_whole: bool) -> Marks:
        """What tells whether it says anything new."""

    @property
    @abstractmethod
    def since_ms(self) -> int | None:
        """From where another source or process goes on; None for the present."""

    def gave_up(self) -> None:
        """Readers were told that what is missing will not come."""
        return


class WholeState(ToldState):
    """Prices and books: the newest is all there is.

    Args:
        is_timed: whether a source's own time never goes back, as of a price; that of a book may.
    """

    is_each_needed = False

    def __init__(self, *, is_timed: bool) -> None:
        self._is_timed = is_timed
        self._last: Result | None = None
        #: The own time of what each source told last.
        self._own_ms: dict[str, int] = {}
        self._is_switched = False

    def take(
        self, data: Result, source: str, *, is_asked: bool = False, is_whole: bool = False
    ) -> Result | None:
        last, own_ms = self._last, data.own_time_ms()
        # The middle of several has the time of one of them, which is another's the next time.
        if own_ms is not None and source != PROVIDER:
            goes_back = own_ms < self._own_ms.get(source, 0)
            if goes_back and (self._is_timed or (self._is_switched and not is_whole)):
                return None
            self._own_ms[source] = own_ms
        if self._is_switched:
            self._is_switched = False
            if data == last:
                return None
        self._last = data
        return data

    def add(self, data: Result, source: str) -> None:
        if self._last is None:
            self._last = data

    def switch(self) -> None:
        self._is_switched = True

    def snapshot(self) -> Result | None:
        return self._last

    def marks(self, data: Result, source: str, *, is_whole: bool) -> Marks:
        own_ms = data.own_time_ms()
        if own_ms is None or not self._is_timed or source == PROVIDER:
            return NO_MARKS
        return Marks("newer", ((source, own_ms),))

    @property
    def since_ms(self) -> int | None:
        return None
