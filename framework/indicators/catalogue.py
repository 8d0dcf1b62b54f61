"""The catalogue: every loaded indicator by name, and the plans that run them."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import UnknownIndicator
from coinmux.framework.indicators.known_as import may_mean, same_as
from coinmux.framework.indicators.parameters import read_parameters
from coinmux.framework.indicators.plan import Plan
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from coinmux.framework.plugins.adapters import Indicator
    from coinmux.framework.plugins.indicator_info import Parameter

_PLANS = 1_024


class Catalogue:
    """Indicators by name.

    Args:
        indicators: by name, or what gives them: asked at each call, so that those are found which
            were loaded later.
    """

    def __init__(
        self, indicators: Mapping[str, Indicator] | Callable[[], Mapping[str, Indicator]]
    ) -> None:
        self._read = indicators if callable(indicators) else lambda: indicators
        self._plans: OrderedDict[tuple[str, tuple[Any, ...]], Plan] = OrderedDict()
        self._encoded: tuple[tuple[Indicator, ...], str, bytes] = ((), "", b"")

    def find(self, name: str) -> Indicator:
        """The indicator of that name, in any case; `_` may stand for `-`.

        It may be what others call it, where that means one indicator.

        Raises:
            UnknownIndicator: no indicator has that name; the error suggests similar names.
        """
        known = self._read()
        found = known.get(name.lower().replace("_", "-"))
        if found is not None:
            return found
        same = same_as(name, known)
        if same is not None:
            return known[same]
        raise UnknownIndicator(
            f"no indicator {name[:40]!r}; GET /api/indicators lists them",
            did_you_mean=may_mean(name, known) or near(name.replace("_", "-"), known),
        )

    def plan(self, which: str | Indicator, given: Mapping[str, object] = {}) -> Plan:
        """The plan that runs an indicator with these parameters; cached for the next request.

        Args:
            which: an indicator, or its name.
            given: parameters by name or alias, as values or as text.

        Raises:
            UnknownIndicator: no indicator has that name.
            UnknownIndicatorParameter: the indicator has no parameter of that name.
            InvalidRequest: a value is refused.
        """
        indicator = self.find(which) if isinstance(which, str) else which
        values = read_parameters(indicator.info, given)
        key = (indicator.info.name, tuple(values.values()))
        plan = self._plans.get(key)
        if plan is None or plan.indicator is not indicator:
            plan = self._plans[key] = Plan(indicator, values)
            if len(self._plans) > _PLANS:
                self._plans.popitem(last=False)
        return plan

    def __iter__(self) -> Iterator[Indicator]:
        """All indicators, in the order of their names."""
        known = self._read()
        return iter([known[name] for name in sorted(known)])

    def __len__(self) -> int:
        return len(self._read())

    def encoded(self) -> tuple[str, bytes]:
        """The catalogue as JSON, made once, and the version of what it says."""
        indicators = tuple(self)
        if not self._encoded[1] or self._encoded[0] != indicators:
            lines = self.public()
            body = msgspec.json.encode({"total": len(lines), "indicators": lines})
            version = hashlib.sha256(body).hexdigest()[:12]
            self._encoded = (indicators, version, body)
        return self._encoded[1:]

    def public(self) -> list[dict[str, Any]]:
        """The catalogue as plain values."""
        return [described(indicator) for indicator in self]


def described(indicator: Indicator) -> dict[str, Any]:
    """One indicator as plain values."""
    info = indicator.info
    defaults = {one.name: one.default for one in info.all_parameters()}
    minimum, settle = info.minimum(defaults), info.settle(defaults)
    return {
        "name": info.name,
        "title": info.title,
        "group": info.group,
        "summary": info.summary or info.formula,
        "also": list(info.also),
        "inputs": [*info.inputs, *info.series],
        "outputs": [{"name": one.name, "draw": one.draw} for one in info.outputs],
        "parameters": _parameters(info.all_parameters()),
        "minimum_candles": minimum,
        "settled_after": None if settle is None else minimum + settle,
        "pane": "overlay" if info.overlay else "own",
        "levels": list(info.levels),
        "formula": info.formula,
        "source": info.source,
        "origin": indicator.origin,
        "version": indicator.version,
    }


def _parameters(parameters: Sequence[Parameter]) -> list[dict[str, Any]]:
    lines = []
    for one in parameters:
        kind = {int: "integer", float: "number", str: "choice"}[type(one.default)]
        line: dict[str, Any] = {"name": one.name, "type": kind, "default": one.default}
        if isinstance(one.default, str):
            line["choices"] = list(one.choices)
        else:
            line.update(minimum=one.low, maximum=one.high)
        lines.append({**line, "description": one.description, "aliases": list(one.aliases)})
    return lines
