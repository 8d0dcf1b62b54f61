"""Status badges: a flat pill of two halves, drawn here and loading nothing.

Texts are escaped, and colours come from the state alone. Ink on a state's colour is dark: white
would not be readable on it.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.errors import NotFound
from coinmux.framework.reports.base import FrozenReport
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway

#: The whole, as a name beside those of providers.
SYSTEM = "system"
_COLOURS = {
    "ONLINE": "#22c55e",
    "HEALTHY": "#22c55e",
    "DEGRADED": "#f59e0b",
    "OFFLINE": "#ef4444",
}
_GREY = "#94a3b8"
_INK, _LABEL_FILL, _LABEL_INK = "#0b1220", "#334155", "#ffffff"
_NARROW, _WIDE = frozenset("fijlrt.,:;'|!()[] "), frozenset("mwMW@%")
_PADDING = 12


def state_of(gateway: Gateway, name: str, overall: str) -> tuple[str, str]:
    """Label and state of the whole or of one provider, its name in any case.

    Args:
        overall: the state of the whole.

    Raises:
        NotFound: no provider has that name.
    """
    wanted = name.lower()
    if wanted == SYSTEM:
        return "coinmux", overall
    source = gateway.sources.get(wanted)
    if source is None:
        known = [SYSTEM, *gateway.sources]
        raise NotFound(f"no badge for {name[:60]!r}", did_you_mean=near(wanted, known))
    return source.info.title, str(gateway.health.snapshot(wanted).state)


class BadgeReport(FrozenReport):
    """A badge as data, as badge services read it (shields.io, endpoint badge, schema 1)."""

    version: int = msgspec.field(name="schemaVersion")
    label: str
    message: str
    color: str


def as_endpoint(label: str, state: str) -> BadgeReport:
    """The badge as data."""
    colour = _COLOURS.get(state, _GREY)
    return BadgeReport(version=1, label=label, message=state.lower(), color=colour)


def as_svg(label: str, state: str) -> bytes:
    """The badge as a picture, with its text for screen readers."""
    message = state.lower()
    colour = _COLOURS.get(state, _GREY)
    left, right = _width(label), _width(message)
    whole = left + right
    text = escape(f"{label}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img" '
        f'aria-label="{text}"><title>{text}</title>'
        f'<clipPath id="r"><rect width="{whole}" height="20" rx="3"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="{_LABEL_FILL}"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        f'<g text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(label, left / 2, left, _LABEL_INK)}"
        f"{_text(message, left + right / 2, right, _INK)}</g></svg>"
    ).encode()


def _text(text: str, middle: float, width: int, ink: str) -> str:
    # `textLength` makes the text fit its half whatever font the reader has.
    return (
        f'<text x="{middle:g}" y="14" fill="{ink}" textLength="{width - _PADDING}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )


def _width(text: str) -> int:
    """Room for `text` in Verdana of 11 pixels, with its margins."""
    inside = sum(
        4.5 if one in _NARROW else 10.5 if one in _WIDE else 13 if ord(one) > 0x2E7F else 7.2
        for one in text
    )
    return round(inside) + _PADDING
