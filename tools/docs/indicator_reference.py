"""`docs/indicators.md` and its pictures, generated from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.indicators.plan import Plan
from tools.docs.plots import plot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coinmux.framework.indicators.catalogue import Catalogue
    from coinmux.framework.plugins.adapters import Indicator
    from coinmux.framework.plugins.indicator_info import Parameter

#: Where the pictures lie, beside the page.
PICTURES = "images/indicators"

_HEAD = """\
# Indicators

Generated from the plugins by `make docs`; a test compares it. The pictures are of a random market
made for them. How to add one: `plugins.md`.

## What holds for all

- **Inputs.** One price by default the close; `source=` takes `open high low close volume hl2 hlc3
  ohlc4` where the indicator reads a price of the caller's choice.
- **Minimum.** With fewer candles than the minimum the answer is 400 `insufficient_data`, with
  `required` and `available`.
- **Warm-up.** Over routed candles as many more are asked for as it takes until a value no longer
  depends, by one part in a million, on where the history begins ("settled after"). `settled_from`
  is the candle from which that holds; where the market's history is too short, a note says so.
  Those that add up for ever never settle: their level means nothing, their changes do.
- **Gaps** stay gaps: the indicator runs over the candles there are, and a note counts what is
  missing.
- **A cell that is not known** (null in the caller's rows, a volume a source does not give): the
  candle is left out by indicators that read that cell, as if it were missing; it has no value
  itself, and a note says how many were left out.
- **Flat prices** give what TA-Lib gives (RSI 0, a band of no width), and their reading is `flat`;
  Stochastic RSI has no value where the RSI does not move. **No volume** in a volume-weighted
  average: no value.
- **The newest candle** is part of it while it is still open: `last_closed` says so, and
  `closed_only=true` leaves it out.
- **Followed**, `/api/indicators/{name}/stream` and `gateway.stream_indicator` tell values as
  candles change and close ([streams.md](streams.md#indicators)); those of closed candles are a
  request's.
- **No value** is `null`; `NaN` and infinity never leave the process.
- **Readings** name the rule that gave them and give no advice.

"""


def reference(catalogue: Catalogue) -> str:
    """The page as Markdown."""
    groups: dict[str, list[Indicator]] = {}
    for indicator in catalogue:
        groups.setdefault(indicator.info.group, []).append(indicator)
    parts = [_HEAD, f"{len(catalogue)} indicators in {len(groups)} groups:", ""]
    for group in sorted(groups):
        names = ", ".join(f"[`{one.info.name}`](#{one.info.name})" for one in groups[group])
        parts.append(f"- {group}: {names}")
    for group in sorted(groups):
        parts += ["", f"## {group}"]
        for indicator in groups[group]:
            parts += _section(indicator)
    return "\n".join(parts) + "\n"


def draw_all(catalogue: Catalogue, folder: Path) -> int:
    """Write each picture into `folder`, and remove those of indicators that are gone; how many."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {f"{indicator.info.name}.svg": indicator for indicator in catalogue}
    for old in folder.glob("*.svg"):
        if old.name not in wanted:
            old.unlink()
    for name, indicator in wanted.items():
        (folder / name).write_text(plot(_default(indicator)), encoding="utf-8")
    return len(wanted)


def _default(indicator: Indicator) -> Plan:
    return Plan(indicator, {one.name: one.default for one in indicator.info.all_parameters()})


def _section(indicator: Indicator) -> Iterator[str]:
    info = indicator.info
    plan = _default(indicator)
    settled = (
        "never: its level depends on the first candle"
        if plan.settle is None
        else f"settled after {plan.required + plan.settle}"
    )
    if plan.span_ms:
        settled += f" and {plan.span_ms / 86_400_000:g} days"
    drawn = "over the candles" if info.overlay else "in a pane of its own"
    outputs = ", ".join(f"`{one.name}`" for one in info.outputs)
    reads = ", ".join([*info.inputs, *(f"{series} of choice" for series in info.series)])
    levels = f", levels {', '.join(f'{one:g}' for one in info.levels)}" if info.levels else ""
    yield ""
    yield f"### {info.name}"
    yield ""
    summary = f" {info.summary[0].upper()}{info.summary[1:]}." if info.summary else ""
    yield f"{info.title}: {info.formula}.{summary} Source: {info.source}."
    yield ""
    yield f"![{info.name}]({PICTURES}/{info.name}.svg)"
    yield ""
    yield f"- reads {reads}; returns {outputs}; drawn {drawn}{levels}"
    yield f"- minimum {plan.required} candles, {settled}"
    for one in info.all_parameters():
        yield f"- `{one.name}` = {_value(one)}: {one.description}; {_allowed(one)}"


def _value(parameter: Parameter) -> str:
    default = parameter.default
    return default if isinstance(default, str) else f"{default:g}"


def _allowed(parameter: Parameter) -> str:
    return parameter.allowed()
