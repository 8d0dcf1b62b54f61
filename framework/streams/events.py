"""What a reader of a stream receives: data with its provenance, or what happened to the feed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Generic, Literal

import msgspec
from msgspec import Meta

from coinmux.framework.models.base import R_co

Kind = Literal["snapshot", "update", "gap", "source", "stale"]
#: What each kind of event says.
KINDS: Mapping[Kind, str] = {
    "snapshot": "The state as a whole, first and after a loss",
    "update": "What came since: the new trades, the changed candles, the newest ticker or book",
    "gap": "Something was lost and could not be fetched; `meta.missed` says what",
    "source": "Another source tells from now on; `meta.notes` says why",
    "stale": "No source tells at present: the last data is as old as it says",
}


class LiveMeta(msgspec.Struct, frozen=True, kw_only=True):
    """Where the data of an event comes from, and how well."""

    provider: Annotated[
        str, Meta(description="The source it comes from; `consensus` for a composite price")
    ]
    live: Annotated[bool, Meta(description="Whether a socket pushes it; else the source is polled")]
    received_at: Annotated[int, Meta(description="When the message came in, Unix ms")]
    lag_ms: Annotated[
        int | None, Meta(description="From the source's own time to then; null where it tells none")
    ] = None
    filled_by: Annotated[
        str | None, Meta(description="The source that REST asked for what was missed")
    ] = None
    missed: Annotated[
        str | None, Meta(description="What was lost before this event and could not be fetched")
    ] = None
    dropped: Annotated[
        int, Meta(description="Events this reader was too slow for, since the last one")
    ] = 0
    sources: Annotated[tuple[str, ...], Meta(description="Those whose median it is")] = ()
    outliers: Annotated[
        tuple[tuple[str, float], ...],
        Meta(description="Those left out of it, each with how far off it is, in percent"),
    ] = ()
    notes: Annotated[tuple[str, ...], Meta(description="Further remarks")] = ()
    simulated: Annotated[bool, Meta(description="Whether sources are simulated")] = False


class LiveEvent(msgspec.Struct, Generic[R_co], eq=False):
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
    _encoded: bytes | None = None

    def encode(self) -> bytes:
        """`{"subject": …, "data": …, "meta": …}` as JSON; made once."""
        if self._encoded is None:
            data = b"null" if self.data is None else self.data.encode()
            self._encoded = b'{"subject":%b,"data":%b,"meta":%b}' % (
                _JSON.encode(self.subject), data, _JSON.encode(self.meta),
            )  # fmt: skip
        return self._encoded


_JSON = msgspec.json.Encoder()
