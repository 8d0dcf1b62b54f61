"""Answers as bytes between workers: only data is deserialised, never code (no pickle)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
import numpy as np
from pydantic import BaseModel, ValidationError

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.capability import Freshness
from coinmux.framework.plugins.extensions.cache_rules import AppliedRule
from coinmux.framework.reference.rows import collecting
from coinmux.framework.reference.values import clean_text

if TYPE_CHECKING:
    from coinmux.framework.cache.answer import FetchResult
    from coinmux.framework.cache.kept import KeptOptions
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability

#: Raised with the format, so that workers of two versions do not read each other's.
VERSION = 2
_ARRAY = 1


#: A name or a code. A provider's goes out in a header, so it holds nothing that could end one.
Word = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}\Z")]


class EncodedInput(msgspec.Struct):
    """One answer that a derived source was told, as `meta.attempts` shows it."""

    capability: Word
    provider: Word
    fetched_at: int
    cache: Word
    stale: bool
    asked: dict[str, Any]
    agreed: list[Word] | None = None
    inputs: list[EncodedInput] | None = None


class EncodedAttempt(msgspec.Struct):
    """One attempt, as `meta.attempts` shows it."""

    provider: Word
    outcome: Literal["ok", "failed"]
    started_at: int
    elapsed_ms: float
    code: Word | None = None
    inputs: list[EncodedInput] | None = None


#: Seconds for which an answer may be kept.
Seconds = Annotated[float, msgspec.Meta(ge=0, le=7 * 86_400)]


class EncodedRule(msgspec.Struct):
    """By which plugin's rule the answer is kept, and for how long."""

    plugin: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    fresh_s: Seconds
    refresh_s: Seconds
    failed_s: Seconds
    cut: bool


class EncodedAnswer(msgspec.Struct):
    """An answer as it is sent.

    Attributes:
        fetched_ms: wall time of the worker that fetched it; only shown, never compared.
        data: the model's fields.
        rule: of a plugin; None where it is kept for the usual time.
    """

    version: int
    provider: Word
    fetched_ms: int
    elapsed_ms: float
    stale: bool
    attempts: list[dict[str, Any]]
    consensus: dict[str, Any] | None
    data: dict[str, Any]
    rule: EncodedRule | None = None


class Damaged(ValueError):
    """The stored bytes are not an answer."""


def packed(value: Any) -> Any:
    """Encode a type that msgpack does not support."""
    if isinstance(value, np.ndarray):
        whole = np.ascontiguousarray(value)
        header = f"{whole.dtype.str}|{','.join(map(str, whole.shape))}|".encode("ascii")
        return msgspec.msgpack.Ext(_ARRAY, header + whole.tobytes())
    if isinstance(value, BaseModel):
        return dict(value.__dict__)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"cannot tell others of a {type(value).__name__}")


def unpacked(code: int, data: memoryview) -> Any:
    """Decode a type that msgpack does not support.

    Raises:
        Damaged: it is none that `packed` made.
    """
    if code != _ARRAY:
        raise Damaged("an unknown extension")
    head, shape, body = bytes(data).split(b"|", 2)
    kind = np.dtype(head.decode("ascii"))
    if kind.kind not in "fiub":
        raise Damaged("no array of numbers")
    sizes = tuple(int(one) for one in shape.decode("ascii").split(",") if one)
    return np.frombuffer(body, kind).reshape(sizes).copy()


_ENCODER = msgspec.msgpack.Encoder(enc_hook=packed)
_DECODER = msgspec.msgpack.Decoder(EncodedAnswer, ext_hook=unpacked)


def key_text(row: Capability, query: Query, ask: KeptOptions) -> str:
    """A short name of the question, the same in every process."""
    parts: list[Any] = [row.name, query.model_dump(mode="json"), ask.provider, ask.strategy]
    if ask.waiting:
        parts.append(ask.waiting)
    return hashlib.sha256(msgspec.json.encode(parts, order="sorted")).hexdigest()[:40]


def encode(fetched: FetchResult) -> bytes:
    """The answer as bytes.

    Raises:
        TypeError: its model has a field that cannot be encoded.
    """
    return _ENCODER.encode(
        EncodedAnswer(
            VERSION,
            fetched.provider,
            fetched.fetched_ms,
            fetched.elapsed_ms,
            fetched.stale,
            fetched.attempts,
            fetched.consensus,
            dict(fetched.data.__dict__),
            _encoded_rule(fetched.rule),
        )
    )


def _encoded_rule(rule: AppliedRule | None) -> EncodedRule | None:
    if rule is None:
        return None
    good = rule.freshness
    return EncodedRule(rule.plugin, good.fresh_s, good.refresh_s, good.failed_s, rule.cut)


def rule_in(stored: EncodedAnswer) -> AppliedRule | None:
    """By which plugin's rule the answer is kept."""
    rule = stored.rule
    if rule is None:
        return None
    good = Freshness(rule.fresh_s, rule.refresh_s, rule.failed_s)
    return AppliedRule(clean_text(rule.plugin), good, rule.cut)


def decode(data: bytes, model: type[Result]) -> tuple[EncodedAnswer, Result]:
    """The answer, its data checked by the model as if it had just been fetched.

    Raises:
        Damaged: the bytes are of another version, or not an answer of this kind.
    """
    try:
        stored = _DECODER.decode(data)
        if stored.version != VERSION:
            raise Damaged(f"version {stored.version}")
        msgspec.convert(stored.attempts, list[EncodedAttempt])
    except (msgspec.DecodeError, msgspec.ValidationError, ValueError, TypeError) as error:
        raise Damaged(type(error).__name__) from error
    return stored, model_of(model, stored.data)


def model_of(model: type[Result], fields: dict[str, Any]) -> Result:
    """The data of a worker, checked by its model as if a source had sent it.

    Raises:
        Damaged: it is none of this kind.
    """
    try:
        # Of a source, a bad optional value is read as null; what a worker stored has none.
        with collecting() as damage:
            result = model.model_validate(fields, by_name=True, by_alias=True)
    except (ValidationError, CoinmuxError, ValueError, TypeError) as error:
        raise Damaged(type(error).__name__) from error
    if damage:
        raise Damaged("; ".join(damage.notes()))
    return result
