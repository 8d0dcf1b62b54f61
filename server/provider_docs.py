"""`docs/providers.md`, generated from the plugins."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from framework.gateway import Gateway
    from framework.sources import Source

_HEAD = """\
# Providers

Generated from the plugins by `make docs`; a test compares it. "Seen" says whether real recorded
answers were replayed through the plugin, or only its documentation was at hand.

"""


def provider_docs(gateway: Gateway) -> str:
    """The tables as Markdown."""
    sources = sorted(gateway.sources.values(), key=lambda s: (s.info.category, s.name))
    return _HEAD + _facts(sources) + "\n" + _matrix(gateway, sources) + "\n" + _notes(sources)


def _facts(sources: list[Source]) -> str:
    lines = [
        "| provider | category | keys | limits | seen | documentation, read |",
        "|---|---|---|---|---|---|",
    ]
    for source in sources:
        info = source.info
        keys = (
            ", ".join(f"`{v.name}`{'' if v.required else ' (optional)'}" for v in info.env)
            or "none"
        )
        limits = (
            ", ".join(f"{r.requests:g} in {r.per_s:g} s" for r in info.rate_limits) or "none known"
        )
        title = f"[{info.title}]({info.homepage})" if info.homepage else info.title
        docs = f"[documentation]({info.docs_url})" if info.docs_url else "none"
        read = f"{docs}, {info.docs_read}" if info.docs_read else docs
        lines.append(
            f"| `{info.name}` {title} | {info.category} | {keys} | {limits} "
            f"| {info.seen} | {read} |"
        )
    return "\n".join(lines) + "\n"


def _matrix(gateway: Gateway, sources: list[Source]) -> str:
    served = [
        row.name
        for row in gateway.capabilities.values()
        if any(row.name in s.fetch for s in sources)
    ]
    lines = [
        "## Capabilities",
        "",
        "| provider | " + " | ".join(served) + " |",
        "|---|" + "---|" * len(served),
    ]
    for source in sources:
        marks = ("yes" if name in source.fetch else "" for name in served)
        lines.append(f"| `{source.name}` | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"


def _notes(sources: list[Source]) -> str:
    noted = [f"- `{s.name}`: {s.info.notes}" for s in sources if s.info.notes]
    return "\n".join(["## Remarks", "", *noted]) + "\n" if noted else ""
