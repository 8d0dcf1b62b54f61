"""Addresses of databases and stores as people have them: with odd passwords, with libpq's options.

An error names no part of the address: any part may be the password.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, unquote, urlsplit

_AUTHORITY = re.compile(r"(?:[\w.-]*|\[[0-9a-fA-F:.]+\])(?::(\d+))?", re.ASCII)
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
#: Options of a PostgreSQL address that mean something here.
POSTGRES_USED = frozenset(
    ("sslmode", "ssl", "sslrootcert", "sslcert", "sslkey", "host", "port", "options",
     "application_name", "target_session_attrs", "pgbouncer")
)  # fmt: skip
#: Options that other clients read and that change nothing here.
POSTGRES_IGNORED = frozenset(
    ("channel_binding", "client_encoding", "connect_timeout", "fallback_application_name",
     "gssencmode", "keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval",
     "krbsrvname", "load_balance_hosts", "passfile", "pool_timeout", "connection_limit", "schema",
     "sslcompression", "sslcrl", "sslnegotiation", "sslsni", "supa", "tcp_user_timeout")
)  # fmt: skip


def well_formed(address: str) -> str:
    """The address with its user and password encoded as URLs demand.

    Passwords often hold `/`, `?`, `#` or `@`, which end the host where they are not encoded.

    Raises:
        ValueError: it has no host, or a port that is none.
    """
    scheme, _, rest = address.partition("://")
    head, tail = _halves(rest)
    if tail is None:
        raise ValueError("takes an address whose port is a number from 1 to 65535")
    if head is None:
        return f"{scheme}://{tail}"
    user, colon, password = head.partition(":")
    return f"{scheme}://{_encoded(user)}{colon}{_encoded(password)}@{tail}"


def password_of(address: str) -> str | None:
    """The password of a well-formed address, decoded."""
    password = urlsplit(address).password
    return None if password is None else unquote(password)


def check_postgres_options(address: str) -> None:
    """Refuse options of a PostgreSQL address that nobody knows.

    Raises:
        ValueError: says which are known.
    """
    for name, value in parse_qsl(urlsplit(address).query, keep_blank_values=True):
        if name not in POSTGRES_USED | POSTGRES_IGNORED:
            known = ", ".join(sorted(POSTGRES_USED))
            raise ValueError(f"has an option after ? that is not known; known are {known}")
        if name in ("sslmode", "ssl") and value not in SSL_MODES:
            raise ValueError(f"takes one of {', '.join(SSL_MODES)} as sslmode")


def _halves(rest: str) -> tuple[str | None, str | None]:
    """User and password, and the rest from the host on; None for what is not there."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    head, at, host = authority.rpartition("@")
    path = re.split(r"[?#]", rest[len(authority) :], maxsplit=1)[0]
    if _is_authority(host) and "@" not in path and ("#" not in rest or at):
        return (head if at else None), rest[len(head) + len(at) :]
    # The password goes on beyond what ends a host: the last @ before a host is the one meant.
    places = [place for place, char in enumerate(rest) if char == "@"]
    for place in reversed(places):
        tail = rest[place + 1 :]
        if _is_authority(re.split(r"[/?#]", tail, maxsplit=1)[0]):
            return rest[:place], tail
    return None, None


def _is_authority(text: str) -> bool:
    hosts = [_AUTHORITY.fullmatch(one) for one in text.split(",")]
    return all(one and (one[1] is None or 0 < int(one[1]) <= 65_535) for one in hosts)


def _encoded(text: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", text), safe="%!$&'()*+,;=-._~")
