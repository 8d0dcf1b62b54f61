"""What all queries and results have: strictness, and what the core asks of every kind."""

from __future__ import annotations

from typing import Generic, Self

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeVar


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
