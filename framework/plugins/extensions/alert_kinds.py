"""Kinds of alert channels that plugins add."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import EnvVar

HOOK = "register_alert_channels"
_SCHEME = re.compile(r"[a-z][a-z0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Alert:
    """One message to one channel, for people.

    Attributes:
        title: one line.
        body: some lines of plain text.
        severity: `minor`, `major` or `critical`, the worst of what it tells; None where it only
            tells of ends.
        incidents: their ids; `PUBLIC_URL/incidents?id=…` shows one.
    """

    title: str
    body: str
    severity: str | None
    incidents: tuple[str, ...]


#: Sends an alert to an address of `ALERT_URLS`, with the values of the kind's variables by name.
SendAlert = Callable[[Alert, str, Mapping[str, str]], Awaitable[None] | None]


@dataclass(frozen=True, slots=True)
class AlertChannelKind:
    """A kind of channel, for addresses that begin with `scheme://`.

    Attributes:
        scheme: lower case letters and digits.
        send: called with the alert, the whole address and the values of `env` that are set. It
            returns None where the alert arrived, and raises where it did not.
        env: variables it reads besides its address.
    """

    scheme: str
    send: SendAlert
    env: tuple[EnvVar, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.scheme, str) or _SCHEME.fullmatch(self.scheme) is None:
            raise ValueError("AlertChannelKind takes a scheme of lower case letters and digits")
        if not callable(self.send):
            raise TypeError("AlertChannelKind takes a function to send with")


def kinds_in(declared: object) -> tuple[AlertChannelKind, ...]:
    """What the hook returned.

    Raises:
        TypeError: it is no list of kinds.
        ValueError: two have one scheme.
    """
    if not isinstance(declared, (list, tuple)) or not all(
        isinstance(one, AlertChannelKind) for one in declared
    ):
        raise TypeError(f"{HOOK} returns a list of AlertChannelKind")
    rows: Sequence[AlertChannelKind] = declared
    if len({one.scheme for one in rows}) < len(rows):
        raise ValueError(f"{HOOK} returns a scheme twice")
    return tuple(rows)
