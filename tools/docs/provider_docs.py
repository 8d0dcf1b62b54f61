"""`docs/providers.md`, generated from the plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.plugins.provider_info import EnvVar
    from coinmux.framework.plugins.rate_limit import RateLimit
    from coinmux.framework.sources.source import Source

_HEAD = """\
# Providers

Generated from the plugins by `make docs`; a test compares it. A provider is on as soon as the keys
it requires are there; those without keys are always on. "Seen" says whether real recorded answers
were replayed through the plugin, or only its documentation was available. Grades are those of the
conformance check (`conformance.md`); `fields.md` says where each figure comes from.

"""
_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def provider_docs(gateway: Gateway) -> str:
    """The tables as Markdown."""
    sources = sorted(gateway.sources.values(), key=lambda s: (s.info.category, s.name))
    parts = (_facts(sources), _capabilities(gateway, sources), _matrix(gateway, sources))
    return _HEAD + "\n".join((*parts, _notes(sources)))


def _facts(sources: list[Source]) -> str:
    lines = [
        "| provider | category | keys | free limits | grade | seen | documentation, read |",
        "|---|---|---|---|---|---|---|",
    ]
    for source in sources:
        info = source.info
        keys = ", ".join(map(_key, info.env)) or "none"
        limits = ", ".join(map(limit_in_words, info.rate_limits)) or "none known"
        title = f"[{info.title}]({info.homepage})" if info.homepage else info.title
        docs = f"[documentation]({info.docs_url})" if info.docs_url else "none"
        read = f"{docs}, {info.docs_read}" if info.docs_read else docs
        grade = source.provider.grade or ""
        seen: str = info.seen
        if info.retired is not None:
            limits, grade, seen = "", "", "retired"
        elif not info.base_url:
            limits, seen = "none", "runs here"
        lines.append(
            f"| `{info.name}` {title} | {info.category} | {keys} | {limits} | {grade} "
            f"| {seen} | {read} |"
        )
    return "\n".join(lines) + "\n"


def _key(variable: EnvVar) -> str:
    also = f" (or {', '.join(f'`{name}`' for name in variable.aliases)})"
    name = f"`{variable.name}`{also if variable.aliases else ''}"
    return name if variable.required else f"{name}, optional"


def limit_in_words(limit: RateLimit) -> str:
    """`30 per min`."""
    size, unit = next((size, unit) for size, unit in _UNITS if limit.per_s >= size or size == 1)
    many = limit.per_s / size
    return f"{limit.requests:g} per {f'{many:g} ' if many != 1 else ''}{unit}"


def _capabilities(gateway: Gateway, sources: list[Source]) -> str:
    """For each capability the sources without a key and with one, and whether they are too few."""
    lines = [
        "## Sources of each capability",
        "",
        "| capability | without a key | with a key | |",
        "|---|---|---|---|",
    ]
    for row in gateway.capabilities.values():
        serving = [s for s in sources if row.name in s.fetch and s.info.retired is None]
        keyed = [s for s in serving if any(v.required for v in s.info.env)]
        free = [s for s in serving if s not in keyed]
        remark = ""
        if not serving:
            remark = "no source yet; a plugin may bring one"
        elif not free:
            remark = "no keyless source is known"
        elif len(serving) < 2:
            remark = "no second source is known"
        names = (", ".join(f"`{s.name}`" for s in some) for some in (free, keyed))
        lines.append(f"| `{row.name}` | {' | '.join(names)} | {remark} |")
    return "\n".join(lines) + "\n"


def _matrix(gateway: Gateway, sources: list[Source]) -> str:
    served = [
        row.name
        for row in gateway.capabilities.values()
        if any(row.name in s.fetch for s in sources)
    ]
    lines = [
        "## Matrix",
        "",
        "| provider | " + " | ".join(served) + " |",
        "|---|" + "---|" * len(served),
    ]
    for source in sources:
        marks = ("yes" if name in source.fetch else "" for name in served)
        lines.append(f"| `{source.name}` | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"


def _notes(sources: list[Source]) -> str:
    notes = ((s.name, s.info.retired or s.info.notes) for s in sources)
    noted = [f"- `{name}`: {remark}" for name, remark in notes if remark]
    return "\n".join(["## Remarks", "", *noted]) + "\n" if noted else ""
