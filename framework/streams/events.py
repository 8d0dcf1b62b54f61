"""What a reader of a stream receives: data with its provenance, or what happened to the feed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal

import msgspec

from coinmux.framework.models.base import R_co

#: `snapshot`: the state as a whole, first and after a loss; `update`: what came since (trades and
#: candles: the new ones; tickers and books: the newest whole); `gap`: something was lost and could
#: not be fetched; `source`: another source answers from now on; `stale`: no source does, the last
#: data is as old as it says.
Kind = Literal["snapshot", "update", "gap", "source", "stale"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMeta:
    """Where the data of an event comes from, and how well.

    Attributes:
        provider: the source it comes from; `consensus` for a composite price.
        live: whether a socket pushes it; else the source is polled.
        received_at: Unix ms at which the message came in.
        lag_ms: from the source's own time to then; None where it tells none.
        filled_by: the source that REST asked for what was missed; None where nothing was.
        missed: what was lost before this event and could not be fetched, in words.
        dropped: events this reader was too slow for, since the last one.
        sources: those whose median it is.
        outliers: those left out of it, each with how far it is off in percent.
        notes: further remarks.
        simulated: whether sources are simulated.
    """

    provider: str
    live: bool
    received_at: int
    lag_ms: int | None = None
    filled_by: str | None = None
    missed: str | None = None
    dropped: int = 0
    sources: tuple[str, ...] = ()
    outliers: tuple[tuple[str, float], ...] = ()
    notes: tuple[str, ...] = ()
    simulated: bool = False


@dataclass(slots=True, eq=False)
class LiveEvent(Generic[R_co]):
    """One event of a stream; the same object for every reader, so it is encoded once.

    Attributes:
        id: grows within a feed; what a reader resumes from.
        capability, subject: which feed: `ticker`, `BTC/USDT`; candles with their interval,
            `BTC/USDT 1m`.
        data: None for `gap`, `source` and `stale` events.
        replaces: an event that waits for a reader is replaced by the next of the same; None where
            each is needed.
    """

    id: str
    kind: Kind
    capability: str
    subject: str
    data: R_co | None
    meta: LiveMeta
    replaces: object = None
    _encoded: bytes | None = field(default=None, repr=False)

    def encode(self) -> bytes:
        """`{"subject": …, "data": …, "meta": …}` as JSON; made once."""
        if self._encoded is None:
            data = b"null" if self.data is None else self.data.encode()
            self._encoded = b'{"subject":%b,"data":%b,"meta":%b}' % (
                _JSON.encode(self.subject), data, _JSON.encode(self.meta),
            )  # fmt: skip
        return self._encoded


_JSON = msgspec.json.Encoder()
