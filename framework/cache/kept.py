"""The interface of every other place that stores answers: the cluster's store and the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.cache.answer import FetchResult
    from coinmux.framework.clock import Deadline
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability


#: Stored answers are read even where the deadline is over, for so many seconds: every read of one
#: request together stays within the quarter of a second that an answer may be late.
LEAST_READ_S = 0.08


class KeptOptions(Protocol):
    """What a store of answers reads of a request's options; see `RequestOptions`."""

    @property
    def provider(self) -> str | None: ...
    @property
    def strategy(self) -> str: ...
    @property
    def max_age_s(self) -> float | None: ...
    @property
    def waiting(self) -> tuple[str, ...]: ...


class KeptRequest(Protocol):
    """What a store of answers reads of a request; see `RequestContext`."""

    @property
    def key(self) -> Hashable: ...
    @property
    def row(self) -> Capability: ...
    @property
    def query(self) -> Query: ...
    @property
    def ask(self) -> KeptOptions: ...
    @property
    def deadline(self) -> Deadline: ...
    @property
    def begun_at(self) -> float: ...
    @property
    def attempts(self) -> list[dict[str, Any]]: ...


class StoredAnswers(Protocol):
    """Answers that can be read."""

    async def find(self, request: KeptRequest) -> FetchResult | None:
        """An answer as good as one fetched now; None where a source must be asked."""
        ...

    async def find_old(self, request: KeptRequest) -> FetchResult | None:
        """Any stored answer, however old or incomplete, because every source failed."""
        ...


class KeptAnswers(StoredAnswers, Protocol):
    """Answers that several workers read and write; one of them fetches at a time.

    A worker for which `find` returned None ends its fetch by `keep` or `give_up`.
    """

    def keep(self, request: KeptRequest, fetched: FetchResult) -> None:
        """Store an answer that was fetched; returns at once."""
        ...

    def give_up(self, request: KeptRequest) -> None:
        """The fetch failed: another worker may try."""
        ...
