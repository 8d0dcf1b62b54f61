"""An answer: the result, where it came from, and its encoded bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from coinmux.framework.models.base import Result
    from coinmux.framework.models.capability import Freshness

_ENCODER = msgspec.json.Encoder()


class FetchResult:
    """One successful fetch, shared by everyone it is served to.

    Attributes:
        data: the result.
        provider: who answered.
        fetched_ms: wall time, Unix ms.
        fetched_at: the same moment in monotonic seconds.
        freshness: how long it is good.
        fresh_s: `freshness.fresh_s` after jitter.
        consensus: who agreed on what, where several sources were asked together.
        stale: whether the data's own time was too old already.
        from_others: how it is served to who asked, where another worker fetched it: `hit`, or
            `coalesced` after a wait for it.
    """

    __slots__ = (
        "_data_json", "_views", "attempts", "capability", "consensus", "data", "elapsed_ms",
        "fetched_at", "fetched_ms", "fresh_s", "freshness", "from_others", "provider", "simulated",
        "stale",
    )  # fmt: skip

    def __init__(
        self,
        *,
        capability: str,
        data: Result,
        provider: str,
        fetched_ms: int,
        fetched_at: float,
        freshness: Freshness,
        fresh_s: float,
        stale: bool,
        simulated: bool,
        elapsed_ms: float,
        attempts: list[dict[str, Any]],
        consensus: dict[str, Any] | None = None,
    ) -> None:
        self.capability = capability
        self.data = data
        self.provider = provider
        self.fetched_ms = fetched_ms
        self.fetched_at = fetched_at
        self.freshness = freshness
        self.fresh_s = fresh_s
        self.stale = stale
        self.simulated = simulated
        self.elapsed_ms = elapsed_ms
        self.attempts = attempts
        self.consensus = consensus
        self.from_others: str | None = None
        self._data_json: bytes | None = None
        self._views: dict[str, Answer] = {}

    @property
    def data_json(self) -> bytes:
        """The encoded data, made once."""
        if self._data_json is None:
            self._data_json = self.data.encode()
        return self._data_json

    def view(self, cache: str) -> Answer:
        """The answer as served `miss`, `hit`, `stale` or `coalesced`; one object each."""
        answer = self._views.get(cache)
        if answer is None:
            answer = self._views[cache] = Answer(self, cache)
        return answer


class Answer:
    """A fetch as one caller gets it.

    Attributes:
        cache: `miss`, `hit`, `stale` or `coalesced`.
    """

    __slots__ = ("_body", "cache", "fetched")

    def __init__(self, fetched: FetchResult, cache: str) -> None:
        self.fetched = fetched
        self.cache = cache
        self._body: bytes | None = None

    @property
    def data(self) -> Any:
        """The capability's result model."""
        return self.fetched.data

    @property
    def provider(self) -> str:
        """Who answered."""
        return self.fetched.provider

    @property
    def meta(self) -> dict[str, Any]:
        """Provenance, as the REST contract's `meta`."""
        fetched = self.fetched
        meta = {
            "capability": fetched.capability,
            "provider": fetched.provider,
            "fetched_at": fetched.fetched_ms,
            "cache": self.cache,
            "stale": fetched.stale or self.cache == "stale",
            "simulated": fetched.simulated,
            "elapsed_ms": fetched.elapsed_ms,
            "attempts": fetched.attempts,
            "notes": fetched.data.notes,
        }
        if fetched.consensus is not None:
            meta["consensus"] = fetched.consensus
        return meta

    @property
    def body(self) -> bytes:
        """The whole envelope, encoded once for everyone."""
        if self._body is None:
            meta = _ENCODER.encode(self.meta)
            self._body = b'{"data":%b,"meta":%b}' % (self.fetched.data_json, meta)
        return self._body

    def age_s(self, now: float) -> float:
        """Seconds since the fetch, at monotonic `now`."""
        return max(0.0, now - self.fetched.fetched_at)

    def ttl_s(self, now: float) -> float:
        """Seconds of freshness left at monotonic `now`; negative once stale."""
        return self.fetched.fetched_at + self.fetched.fresh_s - now

    def __repr__(self) -> str:
        return f"<Answer {self.fetched.capability} from {self.provider} ({self.cache})>"
