"""What is wrong now with capabilities and services. Pure.

A source tells of its changes; these are looked at every few seconds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux.framework.incidents.record import Kind, Severity
    from coinmux.framework.plugins.discovery import Broken
    from coinmux.framework.reports.answerable import CapabilityStatus
    from coinmux.framework.reports.status import ServiceReport

NO_SOURCE_LEFT, ONE_SOURCE_LEFT = "no_source_left", "one_source_left"
#: Without these two, nothing of what most people ask for is left.
_VITAL = frozenset({"ticker", "candles"})
#: Two at least make a choice: where one is enabled, one left is no loss.
_CHOICE = 2
_TITLES = {
    "database": "Archive",
    "shared_state": "Shared state",
    "health_monitor": "Health checks",
    "clock": "This machine's clock",
    "housekeeping": "Saving of bans and quotas",
    "alerts": "Alerts",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that is wrong as long as it is found."""

    kind: Kind
    name: str
    title: str
    severity: Severity
    code: str
    message: str
    capabilities: tuple[str, ...] = ()


def titled(name: str) -> str:
    """`order_book` as people read it."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def of_capabilities(lines: Iterable[CapabilityStatus]) -> list[Condition]:
    """Capabilities that no source is left for, or only one of several."""
    found = []
    for line in lines:
        severity: Severity
        if line.usable == 0:
            severity = "critical" if line.name in _VITAL else "major"
            code, message = NO_SOURCE_LEFT, f"0 of {line.enabled} sources usable"
        elif line.usable == 1 and line.enabled >= _CHOICE:
            severity, code = "minor", ONE_SOURCE_LEFT
            message = f"1 of {line.enabled} sources usable"
        else:
            continue
        found.append(
            Condition("capability", line.name, line.title, severity, code, message, (line.name,))
        )
    return found


def of_services(services: Iterable[ServiceReport], broken: Iterable[Broken]) -> list[Condition]:
    """Services that are degraded or offline, and plugins that did not load."""
    found = []
    for service in services:
        if service.status in ("DEGRADED", "OFFLINE"):
            severity: Severity = "major" if service.status == "OFFLINE" else "minor"
            title = _TITLES.get(service.name, titled(service.name))
            code = service.status.lower()
            found.append(Condition("service", service.name, title, severity, code, service.detail))
    found.extend(
        Condition(
            "service", f"plugin:{plugin.name}", f"Plugin {plugin.name}", "minor", "plugin_broken",
            plugin.error,
        )
        for plugin in broken
    )  # fmt: skip
    return found
