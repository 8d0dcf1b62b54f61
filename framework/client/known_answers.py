"""Answers that a client has, so that the server need not send them again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from coinmux.framework.client.wire import Reply

Key = tuple[str, tuple[tuple[str, str], ...]]


class KnownAnswers:
    """The newest answer to each of so many requests, under its `ETag`.

    Args:
        most: requests kept; 0 keeps none.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[Key, Reply] = OrderedDict()

    def condition(self, key: Key) -> dict[str, str]:
        """The header that says what is there already."""
        known = self._known.get(key)
        return {} if known is None else {"if-none-match": known.headers["etag"]}

    def resolve(self, key: Key, reply: Reply) -> Reply:
        """The reply; for 304 the one that is known, as new as the server says it is."""
        if reply.status == 304:
            known = self._known[key]
            self._known.move_to_end(key)
            headers = {**known.headers, **reply.headers}
            return replace(known, headers=headers, body=_renewed(known.body, reply.headers))
        if self._most and reply.status == 200 and "etag" in reply.headers:
            self._known[key] = reply
            self._known.move_to_end(key)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return reply


def _renewed(body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body with the time of the fetch that said the same again: `Date` less `Age`."""
    try:
        date_ms = int(parsedate_to_datetime(headers["date"]).timestamp()) * 1000
        fetched_ms = date_ms - int(headers["age"]) * 1000
    except (KeyError, ValueError):
        return body  # a document of the server itself has no age
    envelope: dict[str, msgspec.Raw] = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    meta: dict[str, Any] = msgspec.json.decode(envelope["meta"])
    meta["fetched_at"] = max(meta["fetched_at"], fetched_ms)
    envelope["meta"] = msgspec.Raw(msgspec.json.encode(meta))
    return msgspec.json.encode(envelope)
