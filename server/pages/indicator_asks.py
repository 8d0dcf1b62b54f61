"""Indicators as a page's address has them: `rsi:timeperiod=14`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.errors import CoinmuxError, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.indicators.catalogue import Catalogue
    from coinmux.framework.indicators.plan import Plan

MOST_INDICATORS = 20
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class IndicatorAsk:
    """One indicator that a page asks for.

    Attributes:
        text: as the page wrote it.
        plan: what is computed; or why it cannot be.
    """

    name: str
    text: str
    plan: Plan | CoinmuxError


def read_indicators(catalogue: Catalogue, texts: Sequence[str]) -> list[IndicatorAsk]:
    """The indicators of these texts, in their order."""
    return [_read(catalogue, text, place) for place, text in enumerate(texts)]


def _read(catalogue: Catalogue, text: str, place: int) -> IndicatorAsk:
    name, *pairs = text.replace(";", ":").split(":")
    try:
        if place >= MOST_INDICATORS:
            raise _refused(f"takes up to {MOST_INDICATORS} indicators, comma between")
        wrong = [one for one in pairs if "=" not in one]
        if wrong:
            raise _refused(f"takes name:parameter=value; {wrong[0][:_SHOWN]!r} has no =")
        found = catalogue.find(name)
        given = dict(one.split("=", 1) for one in pairs)
        return IndicatorAsk(found.info.name, text, catalogue.plan(found, given))
    except CoinmuxError as error:
        return IndicatorAsk(name[:_SHOWN], text, error)


def _refused(message: str) -> InvalidRequest:
    return InvalidRequest(f"ind {message}", errors=[{"name": "ind", "message": message}])
