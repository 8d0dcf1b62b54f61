"""Reads `.env` and the environment of the process into one configuration."""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dotenv.main import resolve_variables
from dotenv.parser import parse_stream

from coinmux.framework.config import name_check, provider_config
from coinmux.framework.config.addresses import password_of
from coinmux.framework.config.alert_settings import channels_of
from coinmux.framework.config.settings import SETTINGS, InvalidSetting, Settings
from coinmux.framework.secrets import Secret
from coinmux.framework.transport.choice import HTTPX, proxies_of

if TYPE_CHECKING:
    from coinmux.framework.config.provider_config import Feature, Overrides
    from coinmux.framework.plugins.provider_info import EnvVar, ProviderInfo


@dataclass(frozen=True, slots=True)
class EnvFile:
    """A `.env` file as it was read.

    Attributes:
        values: by variable name.
        warnings: which lines could not be read; they contain no value.
        is_unreadable: whether the file exists but could not be read at all.
    """

    values: Mapping[str, str]
    warnings: tuple[str, ...]
    is_unreadable: bool = False

    @classmethod
    def read(cls, path: Path | None) -> EnvFile:
        """Read `path`; a file that is missing, unreadable or not UTF-8 gives warnings."""
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
                (f"{path.name} line {line} is not UTF-8; the file is ignored",),
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
        # `/dev/null` stands for no file; nobody can close it to others.
        if os.name == "posix" and path.is_file() and path.stat().st_mode & 0o077:
            warnings.append(f"{path.name} may be read by others; chmod 600 {path.name}")
        return cls(values, tuple(warnings))


class EnvConfig:
    """One reading of `.env` and the process environment; the process wins.

    A reload reads a new one and compares the two. Nothing is changed in place, so calls in flight
    end with the settings they began with.

    Attributes:
        settings: coinmux's own.
        warnings: of the file and of what is set in vain; they contain no value.
        is_unreadable: whether the file could not be read at all.
    """

    def __init__(self, env_file: Path | None, environ: Mapping[str, str]) -> None:
        self.env_file = env_file
        file = EnvFile.read(env_file)
        self._in_file = {name: text.strip() for name, text in file.values.items() if text.strip()}
        merged = {**file.values, **environ}
        self.values: Mapping[str, str] = {
            name: value.strip() for name, value in merged.items() if value.strip()
        }
        self._from_environment = frozenset(name for name, value in environ.items() if value.strip())
        self.warnings: tuple[str, ...] = (
            *file.warnings,
            *name_check.overridden_mistakes(self._in_file, self._from_environment),
        )
        self.is_unreadable = file.is_unreadable
        self.settings = Settings.read(self.values)
        self.warnings += self._unused_proxy()
        self._check_socks()

    def _unused_proxy(self) -> tuple[str, ...]:
        """A warning where a proxy is named that no request goes through."""
        proxies = proxies_of(self.values)
        proxies.pop("no", None)
        if not proxies or self.settings.http_transport == HTTPX:
            return ()
        names = ", ".join(f"{scheme.upper()}_PROXY" for scheme in sorted(proxies))
        return (
            f"{names} is set and no request goes through it; set HTTP_TRANSPORT=httpx "
            "(docs/transport.md says what that changes)",
        )

    def _check_socks(self) -> None:
        """Whether httpx can use the proxies that are named.

        Raises:
            InvalidSetting: one is SOCKS, and what httpx speaks it with is not installed.
        """
        if self.settings.http_transport != HTTPX:
            return
        named = sorted(
            f"{scheme.upper()}_PROXY"
            for scheme, address in proxies_of(self.values).items()
            if scheme != "no" and address.lower().startswith("socks")
        )
        if named and importlib.util.find_spec("socksio") is None:
            message = "names a SOCKS proxy, which needs socksio: pip install 'coinmux[socks]'"
            raise InvalidSetting(
                f"{named[0]} {message}", errors=[{"name": one, "message": message} for one in named]
            )

    def setting_lines(self) -> list[dict[str, Any]]:
        """Each of coinmux's own settings: its current value and where that comes from.

        For secrets only whether they are set.
        """
        return [
            {
                "variable": setting.variable,
                "value": None
                if setting.secret
                else _shown(getattr(self.settings, setting.variable.lower())),
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
        return provider_config.value_of(self.values, variable)

    def feature(self, info: ProviderInfo) -> Feature:
        """Whether `info`'s provider is on."""
        return provider_config.read_feature(self.values, info, self.settings.providers_only)

    def overrides(self, info: ProviderInfo) -> Overrides:
        """What the environment changes about the provider.

        Raises:
            InvalidSetting: names the variable and the values it takes.
        """
        return provider_config.read_overrides(self.values, info)

    def name_warnings(
        self,
        infos: Sequence[ProviderInfo],
        absent: Sequence[str],
        others: Sequence[EnvVar] = (),
    ) -> list[str]:
        """Which variables nothing reads, and which keys are placeholders.

        Args:
            infos: of every loaded provider.
            absent: names of plugins that are installed and not loaded.
            others: variables that plugins read beside those of providers.
        """
        names = [name for one in others for name in (one.name, *one.aliases)]
        return [
            *name_check.unknown_variables(
                self._in_file.keys(), self._from_environment, infos, absent, names
            ),
            *name_check.placeholders(self.values, infos),
        ]

    def refuse_unknown_plugins(self, providers: Sequence[str], plugins: Sequence[str]) -> None:
        """Refuse lists of plugins that name one which is not there.

        To block what is not installed does no harm; only what looks like a typing error is
        refused there.

        Args:
            providers: names that `PROVIDERS_ONLY` may hold.
            plugins: names of installed plugins.

        Raises:
            InvalidSetting: with the nearest names.
        """
        settings = self.settings
        name_check.refuse_unknown("PROVIDERS_ONLY", settings.providers_only, providers)
        name_check.refuse_unknown("PLUGINS_ALLOW", settings.plugins_allow, plugins)
        name_check.refuse_unknown("PLUGINS_BLOCK", settings.plugins_block, plugins, cutoff=0.75)

    def needing_restart(self, started_with: EnvConfig) -> list[str]:
        """A line for each setting that differs from the start's and needs another start."""
        return [
            f"{name} has changed and takes effect after a restart"
            for name, setting in SETTINGS.items()
            if setting.restart
            and getattr(self.settings, name.lower()) != getattr(started_with.settings, name.lower())
        ]

    def secrets(self, infos: Sequence[ProviderInfo]) -> list[str]:
        """Every value that must never be shown."""
        ours = frozenset(name for info in infos for name in provider_config.names_of(info))
        found = [
            secret
            for info in infos
            for secret in provider_config.secrets_of(self.values, info, ours)
        ]
        for name in ("DATABASE_URL", "STATE_URL"):
            setting: Secret | None = getattr(self.settings, name.lower())
            if setting is not None:
                address = setting.reveal()
                found += [self.values[name], address]
                if (password := password_of(address)) is not None:
                    found.append(password)
        for scheme, proxy in proxies_of(self.values).items():
            if scheme != "no" and (password := _password_of_proxy(proxy)):
                found.append(password)
        if self.settings.admin_token is not None:
            found.append(self.settings.admin_token.reveal())
        found += [consumer.digest for consumer in self.settings.api_keys]
        for channel in channels_of(self.settings.alert_urls):
            address = channel.url.reveal()
            # Whatever of an address is no name of a place may be the token that opens it.
            found += [address, *re.findall(r"[^/:@?&=\s]{12,}", address.partition("://")[2])]
            if (password := _password_of_proxy(address)) is not None:
                found.append(password)
        return found


def _password_of_proxy(proxy: str) -> str | None:
    try:
        return password_of(proxy if "://" in proxy else f"http://{proxy}")
    except ValueError:
        return None


def _shown(value: Any) -> bool | int | float | str | list[str] | None:
    """A setting as JSON; None for a secret, set or not."""
    if value is None or isinstance(value, Secret):
        return None
    if isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, (tuple, frozenset, set)):
        return [str(one) for one in value]
    return str(value)
