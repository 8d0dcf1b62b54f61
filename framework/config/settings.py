"""The one table of coinmux's own settings: name, default, how it is read, what it does."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coinmux.framework.config import addresses, alert_settings
from coinmux.framework.config.api_keys import Consumer, read_api_keys
from coinmux.framework.errors import InvalidRequest
from coinmux.framework.secrets import Secret


class InvalidSetting(InvalidRequest):
    """A variable's value cannot be used; the message names the variable, never the value."""

    code = "invalid_request"


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Attributes:
        variable: its environment variable; the attribute of `Settings` is the same in lower case.
        default: used when the variable is not set.
        read: text to value; raises ValueError saying what it takes.
        description: one sentence for `.env.example` and the docs.
        restart: whether a change takes effect only after a restart.
        secret: whether its value must never be shown.
    """

    variable: str
    default: Any
    read: Callable[[str], Any]
    description: str
    restart: bool = False
    secret: bool = False


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip().lower() for word in text.split(",") if word.strip())


def switch(text: str) -> bool:
    """True or False from on/off, true/false, yes/no, 1/0."""
    word = text.strip().lower()
    if word in ("on", "true", "yes", "1"):
        return True
    if word in ("off", "false", "no", "0"):
        return False
    raise ValueError("takes on or off")


def _between(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise ValueError(f"takes a number from {low:g} to {high:g}")
        return value

    return read


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.strip().isascii() and text.strip().isdigit() and low <= int(text) <= high):
            raise ValueError(f"takes a whole number from {low} to {high}")
        return int(text)

    return read


def _quote(text: str) -> str:
    word = text.strip().upper()
    if not (word.isascii() and word.isalnum() and len(word) <= 20):
        raise ValueError("takes a currency such as USDT")
    return word


def _folder(text: str) -> Path:
    folder = Path(text.strip()).expanduser()
    if folder.is_file():
        raise ValueError("takes a folder, not a file")
    return folder


def _path(text: str) -> Path:
    if text.endswith(("/", "\\")):
        raise ValueError("takes a file, not a folder")
    return Path(text)


def _token(text: str) -> Secret:
    if len(text.strip()) < 16:
        raise ValueError("takes at least 16 characters")
    return Secret(text.strip())


def _database(text: str) -> Secret:
    address = text.strip()
    if not address.startswith(("postgresql://", "postgres://", "sqlite:///")):
        raise ValueError("takes postgresql://user:password@host/name or sqlite:///file")
    if address.startswith("sqlite"):
        return Secret(address)
    address = addresses.well_formed(address)
    addresses.check_postgres_options(address)
    return Secret(address)


def _store(text: str) -> Secret:
    address = text.strip()
    if not address.startswith(("redis://", "rediss://", "valkey://", "valkeys://", "unix://")):
        raise ValueError("takes redis://, rediss://, valkey:// or valkeys://[user:password@]host")
    return Secret(address if address.startswith("unix") else addresses.well_formed(address))


_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9.-]+(:\d{1,5})?", re.ASCII)


def _origins(text: str) -> tuple[str, ...]:
    words = _words(text)
    if not all(_ORIGIN.fullmatch(word) for word in words):
        raise ValueError("takes origins such as https://status.example.com, comma between")
    return words


def _cors_origins(text: str) -> tuple[str, ...]:
    words = _words(text)
    if words != ("*",) and not all(_ORIGIN.fullmatch(word) and "*" not in word for word in words):
        raise ValueError("takes origins such as https://app.example.com, comma between, or *")
    return words


Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: Headers in which proxies say for whom they ask.
PROXY_HEADERS = ("x-forwarded-for", "forwarded", "x-real-ip")


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(word) for word in _words(text))
    except ValueError:
        raise ValueError("takes addresses such as 127.0.0.1 or 10.0.0.0/8, comma between") from None


def _proxy_header(text: str) -> str:
    word = text.strip().lower()
    if word not in PROXY_HEADERS:
        raise ValueError("takes X-Forwarded-For, Forwarded or X-Real-IP")
    return word


def _log_format(text: str) -> str:
    word = text.strip().lower()
    if word not in ("auto", "json", "console"):
        raise ValueError("takes auto, json or console")
    return word


def _transport(text: str) -> str:
    word = text.strip().lower()
    if word not in ("guarded", "httpx"):
        raise ValueError("takes guarded or httpx")
    return word


_COLLECTOR = re.compile(r"https?://[^\s@/?#]+(/[^\s@?#]*)?", re.ASCII)


def _collector(text: str) -> str:
    address = text.strip()
    if not _COLLECTOR.fullmatch(address):
        raise ValueError("takes http://host:4318, without credentials")
    return address


def _level(text: str) -> str:
    word = text.strip().upper()
    if word not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("takes DEBUG, INFO, WARNING or ERROR")
    return word


_ROWS = (
    Setting("HOST", "127.0.0.1", str.strip, "Address the server listens on.", restart=True),
    Setting("PORT", 7860, _whole(0, 65535), "Port the server listens on.", restart=True),
    Setting(
        "ADMIN_TOKEN",
        None,
        _token,
        "Bearer token of the routes that change something; without it only this machine may.",
        secret=True,
    ),
    Setting(
        "API_KEYS",
        (),
        read_api_keys,
        "Who may ask sources, each with the SHA-256 of its key; empty lets everybody. "
        "`coinmux keys NAME` prints one.",
        secret=True,
    ),
    Setting(
        "TRUSTED_PROXIES",
        (),
        _networks,
        "Addresses of reverse proxies: what comes from one is never this machine's own, and limits "
        "count the client it names.",
    ),
    Setting(
        "PROXY_CLIENT_HEADER",
        "x-forwarded-for",
        _proxy_header,
        "The header in which those proxies name the client: X-Forwarded-For, Forwarded or "
        "X-Real-IP. No other is read.",
    ),
    Setting(
        "ALLOWED_HOSTS",
        (),
        _words,
        "Host names to answer to, in addition to loopback and IP addresses; with port if not 80.",
    ),
    Setting(
        "FRAME_ANCESTORS",
        (),
        _origins,
        "Other origins whose pages may show the dashboard in a frame.",
    ),
    Setting(
        "CORS_ORIGINS",
        (),
        _cors_origins,
        "Other origins whose pages may read the API, or * for all. Never the routes that change "
        "something.",
    ),
    Setting(
        "MCP",
        False,
        switch,
        "Serve language models at /mcp, by the Model Context Protocol; needs coinmux[mcp].",
        restart=True,
    ),
    Setting("LOG_LEVEL", "INFO", _level, "Least severe log lines written.", restart=True),
    Setting(
        "LOG_FORMAT",
        "auto",
        _log_format,
        "How log lines look: console (short, for people), json, or auto: console on a terminal.",
        restart=True,
    ),
    Setting("DEFAULT_QUOTE", "USDT", _quote, "Quote of a symbol given without one."),
    Setting("PROVIDERS_ONLY", (), _words, "Only these providers are on, by name."),
    Setting("PLUGINS_ALLOW", (), _words, "Only these entry points are loaded."),
    Setting("PLUGINS_BLOCK", (), _words, "These entry points are not loaded."),
    Setting(
        "PLUGIN_LOAD_TIMEOUT_S",
        10.0,
        _between(0.1, 300),
        "A plugin that takes longer to load is listed as broken.",
        restart=True,
    ),
    Setting("REQUEST_TIMEOUT_S", 10.0, _between(0.1, 30), "Deadline of a request, in seconds."),
    Setting("MAX_ATTEMPTS", 4, _whole(1, 20), "Sources tried for one request."),
    Setting("HEDGE", False, switch, "Ask a second source when the first is slower than usual."),
    Setting("CONSENSUS_SOURCES", 3, _whole(2, 9), "Sources asked together by strategy=consensus."),
    Setting(
        "CHECKER",
        True,
        switch,
        "Probe offline and unproven sources, and read lists of markets, in the background.",
        restart=True,
    ),
    Setting(
        "PROBE_IDLE",
        True,
        switch,
        "Ask one source without a quota that nobody asked for ten minutes, once a minute.",
    ),
    Setting(
        "OFFLINE_RETRY_S",
        300.0,
        _between(1, 3600),
        "Seconds until a source that went offline is probed.",
        restart=True,
    ),
    Setting(
        "OFFLINE_GROWTH",
        1.0,
        _between(1, 4),
        "Factor by which each failed probe lengthens that delay.",
        restart=True,
    ),
    Setting("CONCURRENT_PER_SOURCE", 8, _whole(1, 1000), "Concurrent calls to one source."),
    Setting(
        "HTTP_TRANSPORT",
        "guarded",
        _transport,
        "guarded for our own connections; httpx for its own: through HTTPS_PROXY, and HTTP/2.",
        restart=True,
    ),
    Setting(
        "CACHE_ENTRIES", 10_000, _whole(0, 1_000_000), "Answers cached in memory.", restart=True
    ),
    Setting("CACHE_MB", 64, _whole(1, 65_536), "Memory for cached answers, in MiB.", restart=True),
    Setting(
        "DATA_DIR",
        Path("data"),
        _folder,
        "Folder of what the server stores: archive, bans, quotas. Made for its user alone.",
        restart=True,
    ),
    Setting(
        "HOLDS_FILE",
        None,
        _path,
        "File that stores bans and used-up quotas; the server uses holds.json in DATA_DIR.",
        restart=True,
    ),
    Setting(
        "MEMORY_LIMIT_MB",
        0,
        _whole(0, 16_777_216),
        "Above this much memory new requests get 503; 0 for 90 % of the available memory.",
        restart=True,
    ),
    Setting(
        "ARCHIVE",
        None,
        switch,
        "Store candles, state changes and events; by default only the server does.",
        restart=True,
    ),
    Setting(
        "DATABASE_URL",
        None,
        _database,
        "Archive: postgresql://user:password@host/name or sqlite:///file; else a file in DATA_DIR.",
        restart=True,
        secret=True,
    ),
    Setting(
        "STATE_URL",
        None,
        _store,
        "Valkey or Redis in which workers share limits, circuits and answers.",
        restart=True,
        secret=True,
    ),
    Setting("WORKERS", 1, _whole(1, 256), "Server processes on the same port.", restart=True),
    Setting("BACKFILL", True, switch, "Fill gaps of the archive's candles in the background."),
    Setting(
        "ARCHIVE_EVENTS_DAYS",
        14,
        _whole(1, 3650),
        "Days for which events are stored.",
        restart=True,
    ),
    Setting(
        "ARCHIVE_MAX_MB",
        0,
        _whole(0, 1_000_000_000),
        "Above this size no more candles are stored; 0 for no limit.",
        restart=True,
    ),
    Setting(
        "TRACES_URL",
        None,
        _collector,
        "Collector that takes traces by OTLP over HTTP, as http://127.0.0.1:4318; off without.",
        restart=True,
    ),
    Setting(
        "TRACES_SAMPLE",
        1.0,
        _between(0, 1),
        "Share of the traces that are kept, where the caller has not decided.",
        restart=True,
    ),
    Setting(
        "TRACES_TO",
        (),
        _words,
        "Sources that are told the trace (traceparent), by name: your own nodes. None by default.",
        restart=True,
    ),
    Setting("MAX_IN_FLIGHT", 512, _whole(1, 100_000), "Requests in flight before 503."),
    Setting("BATCH_QUERIES", 100, _whole(1, 1_000), "Queries of one `POST /api/batch` at most."),
    Setting(
        "LIVE_STREAMS",
        256,
        _whole(1, 100_000),
        "Live feeds sent to readers at a time; each is a request in flight too.",
        restart=True,
    ),
    Setting(
        "CLIENT_REQUESTS_PER_MIN",
        600,
        _whole(1, 10_000_000),
        "Requests per minute of one remote client.",
    ),
    Setting(
        "CLIENT_IN_FLIGHT", 32, _whole(1, 100_000), "Concurrent requests of one remote client."
    ),
    Setting(
        "PUBLIC_URL",
        None,
        alert_settings.public_address,
        "Address under which people open the pages; links of alerts and feeds begin with it.",
    ),
    Setting(
        "ALERT_URLS",
        None,
        alert_settings.channels,
        "Where alerts go: addresses as apprise has them, each NAME=ADDRESS, spaces between.",
        secret=True,
    ),
    Setting(
        "ALERT_ROUTES",
        (),
        alert_settings.routes,
        "What a channel is told, as NAME=SEVERITY:CATEGORY+CATEGORY, comma between; else all.",
    ),
    Setting(
        "ALERT_WAIT_S",
        30.0,
        _between(0, 3600),
        "Seconds an incident must last before it is told; critical ones are told at once.",
    ),
    Setting(
        "ALERT_PAUSE_S",
        60.0,
        _between(0, 86_400),
        "Seconds between two messages to a channel; what happens meanwhile goes into the next.",
    ),
    Setting(
        "ALERT_QUIET_HOURS",
        None,
        alert_settings.quiet_hours,
        "Hours in which only critical alerts are sent, such as 22:00-07:00 Europe/Berlin.",
    ),
    Setting(
        "ALERT_REMIND_H",
        4.0,
        _between(0, 720),
        "Hours after which an incident that lasts is told again; 0 for never.",
    ),
    Setting("ALERT_REMINDERS", 3, _whole(0, 100), "Reminders of one incident at most."),
    Setting(
        "KEYS_EXPIRE",
        (),
        alert_settings.expiries,
        "When keys expire, as VARIABLE=YYYY-MM-DD, comma between; told two weeks before.",
    ),
)

#: Every setting by variable.
SETTINGS: Mapping[str, Setting] = {row.variable: row for row in _ROWS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force; see `SETTINGS` for what each does."""

    host: str
    port: int
    admin_token: Secret | None
    api_keys: tuple[Consumer, ...]
    trusted_proxies: tuple[Network, ...]
    proxy_client_header: str
    allowed_hosts: tuple[str, ...]
    frame_ancestors: tuple[str, ...]
    cors_origins: tuple[str, ...]
    mcp: bool
    log_level: str
    log_format: str
    default_quote: str
    providers_only: tuple[str, ...]
    plugins_allow: tuple[str, ...]
    plugins_block: tuple[str, ...]
    plugin_load_timeout_s: float
    request_timeout_s: float
    max_attempts: int
    hedge: bool
    consensus_sources: int
    checker: bool
    probe_idle: bool
    offline_retry_s: float
    offline_growth: float
    concurrent_per_source: int
    http_transport: str
    cache_entries: int
    cache_mb: int
    data_dir: Path
    holds_file: Path | None
    memory_limit_mb: int
    archive: bool | None
    database_url: Secret | None
    state_url: Secret | None
    workers: int
    backfill: bool
    archive_events_days: int
    archive_max_mb: int
    traces_url: str | None
    traces_sample: float
    traces_to: tuple[str, ...]
    max_in_flight: int
    batch_queries: int
    live_streams: int
    client_requests_per_min: int
    client_in_flight: int
    public_url: str | None
    alert_urls: Secret | None
    alert_routes: tuple[str, ...]
    alert_wait_s: float
    alert_pause_s: float
    alert_quiet_hours: alert_settings.QuietHours | None
    alert_remind_h: float
    alert_reminders: int
    keys_expire: tuple[str, ...]

    @classmethod
    def read(cls, values: Mapping[str, str]) -> Settings:
        """Settings from variables.

        Raises:
            InvalidSetting: names each such variable and the values it takes.
        """
        found: dict[str, Any] = {}
        errors: list[dict[str, str]] = []
        for variable, setting in SETTINGS.items():
            text = values.get(variable)
            try:
                found[variable.lower()] = setting.default if text is None else setting.read(text)
            except ValueError as error:
                errors.append({"name": variable, "message": str(error)})
        if errors:
            detail = "; ".join(f"{one['name']} {one['message']}" for one in errors)
            raise InvalidSetting(detail, errors=errors)
        return cls(**found)


DEFAULT_ENV_FILE = Path(".env")
