"""An answer: the result, where it came from, and its encoded bytes."""

from __future__ import annotations

from copy import deepcopy
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Generic, NotRequired, TypedDict

import msgspec

from coinmux.framework.models.base import R_co

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas
    import polars
    import pyarrow

    from coinmux.framework.models.capability import Freshness
    from coinmux.framework.plugins.extensions.cache_rules import AppliedRule

_ENCODER = msgspec.json.Encoder()
#: Data of so many bytes is encoded again in a microsecond or two, and thousands of them are cached.
_SMALL = 1_024
#: Members of `meta` that say how this answer came about, and nothing of what it says.
_OF_THE_WAY = frozenset({"attempts", "cache", "elapsed_ms", "fetched_at"})


class AnswerMeta(TypedDict):
    """Provenance of an answer, as the `meta` of the REST contract.

    Attributes:
        fetched_at: wall time, Unix ms.
        cache: `miss`, `hit`, `stale` or `coalesced`.
        stale: whether the data is older than it should be.
        attempts: each source that was asked, with its outcome, in the order asked.
        notes: remarks on how the data was made, and on what is missing of it.
        rows_left_out: rows the source sent that could not be read; absent if there are none.
        complete: whether everything asked for is here, as far as sources have it; only of answers
            that may be cut, such as candles.
        next_start: the `start` to ask for what is missing; absent if nothing is.
        consensus: the sources that agreed, where several were asked together.
        cache_rule: how long it is kept, where a plugin said so.
    """

    capability: str
    provider: str
    fetched_at: int
    cache: str
    stale: bool
    simulated: bool
    elapsed_ms: float
    attempts: list[dict[str, object]]
    notes: Sequence[str]
    rows_left_out: NotRequired[int]
    complete: NotRequired[bool]
    next_start: NotRequired[int]
    consensus: NotRequired[dict[str, object]]
    cache_rule: NotRequired[dict[str, object]]


class FetchResult(Generic[R_co]):
    """One successful fetch, shared by every caller it is served to.

    Attributes:
        data: the result.
        provider: the source that answered.
        fetched_ms: wall time, Unix ms.
        fetched_at: the same moment in monotonic seconds.
        freshness: how long the result is good.
        fresh_s: `freshness.fresh_s` after jitter.
        consensus: the sources that agreed, where several were asked together.
        stale: whether the data's own time was too old when it was fetched.
        size: the bytes it is estimated to take in the cache.
        from_others: how the result is served where another worker fetched it: `hit`, or
            `coalesced` after a wait for that fetch.
        rule: the plugin's rule that `freshness` comes from; None where it is the usual one.
    """

    __slots__ = (
        "__weakref__", "_body", "_body_of", "_data_end", "_tag", "_tag_is_stale", "attempts",
        "capability", "consensus", "data", "elapsed_ms", "fetched_at", "fetched_ms", "fresh_s",
        "freshness", "from_others", "provider", "rule", "simulated", "size", "stale",
    )  # fmt: skip

    def __init__(
        self,
        *,
        capability: str,
        data: R_co,
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
        rule: AppliedRule | None = None,
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
        self.rule = rule
        self.from_others: str | None = None
        self.size = 0
        self._body = b""
        self._body_of = ""
        self._data_end = 0
        self._tag = b""
        self._tag_is_stale = False

    def body(self, cache: str) -> bytes:
        """The whole envelope as JSON, as it is served `miss`, `hit`, `stale` or `coalesced`.

        What a hit is served as is made once and kept. A miss is served to one caller, so that only
        data which takes long to encode is kept from it.
        """
        if self._body_of == cache:
            return self._body
        start = self._body[: self._data_end] or b'{"data":%b' % self.data.encode()
        meta = self.meta(cache)
        whole = b'%b,"meta":%b}' % (start, _ENCODER.encode(meta))
        self._tag, self._tag_is_stale = tag_of(start, meta), cache == "stale"
        if cache != "miss" or len(start) > _SMALL:
            self._body, self._body_of, self._data_end = whole, cache, len(start)
        return whole

    def tag(self, cache: str) -> bytes:
        """Names what the answer says: the same however it is served, unless it is `stale`."""
        if not self._tag or self._tag_is_stale is not (cache == "stale"):
            self.body(cache)
        return self._tag

    def meta(self, cache: str) -> AnswerMeta:
        """Provenance, as the `meta` of the REST contract."""
        data = self.data
        meta: AnswerMeta = {
            "capability": self.capability,
            "provider": self.provider,
            "fetched_at": self.fetched_ms,
            "cache": cache,
            "stale": self.stale or cache == "stale",
            "simulated": self.simulated,
            "elapsed_ms": self.elapsed_ms,
            "attempts": [dict(attempt) for attempt in self.attempts],
            "notes": data.notes,
        }
        coverage = data.coverage()
        if coverage is not None:
            meta["complete"], next_start = coverage
            if next_start is not None:
                meta["next_start"] = next_start
        if data.rows_left_out:
            meta["rows_left_out"] = data.rows_left_out
        if self.consensus is not None:
            meta["consensus"] = deepcopy(self.consensus)
        if self.rule is not None:
            meta["cache_rule"] = self.rule.public()
        return meta

    def view(self, cache: str) -> Answer[R_co]:
        """The answer as served `miss`, `hit`, `stale` or `coalesced`."""
        return Answer(self, cache)


class Answer(Generic[R_co]):
    """A fetch as one caller gets it; `Answer[Ticker]` holds a `Ticker`.

    Attributes:
        cache: `miss`, `hit`, `stale` or `coalesced`.
    """

    __slots__ = ("_body", "cache", "fetched")

    def __init__(self, fetched: FetchResult[R_co], cache: str) -> None:
        self.fetched = fetched
        self.cache = cache
        self._body: bytes | None = None

    @property
    def data(self) -> R_co:
        """The capability's result model."""
        return self.fetched.data

    @property
    def provider(self) -> str:
        """The source that answered."""
        return self.fetched.provider

    @property
    def meta(self) -> AnswerMeta:
        """Provenance, as the `meta` of the REST contract."""
        return self.fetched.meta(self.cache)

    @property
    def body(self) -> bytes:
        """The whole envelope as JSON."""
        if self._body is None:
            self._body = self.fetched.body(self.cache)
        return self._body

    @property
    def tag(self) -> bytes:
        """Names what the answer says, as `tag_of`; of a weak `ETag`."""
        return self.fetched.tag(self.cache)

    def to_arrow(self) -> pyarrow.Table:
        """The data as `Result.to_arrow`, with `meta` in its metadata as `coinmux.meta`."""
        # Imported here, as `pyarrow` is an extra.
        from coinmux.framework.models.data_frames import META, told

        return told(self.data.to_arrow(), META, self.meta)

    def to_pandas(self) -> pandas.DataFrame:
        """The data as `Result.to_pandas`, with `meta` in `attrs["meta"]`."""
        frame = self.data.to_pandas()
        frame.attrs["meta"] = self.meta
        return frame

    def to_polars(self) -> polars.DataFrame:
        """The data as `Result.to_polars`; polars has no place for `meta`."""
        return self.data.to_polars()

    def age_s(self, now: float) -> float:
        """Seconds since the fetch, at monotonic `now`."""
        return max(0.0, now - self.fetched.fetched_at)

    def ttl_s(self, now: float) -> float:
        """Seconds of freshness left at monotonic `now`; negative once stale."""
        return self.fetched.fetched_at + self.fetched.fresh_s - now

    def __repr__(self) -> str:
        return f"<Answer {self.fetched.capability} from {self.provider} ({self.cache})>"


def tag_of(data: bytes, meta: Mapping[str, object]) -> bytes:
    """A name of what an answer says: the data, who says it, and how good it is.

    How and when it was fetched is no part of it, so that an answer that was fetched again and says
    the same has the same name. One that became stale has another.
    """
    said = {name: value for name, value in meta.items() if name not in _OF_THE_WAY}
    return blake2b(data + _ENCODER.encode(said), digest_size=12).hexdigest().encode("ascii")
