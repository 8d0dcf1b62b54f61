"""Answers of a server as the objects they were made of."""

from __future__ import annotations

import time
from collections.abc import Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any, TypeVar, cast

import msgspec
from pydantic import ConfigDict, ValidationError

from coinmux.framework.cache.answer import Answer, AnswerMeta, FetchResult
from coinmux.framework.client.faults import BadAnswer
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.base import R_co, Result
from coinmux.framework.models.capability import CAPABILITIES, Freshness

T = TypeVar("T")
R = TypeVar("R", bound=Result)
_MAX_AGE = "max-age="


class Untyped(Result):
    """The data of a capability that this program has no model of: a plugin's own on the server."""

    model_config = ConfigDict(extra="allow")

    def __getattr__(self, name: str) -> Any:
        """A member of the data."""
        extra = self.__dict__.get("__pydantic_extra__") or self.__pydantic_extra__ or {}
        if name in extra:
            return extra[name]
        raise AttributeError(f"the answer has no {name!r}; it has {', '.join(extra)}")


class _Envelope(msgspec.Struct):
    data: msgspec.Raw
    meta: dict[str, Any]


class _Told(FetchResult[R_co]):
    """An answer with the bytes and the provenance that the server sent."""

    __slots__ = ("_meta", "_sent")

    def sent(self, body: bytes, meta: AnswerMeta) -> None:
        """Keep both."""
        self._sent, self._meta = body, meta

    def body(self, cache: str) -> bytes:
        """The whole envelope as it was sent."""
        return self._sent

    def meta(self, cache: str) -> AnswerMeta:
        """Provenance as the server told it."""
        return deepcopy(self._meta)


def model_of(capability: str) -> type[Result]:
    """The model of a capability's data; `Untyped` where coinmux itself has none."""
    row = CAPABILITIES.get(capability.lower().replace("-", "_"))
    return Untyped if row is None else row.result


def answer_of(
    body: bytes, model: type[R], headers: Mapping[str, str] = MappingProxyType({})
) -> Answer[R]:
    """An envelope as an answer.

    Args:
        headers: of the reply, where it was one of its own.

    Raises:
        BadAnswer: it is none, or its data is none of the model.
    """
    envelope = read(body, _Envelope)
    meta = cast("AnswerMeta", envelope.meta)
    data = data_of(bytes(envelope.data), model)
    try:
        fetched: _Told[R] = _Told(
            capability=meta["capability"],
            data=data,
            provider=meta["provider"],
            fetched_ms=meta["fetched_at"],
            fetched_at=time.monotonic() - _whole(headers.get("age", "")),
            freshness=Freshness(0, 0, 0),
            fresh_s=_max_age(headers.get("cache-control", "")),
            stale=meta["stale"],
            simulated=meta["simulated"],
            elapsed_ms=meta["elapsed_ms"],
            attempts=meta["attempts"],
            consensus=meta.get("consensus"),
        )
    except KeyError as error:
        raise BadAnswer(f"the answer's meta has no {error}") from None
    fetched.sent(body, meta)
    return fetched.view(meta["cache"])


def data_of(data: bytes, model: type[R]) -> R:
    """JSON as a model.

    Raises:
        BadAnswer: it is none of the model.
    """
    try:
        return model.decode(data)
    except (ValidationError, CoinmuxError, msgspec.MsgspecError, ValueError, KeyError) as error:
        raise BadAnswer(f"the data is no {model.__name__}: {error}") from error


def read(body: bytes, kind: type[T]) -> T:
    """JSON as a type.

    Raises:
        BadAnswer: it is none of that type.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError as error:
        raise BadAnswer(f"the answer is no {kind.__name__.strip('_')}: {error}") from error


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _max_age(cache_control: str) -> int:
    for part in cache_control.split(","):
        if (word := part.strip()).startswith(_MAX_AGE):
            return _whole(word.removeprefix(_MAX_AGE))
    return 0
