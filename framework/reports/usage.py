"""Who asked how much, for `GET /api/usage`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from coinmux.framework.config.api_keys import OPERATOR, SCOPES
from coinmux.framework.consumers.consumers import ARCHIVE, STORE
from coinmux.framework.consumers.ledger import REFUSED, REQUESTS, next_month_ms
from coinmux.framework.reports.base import FrozenReport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.clock import Clock
    from coinmux.framework.config.api_keys import Consumer
    from coinmux.framework.consumers.consumers import Consumers
    from coinmux.framework.sources.source import Source

#: Days of `days`.
SHOWN_DAYS = 30
_CALLS = "calls:"


class ShareReport(FrozenReport):
    """How a consumer stands with a source that has a quota."""

    used: Annotated[float, Meta(description="What the source counted for it within the window")]
    share: Annotated[float, Meta(description="What it may use while the quota runs short")]
    among: Annotated[int, Meta(description="How many want the source now, this one included")]
    window_s: Annotated[float, Meta(description="Length of the quota's window, in seconds")]
    is_short: Annotated[bool, Meta(description="Whether the quota runs short now")]
    is_over: Annotated[bool, Meta(description="Whether others are served before it")]


class SourceUsage(FrozenReport):
    """What a consumer had one source asked."""

    name: str
    title: str
    calls: Annotated[int, Meta(description="Requests sent to it this month")]
    share: Annotated[ShareReport | None, Meta(description="Null where the source has no quota")]


class ConsumerUsage(FrozenReport):
    """What one consumer may, and what it did this month."""

    name: str
    scopes: Annotated[tuple[str, ...], Meta(description="What it may ask for")]
    requests: Annotated[int, Meta(description="Requests answered this month")]
    refused: Annotated[int, Meta(description="Requests refused this month, for a limit or a scope")]
    requests_per_min: Annotated[int | None, Meta(description="Its limit; null for none")]
    requests_left: Annotated[
        int | None, Meta(description="Left of that limit now; null without one")
    ]
    calls: Annotated[int, Meta(description="Requests sent to sources for it this month")]
    monthly_calls: Annotated[int | None, Meta(description="Its budget of them; null for none")]
    calls_left: Annotated[int | None, Meta(description="Left of that budget; null without one")]
    last_at: Annotated[
        int | None, Meta(description="Its last request to this process; null before the first")
    ]
    days: Annotated[
        tuple[int, ...], Meta(description="Requests to sources by day, UTC, today last")
    ]
    sources: tuple[SourceUsage, ...]


class UsageReport(FrozenReport):
    """Usage by consumer; a consumer sees its own, the operator everybody's."""

    has_keys: Annotated[bool, Meta(description="Whether API_KEYS is set; else everybody may ask")]
    you: Annotated[
        str | None, Meta(description="Whose key the request carries; null where no keys are set")
    ]
    month: Annotated[str, Meta(description="The month that is counted, as 2026-11, UTC")]
    resets_at: Annotated[int, Meta(description="When the next month begins")]
    kept_by: Annotated[
        Literal["store", "archive", "process"],
        Meta(
            description="What adds up the figures: the store that workers share, the archive, or "
            "this process alone, which forgets them when it ends"
        ),
    ]
    unknown: Annotated[
        int, Meta(description="Requests to this process without a key, or with a wrong one")
    ]
    consumers: tuple[ConsumerUsage, ...]


def usage_report(
    consumers: Consumers, sources: Mapping[str, Source], clock: Clock, you: str | None
) -> UsageReport:
    """Usage of everybody for the operator, and of themselves for others."""
    now_ms = clock.wall_ms()
    every = [*consumers.every, None] if consumers.is_on else []
    shown = [one for one in every if you in (OPERATOR, OPERATOR if one is None else one.name)]
    places = consumers.ledger.places()
    return UsageReport(
        has_keys=consumers.is_on,
        you=you,
        month=consumers.ledger.today()[:7],
        resets_at=next_month_ms(now_ms),
        kept_by="store" if STORE in places else "archive" if ARCHIVE in places else "process",
        unknown=consumers.refused_unknown,
        consumers=tuple(_usage_of(consumers, one, sources) for one in shown),
    )


def _usage_of(
    consumers: Consumers, one: Consumer | None, sources: Mapping[str, Source]
) -> ConsumerUsage:
    name = OPERATOR if one is None else one.name
    figures = consumers.ledger.of_month(name)
    calls = round(consumers.ledger.calls_in_month(name))
    rate = consumers.rate(name)
    budget = None if one is None else one.monthly
    asked = sorted(
        (
            (what.removeprefix(_CALLS), total)
            for what, total in figures.items()
            if what.startswith(_CALLS)
        ),
        key=lambda pair: (-pair[1], pair[0]),
    )
    return ConsumerUsage(
        name=name,
        scopes=SCOPES if one is None or not one.scopes else one.scopes,
        requests=round(figures.get(REQUESTS, 0)),
        refused=round(figures.get(REFUSED, 0)),
        requests_per_min=None if rate is None else rate.limit,
        requests_left=None if rate is None else rate.left()[0],
        calls=calls,
        monthly_calls=budget,
        calls_left=None if budget is None else max(0, budget - calls),
        last_at=consumers.last_at.get(name),
        days=tuple(round(one) for one in consumers.ledger.by_day(name, SHOWN_DAYS)),
        sources=tuple(
            SourceUsage(
                name=source,
                title=sources[source].info.title if source in sources else source,
                calls=round(total),
                share=_share_of(consumers, name, sources.get(source)),
            )
            for source, total in asked
        ),
    )


def _share_of(consumers: Consumers, name: str, source: Source | None) -> ShareReport | None:
    found = None if source is None else consumers.shares.of(name, source.name, source.gate.windows)
    if found is None:
        return None
    return ShareReport(
        used=found.used,
        share=found.share,
        among=found.among,
        window_s=found.window_s,
        is_short=found.is_short,
        is_over=found.is_over,
    )
