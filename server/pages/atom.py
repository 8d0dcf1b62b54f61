"""Incidents as an Atom feed (RFC 4287)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as Xml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.incidents.report import IncidentReport

_ATOM = "http://www.w3.org/2005/Atom"
#: What XML 1.0 cannot hold, in any form.
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed_of(incidents: Sequence[IncidentReport], base: str, now_ms: int) -> bytes:
    """The feed.

    Args:
        incidents: the newest first.
        base: the address of the pages, without a slash at its end.
        now_ms: when it was made, Unix ms; what it says of itself where there is no incident.
    """
    feed = Xml.Element("feed", {"xmlns": _ATOM})
    _add(feed, "id", f"{base}/incidents")
    _add(feed, "title", "coinmux: incidents")
    newest = max((one.updated_at for one in incidents), default=now_ms)
    _add(feed, "updated", _time(newest))
    Xml.SubElement(feed, "link", {"rel": "self", "href": f"{base}/api/incidents.atom"})
    Xml.SubElement(feed, "link", {"rel": "alternate", "href": f"{base}/incidents"})
    author = Xml.SubElement(feed, "author")
    _add(author, "name", "coinmux")
    for one in incidents:
        _entry(feed, one, base)
    body: bytes = Xml.tostring(feed, encoding="utf-8", xml_declaration=True)
    return body


def _entry(feed: Xml.Element, one: IncidentReport, base: str) -> None:
    link = f"{base}/incidents?id={one.id}"
    state = "open" if one.ended_at is None else "over"
    entry = Xml.SubElement(feed, "entry")
    # The same after a restart, and wherever the pages are served.
    _add(entry, "id", f"tag:coinmux,2026:incident:{one.id}")
    _add(entry, "title", f"{one.severity}, {state}: {one.title}")
    _add(entry, "updated", _time(one.updated_at))
    _add(entry, "published", _time(one.started_at))
    Xml.SubElement(entry, "link", {"rel": "alternate", "href": link})
    for term in (one.kind, one.severity, state):
        Xml.SubElement(entry, "category", {"term": term})
    began = f"Began {_time(one.started_at)}"
    ended = "" if one.ended_at is None else f", ended {_time(one.ended_at)}"
    summary = [one.reason, f"{began}{ended}.", *one.notes]
    _add(entry, "summary", " ".join(summary))


def _add(parent: Xml.Element, name: str, text: str) -> None:
    Xml.SubElement(parent, name).text = _NO_XML.sub("\ufffd", text)


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
