"""What `find` finds: names that other tools take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from coinmux.framework.indicators.catalogue import described
from coinmux.framework.models.tables import table_of
from coinmux.framework.suggest import near
from coinmux.server.asgi.capability_reader import as_texts
from coinmux.server.asgi.query_params import refused
from coinmux.server.mcp.budget import clipped
from coinmux.server.mcp.cursors import CURSOR
from coinmux.server.mcp.texts import Told
from coinmux.server.mcp.tools import check_names
from coinmux.server.pages.pair_search import find_pairs

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.server.mcp.tools import Arguments

#: What can be looked up.
KINDS = ("indicators", "pairs", "metrics", "providers")
#: Indicators shown with all they take.
_FOUND = 10
_SUMMARY_CHARS = 160
_SUBJECT_CHARS = 60


def looked_up(gateway: Gateway, arguments: Arguments) -> Told:
    """The names that are like what was asked for.

    Raises:
        InvalidRequest: the kind is none of `KINDS`.
    """
    check_names(arguments, ("kind", "query", CURSOR))
    texts = as_texts(arguments)
    kind, query = texts.get("kind", ""), texts.get("query", "")
    if kind not in KINDS:
        meant = near(kind, KINDS)
        hint = {"did_you_mean": meant} if meant else {"known": list(KINDS)}
        message = f"takes {', '.join(KINDS)}" if kind else "is missing"
        raise refused([{"name": "kind", "message": message, **hint}])
    lines = _LOOK_UP[kind](gateway, query)
    subject = f"{kind} like {clipped(query, _SUBJECT_CHARS)!r}" if query else kind
    newest = None if lines else "nothing is like it"
    return Told(subject, table_of({"found": lines}), {}, newest=newest)


def _indicators(gateway: Gateway, query: str) -> list[dict[str, Any]]:
    catalogue = gateway.indicators.catalogue
    if not query:
        return [
            {"name": one.info.name, "title": one.info.title, "group": one.info.group}
            for one in catalogue
        ]
    lines = [described(one) for one in catalogue]
    by_name = {one["name"]: one for one in lines}
    ranked = sorted(
        (rank, one["name"]) for one in lines if (rank := _rank(one, query.lower())) is not None
    )
    names = [name for _, name in ranked] or near(query.replace("_", "-"), by_name)
    return [_indicator_line(by_name[name]) for name in names[:_FOUND]]


def _rank(line: Mapping[str, Any], query: str) -> int | None:
    """How well an indicator fits, the lower the better; None where a word is nowhere in it."""
    folded = query.replace(" ", "-").replace("_", "-")
    if line["name"] == folded:
        return 0
    if line["name"].startswith(folded):
        return 1
    words = query.replace("-", " ").replace("_", " ").split()
    for rank, members in enumerate((("name", "title"), ("group", "summary")), 2):
        text = " ".join(str(line[one]) for one in members).lower()
        if all(word in text for word in words):
            return rank
    return None


def _indicator_line(line: Mapping[str, Any]) -> dict[str, Any]:
    parameters = {
        one["name"]: (
            f"{one['default']} of {'|'.join(one['choices'])}"
            if one["type"] == "choice"
            else f"{one['default']:g} ({one['minimum']:g} to {one['maximum']:g})"
        )
        for one in line["parameters"]
    }
    return {
        "name": line["name"],
        "title": line["title"],
        "parameters": "; ".join(f"{name}={takes}" for name, takes in parameters.items()),
        "outputs": ", ".join(one["name"] for one in line["outputs"]),
        "minimum_candles": line["minimum_candles"],
        "summary": clipped(line["summary"], _SUMMARY_CHARS),
    }


def _pairs(gateway: Gateway, query: str) -> list[dict[str, Any]]:
    return [
        {"pair": one["pair"], "sources": one["sources_total"]}
        for one in find_pairs(gateway, query)["pairs"]
    ]


def _metrics(gateway: Gateway, query: str) -> list[dict[str, Any]]:
    listed = gateway.metric_list()
    lines = [
        {
            "metric": one.name,
            "description": one.description,
            "unit": one.unit,
            "providers": ", ".join(one.enabled_providers),
        }
        for one in listed.metrics
    ]
    lines += [
        {"metric": one.form, "description": one.description, "unit": None,
         "providers": ", ".join(one.providers)}
        for one in listed.forms
    ]  # fmt: skip
    return _like(lines, query, "metric")


def _providers(gateway: Gateway, query: str) -> list[dict[str, Any]]:
    lines = [
        {
            "provider": one.name,
            "state": str(one.state),
            "off_because": one.reason,
            "capabilities": ", ".join(one.capabilities),
        }
        for one in gateway.provider_list().providers
    ]
    return _like(lines, query, "provider")


def _like(lines: list[dict[str, Any]], query: str, name: str) -> list[dict[str, Any]]:
    """The lines that have each word of `query`, else those of the nearest names."""
    words = query.lower().split()
    found = [one for one in lines if all(word in " ".join(_texts(one)).lower() for word in words)]
    if found:
        return found
    names = near(query, [one[name] for one in lines])
    return [one for one in lines if one[name] in names]


def _texts(line: Mapping[str, Any]) -> Iterable[str]:
    return (str(one) for one in line.values() if one is not None)


_LOOK_UP = {
    "indicators": _indicators,
    "pairs": _pairs,
    "metrics": _metrics,
    "providers": _providers,
}
