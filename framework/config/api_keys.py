"""`API_KEYS`: who may ask, as lines of the environment; a key itself is never stored.

A key is 32 random bytes, so its SHA-256 cannot be guessed back, and a slow hash would only slow the
requests down.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

#: What a consumer may be limited to: the second part of the paths below `/api/`.
SCOPES = (
    "chain", "data", "defi", "indicators", "market", "models", "news", "onchain", "pages",
    "sentiment", "whales",
)  # fmt: skip
#: Whoever may change things; needs no key.
OPERATOR = "operator"
#: Whose requests are counted together that were refused for want of a key.
UNKNOWN = "unknown"
#: Consumers are labels of metrics, and each key is compared with every one of them.
MOST_CONSUMERS = 100
PREFIX = "cmx_"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MOST = 1_000_000_000
_TAKES = (
    "takes name:sha256 of the key, with :scopes=market+news, :per_min=120 or :monthly=50000 behind "
    "it, comma between consumers; `coinmux keys NAME` prints one"
)


@dataclass(frozen=True, slots=True)
class Consumer:
    """One who may ask, by a key.

    Attributes:
        digest: SHA-256 of the key, in hexadecimal digits.
        scopes: what it may ask for, of `SCOPES`; all of them where empty.
        per_min: requests per minute; None for no limit.
        monthly: calls of sources per calendar month (UTC); None for no limit.
    """

    name: str
    digest: str
    scopes: tuple[str, ...] = ()
    per_min: int | None = None
    monthly: int | None = None

    def may(self, scope: str) -> bool:
        """Whether it may ask for what lies below that part of the API."""
        return not self.scopes or scope in self.scopes

    def line(self) -> str:
        """The consumer as `API_KEYS` has it."""
        parts = [self.name, self.digest]
        if self.scopes:
            parts.append(f"scopes={'+'.join(self.scopes)}")
        if self.per_min is not None:
            parts.append(f"per_min={self.per_min}")
        if self.monthly is not None:
            parts.append(f"monthly={self.monthly}")
        return ":".join(parts)


def new_key() -> str:
    """A key that nobody can guess."""
    return PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def owner_of(key: str, consumers: Iterable[Consumer]) -> Consumer | None:
    """Whose key it is; the time this takes does not say how near a wrong one came."""
    digest = digest_of(key)
    found = None
    for one in consumers:
        if hmac.compare_digest(one.digest, digest):
            found = one
    return found


def read_api_keys(text: str) -> tuple[Consumer, ...]:
    """The consumers of `API_KEYS`.

    Raises:
        ValueError: what it takes; nothing of the value is shown, as it may be a key.
    """
    found = [_consumer(one) for one in re.split(r"[,\s]+", text.strip()) if one]
    if len(found) > MOST_CONSUMERS:
        raise ValueError(f"takes at most {MOST_CONSUMERS} consumers")
    for what in ("name", "digest"):
        if len({getattr(one, what) for one in found}) < len(found):
            raise ValueError(f"has two consumers of the same {'key' if what == 'digest' else what}")
    return tuple(found)


def _consumer(text: str) -> Consumer:
    name, _, rest = text.partition(":")
    digest, *options = rest.split(":")
    if not _NAME.fullmatch(name) or not _DIGEST.fullmatch(digest):
        raise ValueError(_TAKES)
    if name in (OPERATOR, UNKNOWN):
        raise ValueError(f"cannot have a consumer named {name}: coinmux uses the name itself")
    scopes: tuple[str, ...] = ()
    limits: dict[str, int] = {}
    for option in options:
        key, _, value = option.partition("=")
        if key == "scopes" and not scopes:
            scopes = read_scopes(value.split("+"))
        elif key in ("per_min", "monthly") and key not in limits:
            limits[key] = _whole(key, value)
        else:
            raise ValueError(_TAKES)
    return Consumer(name, digest, scopes, limits.get("per_min"), limits.get("monthly"))


def read_scopes(words: Iterable[str]) -> tuple[str, ...]:
    """Scopes in their order.

    Raises:
        ValueError: one is unknown; says those there are.
    """
    given = set(words)
    if not given <= set(SCOPES):
        raise ValueError(f"takes scopes of {', '.join(SCOPES)}")
    return tuple(one for one in SCOPES if one in given)


def is_name(text: str) -> bool:
    """Whether a consumer may be called so."""
    return _NAME.fullmatch(text) is not None and text not in (OPERATOR, UNKNOWN)


def _whole(key: str, value: str) -> int:
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= _MOST):
        raise ValueError(f"takes a whole number from 1 to {_MOST} for {key}")
    return int(value)
