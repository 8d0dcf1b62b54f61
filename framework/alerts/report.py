"""Alerts as they are reported: the channels, what was sent or would have been, what is held."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from coinmux.framework.reports.base import FrozenReport, MaybeUnixMs, UnixMs


class AlertChannelReport(FrozenReport):
    """One channel, without its address."""

    name: Annotated[str, Meta(description="As `ALERT_URLS` has it")]
    kind: Annotated[str, Meta(description="Scheme of its address, such as `mailto`")]
    plugin: Annotated[str | None, Meta(description="That sends to it; null for apprise")]
    least: Annotated[str, Meta(description="The least severity it is told")]
    categories: Annotated[
        tuple[str, ...], Meta(description="What it is told of; empty where of everything")
    ]
    state: Annotated[
        Literal["ok", "failing", "unused"],
        Meta(description="Whether the last message arrived; `unused` before the first"),
    ]
    trouble: Annotated[
        str | None, Meta(description="Why the last try failed, without secrets; null if it did not")
    ]
    sent: Annotated[int, Meta(description="Messages that arrived, since the start")]
    failed: Annotated[int, Meta(description="Messages that were given up, since the start")]
    waiting: Annotated[int, Meta(description="Messages on their way")]


class AlertMessage(FrozenReport):
    """One message to one channel."""

    at: UnixMs
    channel: Annotated[
        str | None, Meta(description="Null where no channel is set: it would have been sent")
    ]
    state: Annotated[
        Literal["unsent", "waiting", "sent", "failed", "given up"],
        Meta(description="`unsent` where no channel is set"),
    ]
    sent_at: MaybeUnixMs
    tries: Annotated[int, Meta(description="How often it was tried")]
    trouble: Annotated[str | None, Meta(description="Why the last try failed")]
    severity: Annotated[
        str | None, Meta(description="The worst it tells of; null where it tells of ends alone")
    ]
    title: str
    body: Annotated[str, Meta(description="As it was sent: plain text")]
    incidents: Annotated[tuple[str, ...], Meta(description="Ids of the incidents it tells of")]


class AlertHeld(FrozenReport):
    """What is not told yet, or not at all."""

    channel: Annotated[str | None, Meta(description="Null where no channel is set")]
    incident: Annotated[str, Meta(description="Id of the incident")]
    title: str
    what: Annotated[
        Literal["began", "over", "flapping", "settled", "reminder", "passed"],
        Meta(description="What would be said of it"),
    ]
    why: Annotated[str, Meta(description="Why it is held back")]


class AlertReport(FrozenReport):
    """What people are told of incidents, and how."""

    configured: Annotated[bool, Meta(description="Whether `ALERT_URLS` names a channel")]
    speaks: Annotated[
        bool, Meta(description="Whether this worker sends; of several workers one does")
    ]
    links_to: Annotated[str, Meta(description="What links in messages begin with")]
    quiet: Annotated[bool, Meta(description="Whether it is within `ALERT_QUIET_HOURS`")]
    channels: tuple[AlertChannelReport, ...]
    messages: Annotated[
        tuple[AlertMessage, ...], Meta(description="The newest 200 since the start, newest first")
    ]
    held: Annotated[tuple[AlertHeld, ...], Meta(description="What waits now, and why")]
    notes: Annotated[tuple[str, ...], Meta(description="What is wrong with the settings")]
