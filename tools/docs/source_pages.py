"""`docs/sources/`: a page for each source, generated from its plugin."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import TYPE_CHECKING

from coinmux.framework.plugins.error_table import MEANINGS, When
from coinmux.framework.plugins.hookspecs import PROJECT
from coinmux.framework.reference.symbols import Symbol
from tools.docs.provider_docs import limit_in_words

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.plugins.error_table import ErrorTable, Row
    from coinmux.framework.plugins.provider_info import EnvVar, ProviderInfo
    from coinmux.framework.plugins.socket_dialect import SocketInfo
    from coinmux.framework.sources.source import Source

FOLDER = "sources"
_MANY = 12
_MEANT = {
    "unknown_symbol": "does not list the pair or coin",
    "quota": "quota used up",
    "rate_limited": "rate limit",
    "plan": "not in this plan",
    "plan_variant": "this variant is not in this plan",
    "auth": "key refused",
    "geo_blocked": "refuses this country",
    "not_offered": "does not offer this variant",
}


def source_pages(gateway: Gateway) -> dict[str, str]:
    """The pages by file name, and their index."""
    sources = sorted(gateway.sources.values(), key=lambda one: one.name)
    pages = {f"{one.name}.md": _page(gateway, one) for one in sources}
    return {"README.md": _index(sources), **pages}


def _index(sources: list[Source]) -> str:
    lines = [
        "# Sources",
        "",
        "A page for each source: what it answers, its limits, keys and quirks. Generated from",
        "the plugins by `make docs`; a test compares it. All of them in one table:",
        "[providers.md](../providers.md).",
        "",
    ]
    for category in sorted({one.info.category for one in sources}):
        named = [
            f"[{one.info.title}]({one.name}.md)" for one in sources if one.info.category == category
        ]
        lines.append(f"- **{category}**: {', '.join(named)}")
    return "\n".join(lines) + "\n"


def _page(gateway: Gateway, source: Source) -> str:
    info = source.info
    parts = [f"# {info.title}", "", *_told(source), ""]
    if info.retired is not None:
        parts += [f"**Retired**: {info.retired}", ""]
    parts += ["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in _facts(source)), ""]
    if info.retired is None:
        parts += _section("What it answers", _answers(gateway, source))
        parts += _section("Limits", _limits(info))
        parts += _section("Live feeds", _live(source))
        parts += _section("What its errors mean", _errors(info.errors))
    parts += _section("Keys and settings", _settings(info))
    parts += _section("What was checked", _checks(source))
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    told = list(lines)
    return [f"## {title}", "", *told, ""] if told else []


def _told(source: Source) -> Iterator[str]:
    """What the plugin's module says of it, without its own references, and the remarks."""
    said = inspect.getdoc(source.provider.plugin) or ""
    paragraphs = said.split("\n\n")
    if not inspect.ismodule(source.provider.plugin):
        paragraphs = []
    for paragraph in paragraphs:
        if not paragraph.startswith(("Source", "Args", "Attributes")):
            yield paragraph.replace("\n", " ")
            yield ""
    if source.info.notes:
        yield source.info.notes


def _facts(source: Source) -> Iterator[tuple[str, str]]:
    info = source.info
    yield "name", f"`{info.name}`, {info.category}"
    if info.homepage:
        yield "home", f"[{_host(info.homepage)}]({info.homepage})"
    if info.docs_url:
        read = f", read {info.docs_read}" if info.docs_read else ""
        yield "documentation", f"[{_host(info.docs_url)}]({info.docs_url}){read}"
    if info.terms_url:
        yield "terms", f"[{_host(info.terms_url)}]({info.terms_url})"
    if info.retired is not None:
        return
    yield "address", f"`{info.base_url}`" if info.base_url else "none: it calls no host itself"
    for name, url in info.hosts.items():
        yield f"address `{name}`", f"`{url}`"
    if info.channels:
        yield "channels", _some(one.name for one in info.channels)
    if info.asks:
        yield "made of", f"{_some(info.asks)} of other sources"
    if info.symbols is not None:
        yield "spells BTC/USDT", f"`{info.symbols.native(Symbol.parse('BTC/USDT'))}`"
    seen = {
        "recorded": "real recorded answers were replayed",
        "documented": "its documentation only",
    }
    yield "seen", seen[info.seen]
    yield (
        "priority",
        f"{info.priority} (the lower, the earlier); an attempt takes {info.timeout_s:g} s at most",
    )


def _host(url: str) -> str:
    return url.partition("//")[2].partition("/")[0]


def _some(names: Iterable[int | str]) -> str:
    listed = [
        f"`{name}`"
        for name in (sorted(map(str, names)) if isinstance(names, AbstractSet) else names)
    ]
    more = len(listed) - _MANY
    return ", ".join(listed[:_MANY]) + (f" and {more} more" if more > 0 else "")


def _answers(gateway: Gateway, source: Source) -> Iterator[str]:
    info = source.info
    for name in source.fetch:
        row = gateway.capabilities[name]
        live = ", live too" if name in source.provider.follow else ""
        yield f"- `{name}`: {row.description or row.label}{live}"
    limits = [
        ("quotes", info.quotes),
        ("candles of", info.intervals),
        ("chains", info.chains),
        ("metrics", info.metrics or None),
        ("models", info.models or None),
    ]
    told = [f"- {title}: {_some(names)}" for title, names in limits if names is not None]
    if info.intervals is not None:
        told.append(f"- at most {info.max_candles} candles in one request")
    if told:
        yield ""
        yield "Of these it has:"
        yield ""
        yield from told


def _limits(info: ProviderInfo) -> Iterator[str]:
    if not info.base_url and not info.channels:
        return
    if not info.rate_limits:
        yield "None is known. A 429 and `Retry-After` are obeyed."
        return
    yield "All hold at once; a caller waits, or another source is asked, before one is passed:"
    yield ""
    for limit in info.rate_limits:
        yield f"- {limit_in_words(limit)}"
    for header in info.usage:
        yield f"- its header `{header.name}` tells what is {header.tells} per {header.per_s:g} s"
    yield ""
    yield f"`{info.name.upper()}_RATE_LIMIT` sets others."


def _live(source: Source) -> Iterator[str]:
    if not source.provider.follow:
        return
    yield f"Followed: {_some(source.provider.follow)}."
    yield ""
    for name, socket in source.info.sockets.items():
        where = f"`{socket.url}`" if socket.url else "at an address that comes by REST"
        yield f"- {f'`{name}`' if name else 'the usual one'}, {where}: {', '.join(_socket(socket))}"


def _socket(socket: SocketInfo) -> Iterator[str]:
    yield f"{socket.subscriptions} channels a connection, {socket.batch} a message"
    for limit in socket.messages:
        yield f"{limit_in_words(limit)} sent"
    for limit in socket.connects:
        yield f"{limit_in_words(limit)} connections"
    if socket.ping_s is not None:
        yield f"a ping each {socket.ping_s:g} s"
    yield f"dead after {socket.silence_s:g} s of silence"
    if socket.life_s is not None:
        yield f"ended by the source after {socket.life_s / 3600:g} h, renewed before"


def _errors(table: ErrorTable | None) -> Iterator[str]:
    if table is None:
        return
    rows = [(meaning, row) for meaning in MEANINGS for row in getattr(table, meaning)]
    if not rows:
        return
    yield "| it says | which means |"
    yield "|---|---|"
    for meaning, row in rows:
        yield f"| {_row(row)} | {_MEANT[meaning]} |"


def _row(row: Row) -> str:
    if not isinstance(row, When):
        return f"`{row}`"
    said = []
    if row.codes:
        said.append(_some(row.codes))
    if row.says:
        said.append(" or ".join(f'"{one}"' for one in row.says))
    if row.status:
        said.append(f"HTTP {', '.join(map(str, row.status))}")
    if row.is_json is False:
        said.append("no JSON")
    if row.about:
        said.append(f"asked for a `{row.about}`")
    return ", ".join(said).replace("|", "\\|")


def _settings(info: ProviderInfo) -> Iterator[str]:
    if info.retired is not None:
        return
    if info.env:
        yield "| variable | | |"
        yield "|---|---|---|"
        for one in info.env:
            need = "required" if one.required else "optional"
            yield f"| {_names(one)} | {need} | {_about(one)} |"
        yield ""
    name = info.name.upper()
    yield (
        f"As for every source: `{name}_ENABLED`, `{name}_BASE_URL`, `{name}_PRIORITY`, "
        f"`{name}_TIMEOUT_S` ([settings](../reference/settings.md))."
    )


def _names(variable: EnvVar) -> str:
    names = (variable.name, *variable.aliases)
    return " or ".join(f"`{name}`" for name in names)


def _about(variable: EnvVar) -> str:
    link = f" [Get one]({variable.signup_url})" if variable.signup_url else ""
    return f"{variable.description}{link}".replace("|", "\\|")


def _checks(source: Source) -> Iterator[str]:
    grade = source.provider.grade
    if grade is None or source.provider.origin != PROJECT:
        return
    report = _report(source)
    yield (
        f"Grade **{grade}** of the [conformance kit](../conformance.md). "
        "Where each figure comes from: [fields](../fields.md)."
    )
    missed = [
        f"- `{name}`: {check['reason']}"
        for name, check in report.items()
        if check["status"] not in ("passed", "not_applicable")
    ]
    if missed:
        yield ""
        yield from missed


def _report(source: Source) -> Mapping[str, Mapping[str, str]]:
    file = inspect.getfile(source.provider.plugin)  # type: ignore[arg-type]
    report: Mapping[str, Mapping[str, str]] = json.loads(
        (Path(file).parent / "conformance.json").read_text()
    )["checks"]
    return report
