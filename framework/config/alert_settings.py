"""How alerts are set: channels by name, what each is told, quiet hours, and when keys expire."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from coinmux.framework.secrets import Secret

#: What an alert is about; a route names those that its channel is told.
Category = Literal[
    "source", "capability", "quota", "key", "plugin", "archive", "state", "feed", "disk", "doubt",
    "process", "service",
]  # fmt: skip
CATEGORIES: tuple[Category, ...] = (
    "source", "capability", "quota", "key", "plugin", "archive", "state", "feed", "disk", "doubt",
    "process", "service",
)  # fmt: skip
LEVELS = ("minor", "major", "critical")

_CHANNEL = re.compile(r"(?:([a-z][a-z0-9_-]{0,30})=)?([a-z][a-z0-9+.-]*)://\S+", re.IGNORECASE)
_ROUTE = re.compile(r"([a-z][a-z0-9_-]{0,30})=([a-z]+)(?::([a-z+]+))?")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})(?:\s+(\S+))?")


@dataclass(frozen=True, slots=True)
class ChannelAddress:
    """One channel of `ALERT_URLS`.

    Attributes:
        name: given before the address, or made of its kind and place.
        kind: the scheme of the address, such as `mailto`.
    """

    name: str
    kind: str
    url: Secret


@dataclass(frozen=True, slots=True)
class Route:
    """What a channel is told.

    Attributes:
        least: the least severity.
        categories: those alone; all where empty.
    """

    least: str = "minor"
    categories: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class QuietHours:
    """A stretch of each day in which only what is critical is sent.

    Attributes:
        zone: its time zone; None for the machine's own.
    """

    begins: time
    ends: time
    zone: tzinfo | None
    text: str

    def __str__(self) -> str:
        return self.text

    def holds(self, at_ms: int) -> bool:
        """Whether it is quiet then, Unix ms."""
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self.zone).time()
        if self.begins <= self.ends:
            return self.begins <= local < self.ends
        return local >= self.begins or local < self.ends


def channels(text: str) -> Secret:
    """Check `ALERT_URLS`; `channels_of` reads it.

    Raises:
        ValueError: an address is none, or two have one name.
    """
    found = channels_of(Secret(text))
    if len({one.name for one in found}) != len(found):
        raise ValueError("takes a name once")
    return Secret(text.strip())


def channels_of(value: Secret | None) -> tuple[ChannelAddress, ...]:
    """The channels of `ALERT_URLS`.

    Raises:
        ValueError: an address is none.
    """
    found: list[ChannelAddress] = []
    for word in () if value is None else value.reveal().split():
        match = _CHANNEL.fullmatch(word)
        if match is None:
            raise ValueError("takes addresses as apprise has them, such as mail=mailto://…")
        name, kind = match[1], match[2].lower()
        url = word if name is None else word[len(name) + 1 :]
        found.append(ChannelAddress(name or f"{kind}-{len(found) + 1}", kind, Secret(url)))
    return tuple(found)


def routes(text: str) -> tuple[str, ...]:
    """Check `ALERT_ROUTES`; `routes_of` reads it.

    Raises:
        ValueError: a route is none.
    """
    words = tuple(word.strip().lower() for word in text.split(",") if word.strip())
    routes_of(words)
    return words


def routes_of(words: tuple[str, ...]) -> dict[str, Route]:
    """The routes of `ALERT_ROUTES`, by channel.

    Raises:
        ValueError: a severity or a category is unknown.
    """
    found = {}
    for word in words:
        match = _ROUTE.fullmatch(word)
        if match is None:
            raise ValueError("takes NAME=SEVERITY:CATEGORY+CATEGORY, comma between")
        categories = frozenset((match[3] or "").split("+")) - {""}
        if match[2] not in LEVELS or not categories <= set(CATEGORIES):
            raise ValueError(
                f"takes a severity ({', '.join(LEVELS)}) and categories ({', '.join(CATEGORIES)})"
            )
        found[match[1]] = Route(match[2], categories)
    return found


def quiet_hours(text: str) -> QuietHours:
    """`22:00-07:00`, or the same with a time zone after it.

    Raises:
        ValueError: it is neither.
    """
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise ValueError("takes hours such as 22:00-07:00, or 22:00-07:00 Europe/Berlin")
    try:
        begins, ends = time(int(match[1]), int(match[2])), time(int(match[3]), int(match[4]))
    except ValueError:
        raise ValueError("takes hours from 00:00 to 23:59") from None
    zone: tzinfo | None = None
    if match[5] is not None:
        try:
            zone = UTC if match[5].upper() == "UTC" else ZoneInfo(match[5])
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("takes a time zone such as Europe/Berlin") from None
    return QuietHours(begins, ends, zone, text.strip())


def expiries(text: str) -> tuple[str, ...]:
    """Check `KEYS_EXPIRE`; `expiries_of` reads it.

    Raises:
        ValueError: a date is none.
    """
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    expiries_of(words)
    return words


def expiries_of(words: tuple[str, ...]) -> dict[str, int]:
    """When each variable's key expires, Unix ms: at the end of its day, UTC.

    Raises:
        ValueError: a date is none.
    """
    found = {}
    for word in words:
        name, sign, day = (part.strip() for part in word.partition("="))
        try:
            if not (sign and re.fullmatch(r"[A-Z][A-Z0-9_]*", name)):
                raise ValueError(word)
            last = datetime.combine(date.fromisoformat(day), time(23, 59, 59), UTC)
        except ValueError:
            raise ValueError("takes VARIABLE=YYYY-MM-DD, comma between") from None
        found[name] = round(last.timestamp() * 1000)
    return found


def public_address(text: str) -> str:
    """An address people open, without a slash at its end.

    Raises:
        ValueError: it is none.
    """
    address = text.strip().rstrip("/")
    if not re.fullmatch(r"https?://[^\s?#@]+", address):
        raise ValueError("takes an address such as https://coinmux.example.com")
    return address
