"""`docs/reference/events.md`, generated from the tables of kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coinmux.framework import events
from coinmux.framework.streams import events as live
from coinmux.server.monitoring.event_recorder import STANDALONE
from coinmux.server.monitoring.event_view import ANSWERED

_HEAD = """\
# Events

Generated from the tables of kinds in the code by `make docs`; a test compares it. There are two
streams: what happens in coinmux, and what markets do.
"""
_BUS = """\
## In the process

The one stream of events: the log, the incidents, the monitor's activity and plugins' listeners
read it. A log line with `LOG_FORMAT=json` has the kind as `kind`.
"""
_ACTIVITY = """\
## Over HTTP: what is going on

`GET /api/events` and `GET /api/stream`; fields and cursors are in
[monitoring.md](../monitoring.md).
"""
_LIVE = """\
## Live: what markets do

`gateway.stream(...)`, `GET /api/market/{ticker,trades,order-book,candles}/stream`, `/api/ws` and
`GET /api/indicators/{name}/stream`; see [live feeds](../streams.md). `/schema/asyncapi.json` of a
running server describes each message.
"""


def event_reference() -> str:
    """Every kind of event, in its stream."""
    fields = live.LiveMeta.__struct_fields__
    parts = (
        _HEAD,
        _BUS,
        _table(events.KINDS, "kind"),
        _ACTIVITY,
        _table(ANSWERED, "request"),
        _table(STANDALONE, "of no request"),
        _LIVE,
        _table(live.KINDS, "kind"),
        f"An event has `id`, `kind`, `capability`, `subject`, `data` and `meta`: "
        f"{', '.join(f'`{name}`' for name in fields)}.\n",
    )
    return "\n".join(parts)


def _table(kinds: Mapping[Any, str], title: str) -> str:
    rows = (f"| `{kind}` | {said} |" for kind, said in kinds.items())
    return "\n".join((f"| {title} | says |", "|---|---|", *rows, ""))
