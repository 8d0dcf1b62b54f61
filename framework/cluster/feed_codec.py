"""Events of a live feed as bytes between workers: data alone, which its model checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from coinmux.framework.cluster.answer_codec import Damaged, Word, model_of, packed, unpacked
from coinmux.framework.streams.events import Kind, LiveEvent, LiveMeta
from coinmux.framework.streams.feed_figures import State

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability

#: Raised with the format, so that workers of two versions do not read each other's.
VERSION = 1
#: It goes out in lines of its own, so it holds nothing that could end one.
Ident = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]{1,16}-[0-9]{1,15}\Z")]


class SentEvent(msgspec.Struct, array_like=True):
    """An event as it is sent.

    Attributes:
        teller: the token of who tells it.
        kind: of the event; `state` is none: the state as a whole, for those who come.
        data: the model's fields.
        state, reason: of the feed.
    """

    version: int
    teller: str
    ident: Ident
    kind: Literal["snapshot", "update", "gap", "source", "stale", "state"]
    meta: LiveMeta
    replaces: Word | tuple[Word, int] | None
    state: State
    reason: str | None
    data: dict[str, Any] | None


_ENCODER = msgspec.msgpack.Encoder(enc_hook=packed)
_DECODER = msgspec.msgpack.Decoder(SentEvent, ext_hook=unpacked)


def encode(
    event: LiveEvent[Any], teller: str, state: State, reason: str | None, *, is_state: bool = False
) -> bytes:
    """The event as bytes.

    Args:
        is_state: it is for those who come alone.

    Raises:
        TypeError: its model has a field that cannot be encoded.
    """
    return _ENCODER.encode(
        SentEvent(
            VERSION, teller, event.id, "state" if is_state else event.kind, event.meta,
            event.replaces,  # type: ignore[arg-type]  # names and times are all there are
            state, reason, None if event.data is None else dict(event.data.__dict__),
        )
    )  # fmt: skip


def decode(payload: bytes, row: Capability, query: Query) -> tuple[SentEvent, Result | None]:
    """What was sent, its data checked by the model.

    Raises:
        Damaged: it is of another version, no event, or about another question.
    """
    try:
        sent = _DECODER.decode(payload)
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise Damaged(type(error).__name__) from error
    if sent.version != VERSION:
        raise Damaged(f"version {sent.version}")
    if (sent.data is None) != (sent.kind in ("gap", "source", "stale")):
        raise Damaged("data where there is none, or the other way round")
    if sent.data is None:
        return sent, None
    data = model_of(row.result, sent.data)
    for name in ("symbol", "interval"):
        if query.__dict__.get(name) != data.__dict__.get(name):
            raise Damaged(f"another {name}")
    return sent, data


def event_of(sent: SentEvent, data: Result | None, row: Capability, subject: str) -> LiveEvent[Any]:
    """The event that was sent."""
    kind: Kind = "snapshot" if sent.kind == "state" else sent.kind
    return LiveEvent(sent.ident, kind, row.name, subject, data, sent.meta, sent.replaces)
