"""What all queries and results have: strictness, and what the core asks of every kind."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass
from typing import Any, Generic, Self

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeVar

from coinmux.framework.errors import Implausible
from coinmux.framework.reference.chains import Chain

#: How far a source's clock may be ahead of ours before its time is the future (`faults.md` E3).
FUTURE_MS = 60_000
#: Fields that say what a query is about; where an answer has the same field, they must be equal.
_SUBJECT = ("symbol", "asset", "protocol", "address")
_COMPARED = ("symbol", "interval", "chain", "address", "metric", "asset", "page")


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain, or anything else that only grows, had got by one source.

    Attributes:
        subject: what grows; heights of one subject are compared.
        patience_s: how far its time may be behind the newest head's.
    """

    subject: Hashable
    height: int
    timestamp: int | None
    patience_s: float


class Result(BaseModel):
    """An answer's data.

    Attributes:
        notes: remarks on how it came about (rows dropped, the coin chosen for a ticker); they go
            out as `meta.notes`, not with the data.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", arbitrary_types_allowed=True)

    notes: tuple[str, ...] = Field(default=(), exclude=True)

    def is_empty(self) -> bool:
        """True where the answer holds no item; only results that are lists can be empty."""
        return False

    def data_length(self) -> int:
        """Items in the answer, for the log: rows, entries, or 1."""
        return 1

    def size(self) -> int:
        """Bytes of `encode()`, or near it where that would take long."""
        return len(self.encode())

    def encode(self) -> bytes:
        """The JSON of `data`."""
        return self.__pydantic_serializer__.to_json(self)

    def own_time_ms(self) -> int | None:
        """The data's own time in Unix ms; None where it has none."""
        time = self.__dict__.get("timestamp")
        return time if type(time) is int else None

    def ahead_ms(self) -> int:
        """How far the data's own time may be ahead of our clock."""
        return FUTURE_MS

    def check(self, query: Any, now_ms: int) -> Self:
        """The answer, if it can be one to `query`; fields of the same name must be equal.

        Raises:
            Implausible: it is about something else, or from the future.
        """
        asked_of, answered = query.__dict__, self.__dict__
        for name in _COMPARED:
            asked = asked_of.get(name)
            if asked is not None:
                about = answered.get(name)
                if about is not None and about != asked:
                    raise Implausible(
                        f"asked for {name} {asked}, the answer is about {str(about)[:40]}"
                    )
        newest = self.own_time_ms()
        if newest is not None and newest > now_ms + self.ahead_ms():
            raise Implausible(f"its time is {(newest - now_ms) / 1000:.0f} s in the future")
        return self

    def staleness(self, query: Any, now_ms: int, max_age_s: float | None) -> str | None:
        """Why the data is older than its kind may be, in words; None where it is not.

        Args:
            max_age_s: of the capability's row.
        """
        if max_age_s is None:
            return None
        time = self.own_time_ms()
        if time is None or now_ms - time <= max_age_s * 1000:
            return None
        return f"{(now_ms - time) / 1000:.0f} s old"

    def figure(self, query: Any) -> float | None:
        """The one number that jump checks compare; None where this answer has none."""
        return None

    def fingerprint(self) -> tuple[float | None, ...]:
        """The figures that distinguish one answer from another; empty where none do."""
        return ()

    def is_distinctive(self) -> bool:
        """Whether the same fingerprint for two subjects cannot be chance."""
        return False

    def head(self) -> Head | None:
        """How far its chain had got; None where the answer is no head of a chain."""
        return None

    def fitted(self, query: Any, now_ms: int) -> Self:
        """The answer to `query`, made from one to `query.fitted(…)`."""
        return self


#: The result a query asks for; a type checker takes `Query` alone for `Query[Result]`.
R_co = TypeVar("R_co", bound=Result, covariant=True, default=Result)


class Query(BaseModel, Generic[R_co]):
    """A question, generic over its result. Frozen and hashable: its values are the cache key.

    ```python
    class MoonQuery(Query["Moon"]):
        ...
    ```
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    # The values alone decide, and they are compared in C: a query is looked up on every request.
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    def brief(self) -> Self:
        """What events and decisions record of it: itself, unless it is large."""
        return self

    def subject(self) -> Hashable:
        """What the query is about: the pair, coin, protocol or address, else the whole query.

        A source that does not know the subject is not asked about it for a minute, and jump checks
        compare answers about the same subject.
        """
        values = self.__dict__
        for name in _SUBJECT:
            value = values.get(name)
            if value is not None:
                return (name, value, values.get("chain"))
        return self

    def about(self) -> str | None:
        """The subject in a word, for messages; None where the query has none."""
        for name in (*_SUBJECT, "quote"):
            value = self.__dict__.get(name)
            if value is not None:
                return str(value)
        return None

    def needed_quote(self) -> str | None:
        """The currency a source must have prices in; None where any will do."""
        values = self.__dict__
        symbol = values.get("symbol")
        quote: str | None = symbol.quote if symbol is not None else values.get("quote")
        return quote

    def needed_chain(self) -> Chain | None:
        """The chain a source must cover; None where any will do."""
        chain = self.__dict__.get("chain")
        return chain if isinstance(chain, Chain) else None

    def needed_model(self) -> str | None:
        """The text model a source must offer; None where any will do."""
        model: str | None = self.__dict__.get("model")
        return model

    def has_range(self) -> bool:
        """Whether the caller chose the range of time."""
        values = self.__dict__
        return values.get("start") is not None or values.get("end") is not None

    def missing_interval(self, offered: Collection[str]) -> str | None:
        """The interval that cannot be had from those a source offers; None where it can."""
        return None

    def fitted(self, offered: Collection[str] | None, most: int) -> Self:
        """The query to ask of a source, from whose answer `Result.fitted` makes the one wanted.

        Args:
            offered: the source's candle intervals; None where it has every one.
            most: candles the source gives at once.

        Raises:
            NotOffered: that source cannot give enough for it.
        """
        return self
