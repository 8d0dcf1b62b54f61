"""Faults to order: what a source does wrong, and for how many answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Kind = Literal[
    "status",
    "delay",
    "hang",
    "garbage",
    "truncate",
    "rate_limit",
    "wrong_symbol",
    "empty",
    "malformed_json",
    "html",
    "disconnect",
    "reset",
    "drip",
    "bad_gzip",
    "redirect",
    "wrong_content_type",
    "seconds_for_ms",
    "negative_price",
    "lie",
    "sample",
    "feed_drop",
    "feed_silence",
    "feed_gap",
    "feed_checksum",
    "feed_duplicate",
    "feed_reorder",
    "feed_crossed",
    "feed_wrong_symbol",
    "feed_lie",
    "feed_flood",
    "feed_half",
    "feed_garbage",
    "feed_deaf",
    "feed_slow_close",
    "feed_refuse",
    "feed_ban",
]
KINDS: tuple[str, ...] = get_args(Kind)
#: Kinds made by the player, because they change what the answer says and not how it is sent.
TWISTS = frozenset({"wrong_symbol", "seconds_for_ms", "negative_price", "lie"})
#: Kinds of live feeds: they hold for sockets, all others for answers of REST.
FEED_KINDS = frozenset(kind for kind in KINDS if kind.startswith("feed_"))
#: What the capability of a fault of a feed may be.
FEEDS = frozenset({"ticker", "trades", "order_book", "candles"})
#: Kinds that take a value in addition to the answers they are for.
ARGUMENTS: Mapping[str, frozenset[str]] = {
    "status": frozenset({"code", "headers", "body"}),
    "delay": frozenset({"seconds"}),
    "rate_limit": frozenset({"retry_after"}),
    "html": frozenset({"challenge", "content_type"}),
    "reset": frozenset({"midway"}),
    "disconnect": frozenset({"midway"}),
    "drip": frozenset({"seconds"}),
    "redirect": frozenset({"location", "code"}),
    "wrong_content_type": frozenset({"content_type"}),
    "lie": frozenset({"percent"}),
    "sample": frozenset({"outcome"}),
    "feed_silence": frozenset({"heartbeats"}),
    "feed_lie": frozenset({"percent"}),
    "feed_flood": frozenset({"times"}),
    "feed_slow_close": frozenset({"seconds"}),
    "feed_ban": frozenset({"code", "retry_after"}),
}
#: Statuses that refuse a connection.
_REFUSALS = frozenset(int(one) for one in HTTPStatus if one >= 400)
_COMMON = frozenset({"provider", "kind", "count", "capability", "host", "channel"})


class BadFault(ValueError):
    """An order that cannot be carried out.

    Attributes:
        errors: `{"name": field, "message": what would do}` each.
    """

    def __init__(self, errors: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{one['name']}: {one['message']}" for one in errors))
        self.errors = errors


class FaultOrder(BaseModel):
    """One fault, as ordered.

    Attributes:
        provider: its name, or `*` for all.
        count: of answers, of a feed of messages, or of connections where it is they that suffer;
            None until it is cleared.
        capability, host, channel: only answers of this one; of a feed, the channel as the exchange
            names it.
        code: HTTP status, of `status` (500), `redirect` (302) and `feed_ban` (418).
        headers, body: of `status`; a body that is no string is sent as JSON.
        seconds: of `delay` (1), between two bytes of `drip` (0.1), until the end comes after
            `feed_slow_close` (30).
        retry_after: of `rate_limit` and `feed_ban`, sent as it is.
        location: of `redirect`.
        content_type: of `html` (text/html) and `wrong_content_type` (text/plain).
        challenge: whether `html` is a bot wall, not a maintenance page.
        midway: whether `disconnect` and `reset` come after half the answer, not before it.
        percent: by which the prices of `lie` and `feed_lie` are too high (20); below 0, too low.
        heartbeats: whether signs of life still come in `feed_silence`.
        times: how often `feed_flood` says each message.
        outcome: of the sample to play.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider: str = Field(min_length=1)
    kind: Kind
    count: int | None = Field(default=None, ge=1, le=1_000_000)
    capability: str | None = None
    host: str | None = None
    channel: str | None = None
    code: int | None = Field(default=None, ge=100, le=999)
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Any = None
    seconds: float | None = Field(default=None, gt=0, le=3600)
    retry_after: str | int | float | None = None
    location: str = Field(default="https://elsewhere.example/", pattern=r"^[!-~]+$")
    content_type: str | None = Field(default=None, pattern=r"^[ -~]+$")
    challenge: bool = True
    midway: bool = False
    percent: float = Field(default=20, gt=-100, le=10_000)
    outcome: str | None = None
    heartbeats: bool = True
    times: int = Field(default=1_000, ge=2, le=100_000)

    def __init__(self, provider: Any, kind: Any, count: Any = None, **arguments: Any) -> None:
        super().__init__(provider=provider, kind=kind, count=count, **arguments)

    @classmethod
    def read(cls, held: Mapping[str, Any]) -> FaultOrder:
        """An order from JSON.

        Raises:
            BadFault: with each field that is wrong.
        """
        rest = {str(n): v for n, v in held.items() if n not in ("provider", "kind", "count")}
        try:
            return cls(held.get("provider"), held.get("kind"), held.get("count"), **rest)
        except ValidationError as exc:
            raise BadFault(_told(exc)) from exc

    @model_validator(mode="after")
    def _takes_its_arguments(self) -> FaultOrder:
        allowed = ARGUMENTS.get(self.kind, frozenset())
        for name in self.model_fields_set - _COMMON - allowed:
            takes = ", ".join(sorted(allowed)) or "nothing"
            raise ValueError(f"{name}: {self.kind} takes {takes}")
        if self.kind == "sample" and self.outcome is None:
            raise ValueError("outcome: sample takes the outcome of a sample")
        if self.kind == "feed_ban" and self.code is not None and self.code not in _REFUSALS:
            raise ValueError("code: feed_ban takes the status of an error")
        for name, value in self.headers.items():
            if not (name.isascii() and name.isprintable()) or "\r" in value or "\n" in value:
                raise ValueError(f"headers: {name[:40]!r} cannot be sent")
        if isinstance(self.retry_after, str) and not self.retry_after.isprintable():
            raise ValueError("retry_after: takes one line")
        return self

    def hits(
        self, provider: str, capability: str | None, host: str | None, channel: str | None
    ) -> bool:
        """Whether it is meant for such an answer."""
        return (
            self.provider in ("*", provider)
            and self.capability in (None, capability)
            and self.host in (None, host)
            and self.channel in (None, channel)
        )


def _told(error: ValidationError) -> list[dict[str, str]]:
    told = []
    for one in error.errors():
        message = one["msg"].removeprefix("Value error, ")
        name = ".".join(str(part) for part in one["loc"])
        if not name:
            name, _, message = message.partition(": ")
        told.append({"name": name, "message": message})
    return told


@dataclass(slots=True)
class StandingFault:
    """An order in force.

    Attributes:
        left: answers it still spoils; None for all.
        done: answers it has corrupted.
    """

    order: FaultOrder
    left: int | None
    done: int = 0

    def report(self) -> dict[str, Any]:
        """For `GET /_simulator/faults`."""
        named = self.order.model_dump(exclude_unset=True, exclude_none=True)
        return {**named, "left": self.left, "done": self.done}


@dataclass(slots=True)
class FaultBook:
    """Orders in force, the oldest first; the first order that matches an answer corrupts it."""

    standing: list[StandingFault] = field(default_factory=list)

    def add(self, order: FaultOrder) -> None:
        """Takes an order."""
        self.standing.append(StandingFault(order, order.count))

    def take(
        self, provider: str, capability: str | None, host: str | None, channel: str | None
    ) -> FaultOrder | None:
        """The fault of the next answer, counted off its order; None for a good answer."""
        for one in self.standing:
            order = one.order
            if order.kind not in FEED_KINDS and order.hits(provider, capability, host, channel):
                return self._counted(one)
        return None

    def feeds_spoilt(self) -> bool:
        """Whether there is any order for feeds."""
        return any(one.order.kind in FEED_KINDS for one in self.standing)

    def take_feed(
        self, kinds: frozenset[str], provider: str, feeds: Iterable[tuple[str, str]] = ()
    ) -> FaultOrder | None:
        """The first of these faults of a feed for a connection, counted off its order.

        Args:
            feeds: capability and channel of what it is about; nothing for the connection as such,
                which an order for one channel does not hit.
        """
        for one in self.standing:
            order = one.order
            if order.kind not in kinds:
                continue
            if order.hits(provider, None, None, None) or any(
                order.hits(provider, capability, None, channel) for capability, channel in feeds
            ):
                return self._counted(one)
        return None

    def _counted(self, one: StandingFault) -> FaultOrder:
        one.done += 1
        if one.left is not None:
            one.left -= 1
            if one.left == 0:
                self.standing.remove(one)
        return one.order

    def clear(self, provider: str | None = None) -> int:
        """Forgets all orders, or those for one provider; how many there were."""
        kept = [one for one in self.standing if provider not in (None, one.order.provider)]
        gone = len(self.standing) - len(kept)
        self.standing[:] = kept
        return gone
