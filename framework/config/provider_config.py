"""What the environment says about a provider: its keys, whether it is on, and overrides."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from coinmux.framework.config.settings import InvalidSetting, switch
from coinmux.framework.errors import UnknownFeature
from coinmux.framework.plugins.rate_limit import RateLimit
from coinmux.framework.secrets import Secret
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import EnvVar, ProviderInfo

T = TypeVar("T")

#: Shorter parts of an address are words, not keys.
_KEY_CHARS = 16


@dataclass(frozen=True, slots=True)
class Feature:
    """Whether a provider is on, and why not.

    Attributes:
        reason: None when on; else `missing_key`, `switched_off`, `retired` or `broken`.
        detail: the error of a `broken` provider, for people.
        missing: required variables that are not set.
        present: which of its variables are set.
    """

    info: ProviderInfo
    enabled: bool
    reason: str | None
    missing: tuple[str, ...]
    present: frozenset[str]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Overrides:
    """The operator's changes to one provider; None for what was not changed.

    Attributes:
        base_urls: "" for the base URL, else by lower-case name of a host or channel.
        socket_urls: by name of a socket, the usual one "".
    """

    base_urls: Mapping[str, str] = field(default_factory=dict)
    socket_urls: Mapping[str, str] = field(default_factory=dict)
    enabled: bool | None = None
    priority: int | None = None
    timeout_s: float | None = None
    rate_limits: tuple[RateLimit, ...] | None = None


def value_of(values: Mapping[str, str], variable: EnvVar) -> Secret | None:
    """The variable's value, or that of the first alias that is set."""
    for name in (variable.name, *variable.aliases):
        if name in values:
            return Secret(values[name])
    return None


def read_feature(values: Mapping[str, str], info: ProviderInfo, only: tuple[str, ...]) -> Feature:
    """Whether `info`'s provider is on.

    Args:
        only: `PROVIDERS_ONLY`; empty if every provider may be on.
    """
    present = frozenset(v.name for v in info.env if value_of(values, v) is not None)
    missing = tuple(v.name for v in info.env if v.required and v.name not in present)
    reason = None
    if info.retired is not None:
        reason = "retired"
    elif read_overrides(values, info).enabled is False or (only and info.name not in only):
        reason = "switched_off"
    elif missing:
        reason = "missing_key"
    return Feature(info, reason is None, reason, missing, present)


def read_overrides(values: Mapping[str, str], info: ProviderInfo) -> Overrides:
    """The variables `<PROVIDER>_BASE_URL`, `_WS_URL`, `_ENABLED`, `_PRIORITY`, `_TIMEOUT_S` and
    `_RATE_LIMIT`.

    Raises:
        InvalidSetting: names the variable and the values it takes.
    """
    prefix = info.name.upper()
    urls = {}
    names = ["", *info.hosts, *(channel.name for channel in info.channels)]
    for name in names:
        variable = f"{prefix}_BASE_URL" + (f"_{name.upper()}" if name else "")
        if (url := values.get(variable)) is not None:
            if not re.match(r"https?://[^/\s]+", url):
                raise _invalid(variable, "takes an http(s) address")
            urls[name] = url.rstrip("/")
    sockets = {}
    for name in info.sockets:
        variable = f"{prefix}_WS_URL" + (f"_{name.upper()}" if name else "")
        if (url := values.get(variable)) is not None:
            if not re.match(r"wss?://[^/\s]+", url):
                raise _invalid(variable, "takes a ws or wss address")
            sockets[name] = url
    return Overrides(
        base_urls=urls,
        socket_urls=sockets,
        enabled=_read(values, f"{prefix}_ENABLED", switch),
        priority=_read(values, f"{prefix}_PRIORITY", _read_priority),
        timeout_s=_read(values, f"{prefix}_TIMEOUT_S", _read_timeout),
        rate_limits=_read(values, f"{prefix}_RATE_LIMIT", read_rate_limits),
    )


def secrets_of(
    values: Mapping[str, str], info: ProviderInfo, ours: Collection[str] = ()
) -> list[str]:
    """Every value of this provider that must never be shown.

    Args:
        ours: names of sources: a part of an address that is one, as those of the simulator, is no
            secret.
    """
    found = [
        value.reveal()
        for variable in info.env
        if variable.secret and (value := value_of(values, variable)) is not None
    ]
    overrides = read_overrides(values, info)
    for url in (*overrides.base_urls.values(), *overrides.socket_urls.values()):
        found += [part for part in secrets_in(url) if unquote(part).lstrip("~") not in ours]
    return found


def names_of(info: ProviderInfo) -> Iterator[str]:
    """What the provider is called, in paths of addresses as well: `kraken`, `rss_news:coindesk`."""
    yield info.name
    for host in info.hosts:
        yield from (host, f"{info.name}@{host}")
    for channel in info.channels:
        yield from (channel.name, f"{info.name}:{channel.name}")


def secrets_in(url: str) -> list[str]:
    """Parts of an address that may be a key: addresses of own nodes often contain it."""
    try:
        parts = urlsplit(url)
        found = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query))]
    except ValueError:
        # No address at all: its source will be off, but what may be a key in it stays hidden.
        found = re.split(r"[/?&=#]", url)
    return [part for part in found if len(part) >= _KEY_CHARS]


def _read(values: Mapping[str, str], variable: str, read: Callable[[str], T]) -> T | None:
    text = values.get(variable)
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise _invalid(variable, str(error)) from None


def _invalid(variable: str, hint: str) -> InvalidSetting:
    return InvalidSetting(f"{variable} {hint}", errors=[{"name": variable, "message": hint}])


def _read_priority(text: str) -> int:
    if not re.fullmatch(r"-?\d{1,6}", text, re.ASCII):
        raise ValueError("takes a whole number; lower goes first")
    return int(text)


def _read_timeout(text: str) -> float:
    if not re.fullmatch(r"\d{1,3}(\.\d+)?", text, re.ASCII) or not 0.1 <= float(text) <= 120:
        raise ValueError("takes seconds from 0.1 to 120")
    return float(text)


def read_rate_limits(text: str) -> tuple[RateLimit, ...]:
    """Limits from `off`, or `60/60` (requests per seconds), several joined by commas."""
    if text.strip().lower() == "off":
        return ()
    limits = []
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*(\d+(?:\.\d+)?)\s*", part, re.ASCII)
        if match is None or not (float(match[1]) >= 1 and float(match[2]) > 0):
            raise ValueError("takes off, or requests (at least 1) / seconds, such as 60/60")
        limits.append(RateLimit(float(match[1]), float(match[2])))
    return tuple(limits)


def find_feature(features: Mapping[str, Feature], name: str) -> Feature:
    """The feature of that name, in any case.

    Raises:
        UnknownFeature: with near names.
    """
    feature = features.get(name.lower())
    if feature is None:
        raise UnknownFeature(f"no feature {name[:60]!r}", did_you_mean=near(name, features))
    return feature
