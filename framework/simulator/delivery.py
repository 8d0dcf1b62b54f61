"""The bytes a source writes, and how: as it should, or under a fault. Pure."""

from __future__ import annotations

import gzip
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Literal

import msgspec

from coinmux.framework.simulator.faults import TWISTS, FaultOrder
from coinmux.framework.simulator.player import PlayedAnswer

_CHALLENGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>"
    b'<div id="cf-chl-widget">Enable JavaScript and cookies to continue</div></body></html>'
)
_PAGE = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon</body></html>"
_GARBAGE = b"\x16\x03\x03\x00\x28\x02not http at all\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an answer is written.

    Attributes:
        data: bytes.
        then: what happens to the connection.
        wait_s: before the first byte; infinite for an answer that never comes.
        drip_s: after each byte.
    """

    data: bytes
    then: Literal["keep", "close", "reset"] = "keep"
    wait_s: float = 0.0
    drip_s: float = 0.0


def wire(answer: PlayedAnswer) -> bytes:
    """The whole response."""
    return head(answer.status, answer.headers, len(answer.body)) + answer.body


def head(status: int, headers: Mapping[str, str], length: int) -> bytes:
    """Status line and headers."""
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{n}: {v}" for n, v in headers.items())]
    if status not in (204, 304) and status >= 200:
        lines.append(f"content-length: {length}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def delivery(order: FaultOrder | None, answer: PlayedAnswer) -> Delivery:
    """How to write the answer under an order; a twisted answer comes twisted already."""
    if order is None or order.kind in TWISTS or order.kind == "sample":
        return Delivery(wire(answer))
    kind, body, whole = order.kind, answer.body, wire(answer)
    if kind == "delay":
        return Delivery(whole, wait_s=order.seconds or 1.0)
    if kind == "hang":
        return Delivery(b"", wait_s=math.inf)
    if kind == "drip":
        return Delivery(whole, drip_s=order.seconds or 0.1)
    if kind == "garbage":
        return Delivery(_GARBAGE, "close")
    if kind == "truncate":
        return Delivery(whole[: len(whole) - max(1, len(body) // 2)], "close")
    if kind in ("disconnect", "reset"):
        half = whole[: len(whole) - len(body) // 2 - 1] if order.midway else b""
        return Delivery(half, "close" if kind == "disconnect" else "reset")
    return Delivery(wire(_spoilt(order, answer)))


def _spoilt(order: FaultOrder, answer: PlayedAnswer) -> PlayedAnswer:
    """The answer as another complete one."""
    headers, body = {**answer.headers}, answer.body
    match order.kind:
        case "status":
            code = order.code if order.code is not None else 500
            content = order.body if order.body is not None else {"error": f"simulated {code}"}
            if isinstance(content, str):
                kind, sent = "text/plain", content.encode()
            else:
                kind, sent = "application/json", msgspec.json.encode(content)
            return PlayedAnswer(code, {"content-type": kind, **order.headers}, _bodied(code, sent))
        case "rate_limit":
            told = {} if order.retry_after is None else {"retry-after": str(order.retry_after)}
            sent = b'{"error":"too many requests"}'
            return PlayedAnswer(429, {"content-type": "application/json", **told}, sent)
        case "redirect":
            code = order.code if order.code is not None else 302
            return PlayedAnswer(code, {"location": order.location}, b"")
        case "empty":
            return PlayedAnswer(answer.status, headers, b"")
        case "html":
            page = _CHALLENGE if order.challenge else _PAGE
            return PlayedAnswer(200, {"content-type": order.content_type or "text/html"}, page)
        case "wrong_content_type":
            headers["content-type"] = order.content_type or "text/plain"
        case "malformed_json":
            body = body[: max(1, len(body) * 2 // 3)] + b'"'
        case "bad_gzip":
            headers["content-encoding"] = "gzip"
            packed = gzip.compress(body, mtime=0)
            body = packed[: len(packed) // 2]
        case _:
            raise AssertionError(order.kind)
    return PlayedAnswer(answer.status, headers, body)


def _bodied(code: int, body: bytes) -> bytes:
    return b"" if code in (204, 304) or code < 200 else body
