"""What the environment switches on: `.env` and process variables read into features."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from dotenv.main import resolve_variables
from dotenv.parser import parse_stream

from coinmux.framework.config.settings import SETTINGS, InvalidSetting, Settings, switch
from coinmux.framework.errors import UnknownFeature
from coinmux.framework.plugins.provider_info import RateLimit
from coinmux.framework.secrets import Secret

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import EnvVar, ProviderInfo


#: Shorter parts of an address are words, not keys.
_KEY_CHARS = 16


@dataclass(frozen=True, slots=True)
class EnvFile:
    """A `.env` file as it was read.

    Attributes:
        values: by variable name.
        warnings: what could not be read, with line numbers and never a value.
        is_unreadable: whether it is there and nothing of it could be read.
    """

    values: Mapping[str, str]
    warnings: tuple[str, ...]
    is_unreadable: bool = False

    @classmethod
    def read(cls, path: Path | None) -> EnvFile:
        """Read `path`; a file that is missing, unreadable or not UTF-8 gives warnings, no error."""
        if path is None or not path.exists():
            return cls({}, ())
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            return cls({}, (f"{path.name} cannot be read: {error.strerror}",), is_unreadable=True)
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            return cls(
                {},
                (f"{path.name} line {line} is not UTF-8; the file was left out",),
                is_unreadable=True,
            )
        warnings = []
        pairs: list[tuple[str, str | None]] = []
        seen: dict[str, int] = {}
        for binding in parse_stream(StringIO(text)):
            if binding.error:
                warnings.append(f"{path.name} line {binding.original.line} cannot be parsed")
            elif binding.key is not None:
                if binding.key in seen:
                    warnings.append(
                        f"{path.name} line {binding.original.line} sets {binding.key} again "
                        f"(first on line {seen[binding.key]}); the last one counts"
                    )
                seen.setdefault(binding.key, binding.original.line)
                pairs.append((binding.key, binding.value))
        resolved = resolve_variables(pairs, override=True)
        values = {key: value for key, value in resolved.items() if value is not None}
        if os.name == "posix" and path.stat().st_mode & 0o077:
            warnings.append(f"{path.name} may be read by others; chmod 600 {path.name}")
        return cls(values, tuple(warnings))


@dataclass(frozen=True, slots=True)
class Feature:
    """Whether a provider is on, and why not.

    Attributes:
        reason: None when on; else `missing_key`, `switched_off`, `retired` or `broken`.
        detail: of `broken`, for people.
        missing: required variables that are not set.
        present: which of its variables are set.
    """

    info: ProviderInfo
    enabled: bool
    reason: str | None
    missing: tuple[str, ...]
    present: frozenset[str]
    detail: str = ""

    def public(self, live_reason: str | None = None) -> dict[str, Any]:
        """The feature in the REST contract's words.

        Args:
            live_reason: why it is off for another cause than configuration (`key_refused`).
        """
        return {
            "name": self.info.name,
            "provider": self.info.name,
            "category": self.info.category,
            "title": self.info.title,
            "enabled": self.enabled and live_reason is None,
            "reason": self.reason or live_reason,
            "variables": [
                {
                    "name": variable.name,
                    "required": variable.required,
                    "present": variable.name in self.present,
                    "description": variable.description,
                    "signup_url": variable.signup_url or None,
                }
                for variable in self.info.env
            ],
        }


@dataclass(frozen=True, slots=True)
class Overrides:
    """What an operator changed about one provider.

    Attributes:
        base_urls: "" for the base URL, else by lower-case name of a host or channel.
    """

    base_urls: Mapping[str, str] = field(default_factory=dict)
    enabled: bool | None = None
    priority: int | None = None
    timeout_s: float | None = None
    rate_limits: tuple[RateLimit, ...] | None = None


class EnvConfig:
    """One reading of `.env` and the process environment; the process wins.

    Reloading makes a new one and compares: nothing is changed in place, so calls in flight end on
    the settings they began with.

    Attributes:
        settings: coinmux's own.
        warnings: of the file; never a value.
        is_unreadable: whether nothing of the file could be read.
    """

    def __init__(self, env_file: Path | None, environ: Mapping[str, str]) -> None:
        self.env_file = env_file
        file = EnvFile.read(env_file)
        merged = {**file.values, **environ}
        self.values: Mapping[str, str] = {
            name: value.strip() for name, value in merged.items() if value.strip()
        }
        self._from_environment = frozenset(name for name, value in environ.items() if value.strip())
        self.warnings = file.warnings
        self.is_unreadable = file.is_unreadable
        self.settings = Settings.read(self.values)

    def setting_lines(self) -> list[dict[str, Any]]:
        """Each of coinmux's own settings: what is in force, and where it comes from.

        Secrets are told as set or not, never their value.
        """
        return [
            {
                "variable": setting.variable,
                "value": _shown(getattr(self.settings, setting.variable.lower())),
                "default": _shown(setting.default),
                "origin": self._origin(setting.variable),
                "secret": setting.secret,
                "present": setting.variable in self.values,
                "restart": setting.restart,
                "description": setting.description,
            }
            for setting in SETTINGS.values()
        ]

    def _origin(self, variable: str) -> str:
        if variable not in self.values:
            return "default"
        return "environment" if variable in self._from_environment else "file"

    def value_of(self, variable: EnvVar) -> Secret | None:
        """The variable's value, or that of the first alias that is set."""
        for name in (variable.name, *variable.aliases):
            if name in self.values:
                return Secret(self.values[name])
        return None

    def secrets(self, infos: Sequence[ProviderInfo]) -> list[str]:
        """Every value that must never be shown."""
        found = [
            value.reveal()
            for info in infos
            for variable in info.env
            if variable.secret and (value := self.value_of(variable)) is not None
        ]
        for info in infos:
            # A path may name the provider and what is part of it, as the simulator's do.
            names = {info.name, *(channel.name for channel in info.channels)}
            for url in self.overrides(info).base_urls.values():
                found += [part for part in secrets_in(url) if part not in names]
        for secret in (self.settings.database_url, self.settings.state_url):
            if secret is not None:
                address = secret.reveal()
                found.append(address)
                if (password := urlsplit(address).password) is not None:
                    found.append(password)
        if self.settings.admin_token is not None:
            found.append(self.settings.admin_token.reveal())
        return found

    def feature(self, info: ProviderInfo) -> Feature:
        """Whether `info`'s provider is on."""
        present = frozenset(v.name for v in info.env if self.value_of(v) is not None)
        missing = tuple(v.name for v in info.env if v.required and v.name not in present)
        only = self.settings.providers_only
        reason = None
        if info.retired is not None:
            reason = "retired"
        elif self.overrides(info).enabled is False or (only and info.name not in only):
            reason = "switched_off"
        elif missing:
            reason = "missing_key"
        return Feature(info, reason is None, reason, missing, present)

    def overrides(self, info: ProviderInfo) -> Overrides:
        """What the environment changes about the provider.

        Raises:
            InvalidSetting: names the variable and what would do.
        """
        prefix = info.name.upper()
        urls = {}
        names = ["", *info.hosts, *(channel.name for channel in info.channels)]
        for name in names:
            variable = f"{prefix}_BASE_URL" + (f"_{name.upper()}" if name else "")
            if (url := self.values.get(variable)) is not None:
                if not re.match(r"https?://[^/\s]+", url):
                    raise _invalid(variable, "takes an http(s) address")
                urls[name] = url.rstrip("/")
        return Overrides(
            base_urls=urls,
            enabled=self._read(f"{prefix}_ENABLED", switch),
            priority=self._read(f"{prefix}_PRIORITY", _read_priority),
            timeout_s=self._read(f"{prefix}_TIMEOUT_S", _read_timeout),
            rate_limits=self._read(f"{prefix}_RATE_LIMIT", read_rate_limits),
        )

    def _read(self, variable: str, read: Any) -> Any:
        text = self.values.get(variable)
        if text is None:
            return None
        try:
            return read(text)
        except ValueError as error:
            raise _invalid(variable, str(error)) from None


def _shown(value: Any) -> bool | int | float | str | list[str] | None:
    """A setting as JSON; None for a secret, whatever it is."""
    if value is None or isinstance(value, Secret):
        return None
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (tuple, frozenset, set)):
        return [str(one) for one in value]
    return str(value)


def secrets_in(url: str) -> list[str]:
    """Parts of an address that may be a key: own nodes often carry theirs in the path."""
    parts = urlsplit(url)
    values = [value for _, value in parse_qsl(parts.query)]
    return [part for part in (*parts.path.split("/"), *values) if len(part) >= _KEY_CHARS]


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
    from coinmux.framework.suggest import near

    feature = features.get(name.lower())
    if feature is None:
        raise UnknownFeature(f"no feature {name[:60]!r}", did_you_mean=near(name, features))
    return feature
